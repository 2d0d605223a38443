"""What is known of checkpoint files: tags, checksums, where they came from. One small file.

It is the user's, beside the settings; nothing is written into checkpoints.
"""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from app.storage.user_file import load_user_file
from tcm_core.data.atomic_file import write_text_atomic

NOTES_FILE: Final = "checkpoints.json"
_LARGEST: Final = 10_000_000  # bytes
_UNKNOWN: Final = {"sha256": "", "identity": "", "checked": ""}


class CheckpointNote(BaseModel):
    """What is known of one file.

    Attributes:
        tags: a person's.
        origin: where it came from, in words.
        size, mtime_ns: of the file that the checksum is of.
        sha256: "" while it is not known.
        identity: the hash that detections are kept under, see checkpoint_hash; "" while it is not known.
        checked: what the last look at all of its numbers said; "" while there was none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    tags: tuple[str, ...] = ()
    origin: str = ""
    size: int = -1
    mtime_ns: int = -1
    sha256: str = Field("", pattern="^([0-9a-f]{64})?$")
    identity: str = ""
    checked: str = ""

    def of_file(self, size: int, mtime_ns: int) -> "CheckpointNote":
        """This note for the file as it is now: checksum and check are dropped when it has changed."""
        if (size, mtime_ns) == (self.size, self.mtime_ns):
            return self
        return self.model_copy(update={"size": size, "mtime_ns": mtime_ns, **_UNKNOWN})


class _Notes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    checkpoints: dict[str, CheckpointNote] = {}


class CheckpointNotes:
    """The notes by the files' paths.

    Attributes:
        notice: what to tell about a file of notes that could not be used; None: nothing.
    """

    def __init__(self, folder: Path) -> None:
        """`folder`: the user's data."""
        self.file = folder / NOTES_FILE
        kept, self.notice = load_user_file(self.file, _Notes(), _LARGEST, "tags")
        self._notes = dict(kept.checkpoints)

    def of(self, path: Path, size: int, mtime_ns: int) -> CheckpointNote:
        """What is known of a file as it is now."""
        return self._notes.get(str(path), CheckpointNote()).of_file(size, mtime_ns)

    def put(self, path: Path, note: CheckpointNote) -> None:
        """Keep a note.

        Raises:
            TcmError: it cannot be written; it holds until the program ends.
        """
        self._notes[str(path)] = note
        self._save()

    def move(self, old: Path, new: Path) -> None:
        """A file has another name from now on.

        Raises:
            TcmError: see put.
        """
        note = self._notes.pop(str(old), None)
        if note is not None:
            self.put(new, note)

    def drop(self, path: Path) -> None:
        """A file is gone.

        Raises:
            TcmError: see put.
        """
        if self._notes.pop(str(path), None) is not None:
            self._save()

    def _save(self) -> None:
        text = _Notes(checkpoints=self._notes).model_dump_json(indent=1, exclude_defaults=True)
        write_text_atomic(self.file, text + "\n")
