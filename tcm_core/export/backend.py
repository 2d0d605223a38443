"""Which program runs a checkpoint: PyTorch, or an exported file that is made once and kept.

Exported files lie in the user's cache, named by the checkpoint's hash and the versions that made them. One is
used only after its maps and texts were found equal to those of the checkpoint. What `auto` found to be the
fastest on this machine is kept beside them.
"""

import hashlib
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import checkpoint_hash, read_metadata, resolve_checkpoint
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import TcmError
from tcm_core.export.formats import FORMATS, export_detector
from tcm_core.export.verify import compare
from tcm_core.home import cache_folder
from tcm_core.infer.device import choose_device
from tcm_core.infer.exported_predictor import ExportedPredictor
from tcm_core.infer.load import AnyPredictor, load_predictor
from tcm_core.onnx_file import is_onnx

BackendName = Literal["auto", "torch", "onnx", "openvino"]
ExportedName = Literal["onnx", "openvino"]

_PACKAGES: Final[dict[ExportedName, tuple[str, ...]]] = {
    "onnx": ("onnx", "onnxruntime"),
    "openvino": ("onnx", "openvino"),
}
_WORTH: Final = 0.9
"""An exported file is taken by auto when it needs less than this share of PyTorch's time."""
_TRIALS: Final = 3
_TRIAL_SIZE: Final = (720, 1280)


def load_backend(
    checkpoint: str | Path,
    device: str = "auto",
    backend: BackendName = "auto",
    *,
    cache: Path | None = None,
    trial: bool = True,
) -> AnyPredictor:
    """The predictor of a checkpoint in a backend.

    Args:
        checkpoint: name or file; an ONNX file always runs in onnxruntime.
        device: see load_predictor; exported files made here run on the processor only.
        backend: "auto": the fastest here of those that are installed, by a short trial whose result is kept.
        cache: folder of the exported files; None: below the user's cache.
        trial: with "auto": try them when nothing is kept; else it is PyTorch then.

    Raises:
        BadCheckpoint, DeviceUnavailable: see load_predictor.
        TcmError: a package is missing, or the exported file does not give what the checkpoint gives.
    """
    path = resolve_checkpoint(checkpoint)
    if backend == "torch" or is_onnx(path) or (backend == "auto" and _on_gpu(device)):
        return load_predictor(path, device)
    folder = cache or cache_folder() / "exported"
    if backend == "auto":
        return _fastest(path, device, folder, trial=trial)
    if device not in ("auto", "cpu"):
        raise TcmError(f"--backend {backend} runs on the processor; use --device cpu, or --backend torch")
    return _exported(path, backend, folder)


def _on_gpu(device: str) -> bool:
    return device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())


def _installed(backend: ExportedName) -> bool:
    try:
        return all(bool(version(package)) for package in _PACKAGES[backend])
    except PackageNotFoundError:
        return False


def _exported(path: Path, backend: ExportedName, folder: Path) -> ExportedPredictor:
    """The predictor of the kept file, which is made and compared when it is not there yet."""
    versions = _versions([backend]) if _installed(backend) else [f"{backend} missing"]
    identity = checkpoint_hash(path)
    file = folder / f"{path.stem}-{_digest(identity, *versions)[:16]}{FORMATS[backend].suffix}"
    proof = file.with_suffix(".json")
    if not (file.is_file() and proof.is_file()):
        largest = _export(path, backend, file)
        write_text_atomic(proof, json.dumps({"largest": largest, "made_by": versions}) + "\n")
    metadata = read_metadata(path)
    # results are the checkpoint's own: the same hash, so that a folder goes on in any backend
    return ExportedPredictor(FORMATS[backend].open(file, metadata), metadata, identity)


def _export(path: Path, backend: ExportedName, file: Path) -> float:
    """Writes the exported file; the largest difference between its maps and the checkpoint's.

    Raises:
        TcmError: it gives other maps or texts, or a package is missing.
    """
    detector, metadata = load_checkpoint(path)
    export_detector(detector, metadata, backend, file)
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "page.png")
        Image.fromarray(_page()).save(page)
        sides = (metadata.short_side, max(32, metadata.short_side // 2))
        found = [*compare(detector, metadata, FORMATS[backend].open(file, metadata), [page], sides)]
    largest = max(comparison.largest for comparison in found)
    if not all(comparison.equal for comparison in found):
        raise TcmError(
            f"{path.name}: its {backend} file gives other maps (by up to {largest:.1e}) or texts than the "
            "checkpoint; use --backend torch"
        )
    return largest


def _fastest(path: Path, device: str, folder: Path, *, trial: bool) -> AnyPredictor:
    names: list[ExportedName] = [name for name in _PACKAGES if _installed(name)]
    key = _digest(
        checkpoint_hash(path), platform.node(), platform.processor(), str(choose_device(device)),
        *_versions(names),
    )  # fmt: skip
    choices = folder / "choices.json"
    known = _read(choices)
    for name in names:
        if known.get(key) == name:
            return _exported(path, name, folder)
    torch_predictor = load_predictor(path, device)
    if not names or known.get(key) == "torch" or not trial:
        return torch_predictor
    times: dict[str, float] = {"torch": _seconds(torch_predictor) * _WORTH}
    made: dict[str, AnyPredictor] = {"torch": torch_predictor}
    for name in names:
        try:
            made[name] = _exported(path, name, folder)
            times[name] = _seconds(made[name])
        except TcmError:
            continue  # it does not agree, or cannot be run here: PyTorch does
    best = min(times, key=lambda name: times[name])
    write_text_atomic(choices, json.dumps({**known, key: best}, indent=1) + "\n")
    return made[best]


def _versions(backends: Sequence[ExportedName]) -> list[str]:
    return [f"{package} {version(package)}" for backend in backends for package in _PACKAGES[backend]]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join([torch.__version__, *parts]).encode()).hexdigest()


def _seconds(predictor: AnyPredictor) -> float:
    page = _page()
    predictor.maps(page)
    taken = []
    for _ in range(_TRIALS):
        started = time.perf_counter()
        predictor.maps(page)
        taken.append(time.perf_counter() - started)
    return min(taken)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _page() -> NDArray[np.uint8]:
    """A page of large and small words on noise: what a detector finds on it is compared."""
    generator = np.random.default_rng(0)
    page = generator.integers(150, 200, (*_TRIAL_SIZE, 3), dtype=np.uint8)
    for row, size in enumerate((0.6, 0.8, 1.0, 1.5, 2.0, 2.6)):
        for column in range(3):
            place = (30 + 420 * column, 70 + 115 * row)
            cv2.putText(page, f"Word{row}{column}", place, cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 3)
    return page
