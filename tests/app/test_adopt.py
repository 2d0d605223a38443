"""A polygon of a comparison becomes a label, or gives a label its outline."""

import numpy as np
import pytest

from app.domain.adopt import adoption
from app.domain.compare import Shape
from app.domain.edits import EditRefused
from app.domain.page import Page
from app.domain.region import new_region

SQUARE = np.array(((0, 0), (100, 0), (100, 20), (0, 20)), dtype=np.float64)


def test_where_there_is_no_label_a_region_of_the_model_is_made():
    page = adoption(Page(), Shape(SQUARE, 0.8)).apply(Page())
    (region,) = page.regions
    assert (region.origin, region.score) == ("model", 0.8)
    assert region.polygon.tolist() == SQUARE.tolist()


def test_a_label_of_the_same_text_takes_the_outline_and_keeps_its_transcription():
    label = new_region(SQUARE + np.array((10, 0)), text="EXIT")
    far = new_region(SQUARE + np.array((0, 300)))
    page = adoption(Page((far, label)), Shape(SQUARE, 0.8)).apply(Page((far, label)))
    assert [region.id for region in page.regions] == [far.id, label.id]
    assert (page.regions[1].text, page.regions[1].polygon.tolist()) == ("EXIT", SQUARE.tolist())
    assert page.regions[0] == far


def test_what_is_a_label_already_is_refused():
    label = new_region(SQUARE)
    with pytest.raises(EditRefused, match="this outline"):
        adoption(Page((label,)), Shape(SQUARE, 0.8))
    with pytest.raises(EditRefused, match="label of this image"):
        adoption(Page((label,)), Shape(SQUARE, region_id=label.id))
