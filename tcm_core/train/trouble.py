"""What goes wrong while a run goes on: judged, kept for a look, and put into words."""

import errno
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import safetensors.torch
import torch
from torch import Tensor

from tcm_core.data.atomic_file import write_atomic
from tcm_core.errors import TcmError
from tcm_core.train.batch import Batch
from tcm_core.train.folder import RunFolder

_MOST_BATCHES: Final = 20  # that are kept of one run
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_MEMORY: Final = ("can't allocate memory", "not enough memory", "out of memory")
_LOST_DEVICE: Final = ("cuda error", "cudnn error", "cublas error", "nccl error", "device-side assert")


class TrainingFailed(TcmError):
    """A run cannot go on; its last saved state is whole."""


class Share(NamedTuple):
    """How a batch is worked off."""

    batch: int  # images at once, in one process
    accumulate: int  # such parts a step


class Trouble:
    """Judges what goes wrong in the steps of one run.

    Args:
        folder: takes events and the batches that went wrong.
        skip_in_a_row: so many steps without a finite loss end the run.
        halve_batch: whether a batch that does not fit into memory may be worked off in more parts.
    """

    def __init__(self, folder: RunFolder, *, skip_in_a_row: int = 5, halve_batch: bool = True) -> None:
        self._folder = folder
        self._most = skip_in_a_row
        self._halve = halve_batch
        self.in_a_row = 0
        """Steps that were skipped since the last good one. While it is not 0 no state should be saved."""
        self.skipped = 0
        """Steps that were skipped in all."""

    def step_went_well(self) -> None:
        """Tells of a step whose loss and gradients were finite."""
        self.in_a_row = 0

    def loss_not_finite(
        self, step: int, batch: Batch, losses: Mapping[str, float], model: torch.nn.Module | None = None
    ) -> None:
        """Keeps the batch of a step that is skipped, and writes the event "skipped".

        Args:
            step: that the run has done before.
            batch: of the step.
            losses: the terms by name, as far as they are known.
            model: to say whether its weights are still finite.

        Raises:
            TrainingFailed: too many steps in a row were skipped.
        """
        self.in_a_row += 1
        self.skipped += 1
        terms = [name for name, value in losses.items() if not abs(value) < float("inf")]
        reason = "not finite: " + (", ".join(terms) if terms else "the gradients")
        kept = self._keep(step, batch, losses)
        self._folder.events.write(
            "skipped", step=step, reason=reason, losses=dict(losses), in_a_row=self.in_a_row, batch=kept
        )
        if self.in_a_row == 1:
            self._folder.say(
                f"step {step}: skipped, {reason}" + (f"; its batch is in {kept}" if kept else "")
            )
        if self.in_a_row >= self._most:
            raise self._gave_up(step, reason, model)

    def out_of_memory(self, error: BaseException, share: Share) -> Share:
        """Half the images at once, twice as many parts: the same step in less memory.

        Args:
            error: that was met; see is_out_of_memory.
            share: what did not fit.

        Raises:
            TrainingFailed: it cannot be halved, or may not; the message says what to lower.
        """
        if not self._halve or share.batch < 2 or share.batch % 2:
            raise TrainingFailed(
                f"out of memory with {share.batch} images at once ({_first_line(error)}). Lower "
                "optim.batch_size or raise optim.accumulate, lower augment.size, or set precision = "
                '"bf16"; workers = 0 saves main memory. Then go on with --resume.'
            ) from error
        smaller = Share(share.batch // 2, share.accumulate * 2)
        self._folder.events.write("out_of_memory", batch=smaller.batch, accumulate=smaller.accumulate)
        self._folder.say(
            f"out of memory with {share.batch} images at once: from here on {smaller.batch} at once, "
            f"{smaller.accumulate} parts a step"
        )
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return smaller

    def disk_full(self, error: BaseException) -> TrainingFailed:
        """The end of a run whose state cannot be saved, in words."""
        cause = _disk_error(error)
        reason = _first_line(error) if cause is None else cause.strerror or str(cause)
        return TrainingFailed(
            f"{self._folder.path}: the disk is full ({reason}). The last saved state is whole: "
            "free some space and go on with --resume."
        )

    def not_compiled(self, error: BaseException) -> TrainingFailed:
        """The end of a run whose network torch.compile cannot compile here, in words."""
        return TrainingFailed(
            f"the network cannot be compiled on this machine ({_first_line(error)}). "
            "Set compile = false, or install a C++ compiler that fits this torch; then go on with --resume."
        )

    def device_lost(self, error: BaseException, saved_step: int) -> TrainingFailed:
        """The end of a run whose GPU does not answer any more, in words."""
        return TrainingFailed(
            f"the device stopped working ({_first_line(error)}). The state of step {saved_step} is saved: "
            "see to the device (nvidia-smi, the system's log) and go on with --resume."
        )

    def _keep(self, step: int, batch: Batch, losses: Mapping[str, float]) -> str:
        """The file that the batch is kept in, from the run's folder; empty when it is not kept."""
        folder = self._folder.trouble_dir
        if not self._folder.writes or len(list(folder.glob("step_*.safetensors"))) >= _MOST_BATCHES:
            return ""
        images, targets = batch
        tensors = {"images": images, **{f"target_{place}": target for place, target in enumerate(targets)}}
        kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        path = folder / f"step_{step:06d}.safetensors"
        try:
            notes = {name: repr(value) for name, value in losses.items()}
            write_atomic(path, safetensors.torch.save(kept, {"step": str(step), **notes}))
        except TcmError:  # a full disk: going on matters more than the batch
            return ""
        return path.relative_to(self._folder.path).as_posix()

    def _gave_up(self, step: int, reason: str, model: torch.nn.Module | None) -> TrainingFailed:
        broken = [] if model is None else not_finite(model)
        weights = f" The weights themselves are not finite any more, first {broken[0]}." if broken else ""
        return TrainingFailed(
            f"{self.in_a_row} steps in a row were skipped, the last is step {step}: {reason}.{weights} "
            'Lower optim.learning_rate, raise optim.warmup_steps, or use precision = "no" or "bf16" in place '
            f"of fp16; the batches are in {self._folder.trouble_dir}."
        )


def not_finite(model: torch.nn.Module) -> Sequence[str]:
    """The names of the parameters that hold a number that is not finite."""
    return [name for name, value in model.named_parameters() if not bool(torch.isfinite(value).all())]


def load_batch(content: bytes) -> Batch:
    """The batch of a file that was kept by Trouble, to look at or to try again."""
    tensors: dict[str, Tensor] = safetensors.torch.load(content)
    targets = tuple(tensors[f"target_{place}"] for place in range(len(tensors) - 1))
    return tensors["images"], targets


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory of the device or of the machine was lacking."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _NO_MEMORY)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it comes from, is of a disk without room."""
    return _disk_error(error) is not None


def is_compile_error(error: BaseException) -> bool:
    """Whether torch.compile gave up; its own exceptions need not be imported to know."""
    return any(
        kind.__module__.startswith(("torch._dynamo", "torch._inductor")) for kind in type(error).__mro__
    )


def is_device_lost(error: BaseException) -> bool:
    """Whether a GPU, or the connection between GPUs, stopped working."""
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(word in text for word in _LOST_DEVICE)


def _disk_error(error: BaseException | None) -> OSError | None:
    """What the system said; torch.save hides it behind an error of its own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
