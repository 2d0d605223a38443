"""Checks of a transcription: characters that the project does not allow, and words that its list lacks."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_WITHOUT_SPACES: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean letters: no list of words tells where words end."""
_LETTERS_TRIED: Final = 64  # of a word list; the most frequent ones


class Spelling:
    """A list of known words; upper and lower case are the same."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(word.strip().casefold() for word in words) - {""}
        counts = Counter("".join(self._words))
        self._letters = [letter for letter, _ in counts.most_common(_LETTERS_TRIED)]

    def __len__(self) -> int:
        return len(self._words)

    def unknown(self, text: str) -> tuple[str, ...]:
        """The words of a text that the list lacks, in their order, each once; single letters never are."""
        found = (word for word in _WORD.findall(text) if len(word) > 1 and not _WITHOUT_SPACES.search(word))
        return tuple(dict.fromkeys(word for word in found if word.casefold() not in self._words))

    def suggestion(self, word: str) -> str | None:
        """A known word that differs in one letter (one too many, missing, wrong, or two swapped), or None.

        It is written as the word is: capitals stay capitals. Of several the first in the alphabet is given.
        """
        near = sorted(self._near(word.casefold()) & self._words)
        return _cased_as(near[0], word) if near else None

    def _near(self, word: str) -> set[str]:
        cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
        near = {head + tail[1:] for head, tail in cuts if tail}
        near |= {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
        for letter in self._letters:
            near |= {head + letter + tail for head, tail in cuts}
            near |= {head + letter + tail[1:] for head, tail in cuts if tail}
        return near


@dataclass(frozen=True)
class Findings:
    """What is remarkable about a transcription."""

    strange: tuple[str, ...] = ()  # characters that are not allowed, each once
    unknown: tuple[str, ...] = ()  # words
    proposal: str | None = None  # the text with the unknown words replaced by near ones

    def __bool__(self) -> bool:
        return bool(self.strange or self.unknown)


@dataclass(frozen=True)
class TextCheck:
    """The checks of one project; without characters and words everything passes."""

    allowed: frozenset[str] | None = None  # None: every character
    spelling: Spelling | None = None

    def findings(self, text: str) -> Findings:
        """What is remarkable about a text."""
        strange = () if self.allowed is None else self._strange(text, self.allowed)
        unknown = () if self.spelling is None else self.spelling.unknown(text)
        return Findings(strange, unknown, self._proposal(text, unknown))

    def passes(self, text: str) -> bool:
        """Whether nothing is remarkable about a text; faster than `findings`."""
        if self.allowed is not None and self._strange(text, self.allowed):
            return False
        return self.spelling is None or not self.spelling.unknown(text)

    def _strange(self, text: str, allowed: frozenset[str]) -> tuple[str, ...]:
        composed = unicodedata.normalize("NFC", text)
        return tuple(
            dict.fromkeys(letter for letter in composed if letter not in allowed and not letter.isspace())
        )

    def _proposal(self, text: str, unknown: tuple[str, ...]) -> str | None:
        if self.spelling is None:
            return None
        better = {word: self.spelling.suggestion(word) for word in unknown}
        made = _WORD.sub(lambda match: better.get(match.group()) or match.group(), text)
        return made if made != text else None


def allowed_characters(text: str) -> frozenset[str] | None:
    """The characters of a text as an allowed set, blanks and line ends left out; None when there are none."""
    found = frozenset(unicodedata.normalize("NFC", text)) - frozenset(" \t\r\n\ufeff")
    return found or None


def character_name(letter: str) -> str:
    """How to speak of a character: itself, its code point and its name."""
    return f"{letter} (U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')})"


def direction_of(text: str) -> Literal["left", "right"]:
    """The side that reading begins on: that of the first letter with a direction; without one the left.

    Source: Unicode Standard Annex 9, rules P2 and P3.
    """
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind == "L":
            return "left"
        if kind in ("R", "AL"):
            return "right"
    return "left"


def _cased_as(word: str, model: str) -> str:
    if model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
