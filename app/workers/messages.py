"""What goes to the workers and what comes back: frozen values, safe to hand between threads."""

import traceback
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection

_TIMES: Final = " \u00d7"


@dataclass(frozen=True)
class Problem:
    """Something that failed, in words for a person.

    Attributes:
        what: one sentence: what failed, and the reason when it is known.
        where: the page, file or part that it concerns.
        remedy: what the person can do.
        details: the traceback or other text to copy; may be empty.
    """

    what: str
    where: str
    remedy: str
    details: str = ""


def problem_of(error: BaseException, *, what: str, where: str, remedy: str) -> Problem:
    """The problem that an exception means, with its traceback as details."""
    return Problem(what, where, remedy, "".join(traceback.format_exception(error)))


@dataclass(frozen=True)
class LoadCheckpoint:
    """Load a checkpoint; the one in use stays in use until the new one is ready.

    Attributes:
        checkpoint: a shipped name or the path of a file.
        device: "auto", "cpu" or "cuda".
    """

    checkpoint: str
    device: str = "auto"


@dataclass(frozen=True)
class CheckpointReady:
    """A checkpoint is in use from now on.

    Attributes:
        name: what the checkpoint calls itself.
        sha256: its content's hash; results carry it.
        device_text: where it really runs, from the live model.
        decode: the settings that its card recommends.
        notice: set when it runs elsewhere than asked for, with the reason.
    """

    name: str
    sha256: str
    device_text: str
    decode: DecodeSettings
    notice: Problem | None = None


@dataclass(frozen=True)
class CheckpointFailed:
    """A checkpoint could not be loaded.

    Attributes:
        in_use: whether the one that was in use before still is.
    """

    problem: Problem
    in_use: bool = False


class Priority(IntEnum):
    """How soon a page is done; the lowest goes first."""

    OPEN = 0
    VISIBLE = 1
    PREFETCH = 2
    BATCH = 3


@dataclass(frozen=True)
class DetectRequest:
    """Find the text of one page.

    Attributes:
        number: from a growing counter; a result with an older number than the newest of its key is late.
        key: the page.
        path: the image file, read in the view frame.
        priority: what it goes before.
        settings: how to decode; None: as the checkpoint recommends.
        checkpoint: a shipped name or the path of a file; "": the one in use.
        device: where another checkpoint than the one in use is loaded.
        scale: of the size that the checkpoint wants its pictures in.
        mirrored: the picture is turned over from left to right; what is found is told as in the picture.
        whole: with the maps that decoding does not need, too.
    """

    number: int
    key: str
    path: Path
    priority: Priority = Priority.BATCH
    settings: DecodeSettings | None = None
    checkpoint: str = ""
    device: str = "auto"
    scale: float = 1.0
    mirrored: bool = False
    whole: bool = False


@dataclass(frozen=True, eq=False)
class DetectDone:
    """What was found on one page.

    Attributes:
        detections: image pixels, decoded with settings.
        seconds: spent on this page: waiting for the picture, network and decoding.
        checkpoint: as the request named it; "": the one in use.
        checkpoint_name: what the checkpoint calls itself.
        notice: set when it could not be done as asked for, with the reason: smaller, or on the CPU.
        scale: as the request had it.
    """

    number: int
    key: str
    detections: tuple[Detection, ...]
    maps: ImageMaps
    checkpoint_hash: str
    settings: DecodeSettings
    seconds: float
    checkpoint: str = ""
    checkpoint_name: str = ""
    notice: Problem | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class DetectFailed:
    """One page could not be done; the others go on.

    Attributes:
        checkpoint: as the request named it; "": the one in use.
        scale: as the request had it.
    """

    number: int
    key: str
    problem: Problem
    checkpoint: str = ""
    scale: float = 1.0


def at_scale(checkpoint: str, scale: float) -> str:
    """What a checkpoint (its name, file or hash) is called when it sees pages in another size."""
    return checkpoint if scale == 1.0 else f"{checkpoint}{_TIMES}{scale:g}"


def without_scale(called: str) -> tuple[str, float]:
    """The checkpoint and the scale behind what `at_scale` gave."""
    checkpoint, found, scale = called.rpartition(_TIMES)
    try:
        return (checkpoint, float(scale)) if found else (called, 1.0)
    except ValueError:
        return called, 1.0
