import numpy as np
import pytest

from tcm_core.config.synth import FontConfig
from tcm_core.data.synth.fonts import find_fonts
from tcm_core.data.synth.render import INK_LEVEL, Setting, letter
from tcm_core.data.synth.words import Words
from tcm_core.errors import TcmError

WORDS = Words("Latin", (("Harbour", "quay"), ("By",)))


@pytest.fixture
def face(font_folder):
    return find_fonts(FontConfig(folders=(font_folder,)), ["Latin"]).families["Latin"][0][0]


def tight(plane, box):
    """Whether the ink in and right around a box ends at the box's sides."""
    x0, y0, x1, y1 = (round(value) for value in box)
    ink = np.pad(plane, 2)[y0 : y1 + 4, x0 : x1 + 4] >= INK_LEVEL
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return (rows[0], rows[-1], columns[0], columns[-1]) == (2, y1 - y0 + 1, 2, x1 - x0 + 1)


@pytest.mark.parametrize("outline", [0, 3])
@pytest.mark.parametrize("spacing", [0.0, 6.5])
def test_boxes_end_where_the_ink_ends(face, outline, spacing):
    drawn = letter(WORDS, face, Setting(40, word_gap=14, line_gap=12, outline=outline, spacing=spacing))
    boxes = [box for line in drawn.word_boxes for box in line]
    assert len(boxes) == 3
    assert all(tight(drawn.layers[..., 1], box) for box in boxes)


def test_every_ink_pixel_is_in_a_word_box(face):
    drawn = letter(WORDS, face, Setting(40, word_gap=14, line_gap=12, outline=2))
    left = drawn.layers[..., 1] >= INK_LEVEL
    assert left.any()
    for line in drawn.word_boxes:
        for x0, y0, x1, y1 in line:
            left[round(y0) : round(y1), round(x0) : round(x1)] = False
    assert not left.any()


def test_words_and_lines_are_as_far_apart_as_set(face):
    (first, second), (third,) = letter(WORDS, face, Setting(40, word_gap=14, line_gap=12)).word_boxes
    assert second.x0 - first.x1 == 14
    assert third.y0 - max(first.y1, second.y1) == 12


@pytest.mark.parametrize(("align", "side"), [(0.0, "x0"), (1.0, "x1")])
def test_lines_are_aligned(face, align, side):
    drawn = letter(WORDS, face, Setting(40, word_gap=14, line_gap=12, align=align))
    assert getattr(drawn.line_boxes[0], side) == getattr(drawn.line_boxes[1], side)


def test_a_plate_lies_around_all_ink(face):
    drawn = letter(WORDS, face, Setting(40, word_gap=14, line_gap=12, plate=10))
    rows, columns = np.nonzero(drawn.layers[..., 2])
    x0, y0 = (min(getattr(box, name) for box in drawn.line_boxes) for name in ("x0", "y0"))
    x1, y1 = (max(getattr(box, name) for box in drawn.line_boxes) for name in ("x1", "y1"))
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (
        x0 - 10,
        y0 - 10,
        x1 + 10,
        y1 + 10,
    )


def test_letters_set_apart_make_a_longer_word(face):
    near, far = (
        letter(WORDS, face, Setting(40, 14, 12, spacing=spacing)).word_boxes[0][0] for spacing in (0, 8)
    )
    assert (far.x1 - far.x0) - (near.x1 - near.x0) == pytest.approx(8 * 6, abs=3)


def test_a_word_without_ink_is_not_drawn(face):
    assert letter(Words("Latin", ((" ",),)), face, Setting(40, 14, 12)) is None


def test_a_block_that_is_too_large_is_not_drawn(face):
    assert letter(Words("Latin", (("Harbour" * 40,),)), face, Setting(90, 14, 12)) is None


def test_words_of_arabic_follow_each_other_to_the_left():
    try:
        shelf = find_fonts(FontConfig(), ["Arabic"])
    except TcmError as error:
        pytest.skip(f"this system has no font for it: {error}")
    words = Words("Arabic", (("سلام", "باب"), ("12", "34")))
    face = shelf.draw("Arabic", words.characters, np.random.default_rng(0))
    ((first, second), (third, fourth)) = letter(words, face, Setting(40, word_gap=14, line_gap=12)).word_boxes
    assert first.x0 - second.x1 == 14
    assert fourth.x0 - third.x1 == 14  # numbers keep their order
