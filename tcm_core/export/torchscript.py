"""TorchScript files."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from tcm_core.checkpoint_file import FORMAT, CheckpointMetadata
from tcm_core.export.wrapper import ExportedDetector, example_images
from tcm_core.infer.exported_predictor import Images, NamedArrays

_EXTRA: Final = ("format", "checkpoint")


@contextmanager
def tracing() -> Iterator[None]:
    """Silences what PyTorch says of the age of its tracer, and of sizes that it only checks; nothing else.

    The newer torch.export needs over a minute for the smallest detector (it reasons about every size that
    depends on height and width), the tracer a second or two, with maps as equal. That the graph serves other
    sizes than the traced one is what export.verify shows.
    """
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".*torch\.jit\..*deprecated", FutureWarning)
        warnings.filterwarnings("ignore", r".*torch\.jit\..*deprecated", DeprecationWarning)
        warnings.filterwarnings("ignore", ".*legacy TorchScript-based ONNX export", DeprecationWarning)
        warnings.filterwarnings("ignore", "The feature will be removed", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]  # it is public
        yield


def torchscript_bytes(network: ExportedDetector, metadata: CheckpointMetadata) -> bytes:
    """A TorchScript file; `format` and `checkpoint` (JSON) are its extra files."""
    extra = dict(zip(_EXTRA, (FORMAT, metadata.model_dump_json()), strict=True))
    buffer = io.BytesIO()
    with tracing():
        traced = torch.jit.trace(network, (example_images(),), check_trace=False)
        torch.jit.save(torch.jit.freeze(traced), buffer, _extra_files=extra)
    return buffer.getvalue()


class TorchScriptNetwork:
    """A TorchScript file that torchscript_bytes made; see ExportedNetwork.

    Args:
        path: the file.
        names: of its outputs, in their order.
    """

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        self._names = names
        with tracing():
            self._graph: Any = torch.jit.load(io.BytesIO(path.read_bytes()), map_location="cpu")
        self.device_text = f"TorchScript {torch.__version__} on cpu, fp32"

    def run(self, images: Images) -> NamedArrays:
        """The outputs for a batch."""
        with torch.inference_mode():
            outputs = self._graph(torch.from_numpy(images))
        return {name: output.numpy() for name, output in zip(self._names, outputs, strict=True)}
