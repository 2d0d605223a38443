"""A small JSON file of the user's, beside the settings; one that cannot be used is set aside, in words."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Contents = TypeVar("Contents", bound=BaseModel)


def load_user_file(file: Path, empty: Contents, largest: int, things: str) -> tuple[Contents, str | None]:
    """What a file holds.

    Args:
        file: need not be there.
        empty: taken where there is nothing that can be used.
        largest: bytes; a larger file is not read.
        things: that are in it, for the notice.

    Returns:
        The contents, and what to tell about a file that could not be used; None: nothing.
    """
    try:
        if file.stat().st_size > largest:
            raise ValueError("too large")
        return type(empty).model_validate_json(file.read_bytes()), None
    except FileNotFoundError:
        return empty, None
    except (OSError, ValueError, ValidationError):
        aside = file.with_name(f"{file.name}.unusable")
    try:
        file.replace(aside)
    except OSError:
        return empty, f"{file}: cannot be read, and cannot be set aside. The next change takes its place."
    return empty, f"{file}: cannot be read. It was kept as {aside.name}, and {things} begin anew."
