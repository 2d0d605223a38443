"""Checks of transcriptions: allowed characters, known words, the side that reading begins on."""

from pathlib import Path

import pytest

from app.domain.spelling import (
    Spelling,
    TextCheck,
    allowed_characters,
    character_name,
    direction_of,
)
from app.storage.errors import StorageError
from app.storage.text_checks import read_text_check, write_text_check

WORDS = Spelling(["Temperature", "exit", "café", "don't", "Straße"])


@pytest.mark.parametrize(
    "text", ["EXIT", "exit 12", "Café!", "don't", "STRASSE", "A", "", "出口 出口", "ทางออก"]
)
def test_known_words_pass(text):
    assert WORDS.unknown(text) == ()


def test_unknown_words_are_named_once_in_their_order():
    assert WORDS.unknown("EXTI to temperatur, EXTI") == ("EXTI", "to", "temperatur")


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("TEMPEATURE", "TEMPERATURE"),
        ("Exxit", "Exit"),
        ("exti", "exit"),
        ("ezit", "exit"),
        ("exi", "exit"),
        ("window", None),
    ],
)
def test_a_word_with_one_slip_gets_a_suggestion_in_its_own_case(word, wanted):
    assert WORDS.suggestion(word) == wanted


def test_the_proposal_leaves_everything_else_as_it_is():
    found = TextCheck(spelling=WORDS).findings("EXTI -> 3, qqqq")
    assert found.proposal == "EXIT -> 3, qqqq"
    assert found.unknown == ("EXTI", "qqqq")


def test_characters_outside_the_allowed_set_are_named():
    check = TextCheck(allowed_characters("ABC abc é"))
    assert check.passes("Cab é")
    assert check.passes("e\u0301")  # composed it is the allowed letter
    assert check.findings("Caß b5 ß").strange == ("ß", "5")
    assert character_name("ß") == "ß (U+00DF LATIN SMALL LETTER SHARP S)"


def test_without_lists_everything_passes():
    assert TextCheck().passes("anything 出口 \u0000")
    assert allowed_characters(" \n") is None


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("exit", "left"),
        ("שלום", "right"),
        ("12 مرحبا", "right"),
        ("出口", "left"),
        ("12!", "left"),
        ("a ב", "left"),
    ],
)
def test_reading_begins_where_the_first_letter_says(text, side):
    assert direction_of(text) == side


def test_the_lists_are_kept_beside_the_database(tmp_path: Path):
    assert read_text_check(tmp_path) == TextCheck()
    write_text_check(tmp_path, "abc", ["exit\t17", "出口"])
    check = read_text_check(tmp_path)
    assert check.allowed == frozenset("abc")
    assert check.spelling is not None
    assert check.spelling.unknown("exit wrong") == ("wrong",)
    write_text_check(tmp_path, "", [])
    assert read_text_check(tmp_path) == TextCheck()


def test_a_list_that_is_no_text_is_refused_in_words(tmp_path: Path):
    (tmp_path / "words.txt").write_bytes(b"\xff\xfe\x00w")
    with pytest.raises(StorageError, match="UTF-8"):
        read_text_check(tmp_path)
