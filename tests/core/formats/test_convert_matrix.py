"""Every format that can be read into every format that can be written, from one generated data set.

What the target can hold is kept, what it cannot is named in the report, text by text.
"""

import importlib.util
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from tcm_core.data.convert_labels import convert_labels
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.output import IGNORE_TEXTS
from tcm_core.data.formats.table import FORMATS
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.geometry.polygon import bounds
from tcm_core.geometry.quad import min_area_quad
from tests.helpers.labels import box

SIZE = (480, 640)
WORDS = ("Harbour", "Café", "1984", "two words", "茶庄", "true", "")
LANGUAGES = ("Latin", "Chinese", "")
FAITHFUL = ("art", "cocotext", "coco", "labelme", "xanylabeling")  # hold everything that there is


class Holds(NamedTuple):
    """What a format can hold; how far a corner may move, in pixels, until that is a change to be named."""

    shape: str = "any"
    text: bool = True
    ignore: bool = True
    language: bool = False
    precision: float = 0.75  # rounded to whole pixels: half their diagonal


HOLDS = {
    "icdar2013": Holds("box"),
    "icdar2015": Holds("quad"),
    "mlt2017": Holds("quad", language=True),
    "mlt2019": Holds("quad", language=True),
    "art": Holds(language=True),
    "totaltext": Holds(),
    "ctw1500": Holds("fourteen"),
    "ctw1500-legacy": Holds("fourteen", text=False, ignore=False),
    "td500": Holds("turned box", text=False, precision=1.5),
    "polygon-list": Holds(),
    "cocotext": Holds(language=True),
    "coco": Holds(language=True),
    "labelme": Holds(language=True),
    "ppocrlabel": Holds(),
    "xanylabeling": Holds(language=True),
    "cvat": Holds("quad"),
    "yolo-obb": Holds("quad", text=False),
}
SCIPY = pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="writes a .mat file")
READABLE = [pytest.param(name, marks=[SCIPY] if name == "synthtext" else []) for name in FORMATS]


def outline(generator, centre):
    """A quad, a turned box or a band of fourteen points around a centre, clockwise."""
    half = generator.uniform((40, 12), (70, 25))
    angle = generator.uniform(-0.6, 0.6)
    kind = generator.integers(4)
    if kind == 0:
        along = np.linspace(-1, 1, 7)
        top = np.stack([along * half[0], 25 * along**2 - half[1]], axis=1)
        points = np.concatenate([top, top[::-1] + np.array([0, 2 * half[1]])])
    else:
        points = box(-1, -1, 1, 1) * half
        points += generator.uniform(-6, 6, (4, 2)) * (kind == 1)
        angle *= kind != 2  # some upright
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return points @ turn + centre


