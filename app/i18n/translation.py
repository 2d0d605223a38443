"""English to the language in use, by dictionaries keyed by the English string. No Qt in here."""

import json
import re
from collections.abc import Mapping
from typing import Final

from app.settings.schema import LanguageName
from tcm_core.errors import BadConfig
from tcm_core.resources import resource

SLOTS: Final[dict[str, str]] = {"{}": "(.+?)", "{n}": r"([\d.,]+)"}
"""What stands for any text, and for a number, in an entry."""
_SLOT: Final = re.compile(r"\{n?\}")
KNOWN_LIMIT: Final = 5000
"""Strings that were put together and are remembered with their translation."""


class Dictionary:
    """One language.

    An entry with ``{}`` stands for every text that has something in that place, ``{n}`` for a number; what is
    there is translated too when it has an entry of its own. A text with dots or a full stop at
    its end needs no second entry.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.entries = entries
        patterns = sorted((key for key in entries if _SLOT.search(key)), key=len, reverse=True)
        self._patterns = [(_pattern(key), entries[key]) for key in patterns]
        self._known: dict[str, str | None] = {}

    def find(self, text: str) -> str | None:
        """The translation, or None when there is none."""
        if not text or text.isspace():
            return None
        if text in self.entries:
            return self.entries[text]
        if text not in self._known:
            if len(self._known) >= KNOWN_LIMIT:
                self._known.clear()
            self._known[text] = self._without_ending(text) or self._put_together(text)
        return self._known[text]

    def _without_ending(self, text: str) -> str | None:
        for ending, translated in (("...", "..."), (".", "。")):
            if text.endswith(ending):
                found = self.find(text.removesuffix(ending))
                return None if found is None else found + translated
        return None

    def _put_together(self, text: str) -> str | None:
        for pattern, translated in self._patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                return self._filled(translated, found.groups())
        return None

    def _filled(self, translated: str, parts: tuple[str, ...]) -> str:
        rest = iter(parts)
        return _SLOT.sub(lambda _: self._part(next(rest)), translated)

    def _part(self, part: str) -> str:
        """What fills a gap: words that have an entry themselves, or a name that stays."""
        found = self.find(part) if " " in part else self.entries.get(part)
        return part if found is None else found


def _pattern(key: str) -> re.Pattern[str]:
    words, slots = _SLOT.split(key), _SLOT.findall(key)
    holes = [*(SLOTS[slot] for slot in slots), ""]
    return re.compile(
        "".join(re.escape(word) + hole for word, hole in zip(words, holes, strict=True)), re.DOTALL
    )


class _Words:
    """The dictionary in use, and what every translation given so far was made of."""

    def __init__(self) -> None:
        self.dictionary = Dictionary({})
        self.english: dict[str, str] = {}
        self.composed: dict[str, str] = {}


_words: Final = _Words()


def tr(text: str) -> str:
    """What the window shows for an English text; the text itself where there is no translation."""
    found = _words.dictionary.find(text)
    if found is None:
        return text
    if found not in _words.english:
        if len(_words.composed) >= KNOWN_LIMIT:
            _words.composed.clear()
        _words.composed[found] = text
    return found


def tr_lines(text: str) -> str:
    """A text of several lines, each translated by itself; blanks before a line stay."""
    lines = [(line, line.strip()) for line in text.split("\n")]
    return "\n".join(line.replace(words, tr(words)) if words else line for line, words in lines)


def english_of(text: str) -> str:
    """The English text behind a translation from a dictionary that was in use; else `text`."""
    return _words.english.get(text) or _words.composed.get(text, text)


def read_dictionary(language: LanguageName) -> Dictionary:
    """The dictionary of a language; English has an empty one.

    Raises:
        BadConfig: the shipped file is damaged.
        TcmError: it is missing.
    """
    if language == "en":
        return Dictionary({})
    file = resource("i18n", f"{language}.json")
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadConfig(f"{file.name}: cannot be read ({error}). Install the program again.") from error
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise BadConfig(f"{file.name}: not a list of texts. Install the program again.")
    return Dictionary(entries)


def use_language(language: LanguageName) -> None:
    """Translate into this language from now on.

    Raises:
        BadConfig: as read_dictionary; the language stays what it was.
        TcmError: likewise.
    """
    _words.dictionary = read_dictionary(language)
    for english, translated in _words.dictionary.entries.items():
        if not _SLOT.search(english):
            _words.english.setdefault(translated, english)
