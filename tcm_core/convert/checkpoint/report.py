"""What became of every tensor of a converted file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tcm_core.convert.checkpoint.rows import Use


class UsedTensor(BaseModel):
    """A tensor of the file, and ours that it went into."""

    model_config = ConfigDict(frozen=True)

    source: str
    shape: tuple[int, ...]
    targets: tuple[str, ...]


class UnusedTensor(BaseModel):
    """A tensor of the file that has no place here."""

    model_config = ConfigDict(frozen=True)

    source: str
    shape: tuple[int, ...]
    why: str


class ConversionReport(BaseModel):
    """What a file was, and where each of its tensors went."""

    model_config = ConfigDict(frozen=True)

    source: Path
    what: str
    """Such as "DBNet of mmocr 1.x"."""
    purpose: str
    """What the result is for."""
    used: tuple[UsedTensor, ...]
    unused: tuple[UnusedTensor, ...]
    notes: tuple[str, ...]
    """What was assumed, since the weights do not tell."""


def used_tensors(uses: tuple[Use, ...]) -> tuple[UsedTensor, ...]:
    """One entry a tensor of the file, in the order of first use."""
    targets: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for use in uses:
        targets.setdefault((use.source, use.shape), []).append(use.target)
    return tuple(
        UsedTensor(source=source, shape=shape, targets=tuple(names))
        for (source, shape), names in targets.items()
    )
