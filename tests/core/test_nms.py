import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.geometry.nms import suppress
from tcm_core.geometry.overlap import iou, to_shapes
from tcm_core.geometry.polygon import as_points
from tests.helpers.fce_maps import bent_text


def slow_suppress(polygons, scores, threshold):
    """The definition, pair by pair."""
    stay = []
    for index in sorted(range(len(polygons)), key=lambda index: -scores[index]):
        if all(iou(polygons[index], polygons[better]) <= threshold for better in stay):
            stay.append(index)
    return stay


@st.composite
def texts(draw):
    polygons = [
        bent_text(
            draw(st.floats(10, 60)),
            draw(st.floats(4, 20)),
            draw(st.sampled_from([0, 0, 40])),
            draw(st.floats(-90, 90)),
            (draw(st.floats(0, 100)), draw(st.floats(0, 60))),
        )
        for _ in range(draw(st.integers(0, 12)))
    ]
    scores = draw(st.lists(st.sampled_from([0.3, 0.5, 0.9]), min_size=len(polygons), max_size=len(polygons)))
    return polygons, np.array(scores)


@given(texts(), st.sampled_from([0.0, 0.1, 0.3, 0.7]))
def test_what_stays_is_what_the_definition_says(drawn, threshold):
    polygons, scores = drawn
    assert suppress(to_shapes(polygons), scores, threshold).tolist() == slow_suppress(
        polygons, scores.tolist(), threshold
    )


def test_what_a_suppressed_polygon_would_have_suppressed_stays():
    row = [bent_text(40, 10, middle=(x, 0)) for x in (0, 20, 40)]
    assert suppress(to_shapes(row), np.array([0.9, 0.8, 0.7]), 0.3).tolist() == [0, 2]


def test_an_overlap_of_just_the_threshold_stays():
    halves = [as_points([[x, 0], [x + 2, 0], [x + 2, 1], [x, 1]]) for x in (0, 1)]
    assert suppress(to_shapes(halves), np.array([0.5, 0.6]), 1 / 3).tolist() == [1, 0]
    assert suppress(to_shapes(halves), np.array([0.5, 0.6]), 0.33).tolist() == [1]


def test_crossed_and_empty_polygons_do_no_harm():
    bow, line = as_points([[0, 0], [9, 9], [9, 0], [0, 9]]), as_points([[0, 0], [5, 0], [9, 0]])
    shapes = to_shapes([bow, line, bow + 1, as_points([[0, 0]])])
    assert sorted(suppress(shapes, np.array([0.9, 0.8, 0.7, 0.6]), 0.1).tolist()) == [0, 1, 3]
