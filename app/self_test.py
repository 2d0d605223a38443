"""`--self-test`: the real window opens photographs, finds their text, edits, exports and ends.

For an application that was just built or installed: everything that it needs at work is loaded once, with
settings, labels and results in a folder that goes away. With `--training` it fine-tunes on the page, too, in
a process that it starts as the window does.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from app.domain.finetune import FinetuneWish
from app.domain.finetune_course import ENDED
from app.domain.page import Page
from tcm_core.resources import resource

if TYPE_CHECKING:
    from app.compose import Studio

FOLDER: Final = "photo graphs, 写真"
POLL_MS: Final = 50
PATIENCE_S: Final = 300.0
"""For one step; loading a checkpoint on a slow disk is the longest."""
WORD: Final = "self-test"
IMAGES: Final = 2
EPOCHS: Final = 16.0
"""Of one page."""

_Step = tuple[str, Callable[[], object]]


class SelfTest(QObject):
    """Leads a studio through one page, from the folder to the exported labels.

    Args:
        studio: the one that is led.
        out: folder of what is exported.
        training: whether a detector learns from the page at the end.
        parent: keeps it.

    Attributes:
        status: the exit status: 0 when all steps were done, 1 before that.
    """

    def __init__(
        self, studio: "Studio", out: Path, *, training: bool = False, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._out = out
        self._training = training
        self._steps = self._lead()
        self._waiting_for: _Step | None = None
        self._since = time.monotonic()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self.status = 1

    def start(self) -> None:
        """Begin; the program ends with it."""
        self._timer.start(POLL_MS)

    @Slot()
    def _look(self) -> None:
        try:
            if (problem := self._studio.problems.shown) is not None:
                raise RuntimeError(f"{problem.what} {problem.remedy}")
            if self._waiting_for is not None and not self._waiting_for[1]():
                if time.monotonic() - self._since > PATIENCE_S:
                    raise TimeoutError(f"waited {PATIENCE_S:.0f} s for this: {self._waiting_for[0]}")
                return
            self._waiting_for = next(self._steps, None)
            self._since = time.monotonic()
        except Exception as error:  # noqa: BLE001 the edge of a timer: reported
            self._end(f"failed: {error or type(error).__name__}")
            return
        if self._waiting_for is None:
            self.status = 0
            self._end("passed")
        else:
            _say(self._waiting_for[0])

    def _end(self, words: str) -> None:
        self._timer.stop()
        _say(words)
        QApplication.exit(self.status)

    def _lead(self) -> Iterator[_Step]:
        """What is waited for, step by step; between two of them something is done."""
        studio = self._studio
        workspace, window = studio.parts.workspace, studio.window
        actions = studio.actions.by_id
        yield "the picture is on the screen", lambda: not window.canvas.stage.image_rect.isEmpty()
        session = workspace.session
        assert session is not None
        assert session.key is not None
        yield "the checkpoint is loaded", lambda: window.status.checkpoint_label.property("state") == "good"
        actions["detect"].trigger()
        yield "text is found", actions["accept_all"].isEnabled
        actions["accept_all"].trigger()
        yield "detections are regions", lambda: bool(session.page.regions)
        count = len(session.page.regions)
        model = studio.region_model
        model.setData(model.index(0, 0), WORD)
        yield "a text is typed", lambda: WORD in _texts(session.page)
        actions["undo"].trigger()
        yield "the text is taken back", lambda: WORD not in _texts(session.page)
        actions["redo"].trigger()
        yield "the text is there again", lambda: WORD in _texts(session.page)
        plan = studio.parts.export.plan([session.key])
        studio.parts.export.write(plan, self._out)  # type: ignore[arg-type]  # of a problem the file tells
        file = self._out / f"gt_{Path(session.key).stem}.txt"
        yield "labels are written", lambda: file.exists() and not studio.parts.export.writing
        self._compare(file, count)
        if self._training:
            yield from self._fine_tune([session.key])

    def _fine_tune(self, keys: list[str]) -> Iterator[_Step]:
        """A run of a few steps from the shipped checkpoint, in a process of its own."""
        service = self._studio.parts.finetune
        wish = FinetuneWish("self-test", validation=0.0, epochs=EPOCHS, device="cpu", precision="no")
        run = service.run(service.start(keys, wish))
        if run is None:
            raise RuntimeError("no fine-tuning could be begun")
        yield "a training has ended", lambda: run.state in ENDED or run.record.problem
        if run.state != "finished" or run.checkpoint is None:
            raise RuntimeError(f"the training is {run.state}: {run.problem()}")
        _say(f"{run.course.step} steps were learnt in a process of their own")

    @staticmethod
    def _compare(file: Path, count: int) -> None:
        from tcm_core.data.formats.icdar import read_icdar

        written = read_icdar(file)
        if len(written) != count or WORD not in {one.text for one in written}:
            raise ValueError(f"{file.name} holds {len(written)} texts of {count}, or not the typed one")


def make_folder(home: Path) -> Path:
    """Copies of bundled photographs to work on."""
    folder = home / FOLDER
    folder.mkdir(parents=True)
    for image in sorted(resource("samples", "images").glob("*.jpg"))[:IMAGES]:
        shutil.copy(image, folder)
    return folder


def temporary_home() -> "tempfile.TemporaryDirectory[str]":
    """A place for all of it; what Windows still holds open is left to the system."""
    return tempfile.TemporaryDirectory(prefix="tcm-studio-self-test-", ignore_cleanup_errors=True)


def _texts(page: Page) -> list[str]:
    return [region.text for region in page.regions]


def _say(words: str) -> None:
    if sys.stdout is not None:  # a windowed program has none on Windows
        sys.stdout.write(f"self-test: {words}\n")
        sys.stdout.flush()
