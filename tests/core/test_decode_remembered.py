"""What a decoder remembers of its last work never shows in what it finds."""

from dataclasses import replace

import numpy as np
import pytest

from tcm_core.config.decode import DbDecode, FceDecode, PanDecode
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tests.helpers.fake_predictor import text_maps
from tests.helpers.fce_maps import exact_fce_maps
from tests.helpers.pan_maps import exact_pan_maps

FRAME = ImageFrame((320, 640), (320, 640), (320, 640))
WORDS = [
    np.array(((100, 100), (300, 110), (300, 160), (100, 150)), dtype=np.float64),
    np.array(((350, 200), (500, 200), (500, 240), (350, 240)), dtype=np.float64),
]
CHOICES = {
    "db": {
        "threshold": (0.3, 0.7), "score_threshold": (0.1, 0.7, 0.95), "grow": ("area", "inverse"),
        "unclip_ratio": (1.0, 2.0), "shrink_ratio": (0.4, 0.7), "min_side": (0.0, 200.0),
        "max_candidates": (1, 1000), "output": ("quad", "polygon"),
    },
    "pan": {
        "threshold": (0.3, 0.7), "kernel_threshold": (0.3, 0.7), "score_threshold": (0.1, 0.95),
        "aggregation": ("distance", "area_ratio"), "area_ratio": (1.5, 1024.0), "max_distance": (0.0, 3.0),
        "min_area": (1, 900), "min_kernel_area": (1, 60, 150, 300, 600), "max_candidates": (1, 1000),
        "output": ("quad", "polygon"),
    },
    "fce": {"score_threshold": (0.1, 0.9), "nms_threshold": (0.1, 0.9), "output": ("quad", "polygon")},
}  # fmt: skip


def made(head: str) -> tuple[ImageMaps, DbDecode | PanDecode | FceDecode]:
    """Maps with some noise, so that settings make a difference."""
    random = np.random.default_rng(4)
    if head == "db":
        maps, settings = text_maps((320, 640)), DbDecode()
    elif head == "pan":
        maps, settings = exact_pan_maps(WORDS, FRAME), PanDecode()
        maps.values["embedding"][:] += random.normal(0, 0.8, maps.values["embedding"].shape)
    else:
        maps, settings = exact_fce_maps(WORDS), FceDecode()
    for plane in maps.planes.values():
        holes = random.integers(0, 120, plane.shape) * (random.random(plane.shape) < 0.05)
        plane[:] = np.clip(plane.astype(int) - holes, 0, 255)
    return maps, settings


@pytest.mark.parametrize("head", ["db", "pan", "fce"])
def test_settings_moved_one_after_the_other_find_what_they_find_alone(head: str):
    maps, settings = made(head)
    random = np.random.default_rng(7)
    different = set()
    for _ in range(120):
        name = str(random.choice(list(CHOICES[head])))
        value = CHOICES[head][name][random.integers(len(CHOICES[head][name]))]
        settings = settings.model_copy(update={name: value})
        again, alone = decode(maps, settings), decode(replace(maps), settings)
        assert [one.score for one in again] == [one.score for one in alone]
        assert all(
            np.array_equal(one.polygon, other.polygon) for one, other in zip(again, alone, strict=True)
        )
        different.add(tuple(one.polygon.tobytes() for one in again))
    assert len(different) > (1 if head == "fce" else 5)


def test_a_copy_of_maps_remembers_nothing():
    maps, settings = made("db")
    decode(maps, settings)
    assert maps.remembered
    assert replace(maps).remembered == {}
