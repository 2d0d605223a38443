"""What is written: words, listed or made up, numbers, dates, prices, telephone numbers, codes, addresses."""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tcm_core.config.synth import ScriptName, WordConfig
from tcm_core.data.synth.scripts import SCRIPTS, Script
from tcm_core.errors import TcmError

SYSTEM_LISTS: Final = Path("/usr/share/dict")
"""Where Debian's word lists lie (wamerican, wfrench, wngerman ...)."""
MAX_LIST_BYTES: Final = 64_000_000
MAX_WORDS: Final = 20_000
"""Of longer lists every n-th word is kept: enough variety, and little to send to another process."""

_LONGEST: Final = 16
_SPACED_OUT: Final = frozenset(
    {"Chinese", "Japanese", "Thai"}
)  # written without blanks: mostly one word a line


class Words(NamedTuple):
    """A block of text.

    Attributes:
        script: of all of it.
        lines: the words of each line, in reading order; no word is empty or has a blank.
    """

    script: ScriptName
    lines: tuple[tuple[str, ...], ...]

    @property
    def characters(self) -> str:
        """Everything that is written."""
        return "".join(word for line in self.lines for word in line)


class WordSource(NamedTuple):
    """Draws blocks of text.

    Attributes:
        config: how they are mixed.
        lists: the listed words by script.
    """

    config: WordConfig
    lists: dict[ScriptName, tuple[str, ...]]

    def draw(self, random: np.random.Generator) -> Words:
        """A block; its lines share script and letter case."""
        name = self._script(random)
        least, most = self.config.lines_per_block
        # half of all blocks have the fewest lines: signs are short
        count = least if random.random() < 0.5 else int(random.integers(least, most + 1))
        letter_case = _CASES[random.choice(len(_CASES), p=_CASE_SHARES)]
        return Words(name, tuple(self._line(name, letter_case, random) for _ in range(count)))

    def _script(self, random: np.random.Generator) -> ScriptName:
        names = list(self.config.scripts)
        if len(names) == 1:
            return names[0]
        weights = np.array([self.config.scripts[name] for name in names])
        return names[random.choice(len(names), p=weights / weights.sum())]

    def _line(
        self, name: ScriptName, letter_case: Callable[[str], str], random: np.random.Generator
    ) -> tuple[str, ...]:
        if random.random() < self.config.special:
            return tuple(_SPECIAL[random.integers(len(_SPECIAL))](random).split())
        least, most = self.config.words_per_line
        if name in _SPACED_OUT and random.random() < 0.7:
            most = least
        count = int(random.integers(least, most + 1))
        return tuple(self._word(name, letter_case, random) for _ in range(count))

    def _word(self, name: ScriptName, letter_case: Callable[[str], str], random: np.random.Generator) -> str:
        script, listed = SCRIPTS[name], self.lists.get(name, ())
        if listed and random.random() >= self.config.made_up:
            word = listed[random.integers(len(listed))]
        else:
            word = script.make_word(random)
        if script.second_case and not listed and random.random() < 0.5:
            word = script.in_second_case(word)
        if not script.cased:
            return word
        if random.random() < 0.03:
            return "".join(c.upper() if random.random() < 0.5 else c.lower() for c in word)
        return letter_case(word)


def read_words(config: WordConfig, folder: Path = SYSTEM_LISTS) -> WordSource:
    """The source with the lists of the configuration, or with those of the system where it names none.

    Args:
        config: how words are mixed.
        folder: the system's lists; it may be missing.

    Raises:
        TcmError: a list that the configuration names is missing, too large or not UTF-8.
    """
    found: dict[ScriptName, set[str]] = {name: set() for name in config.scripts}
    scripts = {name: SCRIPTS[name] for name in config.scripts}
    for path in config.lists or _system_lists(folder):
        try:
            if path.stat().st_size > MAX_LIST_BYTES:
                raise TcmError(f"{path}: a word list of over {MAX_LIST_BYTES // 1_000_000} MB. Shorten it.")
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            if not config.lists:
                continue
            raise TcmError(f"{path}: the word list cannot be read ({error}). It has to be UTF-8.") from error
        _sort_in(text, scripts, found)
    return WordSource(config, {name: _thinned(sorted(words)) for name, words in found.items() if words})


