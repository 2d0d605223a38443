import numpy as np
import pytest

from benchmarks.slices import at_night, luminance, turned
from tcm_core.data.sample import TextInstance


def marked(box, size=(90, 160)):
    """A picture with one white rectangle, and the label around it."""
    x0, y0, x1, y1 = box
    image = np.zeros((*size, 3), np.uint8)
    image[y0:y1, x0:x1] = 255
    polygon = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
    return image, TextInstance(polygon, "word")


@pytest.mark.parametrize("degrees", [0, 15, 45, 90, 180, 270])
def test_labels_turn_with_the_picture(degrees):
    image, text = marked((20, 10, 70, 30))
    picture, (label,) = turned(image, [text], degrees)
    bright = (picture[..., 0] > 190) & (picture[..., 0] != 128)
    ys, xs = np.nonzero(bright)
    assert label.polygon.mean(axis=0) == pytest.approx([xs.mean() + 0.5, ys.mean() + 0.5], abs=0.3)
    low, high = label.polygon.min(axis=0), label.polygon.max(axis=0)
    assert low == pytest.approx([xs.min(), ys.min()], abs=1.5)
    assert high == pytest.approx([xs.max() + 1, ys.max() + 1], abs=1.5)
    assert label.text == "word"
    assert (low >= 0).all()
    assert (high <= picture.shape[1::-1]).all()


def test_a_quarter_turn_is_exact():
    image, text = marked((20, 10, 70, 30))
    picture, (label,) = turned(image, [text], 90)
    assert picture.shape == (160, 90, 3)
    ys, xs = np.nonzero(picture[..., 0])
    assert [*label.polygon.min(axis=0), *label.polygon.max(axis=0)] == [
        xs.min(), ys.min(), xs.max() + 1, ys.max() + 1,
    ]  # fmt: skip


def test_a_turned_label_reads_in_the_direction_of_its_text():
    _, text = marked((20, 10, 70, 30))
    _, (label,) = turned(np.zeros((90, 160, 3), np.uint8), [text], 90)
    along = label.polygon[1] - label.polygon[0]
    assert along == pytest.approx([0, 50])  # to the right becomes downwards


def test_night_is_dark():
    dark, light = np.full((4, 4, 3), 59, np.uint8), np.full((4, 4, 3), 60, np.uint8)
    assert luminance(dark) == 59

    class Of:
        instances = ()

    assert at_night(dark, Of()) is not None
    assert at_night(light, Of()) is None
