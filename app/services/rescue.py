"""Labels that cannot be saved where they belong, written as a file that can be imported again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.domain.page import Page
from app.services.format_export import plan_format, usual_frame, write_format

FORMAT: Final = "ppocrlabel"
"""One file for all images, with transcriptions, that needs no image to be written."""


def save_elsewhere(pages: Mapping[str, Page], images: Path, out: Path) -> list[Path]:
    """Write these pages into a folder, beside what is there already.

    Args:
        pages: by key, view frame.
        images: the folder of the project, which may be gone.
        out: where to write; made when it is not there.

    Returns:
        What was written: the folder.

    Raises:
        TcmError: nothing could be written there; the message says why.
    """
    plan = plan_format(list(pages.items()), images, FORMAT, usual_frame(FORMAT))
    place, number = out / f"{images.name}_unsaved", 1
    while place.exists():
        number += 1
        place = out / f"{images.name}_unsaved_{number}"
    return write_format(plan, place)
