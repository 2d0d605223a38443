"""OpenVINO's intermediate representation: an .xml file and its weights in a .bin file beside it."""

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tcm_core.checkpoint_file import FORMAT, CheckpointMetadata
from tcm_core.errors import TcmError
from tcm_core.export.onnx import onnx_bytes
from tcm_core.export.wrapper import ExportedDetector
from tcm_core.infer.exported_predictor import Images, NamedArrays


class OpenVinoFiles(NamedTuple):
    """The two files of a model."""

    xml: bytes
    weights: bytes


def openvino_files(network: ExportedDetector, metadata: CheckpointMetadata) -> OpenVinoFiles:
    """The model in single precision; `format` and `checkpoint` (JSON) stand below rt_info / tcm.

    Raises:
        TcmError: the package openvino or onnx is not installed.
    """
    try:
        import openvino
    except ImportError as error:
        raise _missing() from error
    model = openvino.Core().read_model(onnx_bytes(network, metadata), b"")
    model.set_rt_info(FORMAT, ["tcm", "format"])
    model.set_rt_info(metadata.model_dump_json(), ["tcm", "checkpoint"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.xml")
        openvino.save_model(model, path, compress_to_fp16=False)
        return OpenVinoFiles(path.read_bytes(), path.with_suffix(".bin").read_bytes())


class OpenVinoNetwork:
    """The files that openvino_files made; see ExportedNetwork.

    Args:
        path: the .xml file.
        names: of its outputs.

    Raises:
        TcmError: the package openvino is not installed.
    """

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        try:
            import openvino
        except ImportError as error:
            raise _missing() from error
        self._names = names
        # processors with bfloat16 units would use them, which moves the maps by some thousandths
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        self._model = openvino.Core().compile_model(path, "CPU", exact)
        self.device_text = f"OpenVINO {openvino.__version__.partition('-')[0]} on cpu, fp32"

    def run(self, images: Images) -> NamedArrays:
        """The outputs for a batch."""
        outputs = self._model(images)
        return {name: np.array(outputs[name], np.float32) for name in self._names}


def _missing() -> TcmError:
    return TcmError(
        "the format openvino needs the package openvino, which is not installed. "
        "Install the extra: pip install 'tcm-studio[openvino]'."
    )
