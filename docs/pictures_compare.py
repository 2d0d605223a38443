"""The pictures of the chapter "Compare"."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from app.domain.region import new_region
from app.storage.project_db import ProjectDb
from app.views.compare.window import CompareWindow
from tcm_core.data.formats.table import FORMATS
from tcm_core.resources import resource

if TYPE_CHECKING:
    from pictures import Artist

Steps = Iterator[Callable[[], object]]
PLACE = (0, 0, 1360, 850)


def rest(seconds: float = 0.5) -> Steps:
    """Let the program paint."""
    until = time.monotonic() + seconds
    yield lambda: time.monotonic() >= until


def give_truth(folder: Path) -> None:
    """The ground truth of the bundled photographs, as importing it leaves it."""
    db = ProjectDb.open(folder)
    pages = [
        (
            f"{Path(page.image).stem}.jpg",
            [new_region(one.polygon, ignore=one.ignore) for one in page.instances],
        )
        for page in FORMATS["icdar2015"].read(resource("samples", "gt"))
    ]
    db.truth.save(pages, "gt")
    db.close()


def compare(artist: "Artist") -> Steps:
    """The same checkpoint at two input sides, the truth and the labels."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_956.jpg")
    yield from artist.detect()
    artist.trigger("compare")
    yield lambda: any(isinstance(w, CompareWindow) and w.isVisible() for w in QApplication.topLevelWidgets())
    window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, CompareWindow))
    window.setGeometry(*PLACE)
    board = window.board
    window.count.setCurrentIndex(2)
    window.count.activated.emit(2)
    board.set_source(board.panes[1], board.panes[0].source)
    board.set_side(board.panes[1], 640)
    yield lambda: all(pane.content is not None for pane in board.panes)
    board.step(1)
    window.statusBar().clearMessage()
    yield from rest(1.0)
    artist.photograph("compare_panes", window)
    window.close()
