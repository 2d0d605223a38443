"""The heat strip's picture: every page is in one bin, and a single rejected one is seen."""

import numpy as np
import pytest

from app.domain.review import REVIEW_STATES
from app.domain.review_strip import DRAWN_FROM_TOP, bin_counts, bin_of, strip_pixels

COLOURS = [(10 * number, 20 * number, 30 * number) for number in range(1, len(REVIEW_STATES) + 1)]


def number(state: str) -> int:
    return REVIEW_STATES.index(state)


def column(counts: dict[str, int], height: int = 18) -> list[str]:
    """The states of a column's pixels from the top."""
    row = np.array([[counts.get(state, 0) for state in REVIEW_STATES]])
    pixels = strip_pixels(row, height, COLOURS)
    return [REVIEW_STATES[COLOURS.index(tuple(int(v) for v in pixel))] for pixel in pixels[:, 0]]


def test_one_state_fills_the_column():
    assert column({"approved": 40}) == ["approved"] * 18


def test_the_states_share_the_height_by_their_pages():
    drawn = column({"approved": 50, "unseen": 50}, 20)
    assert drawn == ["unseen"] * 10 + ["approved"] * 10


def test_one_rejected_page_of_thousands_has_a_pixel():
    drawn = column({"approved": 5000, "rejected": 1})
    assert drawn[0] == "rejected"
    assert drawn.count("rejected") == 1


def test_all_states_are_drawn_in_their_order():
    drawn = column(dict.fromkeys(REVIEW_STATES, 7), 20)
    assert list(dict.fromkeys(drawn)) == list(DRAWN_FROM_TOP)


@pytest.mark.parametrize(("pages", "bins"), [(1, 1), (3, 3), (10, 4), (1000, 7), (100_000, 1283)])
def test_every_page_is_counted_in_the_bin_that_a_click_finds(pages, bins):
    states = np.random.default_rng(0).integers(0, len(REVIEW_STATES), pages).astype(np.uint8)
    counts = bin_counts(states, bins)
    assert counts.shape == (bins, len(REVIEW_STATES))
    assert counts.sum() == pages
    for at in {0, bins // 2, bins - 1}:
        found = bin_of(at + 0.5, bins, pages)
        assert counts[at].tolist() == np.bincount(states[found], minlength=len(REVIEW_STATES)).tolist()


def test_few_pages_have_wide_bins():
    assert [list(bin_of(x, 300, 3)) for x in (0, 99, 101, 299, 400)] == [[0], [0], [1], [2], [2]]
    assert list(bin_of(5, 300, 0)) == []
