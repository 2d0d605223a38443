"""The detector as the worker sees it. torch is imported by load_predictor only, and late."""

import logging
import sys
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tcm_core.checkpoint_file import read_metadata, resolve_checkpoint
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.maps import ImageMaps
from tcm_core.onnx_file import is_onnx

_log = logging.getLogger(__name__)


class PredictorLike(Protocol):
    """A loaded detector; those of tcm_core.infer are the real ones."""

    @property
    def checkpoint_name(self) -> str: ...
    @property
    def checkpoint_hash(self) -> str: ...
    @property
    def device_text(self) -> str: ...
    @property
    def decode_settings(self) -> DecodeSettings: ...
    def maps(self, image: NDArray[np.uint8], scale: float = 1.0, *, whole: bool = False) -> ImageMaps: ...


class Moved(NamedTuple):
    """Why a checkpoint is on the CPU although another device was asked for.

    Attributes:
        lost: the device does not answer any more; else its memory was not enough.
    """

    device: str
    reason: str
    lost: bool = False


def moved_by(error: BaseException, device: str) -> Moved:
    """The reason that an error is to leave a device."""
    return Moved(device, f"{type(error).__name__}: {error}", is_device_lost(error))


_OUT_OF_MEMORY: Final = (
    "CUDA out of memory", "CUDA error: out of memory", "can't allocate memory", "Failed to allocate memory",
)  # fmt: skip
_LOST: Final = (
    "CUDA error", "CUDA driver error", "CUDA failure", "cudaError", "CUDNN_STATUS", "CUBLAS_STATUS",
    "HIP error",
)  # fmt: skip

PredictorFactory = Callable[[str, str], PredictorLike]
"""(checkpoint name or file, device) -> a loaded detector; raises BadCheckpoint or DeviceUnavailable."""


def load_predictor(checkpoint: str, device: str) -> PredictorLike:
    """The real detector, a checkpoint or an exported ONNX file. Importing torch takes seconds the first time.

    A checkpoint with numbers that are not finite is refused: it would find nothing and say nothing.

    Raises:
        BadCheckpoint, DeviceUnavailable: in words for a person.
        TcmError: an ONNX file, and onnx or onnxruntime is not installed.
    """
    from tcm_core.checkpoint_tensors import check_tensors
    from tcm_core.infer import load

    path = resolve_checkpoint(checkpoint)
    if not is_onnx(path):
        read_metadata(path)  # says more of a file that is no checkpoint
        check_tensors(path)
    return load.load_predictor(checkpoint, device)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of a device or of the machine; torch need not be imported to know."""
    if isinstance(error, MemoryError):
        return True
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error)
    return "OutOfMemoryError" in names or any(said in text for said in _OUT_OF_MEMORY)


def is_device_lost(error: BaseException) -> bool:
    """Whether a device does not answer any more: unplugged, its driver reset, its context broken.

    What was on it is gone, and nothing can be done on it until the program starts again.
    """
    if not isinstance(error, RuntimeError) or is_out_of_memory(error):
        return False
    return type(error).__name__ == "AcceleratorError" or any(said in str(error) for said in _LOST)


def give_back_memory() -> None:
    """Give memory that nothing refers to any more back to the device.

    A network is in no cycle and goes with its last reference; cycles are the GUI thread's, see GuiCollector.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        try:
            torch.cuda.empty_cache()
        except RuntimeError as error:  # of a device that is lost, with its memory
            _log.info("memory of the device not given back: %s", error)