def _system_lists(folder: Path) -> list[Path]:
    """The lists of a folder, links (words -> american-english) and notes left out."""
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.is_file() and not path.is_symlink() and not path.suffix
    )


def _sort_in(text: str, scripts: dict[ScriptName, Script], found: dict[ScriptName, set[str]]) -> None:
    for line in text.splitlines():
        word = unicodedata.normalize("NFC", line.strip()).removesuffix("'s")
        if not 1 < len(word) <= _LONGEST:
            continue
        for name, script in scripts.items():
            if all(script.has(character) for character in word):
                found[name].add(word)


def _thinned(words: Sequence[str]) -> tuple[str, ...]:
    step = -(-len(words) // MAX_WORDS)
    return tuple(words[::step])


def _digits(random: np.random.Generator, count: int) -> str:
    return "".join(str(digit) for digit in random.integers(0, 10, count))


def _latin(random: np.random.Generator) -> str:
    return SCRIPTS["Latin"].make_word(random)


def _one_of(random: np.random.Generator, *choices: str) -> str:
    return choices[random.integers(len(choices))]


def _number(random: np.random.Generator) -> str:
    return str(random.integers(1, 10 ** int(random.integers(1, 6))))


def _date(random: np.random.Generator) -> str:
    day, month, year = random.integers(1, 29), random.integers(1, 13), random.integers(1950, 2035)
    month_name = _one_of(
        random, "Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"
    )
    return _one_of(
        random, f"{day:02}.{month:02}.{year}", f"{day}/{month}/{year % 100:02}",
        f"{year}-{month:02}-{day:02}", f"{day} {month_name} {year}", f"{month_name} {day}, {year}",
        f"since {year}", str(year),
    )  # fmt: skip


def _time(random: np.random.Generator) -> str:
    hour, minute = random.integers(0, 24), 5 * random.integers(0, 12)
    return _one_of(
        random, f"{hour}:{minute:02}", f"{hour % 12 + 1} {_one_of(random, 'am', 'pm')}",
        f"{hour % 12}:00 - {random.integers(13, 24)}:00", f"{random.integers(2, 60)} min",
    )  # fmt: skip


def _price(random: np.random.Generator) -> str:
    whole, cents = random.integers(0, 400), _one_of(random, "00", "50", "95", "99", _digits(random, 2))
    return _one_of(
        random, f"${whole}.{cents}", f"{whole}.{cents}", f"{whole},{cents} EUR", f"{whole}.-",
        f"{5 * random.integers(1, 16)}%", f"-{10 * random.integers(1, 8)}%", f"2 for {whole}",
    )  # fmt: skip


def _telephone(random: np.random.Generator) -> str:
    return _one_of(
        random, f"{_digits(random, 3)}-{_digits(random, 4)}",
        f"({_digits(random, 3)}) {_digits(random, 3)} {_digits(random, 4)}",
        f"+{random.integers(1, 99)} {_digits(random, 3)} {_digits(random, 6)}", f"Tel. {_digits(random, 8)}",
        f"0{_digits(random, 3)} {_digits(random, 6)}",
    )  # fmt: skip


def _address(random: np.random.Generator) -> str:
    host = f"{_latin(random)}.{_one_of(random, 'com', 'org', 'net', 'info')}"
    return _one_of(
        random, f"{_latin(random)}@{host}", f"www.{host}", host, f"@{_latin(random)}", f"#{_latin(random)}"
    )


def _code(random: np.random.Generator) -> str:
    letters = "".join(_one_of(random, *"ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(random.integers(1, 4)))
    return _one_of(
        random, f"{letters}-{_digits(random, 3)}", f"{letters} {_digits(random, 4)}",
        f"{letters}{_digits(random, 2)}", f"No. {random.integers(1, 500)}",
        f"{letters[0]}{random.integers(1, 80)}", f"{random.integers(1, 30)}{letters[0]}",
    )  # fmt: skip


_SPECIAL: Final = (_number, _number, _date, _time, _price, _price, _telephone, _address, _code, _code)

_CASES: Final[tuple[Callable[[str], str], ...]] = (str.upper, str.title, str.lower, str)
_CASE_SHARES: Final = (0.42, 0.33, 0.17, 0.08)
