"""The pictures of the chapter "Train": the whole journey, from the first detection to the exported labels."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QWidget

from app.views.compare.window import CompareWindow
from tests.helpers.models_journey import Journey, Steps

if TYPE_CHECKING:
    from pictures import Artist

GT: Final = Path(__file__).resolve().parent.parent / "resources" / "samples" / "gt"
PICTURES: Final = {
    "journey_detected": ("train_detected", True),
    "journey_corrected": ("train_corrected", True),
    "journey_dialog": ("train_dialog", False),
    "journey_training": ("train_running", False),
    "journey_curves": ("train_curves", False),
    "journey_moments": ("train_moments", True),
    "journey_recheck": ("train_recheck", False),
    "journey_compared": ("train_compared", True),
    "journey_exported": ("train_exported", False),
}
"""The picture's name in the guide, and whether there is a photograph in it."""
EPOCHS: Final = 40.0
STOP_AT: Final = 12
SCREEN: Final = (1360, 850)


def train(artist: "Artist") -> Steps:
    """Detect, correct, approve, fine-tune, stop, resume, re-check, promote, compare, export."""

    def camera(name: str, of: QWidget) -> Steps:
        if isinstance(of, CompareWindow):  # with its frame it is higher than the screen
            of.setGeometry(0, 0, *SCREEN)
        until = time.monotonic() + 1.5
        yield lambda: time.monotonic() >= until
        picture, photo = PICTURES[name]
        artist.photograph(picture, of, photo=photo)

    out = artist.folder.parent / "labels"
    journey = Journey(
        GT,
        out,
        epochs=EPOCHS,
        stop_at=STOP_AT,
        camera=camera,
        patience_s=1200.0,
        estimate=True,
        shown_as="~/photos_gt",
    )
    yield from journey(artist)
