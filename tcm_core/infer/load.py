"""The predictor of any checkpoint: a safetensors file in torch, an exported ONNX file in onnxruntime."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tcm_core.checkpoint_file import resolve_checkpoint
from tcm_core.onnx_file import is_onnx

if TYPE_CHECKING:
    from tcm_core.infer.exported_predictor import ExportedPredictor
    from tcm_core.infer.onnx_predictor import OnnxPredictor
    from tcm_core.infer.predictor import Predictor


AnyPredictor: TypeAlias = "Predictor | ExportedPredictor"
"""Whatever finds text on an image."""


def load_predictor(checkpoint: str | Path = "db-small", device: str = "auto") -> "Predictor | OnnxPredictor":
    """The predictor of a shipped checkpoint's name or of a file; torch is imported only where it is needed.

    Raises:
        BadCheckpoint: it is missing, damaged or of another program.
        DeviceUnavailable: the device is not there.
        TcmError: an ONNX file, and onnx or onnxruntime is not installed.
    """
    path = resolve_checkpoint(checkpoint)
    if is_onnx(path):
        from tcm_core.infer.onnx_predictor import OnnxPredictor

        return OnnxPredictor(path, device)
    from tcm_core.infer.predictor import Predictor

    return Predictor.load(path, device)
