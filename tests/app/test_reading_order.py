"""The order of the Tab key."""

import numpy as np

from app.domain.reading_order import reading_order
from app.domain.region import Region


def word(name, x, y, width=40.0, height=10.0):
    return Region(name, np.array(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), float))


def test_an_empty_page_has_no_order():
    assert reading_order([]) == []


def test_lines_go_down_and_words_go_right():
    words = [word("d", 60, 30), word("b", 60, 0), word("c", 0, 30), word("a", 0, 0)]
    assert reading_order(words) == ["a", "b", "c", "d"]


def test_words_of_a_slanted_line_stay_together():
    words = [word(name, 50.0 * i, 4.0 * i) for i, name in enumerate("abcd")]
    assert reading_order([*words, word("e", 0, 30)][::-1]) == ["a", "b", "c", "d", "e"]


def test_a_tall_word_does_not_swallow_the_lines_beside_it():
    words = [word("tall", 100, 0, 40, 60), word("one", 0, 0), word("two", 0, 20), word("three", 0, 45)]
    order = reading_order(words)
    assert [name for name in order if name != "tall"] == ["one", "two", "three"]
    assert sorted(order) == ["one", "tall", "three", "two"]
