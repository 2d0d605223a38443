# ruff: noqa: RUF001 - letters of other scripts that look like Latin ones are meant

import re
import unicodedata

import numpy as np
import pytest

from tcm_core.config.synth import ScriptName, WordConfig
from tcm_core.data.synth.scripts import SCRIPTS, language_of
from tcm_core.data.synth.words import MAX_WORDS, read_words
from tcm_core.errors import TcmError


@pytest.fixture
def random():
    return np.random.default_rng(3)


def test_the_table_has_every_script_of_the_configuration():
    assert set(SCRIPTS) == set(ScriptName.__args__)


@pytest.mark.parametrize("name", SCRIPTS)
def test_made_up_words_are_of_their_script(name, random):
    words = [SCRIPTS[name].make_word(random) for _ in range(200)]
    assert all(word and language_of(word) == name for word in words)
    assert len(set(words)) > 50
    for word in words:
        # a mark without a letter before it would be drawn as a dotted circle
        assert not unicodedata.category(word[0]).startswith("M")


def test_korean_letters_are_composed(random):
    assert all("가" <= c <= "힣" for _ in range(100) for c in SCRIPTS["Korean"].make_word(random))


def test_words_are_sorted_into_their_scripts(tmp_path):
    path = tmp_path / "mixed.txt"
    path.write_bytes("\ufeffHarbour\r\nпорт\nx\nport7\nπόλη\nlighthouse's\n\n".encode())
    config = WordConfig(lists=(path,), scripts={"Latin": 1, "Cyrillic": 1, "Hebrew": 1})
    assert read_words(config).lists == {"Latin": ("Harbour", "lighthouse"), "Cyrillic": ("порт",)}


def test_the_system_lists_are_used_when_there_are_any(tmp_path):
    (tmp_path / "american-english").write_text("museum\n", encoding="utf-8")
    (tmp_path / "words").symlink_to("american-english")
    (tmp_path / "broken").write_bytes(b"\xff\xfe\x80")
    assert read_words(WordConfig(), folder=tmp_path).lists == {"Latin": ("museum",)}
    assert read_words(WordConfig(), folder=tmp_path / "missing").lists == {}


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(TcmError, match=r"none\.txt: the word list cannot be read"):
        read_words(WordConfig(lists=(tmp_path / "none.txt",)))


def test_long_lists_are_thinned_evenly(tmp_path):
    names = [
        a + b + c + d
        for a in "abcdefghijkl"
        for b in "mnopqrstuvwx"
        for c in "abcdefghijkl"
        for d in "mnopqrstuvwxyz"
    ]
    (tmp_path / "list").write_text("\n".join(names), encoding="utf-8")
    kept = read_words(WordConfig(lists=(tmp_path / "list",))).lists["Latin"]
    assert len(names) > MAX_WORDS
    assert MAX_WORDS / 2 < len(kept) <= MAX_WORDS
    assert (kept[0][0], kept[-1][0]) == ("a", "l")


def test_blocks_keep_to_the_configured_numbers(random, word_list):
    source = read_words(
        WordConfig(lists=(word_list,), special=0, words_per_line=(2, 3), lines_per_block=(1, 2))
    )
    blocks = [source.draw(random) for _ in range(100)]
    assert {len(block.lines) for block in blocks} == {1, 2}
    assert {len(line) for block in blocks for line in block.lines} == {2, 3}


def test_special_lines_have_the_many_forms_of_signs(random, word_list):
    source = read_words(WordConfig(lists=(word_list,), special=1))
    text = "\n".join(" ".join(line) for _ in range(400) for line in source.draw(random).lines)
    for pattern in (
        r"\$\d",
        r"\d%",
        r"@\w+\.(com|org|net|info)",
        r"www\.",
        r"\d+:\d\d",
        r"\d{4}-\d\d-\d\d",
        r"\+\d+ \d",
        "EUR",
    ):
        assert re.search(pattern, text), pattern
    assert all(word for line in text.splitlines() for word in line.split(" "))


def test_letter_case_varies_between_blocks_and_agrees_within_them(random, word_list):
    source = read_words(WordConfig(lists=(word_list,), special=0, made_up=0, words_per_line=(3, 3)))
    lines = [line for _ in range(200) for line in source.draw(random).lines]
    upper = sum(all(word.isupper() for word in line) for line in lines)
    lower = sum(all(word.islower() for word in line) for line in lines)
    title = sum(all(word.istitle() for word in line) for line in lines)
    assert min(upper, lower, title) > 10
    assert upper + lower + title > 0.8 * len(lines)


def test_listed_words_of_japanese_are_left_as_they_are(random, tmp_path):
    (tmp_path / "list").write_text("さくら\nスシ\n", encoding="utf-8")
    config = WordConfig(lists=(tmp_path / "list",), scripts={"Japanese": 1}, special=0, made_up=0)
    source = read_words(config)
    assert {w for _ in range(40) for line in source.draw(random).lines for w in line} == {"さくら", "スシ"}


@pytest.mark.parametrize(
    ("word", "language"),
    [
        ("Quay", "Latin"),
        ("7-11", "Symbols"),
        ("$4", "Symbols"),
        ("порт", "Cyrillic"),
        ("港口", "Chinese"),
        ("No7", "Latin"),
    ],
)
def test_the_language_is_that_of_the_letters(word, language):
    assert language_of(word) == language
