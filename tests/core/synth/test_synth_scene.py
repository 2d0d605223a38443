import pickle
import subprocess
import sys

import numpy as np
import pytest
import shapely

from tcm_core.config.synth import LegibilityConfig, LookConfig, PhotoConfig, PlacementConfig, ShapeConfig
from tcm_core.data.synth.scene import SceneRenderer


@pytest.fixture(scope="module")
def rich(plain):
    """Everything that a scene may have, at a small size."""
    return plain.model_copy(
        update={
            "look": LookConfig(outline=0.4, shadow=0.4, plate=0.5, spacing=0.3),
            "photo": PhotoConfig(low_light=0.5, blur=0.7, noise=0.8),
            "shape": ShapeConfig(curved=0.4),
            "placement": PlacementConfig(height=(9, 48), blocks=(6, 12)),
        }
    )


@pytest.fixture(scope="module")
def scenes(rich):
    renderer = SceneRenderer(rich)
    return [renderer.scene(index) for index in range(8)]


def same(one, other):
    return (
        np.array_equal(one.image, other.image)
        and len(one.instances) == len(other.instances)
        and all(
            np.array_equal(a.polygon, b.polygon) and (a.text, a.ignore) == (b.text, b.ignore)
            for a, b in zip(one.instances, other.instances, strict=True)
        )
    )


def test_a_scene_depends_on_its_index_alone(rich, scenes):
    renderer = SceneRenderer(rich)
    for index in (5, 0, 5, 3):
        assert same(renderer.scene(index), scenes[index])
    assert not same(scenes[0], scenes[1])


def test_a_renderer_that_was_sent_to_another_process_renders_the_same(rich, scenes):
    assert same(pickle.loads(pickle.dumps(SceneRenderer(rich))).scene(4), scenes[4])


def test_another_seed_gives_other_scenes(rich, scenes):
    assert not same(SceneRenderer(rich.model_copy(update={"seed": 8})).scene(0), scenes[0])


def test_images_are_8_bit_rgb_and_have_texts(scenes):
    assert all(scene.image.dtype == np.uint8 and scene.image.shape[2] == 3 for scene in scenes)
    assert all(min(scene.image.shape[:2]) == 320 for scene in scenes)
    assert sum(len(scene.instances) for scene in scenes) > 40


def test_every_polygon_lies_inside_the_image(scenes):
    for scene in scenes:
        height, width = scene.image.shape[:2]
        for instance in scene.instances:
            assert (instance.polygon >= 0).all()
            assert (instance.polygon <= (width, height)).all()


def test_no_text_overlaps_another(scenes):
    for scene in scenes:
        shapes = [shapely.Polygon(instance.polygon) for instance in scene.instances]
        assert all(shape.is_valid for shape in shapes)
        assert shapely.union_all(shapes).area == pytest.approx(sum(shape.area for shape in shapes))


def test_every_text_has_its_transcription_and_language(scenes, word_list):
    texts = [instance for scene in scenes for instance in scene.instances]
    assert all(text.text and not text.text.isspace() for text in texts)
    assert {text.language for text in texts} == {"Latin", "Symbols"}
    listed = {word.lower() for word in word_list.read_text(encoding="utf-8").split()}
    assert listed <= {text.text.lower() for text in texts}


def test_plain_black_and_white_texts_are_legible_and_tiny_ones_are_ignored(plain):
    large = SceneRenderer(plain).scene(0).instances
    assert large
    assert not any(text.ignore for text in large)
    tiny = plain.model_copy(update={"placement": PlacementConfig(height=(6, 7), max_clutter=60)})
    small = SceneRenderer(tiny).scene(0).instances
    assert small
    assert all(text.ignore for text in small)


def test_texts_of_little_contrast_are_ignored(plain):
    strict = plain.model_copy(update={"legibility": LegibilityConfig(min_contrast=250)})
    assert all(text.ignore for text in SceneRenderer(strict).scene(0).instances)
    careless = plain.model_copy(update={"look": plain.look.model_copy(update={"opacity": (0.02, 0.04)})})
    assert all(text.ignore for text in SceneRenderer(careless).scene(0).instances)


def test_blur_raises_the_height_that_is_legible(plain):
    legibility = LegibilityConfig(min_height=8, min_contrast=0)
    blurred = PhotoConfig(low_light=0, blur=1, blur_sigma=(4, 4), noise=0)
    flat = ShapeConfig(perspective=0, curved=0)
    sharp_config = plain.model_copy(update={"legibility": legibility, "shape": flat})
    sharp = SceneRenderer(sharp_config).scene(0).instances
    texts = SceneRenderer(sharp_config.model_copy(update={"photo": blurred})).scene(0).instances
    assert len(sharp) == len(texts) > 0
    assert not any(text.ignore for text in sharp)
    heights = [np.linalg.norm(text.polygon[3] - text.polygon[0]) for text in texts]
    assert all(text.ignore == (height < 24) for text, height in zip(texts, heights, strict=True))
    assert {text.ignore for text in texts} == {True, False}


def test_rendering_needs_no_torch():
    script = (
        "import sys, tcm_core.data.synth.scene, tcm_core.data.synth.folder; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
