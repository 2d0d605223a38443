"""FORMATS: what a checkpoint can be exported as."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple

from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.data.atomic_file import write_atomic
from tcm_core.errors import TcmError
from tcm_core.export.onnx import onnx_bytes
from tcm_core.export.openvino import OpenVinoNetwork, openvino_files
from tcm_core.export.torchscript import TorchScriptNetwork, torchscript_bytes
from tcm_core.export.wrapper import ExportedDetector
from tcm_core.infer.exported_predictor import ExportedNetwork, output_names
from tcm_core.infer.onnx_predictor import OnnxNetwork
from tcm_core.models.detector import TextDetector

FormatName = Literal["onnx", "torchscript", "openvino"]


class ExportFormat(NamedTuple):
    """One format."""

    suffix: str
    write: Callable[[ExportedDetector, CheckpointMetadata, Path], None]
    open: Callable[[Path, CheckpointMetadata], ExportedNetwork]


def _write_openvino(network: ExportedDetector, metadata: CheckpointMetadata, path: Path) -> None:
    files = openvino_files(network, metadata)
    write_atomic(path.with_suffix(".bin"), files.weights)
    write_atomic(path, files.xml)


FORMATS: Final[dict[FormatName, ExportFormat]] = {
    "onnx": ExportFormat(
        ".onnx",
        lambda network, metadata, path: write_atomic(path, onnx_bytes(network, metadata)),
        lambda path, metadata: OnnxNetwork(path, metadata, "cpu"),
    ),
    "torchscript": ExportFormat(
        ".pt",
        lambda network, metadata, path: write_atomic(path, torchscript_bytes(network, metadata)),
        lambda path, metadata: TorchScriptNetwork(path, output_names(metadata)),
    ),
    "openvino": ExportFormat(
        ".xml", _write_openvino, lambda path, metadata: OpenVinoNetwork(path, output_names(metadata))
    ),
}


def export_detector(
    detector: TextDetector, metadata: CheckpointMetadata, format_name: FormatName, path: Path
) -> None:
    """Writes a detector in one of the formats, whole or not at all.

    Args:
        detector: its weights.
        metadata: stored in the file.
        format_name: one of FORMATS.
        path: of the file, with the format's suffix; OpenVINO's weights come beside it as .bin.

    Raises:
        TcmError: another suffix, a package of the format is not installed, or the file cannot be written.
    """
    chosen = FORMATS[format_name]
    if path.suffix.lower() != chosen.suffix:
        raise TcmError(
            f"{path}: a file of the format {format_name} ends in {chosen.suffix}. "
            "Change the name or the format."
        )
    chosen.write(ExportedDetector(detector, metadata), metadata, path)
