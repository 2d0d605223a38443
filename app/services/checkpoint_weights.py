"""Published weights of CLIP on this computer: listed, pulled when a person asks for it, checked, added."""

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, Signal, Slot

from app.workers.background import BackgroundWork, OnStep, Stopped
from app.workers.messages import Problem

_LIST: Final = "list"


class WeightsRow(NamedTuple):
    """One file of weights.

    Attributes:
        name: in the store.
        here: whether the whole file is in the store.
        size: bytes that are here, of a part too; 0: nothing.
        sha256: its checksum, or as much of it as the publisher tells.
        origin: the server or the file that it is from.
        published: whether it can be pulled.
    """

    name: str
    here: bool
    size: int
    sha256: str
    origin: str
    published: bool


class WeightsShelf(QObject):
    """The store of `tcm weights`. For the GUI thread; importing torch and the network are beside it.

    Attributes:
        listed: `rows` is new.
        progress: name, bytes here, bytes in all (-1: the server does not say).
        told: what came of something, in words.
        failed: a Problem.
    """

    listed = Signal()
    progress = Signal(str, object, object)
    told = Signal(str)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[WeightsRow] = []
        self.pulling = ""
        self._work = BackgroundWork("The weights that are here are not affected. Try again.", self)
        self._work.ended.connect(self._ended)
        self._work.progress.connect(self.progress)

    @property
    def busy(self) -> bool:
        """Whether something other than listing is under way."""
        return any(self._work.is_running(name) for name in ("pull", "add", "verify"))

    def look(self) -> None:
        """List anew; `listed` follows."""
        self._work.start(_LIST, lambda _: _rows())

    def pull(self, name: str) -> None:
        """Fetch published weights; what came of an earlier try is gone on with."""
        if self.busy:
            return

        def work(step: OnStep) -> str:
            from tcm_core.weights.store import pull_weights

            entry = pull_weights(name, step)
            return f"{entry.name} is here, whole: {entry.size / 1e6:.1f} MB with the right checksum"

        self.pulling = name
        self._work.start("pull", work)

    def add(self, file: Path) -> None:
        """Copy a file of CLIP weights into the store, after a look at what it is."""

        def work(_: OnStep) -> str:
            from tcm_core.convert.clip import read_clip
            from tcm_core.weights.store import add_weights

            model = read_clip(file).model
            return f"{add_weights(file).name} is in the store: CLIP {model}"

        if not self.busy:
            self._work.start("add", work)

    def verify(self, name: str) -> None:
        """Compare the checksum of a file with its record."""

        def work(_: OnStep) -> str:
            from tcm_core.weights.store import is_intact, list_weights

            entry = next((entry for entry in list_weights() if entry.name == name), None)
            if entry is None:
                return f"{name} is not here"
            if is_intact(entry):
                return f"{name} is intact"
            return f"{name} is damaged: its checksum differs. Delete {entry.path}, then pull it again"

        if not self.busy:
            self._work.start("verify", work)

    def stop(self) -> None:
        """Stop a download; what came is kept, and gone on with the next time."""
        if self._work.is_running("pull"):
            self._work.stop("pull")

    def shutdown(self) -> None:
        """Give up everything."""
        self._work.shutdown()

    @Slot(str, object)
    def _ended(self, name: str, answer: object) -> None:
        if name == _LIST:
            if isinstance(answer, Problem):
                self.failed.emit(answer)
            elif isinstance(answer, list):
                self.rows = answer
                self.listed.emit()
            return
        if name == "pull":
            self.pulling = ""
        if isinstance(answer, Problem):
            self.failed.emit(answer)
        elif isinstance(answer, Stopped):
            self.told.emit("Stopped. What came is kept, and gone on with when you pull it again")
        else:
            self.told.emit(str(answer))
        self.look()


def _rows() -> list[WeightsRow]:
    """In a thread: the table of what is published comes with torch."""
    from tcm_core.weights.known import known_weights
    from tcm_core.weights.store import list_weights, weights_folder

    known, stored = known_weights(), {entry.name: entry for entry in list_weights()}
    rows = []
    for name in (*known, *(name for name in stored if name not in known)):
        here = stored.get(name)
        if here is not None:
            origin = urlsplit(here.origin).netloc or here.origin
            rows.append(WeightsRow(name, True, here.size, here.sha256, origin, name in known))
        else:
            url = known[name].url
            part = weights_folder() / f"{name}{Path(url).suffix}.part"
            size = part.stat().st_size if part.is_file() else 0
            rows.append(WeightsRow(name, False, size, known[name].sha256, urlsplit(url).netloc, True))
    return rows
