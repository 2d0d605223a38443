"""Exported ONNX files run by onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np

from tcm_core.checkpoint_file import CheckpointMetadata, file_sha256, read_metadata
from tcm_core.errors import BadCheckpoint, DeviceUnavailable
from tcm_core.infer.exported_predictor import ExportedPredictor, Images, NamedArrays, output_names
from tcm_core.onnx_file import missing_package, read_onnx

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_QUIET = 3
"""onnxruntime's log level for errors only; they are raised as well."""


class OnnxPredictor(ExportedPredictor):
    """The predictor of an ONNX file that `tcm export` wrote.

    Args:
        path: the file.
        device: "auto" (CUDA where this build of onnxruntime has it), "cpu" or "cuda".

    Raises:
        BadCheckpoint: the file is missing, damaged, of another program, or its graph does not run.
        DeviceUnavailable: the device is not there.
        TcmError: onnx or onnxruntime is not installed.
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        metadata = read_metadata(path)
        super().__init__(OnnxNetwork(path, metadata, device), metadata, file_sha256(path))


class OnnxNetwork:
    """The graph of an ONNX file in onnxruntime; see OnnxPredictor."""

    def __init__(self, path: Path, metadata: CheckpointMetadata, device: str) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise missing_package(path, "onnxruntime") from error
        self._path = path
        self._names = output_names(metadata)
        self._failures = _failures()
        onnxruntime.set_default_logger_severity(_QUIET)
        provider = _provider(device, onnxruntime.get_available_providers())
        try:
            self._session: Any = onnxruntime.InferenceSession(read_onnx(path).content, providers=[provider])
        except self._failures as error:
            raise BadCheckpoint(f"{path}: onnxruntime cannot load it ({error}); export it again") from error
        kind = "cuda" if provider == _CUDA else "cpu"
        self.device_text = f"onnxruntime {onnxruntime.__version__} on {kind}, fp32"
        self._check_signature()

    def run(self, images: Images) -> NamedArrays:
        """The outputs for a batch; see ExportedNetwork."""
        try:
            outputs = self._session.run(list(self._names), {"images": images})
        except self._failures as error:
            raise RuntimeError(f"{self._path}: onnxruntime: {error}") from error
        return {name: np.asarray(array) for name, array in zip(self._names, outputs, strict=True)}

    def _check_signature(self) -> None:
        inputs = [(entry.name, entry.type, len(entry.shape)) for entry in self._session.get_inputs()]
        outputs = {entry.name: entry.type for entry in self._session.get_outputs()}
        wanted = dict.fromkeys(self._names, "tensor(float)")
        if inputs != [("images", "tensor(float)", 4)] or outputs != wanted:
            raise BadCheckpoint(
                f"{self._path}: its inputs {inputs} and outputs {sorted(outputs)} are not those of an "
                f"exported detector (images; {', '.join(self._names)}); export it again"
            )


def _failures() -> tuple[type[Exception], ...]:
    """Everything that onnxruntime raises: its exceptions share no parent."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*kinds, RuntimeError, ValueError)


def _provider(device: str, available: list[str]) -> str:
    if device == "auto":
        return _CUDA if _CUDA in available else _CPU
    if device == "cpu":
        return _CPU
    if device != "cuda":
        raise DeviceUnavailable(f"device {device!r}: an ONNX file runs on auto, cpu or cuda")
    if _CUDA not in available:
        raise DeviceUnavailable(
            "CUDA was asked for, but this build of onnxruntime has none; use auto or cpu, or install "
            "onnxruntime-gpu in its place"
        )
    return _CUDA
