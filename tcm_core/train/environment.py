"""environment.json: on what a run was made, one entry for every time that it was started."""

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
import torch

import tcm_core
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.train.folder import RunFolder

_PACKAGES: Final = (
    "tcm-studio",
    "torch",
    "torchvision",
    "timm",
    "open_clip_torch",
    "accelerate",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "shapely",
    "pyclipper",
    "safetensors",
    "pydantic",
)
_VARIABLES: Final = (
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "SLURM_JOB_ID",
    "CUBLAS_WORKSPACE_CONFIG",
    "PYTORCH_CUDA_ALLOC_CONF",
)
_GIT_S: Final = 5.0


def write_environment(folder: RunFolder, *, seed: int, device: str, processes: int = 1) -> None:
    """Adds what a run is started on now to its environment.json.

    Args:
        folder: of the run.
        seed: of the run.
        device: what it runs on, in words.
        processes: how many train together.

    Raises:
        TcmError: the file cannot be written.
    """
    if not folder.writes:
        return
    starts = [*_former_starts(folder.environment_file), _environment(seed, device, processes)]
    content = {"version": 1, "starts": starts}
    write_text_atomic(folder.environment_file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _former_starts(path: Path) -> list[Any]:
    try:
        starts = json.loads(path.read_bytes())["starts"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return starts if isinstance(starts, list) else []


def _environment(seed: int, device: str, processes: int) -> dict[str, Any]:
    return {
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": sys.argv,
        "seed": seed,
        "device": device,
        "processes": processes,
        "host": socket.gethostname(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "memory_mb": psutil.virtual_memory().total >> 20,
        "gpus": _gpus(),
        "cuda": torch.version.cuda,
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "git": _git(),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu_name() -> str:
    """The processor's name; only Linux tells it in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _gpus() -> list[dict[str, Any]]:
    if not torch.cuda.is_available():
        return []
    found = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return [{"name": gpu.name, "memory_mb": gpu.total_memory >> 20} for gpu in found]


def _git() -> dict[str, Any] | None:
    """Commit and whether files differ from it, where the program runs from its own repository."""
    root = Path(tcm_core.__file__).resolve().parent.parent
    program = shutil.which("git")
    if program is None or not (root / ".git").exists():
        return None
    commit = _git_says(program, root, ("rev-parse", "HEAD"))
    changed = _git_says(program, root, ("status", "--porcelain", "--untracked-files=no"))
    return (
        None if commit is None else {"commit": commit, "changed": None if changed is None else bool(changed)}
    )


def _git_says(program: str, root: Path, arguments: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(
            [program, "-C", str(root), "--no-optional-locks", *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
