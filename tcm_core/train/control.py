"""Asking a run from outside to stop or to pause: by a signal, or by a word in its control file."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final, Literal

from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import TcmError
from tcm_core.train.folder import RunFolder

Request = Literal["stop", "pause"]
Word = Literal["stop", "pause", "resume"]

CONTROL_FILE: Final = "control"
_SECOND_SIGNAL_S: Final = (
    1.0  # launchers pass on a signal that the terminal gave to all: that is not a second one
)
_POLL_S: Final = 0.1


def ask(run: Path, word: Word) -> None:
    """Asks the run in a folder to stop, to pause or to go on; it follows after the step that it is in.

    Raises:
        TcmError: the folder cannot be written.
    """
    write_text_atomic(run / CONTROL_FILE, word + "\n")


class RunControl:
    """What the run is asked for: SIGINT and SIGTERM mean stop, a second one means at once.

    Entered in the main thread it takes over both signals until it is left; in another thread it only reads
    the files. A request in a file is taken away when it is seen, so that it does not meet the resumed run.

    Args:
        folder: of the run; its `control` file holds one word, and a file called `stop` means stop.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._request: Request | None = None
        self._signal = 0
        self._signal_time = 0.0
        self._told = False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "RunControl":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()

    def request(self) -> Request | None:
        """What is asked for now; "stop" stays, "pause" until the run may go on."""
        self._look()
        return self._request

    def wait(self, step: int, on_wait: Callable[[], None] | None = None) -> None:
        """While the run is asked to pause: waits until it may go on, with events, or is asked to stop.

        Save the state before: a process that is killed while it waits then loses nothing.

        Args:
            step: that the run has done.
            on_wait: called again and again while waiting.
        """
        if self.request() != "pause":
            return
        self._folder.say(f"step {step}: paused")
        self._folder.events.write("paused", step=step)
        while self.request() == "pause":
            if on_wait is not None:
                on_wait()
            time.sleep(_POLL_S)
        if self._request is None:
            self._folder.say(f"step {step}: goes on")
            self._folder.events.write("resumed", step=step)

    def _look(self) -> None:
        if self._signal:
            self._request = "stop"
            if not self._told:
                self._told = True
                name = signal.Signals(self._signal).name
                self._folder.say(f"{name}: the run saves after this step and ends; once more ends it at once")
            return
        for word in self._words():
            if word == "stop":
                self._request = "stop"
            elif word == "pause" and self._request != "stop":
                self._request = "pause"
            elif word == "resume" and self._request == "pause":
                self._request = None

    def _words(self) -> list[str]:
        """The requests that lie in the folder, which are taken away."""
        words = []
        if self._folder.stop_file.exists():
            self._folder.stop_file.unlink(missing_ok=True)
            words.append("stop")
        text = _taken(self._folder.control_file)
        if text is not None:
            word = text.strip().lower()
            if word not in ("stop", "pause", "resume"):
                self._folder.say(f"control: {word[:40]!r} is not known; write stop, pause or resume")
            words.append(word)
        return words

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._signal:
            self._signal, self._signal_time = number, now
        elif now - self._signal_time > _SECOND_SIGNAL_S:
            self._give_back()
            signal.raise_signal(number)

    def _give_back(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former = {}


def leave_signals_to_the_run() -> None:
    """For loader processes: a signal that was sent to all processes of a run lets them finish their batch.

    SIGINT is ignored. SIGTERM is ignored once, so that the second one, by which a closing loader ends
    processes that hang, still works.
    """

    def first(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, first)


def _taken(path: Path) -> str | None:
    """The text of a file that is taken away; None when there is none. Renamed first: a newer one stays."""
    if not path.exists():
        return None
    taken = path.with_name(f".{path.name}.taken")
    try:
        path.replace(taken)
        with taken.open("rb") as file:
            text = file.read(100).decode("utf-8", errors="replace")
        taken.unlink()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TcmError(
            f"{path}: cannot be taken ({error.strerror or error}); make it writable for the run"
        ) from error
    return text
