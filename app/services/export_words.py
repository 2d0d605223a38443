"""Lines that every report of an export has, whatever the format."""

from collections.abc import Sequence
from typing import Final

from app.domain.counted import counted
from tcm_core.geometry.orientation import ReadFrame

SHOWN_LINES: Final = 200


def page_lines(untouched: int, turned: int, frame: ReadFrame) -> list[str]:
    """Which pages are left out, and in which frame turned ones are written.

    Args:
        untouched: pages left out: without regions, and not worked on or rejected.
        turned: pages whose image is shown in another orientation than it is stored in.
        frame: of the coordinates.
    """
    lines = []
    if untouched:
        lines.append(
            f"Left out, because they have no regions and are not approved: {counted(untouched, 'image')}."
        )
    if turned:
        how = "stored" if frame == "stored" else "shown"
        lines.append(
            f"Shown in another orientation than stored (EXIF): {counted(turned, 'image')}. "
            f"The coordinates are those of the picture as it is {how}."
        )
    return lines


def single_lines(lines: Sequence[str]) -> list[str]:
    """What concerns one image or region each, after an empty line; how many more there are."""
    shown = ["", *lines[:SHOWN_LINES]] if lines else []
    more = len(lines) - SHOWN_LINES
    return [*shown, f"... and {more} more"] if more > 0 else shown
