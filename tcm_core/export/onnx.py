"""ONNX files: one file, weights and configuration inside."""

import hashlib
import io
from typing import Final

import torch

from tcm_core.checkpoint_file import FORMAT, CheckpointMetadata
from tcm_core.errors import TcmError
from tcm_core.export.torchscript import tracing
from tcm_core.export.wrapper import ExportedDetector, example_images
from tcm_core.onnx_file import MAX_BYTES, NO_SEAL, SEAL, missing_package, seal_place

OPSET: Final = 17
"""The first with layer normalisation; onnxruntime has it since 1.12."""


def onnx_bytes(network: ExportedDetector, metadata: CheckpointMetadata) -> bytes:
    """An ONNX file; `format` and `checkpoint` (JSON) are among its metadata_props.

    Raises:
        TcmError: the package onnx is not installed, or the weights fill more than 2 GB.
    """
    try:
        import onnx
    except ImportError as error:
        raise missing_package("the format onnx", "onnx") from error
    weights = sum(tensor.nbytes for tensor in network.state_dict().values())
    if weights > MAX_BYTES:
        raise TcmError(
            f"checkpoint {metadata.name}: its weights fill {weights} bytes, an ONNX file holds {MAX_BYTES}; "
            "choose another format"
        )
    moving = {0: "batch", 2: "height", 3: "width"}
    scaled = {0: "batch", 2: "rows", 3: "columns"}
    buffer = io.BytesIO()
    with tracing():
        torch.onnx.export(
            network,
            (example_images(),),
            buffer,  # type: ignore[arg-type]  # the tracing exporter writes into files that are open, too
            dynamo=False,
            opset_version=OPSET,
            input_names=["images"],
            output_names=list(network.names),
            dynamic_axes={
                "images": moving,
                **{
                    name: {axis: f"{name}_{of}" if axis else of for axis, of in scaled.items()}
                    for name in network.names
                },
            },
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    model.producer_name = "tcm-studio"
    onnx.helper.set_model_props(
        model, {"format": FORMAT, "checkpoint": metadata.model_dump_json(), SEAL: NO_SEAL}
    )
    onnx.checker.check_model(model)
    content = bytearray(model.SerializeToString(deterministic=True))
    place = seal_place(bytes(content))
    assert place is not None
    content[place] = hashlib.sha256(content).hexdigest().encode()
    return bytes(content)
