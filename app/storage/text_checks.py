"""The allowed characters and the word list of a project: two text files beside its database."""

from pathlib import Path
from typing import Final

from app.domain.spelling import Spelling, TextCheck, allowed_characters
from app.storage.errors import StorageError
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import TcmError

CHARACTERS_FILE: Final = "characters.txt"
WORDS_FILE: Final = "words.txt"
MOST_BYTES: Final = 50_000_000
"""Larger files are refused before they are read: the longest word lists in use have a tenth of that."""


def read_text_check(place: Path) -> TextCheck:
    """The checks of the project whose database lies in the folder `place`; a missing file checks nothing.

    Raises:
        StorageError: a file is there and cannot be read.
    """
    characters, words = read_characters(place), read_words(place / WORDS_FILE)
    return TextCheck(allowed_characters(characters), Spelling(words) if words else None)


def read_characters(place: Path) -> str:
    """The allowed characters as they were written; empty when there are none.

    Raises:
        StorageError: see `read_text_check`.
    """
    return _text(place / CHARACTERS_FILE)


def read_words(path: Path) -> list[str]:
    """The words of a list, one a line, up to a tab (a count may follow); none when the file is missing.

    Raises:
        StorageError: see `read_text_check`.
    """
    return [line.partition("\t")[0].strip() for line in _text(path).splitlines() if line.strip()]


def write_text_check(place: Path, characters: str, words: list[str]) -> None:
    """Keep both; what is empty takes its file away.

    Raises:
        StorageError: a file cannot be written.
    """
    for name, text in ((CHARACTERS_FILE, characters.strip()), (WORDS_FILE, "\n".join(words))):
        path = place / name
        try:
            if text:
                write_text_atomic(path, text + "\n")
            else:
                path.unlink(missing_ok=True)
        except (TcmError, OSError) as error:
            raise StorageError(f"Could not keep the text checks: {error}") from error


def _text(path: Path) -> str:
    try:
        if not path.exists():
            return ""
        if path.stat().st_size > MOST_BYTES:
            raise StorageError(f"{path} is larger than {MOST_BYTES // 10**6} MB. Use a shorter list.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise StorageError(
            f"{path} is not UTF-8 text. Save it as UTF-8 and open the folder again."
        ) from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}. Check the file's rights.") from error
