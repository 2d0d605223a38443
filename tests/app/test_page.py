"""Pages."""

import dataclasses

import pytest

from app.domain.page import Page
from app.domain.region import new_region

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))


def test_a_page_starts_unseen_and_without_regions():
    assert Page() == Page((), "unseen")


def test_a_page_finds_a_region_by_its_id():
    regions = new_region(SQUARE), new_region(SQUARE)
    assert Page(regions).region(regions[1].id) is regions[1]


def test_an_unknown_id_is_a_key_error():
    with pytest.raises(KeyError):
        Page().region("nobody")


def test_a_page_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Page().review = "approved"
