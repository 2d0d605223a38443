"""What a run and its tests have given, as files of the experiments' folder."""

import platform
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tcm_core.config.decode import DecodeSettings
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import BadConfig
from tcm_core.experiments.grid import TestSet
from tcm_core.experiments.plan import PlannedRun, canonical, hash_of

Record = TypeVar("Record", bound=BaseModel)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(_Record):
    """What did the work."""

    device: str
    processor: str
    versions: str


class RunResult(_Record):
    """A finished training."""

    key: str
    steps: int
    seconds: float
    learnt: int
    validation_pages: int
    validation_hmean: float | None
    decode: DecodeSettings
    """As chosen on the validation pages."""
    parameters: int
    machine: Machine


class TestResult(_Record):
    """A detector's figures on a test."""

    __test__ = False

    test: str
    protocol: str
    pages: tuple[str, ...]
    precision: float
    recall: float
    hmean: float
    seconds: float


class Failure(_Record):
    """Why a run has no figures."""

    reason: str
    ran: bool
    """Whether it had begun; otherwise something that it needs is not there."""


class Speed(_Record):
    """Time for an image, from pixels to maps."""

    cpu_seconds: float
    """Median over the repeats, of processor time over all cores."""
    wall_seconds: float
    """Fastest of the repeats."""


class SpeedResult(_Record):
    """The speed of a grid's models, measured in turns on one machine."""

    size: tuple[int, int]
    repeats: int
    machine: Machine
    rows: dict[str, Speed]
    """By name of the row."""


class RunFiles:
    """The files of one run below the experiments' folder.

    Args:
        out: the experiments' folder.
        key: of the run.
    """

    def __init__(self, out: Path, key: str) -> None:
        self.folder = out / "runs" / key
        self.lock = out / "runs" / f"{key}.lock"
        self.config = self.folder / "experiment.toml"
        self.training = self.folder / "training"
        self.checkpoint = self.training / "best.safetensors"
        self.failure = self.folder / "failure.json"
        self._result = self.folder / "result.json"

    def result(self) -> RunResult | None:
        """What the training has given; None while it has not ended."""
        return read_record(self._result, RunResult)

    def save_result(self, result: RunResult) -> None:
        """Keeps it; a former failure is forgotten."""
        save_record(self._result, result)
        self.failure.unlink(missing_ok=True)

    def test_file(self, test: TestSet) -> Path:
        """Where the figures on a test lie; another definition of the test, another file."""
        return self.folder / "tests" / f"{hash_of(canonical(test))}.json"

    def test(self, test: TestSet) -> TestResult | None:
        """The figures on a test; None before they are measured."""
        return read_record(self.test_file(test), TestResult)


def finished(run: PlannedRun, out: Path) -> RunResult | None:
    """What a planned run has given, if it has ended."""
    return RunFiles(out, run.key).result()


def read_record(path: Path, kind: type[Record]) -> Record | None:
    """A stored record; None when there is no file.

    Raises:
        BadConfig: the file is damaged.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise BadConfig(
            f"{path}: cannot be read ({error}). Take the file away; it is made again by the next run."
        ) from error


def save_record(path: Path, record: BaseModel) -> None:
    """Writes a record in one step.

    Raises:
        TcmError: the disk does not take it.
    """
    write_text_atomic(path, record.model_dump_json(indent=1) + "\n")


def this_machine(device: str) -> Machine:
    """What the work is done on here."""
    from importlib.metadata import version

    packages = ("torch", "timm", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return Machine(
        device=device, processor=_processor(), versions=f"Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    import os

    cores = f"{os.cpu_count()} cores"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0] if names else platform.processor() or platform.machine()}, {cores}"
