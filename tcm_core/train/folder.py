"""A run's folder: its events, its resumable state, and the stop file."""

from pathlib import Path

from tcm_core.train.events import EventLog


class RunFolder:
    """The files of one run.

    Args:
        path: an existing folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state_file = path / "state.pt"
        self.stop_file = path / "stop"
        """Whoever puts a file of this name here asks the run to save and end after its step."""
        self.events = EventLog(path / "events.jsonl")

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.events.close()

    def take_stop_request(self) -> bool:
        """Whether somebody asked the run to stop; the request is taken away."""
        if not self.stop_file.exists():
            return False
        self.stop_file.unlink()
        return True
