"""The tensors of a foreign checkpoint, and the rows that say where each of ours comes from."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from tcm_core.convert.weights_file import some_of
from tcm_core.errors import BadCheckpoint

COUNTER: Final = "num_batches_tracked"
_NORM: Final = ("weight", "bias", "running_mean", "running_var", COUNTER)
_SHAPES_CLASH: Final = (RuntimeError, IndexError, ValueError)


class Source(NamedTuple):
    """What a file holds, and what to call it in messages."""

    path: Path
    title: str
    tensors: Mapping[str, Tensor]

    def has(self, start: str) -> bool:
        """Whether a tensor's name begins with this."""
        return any(name.startswith(start) for name in self.tensors)

    def size(self, name: str, axis: int) -> int:
        """The length of one axis of a tensor that a configuration is read from.

        Raises:
            BadCheckpoint: there is no such tensor, or it has no such axis.
        """
        tensor = self.tensors.get(name)
        if tensor is None:
            raise self.unfit([f"{name} is missing"])
        if tensor.ndim <= axis:
            raise self.unfit([f"{name} has the shape {tuple(tensor.shape)}"])
        return tensor.shape[axis]

    def count(self, start: str) -> int:
        """How many numbers follow a start, as in `layers.0.`, `layers.1.`; counted from 0 without gaps."""
        number = 0
        while self.has(f"{start}{number}."):
            number += 1
        return number

    def unfit(self, problems: list[str]) -> BadCheckpoint:
        """The error of a file that is not what it seems to be."""
        return BadCheckpoint(
            f"{self.path}: {self.title}, but it does not fit: {some_of(problems)}. Copy or download it "
            "again; a model that was changed cannot be converted."
        )


def _same(tensor: Tensor) -> Tensor:
    return tensor


class Row(NamedTuple):
    """One tensor of ours and what it is made of."""

    target: str
    sources: tuple[str, ...]
    make: Callable[..., Tensor] = _same
    """The sources' tensors, float32, in their order -> the target's."""


class Use(NamedTuple):
    """A tensor of the file and ours that it went into."""

    source: str
    shape: tuple[int, ...]
    target: str


class Filled(NamedTuple):
    """A whole state dict, and what of the file went where."""

    state: dict[str, Tensor]
    uses: tuple[Use, ...]


def copied(target: str, source: str) -> Row:
    """A tensor under another name."""
    return Row(target, (source,))


def convolution(target: str, source: str, *, bias: bool) -> list[Row]:
    """Weight and bias of a convolution or a linear map."""
    parts = ("weight", "bias") if bias else ("weight",)
    return [copied(f"{target}.{part}", f"{source}.{part}") for part in parts]


def norm(target: str, source: str, *, bias_before: str | None = None) -> list[Row]:
    """A batch norm; the bias of a convolution before it, which ours lacks, goes into the mean."""
    rows = [copied(f"{target}.{part}", f"{source}.{part}") for part in _NORM]
    if bias_before is not None:
        rows[2] = Row(f"{target}.running_mean", (f"{source}.running_mean", bias_before), torch.sub)
    return rows


def fill(source: Source, rows: Iterable[Row], wanted: Mapping[str, Tensor]) -> Filled:
    """The state dict of a detector from the rows.

    Args:
        source: the file.
        rows: at most one for each of ours.
        wanted: the state dict of a fresh detector; counters of batch norms that the file lacks stay.

    Raises:
        BadCheckpoint: a tensor is missing, of another shape, not finite, or quantised.
    """
    by_target = {row.target: row for row in rows}
    problems, state, uses = [], {}, []
    for target, fresh in wanted.items():
        row = by_target.get(target)
        missing = [target] if row is None else [name for name in row.sources if name not in source.tensors]
        if target.endswith(COUNTER) and missing:
            state[target] = fresh
            continue
        if row is None or missing:
            problems += [f"{name} is missing" for name in missing]
            continue
        made = _made(source, row, fresh)
        if isinstance(made, str):
            problems.append(made)
            continue
        state[target] = made
        uses += [Use(name, tuple(source.tensors[name].shape), target) for name in row.sources]
    if problems:
        raise source.unfit(list(dict.fromkeys(problems)))
    return Filled(state, tuple(uses))


def _made(source: Source, row: Row, fresh: Tensor) -> Tensor | str:
    """The tensor of a row, or what is wrong with it."""
    tensors = [source.tensors[name] for name in row.sources]
    for name, tensor in zip(row.sources, tensors, strict=True):
        if not tensor.is_floating_point() and fresh.is_floating_point():
            return f"{name} has {tensor.dtype} values"
        if not torch.isfinite(tensor).all():
            return f"{name} has values that are not finite"
    found = " and ".join(
        f"{name} is {tuple(tensor.shape)}" for name, tensor in zip(row.sources, tensors, strict=True)
    )
    try:
        made = row.make(*(tensor.to(fresh.dtype) for tensor in tensors))
    except _SHAPES_CLASH:
        return f"{found}, which do not go together"
    if made.shape != fresh.shape:
        expected = tuple(fresh.shape)
        return f"{found}, expected {expected}" if len(tensors) == 1 else f"{found}, to give {expected}"
    return made.clone()