def data_set():
    """Three images with six texts each, far enough apart to be told apart, and one without texts."""
    generator = np.random.default_rng(4)
    images = []
    for number in range(1, 4):
        texts = []
        for place in range(6):
            centre = np.array([130 + 190 * (place % 3), 120 + 220 * (place // 3)])
            word, language = generator.choice(WORDS), generator.choice(LANGUAGES)
            ignore = bool(generator.random() < 0.3)
            texts.append(TextInstance(outline(generator, centre), str(word), ignore, str(language)))
        images.append(LabelledImage(f"img_{number}.png", tuple(texts), SIZE))
    return [*images, LabelledImage("img_4.png", (), SIZE)]


def draw_images(folder):
    folder.mkdir(parents=True)
    for image in data_set():
        Image.new("L", SIZE[::-1]).save(folder / image.image)


def write_synthtext(images, out):
    """gt.mat, as the data set has it: a quad and a word for each text."""
    from scipy import io

    images = [image for image in images if image.instances]  # it has no image without words
    cells = {
        name: np.empty((1, len(images)), dtype=object) for name in ("imnames", "wordBB", "txt", "charBB")
    }
    for place, image in enumerate(images):
        quads = [min_area_quad(one.polygon) for one in image.instances]
        words = [f"word{number}" for number in range(len(quads))]
        cells["imnames"][0, place] = np.array([image.image])
        cells["wordBB"][0, place] = np.stack([quad.T for quad in quads], axis=2)
        cells["charBB"][0, place] = np.zeros((2, 4, 1))
        cells["txt"][0, place] = np.array(words)
    out.mkdir()
    io.savemat(out / "gt.mat", cells)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The data set in every format that is read, each with its images beside it."""
    root = tmp_path_factory.mktemp("sources")
    for name, row in FORMATS.items():
        if row.write is not None:
            row.write(data_set(), root / name)
        elif importlib.util.find_spec("scipy") is not None:
            write_synthtext(data_set(), root / name)
    draw_images(root / "yolo-obb" / "images")
    draw_images(root / "images")
    return root


def by_stem(images):
    found = {PurePosixPath(image.image).stem: image.instances for image in images}
    assert len(found) == len(images)
    return found


def shape_in(holds, polygon):
    """What a format makes of a polygon, for comparing overlaps."""
    if holds.shape == "box":
        return box(*bounds(polygon))
    square = holds.shape == "turned box" or (holds.shape == "quad" and len(polygon) != 4)
    return min_area_quad(polygon) if square else polygon


def is_kept(found, meant, precision):
    return found.shape == meant.shape and np.abs(found - meant).max() <= precision


def check_text(holds, found, meant, named):
    """One text of the target beside the same of the source, and what the report says of it."""
    assert iou_matrix([found.polygon], [shape_in(holds, meant.polygon)])[0, 0] > 0.9
    kept = is_kept(found.polygon, meant.polygon, holds.precision)
    assert kept or any(" became " in what for what in named)
    if holds.shape == "any" or (holds.shape == "quad" and len(meant.polygon) == 4):
        assert kept
    assert found.ignore == (meant.ignore and holds.ignore)
    assert (found.ignore != meant.ignore) == any("a text that counts" in what for what in named)
    lost = found.text != meant.text and meant.text not in IGNORE_TEXTS
    assert lost == ("transcription lost" in named)
    assert not (lost and holds.text and not meant.ignore)
    assert found.language == (meant.language if holds.language else "")
    assert (found.language != meant.language) == ("language lost" in named)


def test_the_table_of_what_formats_hold_is_complete():
    assert set(HOLDS) == {name for name, row in FORMATS.items() if row.write is not None}


@pytest.mark.parametrize("target", HOLDS)
@pytest.mark.parametrize("origin", READABLE)
def test_a_conversion_keeps_what_the_target_can_hold_and_names_the_rest(tmp_path, sources, origin, target):
    source, out = sources / origin, tmp_path / "out"
    problems = []
    done = convert_labels(source, (origin, target), out, sources / "images", problems.append)
    draw_images(out / "images")
    meant = by_stem(list(FORMATS[origin].read(source, problems.append)))
    found = by_stem(list(FORMATS[target].read(out, problems.append)))
    assert problems == []
    assert done.report.images == len(meant) == len(found)
    assert done.report.written == sum(map(len, meant.values())) >= 18
    for stem, texts in meant.items():
        changes = [change for change in done.report.changed if PurePosixPath(change.image).stem == stem]
        assert all(change.index is not None for change in changes)
        for index, (one, other) in enumerate(zip(found[stem], texts, strict=True)):
            named = [change.what for change in changes if change.index == index]
            check_text(HOLDS[target], one, other, named)
    if target in FAITHFUL:
        assert done.report.changed == ()


@pytest.mark.parametrize("origin", READABLE)
def test_the_generated_data_set_is_recognised_in_every_format(sources, tmp_path, origin):
    done = convert_labels(sources / origin, ("auto", "art"), tmp_path / "out.json", None, pytest.fail)
    assert done.source_format == origin
