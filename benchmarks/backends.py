"""The ways to run a detector that benchmarks.inference measures: as it is, prepared, compiled, exported."""

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata, list_checkpoints
from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.decode.decode import DECODERS
from tcm_core.families import FAMILIES
from tcm_core.infer.batch_norm import fold_batch_norm
from tcm_core.infer.device import Device
from tcm_core.infer.prepare import ProbabilityHead, prepare_detector
from tcm_core.models.detector import TextDetector
from tcm_core.models.heads.db import DbHead
from tcm_core.resources import resource

Pass = Callable[[Tensor], object]
"""Network input (B, 3, H, W) to maps on the host."""


class Backend(NamedTuple):
    """One way to run a detector."""

    precision: torch.dtype
    device: str
    make: Callable[[TextDetector, CheckpointMetadata, "Backend"], Pass]
    keep: bool = False  # the memory of large maps, as tcm detect does


def _plain(detector: TextDetector, metadata: CheckpointMetadata, backend: Backend) -> Pass:
    return _torch(detector.to(backend.device), metadata, backend)


def _folded(detector: TextDetector, metadata: CheckpointMetadata, backend: Backend) -> Pass:
    fold_batch_norm(detector)
    return _torch(detector.to(memory_format=torch.channels_last), metadata, backend)


def _prepared(detector: TextDetector, metadata: CheckpointMetadata, backend: Backend) -> Pass:
    device = Device(torch.device(backend.device), backend.precision)
    return _torch(prepare_detector(detector, device).to(backend.device), metadata, backend)


def _compiled(detector: TextDetector, metadata: CheckpointMetadata, backend: Backend) -> Pass:
    fold_batch_norm(detector)
    if isinstance(detector.head, DbHead):
        detector.head = ProbabilityHead(detector.head)
    detector.to(backend.device).to(memory_format=torch.channels_last)
    return _torch(torch.compile(detector), metadata, backend)  # type: ignore[arg-type]  # called alike


def _torch(detector: nn.Module, metadata: CheckpointMetadata, backend: Backend) -> Pass:
    family = FAMILIES[metadata.model.head.name]
    half = backend.precision != torch.float32
    kind = backend.precision if half else torch.bfloat16

    def run(images: Tensor) -> object:
        with torch.inference_mode(), torch.autocast(backend.device, dtype=kind, enabled=half):
            output = detector(images.to(backend.device))
        return family.keep(output.maps)

    return run


def _exported(detector: TextDetector, metadata: CheckpointMetadata, runtime: str, precision: str) -> Pass:
    from tcm_core.export.onnx import onnx_bytes
    from tcm_core.export.wrapper import ExportedDetector

    content = onnx_bytes(ExportedDetector(detector, metadata), metadata)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (metadata.model.mean, metadata.model.std))
    threads = torch.get_num_threads()
    if runtime == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return lambda images: session.run(None, {"images": (images * std + mean).contiguous().numpy()})
    import openvino

    hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    model = openvino.Core().compile_model(openvino.Core().read_model(content, b""), "CPU", hints)
    return lambda images: list(model((images * std + mean).contiguous().numpy()).values())


BACKENDS: Final[dict[str, Backend]] = {
    "eager fp32": Backend(torch.float32, "cpu", _plain),
    "eager bf16": Backend(torch.bfloat16, "cpu", _plain),
    "folded bf16": Backend(torch.bfloat16, "cpu", _folded),
    "prepared fp32": Backend(torch.float32, "cpu", _prepared, keep=True),
    "prepared bf16": Backend(torch.bfloat16, "cpu", _prepared),
    "prepared bf16, memory kept": Backend(torch.bfloat16, "cpu", _prepared, keep=True),
    "compiled bf16": Backend(torch.bfloat16, "cpu", _compiled),
    "onnxruntime fp32": Backend(
        torch.float32,
        "cpu",
        lambda detector, metadata, _: _exported(detector, metadata, "onnxruntime", "f32"),
    ),
    "openvino fp32": Backend(
        torch.float32, "cpu", lambda detector, metadata, _: _exported(detector, metadata, "openvino", "f32")
    ),
    "openvino bf16": Backend(
        torch.bfloat16, "cpu", lambda detector, metadata, _: _exported(detector, metadata, "openvino", "bf16")
    ),
    "cuda fp16": Backend(torch.float16, "cuda", _prepared),
    "cuda bf16": Backend(torch.bfloat16, "cuda", _prepared),
    "cuda fp16 compiled": Backend(torch.float16, "cuda", _compiled),
}
"""`compiled` needs a C++ compiler and a minute; the exported ones need the packages of that name."""

DEFAULT_BACKENDS: Final = tuple(name for name in BACKENDS if "compiled" not in name and "cuda" not in name)


def build(name: str) -> tuple[TextDetector, CheckpointMetadata, str]:
    """A detector, its metadata, and where its weights come from."""
    shipped = {path.stem: path for path in list_checkpoints()}
    if name in shipped:
        loaded = load_checkpoint(shipped[name])
        return loaded.detector, loaded.metadata, "checkpoint"
    preset = name.removesuffix("-plain")
    model = load_config(resource("presets", f"{preset}.toml"), TrainConfig).model
    if name != preset:
        model = model.model_copy(update={"tcm": None})
    torch.manual_seed(0)
    defaults = DECODERS[model.head.name].defaults
    metadata = CheckpointMetadata(name=name, model=model, decode=defaults, short_side=736, max_long_side=1280)
    return build_detector(model).eval(), metadata, "random"
