"""The polygons of rendered texts against the ink that was really drawn."""

import numpy as np
import pytest
import shapely

from tcm_core.config.synth import FontConfig, ShapeConfig, WordConfig
from tcm_core.data.synth.scene import SceneRenderer
from tcm_core.errors import TcmError

SCENES = 4
SHAPES = {
    "upright": ShapeConfig(rotation_degrees=0, upright=0, perspective=0, curved=0),
    "rotated": ShapeConfig(rotation_degrees=25, upright=0.3, perspective=0, curved=0),
    "perspective": ShapeConfig(tilt_degrees=60, perspective=1, curved=0),
    "curved": ShapeConfig(perspective=0, curved=1),
    "curved in perspective": ShapeConfig(tilt_degrees=45, perspective=1, curved=1, rotation_degrees=20),
}
GROWN = 1.0
"""Pixels by which ink may leave its polygon: edges are smoothed."""
TOUCH = 1.5
"""Pixels from a side to the middle of the nearest inked pixel at most: half a pixel, and one of smoothing."""
MOSTLY, VISIBLY = 128, 48
"""How much of a pixel (of 255) letters cover that has to be inside; and that tells where they end."""


def sides(polygon):
    """The upper, right, lower and left side, each an open line."""
    half = len(polygon) // 2
    upper, lower = polygon[:half], polygon[half:]
    return upper, np.array([upper[-1], lower[0]]), lower, np.array([lower[-1], upper[0]])


def pixel_middles(mask, origin=(0, 0)):
    rows, columns = np.nonzero(mask)
    return np.stack([columns, rows], axis=1) + 0.5 + np.array(origin)


def ink_of(placed, level):
    """(N,) middles of the scene's pixels that a block's letters and outlines cover by at least the level."""
    return shapely.points(pixel_middles(placed.layers[..., 1] >= level, placed.window[:2]))


def check_block(placed, polygons):
    shapes = [shapely.Polygon(polygon) for polygon in polygons]
    assert all(shape.is_valid for shape in shapes)
    grown = [shape.buffer(GROWN, join_style="mitre") for shape in shapes]
    covered = ink_of(placed, MOSTLY)
    assert len(covered) > 0
    assert shapely.contains(shapely.union_all(grown), covered).all(), "ink outside every polygon"
    visible = ink_of(placed, VISIBLY)
    for polygon, shape in zip(polygons, grown, strict=True):
        own = visible[shapely.contains(shape, visible)]
        for name, side in zip(("upper", "right", "lower", "left"), sides(polygon), strict=True):
            assert shapely.distance(shapely.LineString(side), own).min() <= TOUCH, name


def check_scenes(config, scenes=SCENES):
    """Checks every text of some scenes, and gives how many there were."""
    renderer, count = SceneRenderer(config), 0
    for index in range(scenes):
        scene, blocks = renderer.render(index)
        polygons = [instance.polygon for instance in scene.instances]
        for placed in blocks:
            words = placed.block.lettering.words.lines
            texts = len(words) if config.level == "line" else sum(len(line) for line in words)
            own, polygons = polygons[:texts], polygons[texts:]
            check_block(placed, own)
            count += texts
        assert not polygons
    return count


@pytest.mark.parametrize("level", ["word", "line"])
@pytest.mark.parametrize("shape", SHAPES)
def test_polygons_follow_the_ink(plain, shape, level):
    config = plain.model_copy(update={"shape": SHAPES[shape], "level": level})
    assert check_scenes(config) >= 10


def test_outlines_belong_to_the_polygon_and_plates_do_not(plain):
    look = plain.look.model_copy(update={"outline": 1.0, "plate": 1.0, "spacing": 0.5})
    assert check_scenes(plain.model_copy(update={"look": look})) >= 10


@pytest.mark.parametrize("level", ["word", "line"])
@pytest.mark.parametrize("script", ["Chinese", "Arabic", "Hindi", "Korean", "Thai", "Cyrillic"])
def test_polygons_follow_the_ink_in_other_scripts(plain, script, level):
    words = WordConfig(scripts={script: 1.0}, special=0)
    config = plain.model_copy(update={"words": words, "fonts": FontConfig(), "level": level})
    try:
        count = check_scenes(config, scenes=3)
    except TcmError as error:
        pytest.skip(f"this system has no font for it: {error}")
    assert count >= 5


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_but_the_polygons_changes_in_the_picture(plain, shape):
    """The same scene with and without its texts, compared pixel by pixel in the finished picture."""
    config = plain.model_copy(update={"shape": SHAPES[shape]})
    without = config.model_copy(update={"placement": config.placement.model_copy(update={"blocks": (0, 0)})})
    for index in range(3):
        scene = SceneRenderer(config).scene(index)
        ground = SceneRenderer(without).scene(index)
        assert not ground.instances
        changed = np.abs(scene.image.astype(int) - ground.image).max(axis=2) > 60
        assert changed.sum() > 500
        polygons = shapely.union_all([shapely.Polygon(instance.polygon) for instance in scene.instances])
        grown = polygons.buffer(GROWN, join_style="mitre")
        assert shapely.contains_xy(grown, *pixel_middles(changed).T).all()


def test_a_line_encloses_its_words(plain):
    lines = SceneRenderer(plain.model_copy(update={"level": "line"})).scene(1).instances
    words = SceneRenderer(plain.model_copy(update={"level": "word"})).scene(1).instances
    assert " ".join(line.text for line in lines) == " ".join(word.text for word in words)
    left = list(words)
    for line in lines:
        shape = shapely.Polygon(line.polygon).buffer(1e-6)
        own, left = left[: len(line.text.split())], left[len(line.text.split()) :]
        assert all(shape.covers(shapely.Polygon(word.polygon)) for word in own)
