"""Runs the rows of an experiment that have no result yet, each in its folder, one after the other."""

import json
import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import tomlkit
from filelock import FileLock, Timeout

from tcm_core.checkpoint import load_checkpoint
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.data.formats.icdar import write_icdar2015
from tcm_core.data.synth.folder import write_scenes
from tcm_core.errors import BadCheckpoint, TcmError
from tcm_core.experiments.grid import RENDERED, RenderConfig, Row
from tcm_core.experiments.missing import missing_for_run, missing_for_test
from tcm_core.experiments.plan import Plan, PlannedRow, PlannedRun, materialised
from tcm_core.experiments.results import (
    Failure,
    RunFiles,
    RunResult,
    SpeedResult,
    read_record,
    save_record,
    this_machine,
)
from tcm_core.experiments.scoring import measure
from tcm_core.experiments.speed import measure_speeds
from tcm_core.infer.device import choose_device
from tcm_core.train.run import run_training

log = logging.getLogger(__name__)

_LOCK_WAIT_S = 7 * 24 * 3600.0

OnMessage = Callable[[str], None]


class RunStopped(TcmError):
    """Somebody asked the training to stop; what it has done is kept."""


class Runner:
    """Trains and measures what an experiment's folder does not hold yet.

    Several processes may work on one folder: a run that another one has is left until it is done.

    Args:
        plan: the experiment.
        out: its folder; runs are kept by their hash, so that several experiments may share it.
        root: of the data sets.
        say: told what goes on.
    """

    def __init__(self, plan: Plan, out: Path, root: Path, say: OnMessage) -> None:
        self._plan = plan
        self._out = out
        self._root = root.resolve()
        self._say = say

    def run(self, only: str = "", after_row: Callable[[], object] = lambda: None) -> None:
        """Every row, or the one of that name; a row that fails is reported and the others go on.

        Args:
            only: name of a row.
            after_row: called whenever there is something new for the report.

        Raises:
            RunStopped: a training was asked to stop.
        """
        waiting = [(row, run) for row in self._plan.rows for run in row.runs if row.row.trained]
        waiting = [(row, run) for row, run in waiting if only in ("", row.row.name)]
        for patience in (0.0, _LOCK_WAIT_S):
            left = []
            for row, run in waiting:
                if self._row(row, run, patience):
                    after_row()
                else:
                    left.append((row, run))
            waiting = left
        if self._plan.grid.speed is not None and not only:
            self._measure_speeds()
            after_row()

    def _row(self, row: PlannedRow, run: PlannedRun, patience: float) -> bool:
        """Trains and tests a row with one seed; False when another process has the run."""
        files = RunFiles(self._out, run.key)
        files.lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            if run.begin is not None:
                self._begin(run.begin)
            with FileLock(files.lock, timeout=patience):
                self._locked_row(row, run, files)
        except Timeout:
            self._say(f"{row.row.name}: another process has the run {run.key}; later")
            return False
        return True

    def _begin(self, begin: PlannedRun) -> None:
        """Has a run that others begin with; where it fails, those fail for want of it."""
        files = RunFiles(self._out, begin.key)
        with FileLock(files.lock, timeout=_LOCK_WAIT_S):
            if files.result() is None:
                self._locked_row(PlannedRow(Row(name=begin.config.name), (begin,), ()), begin, files)

    def _locked_row(self, row: PlannedRow, run: PlannedRun, files: RunFiles) -> None:
        name = f"{row.row.name}, seed {run.config.seed} ({run.key})"
        try:
            if files.result() is None:
                if reason := missing_for_run(run, self._plan, self._root):
                    save_record(files.failure, Failure(reason=reason, ran=False))
                    self._say(f"{name}: not run: {reason}")
                    return
                self._say(f"{name}: training")
                self._train(run, files)
            for test in row.tests:
                self._test(test, name, files)
        except RunStopped:
            raise
        except BadCheckpoint as error:
            self._failed(files, name, str(error), ran=files.checkpoint.exists())
        except TcmError as error:
            self._failed(files, name, str(error), ran=True)
        except Exception as error:  # the edge of a row: whatever it was, the others go on
            log.exception("%s failed", name)
            write_text_atomic(files.folder / "failure.txt", traceback.format_exc())
            self._failed(files, name, f"{type(error).__name__}: {error} (failure.txt says more)", ran=True)

    def _failed(self, files: RunFiles, name: str, reason: str, *, ran: bool) -> None:
        save_record(files.failure, Failure(reason=reason, ran=ran))
        self._say(f"{name}: {'failed' if ran else 'not run'}: {reason}")

    def _train(self, run: PlannedRun, files: RunFiles) -> None:
        for name in run.rendered:
            self._render(name, self._plan.tables.rendered[name])
        sources = materialised(run.config.data, self._root, self._out.resolve()).sources
        data = {"sources": [source.model_dump(mode="json", exclude_unset=True) for source in sources]}
        values = {**run.values, "data": data}
        if run.begin is not None:
            values["start"] = str(RunFiles(self._out, run.begin.key).checkpoint.resolve())
        write_text_atomic(files.config, tomlkit.dumps(values))
        started = time.monotonic()
        run_training(files.config, files.training, resume=True)
        steps = _steps_done(files.training / "events.jsonl")
        if steps < run.config.optim.steps:
            raise RunStopped(
                f"stopped at step {steps} of {run.config.optim.steps}; the same command goes on from there"
            )
        files.save_result(_result(run, files, time.monotonic() - started))

    def _render(self, name: str, settings: RenderConfig) -> None:
        """Renders scenes and their labels, unless they are there."""
        folder = self._out / RENDERED / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{name}.lock"):
            if (folder / "gt").is_dir():
                return
            self._say(f"rendering {settings.count} scenes: {name}")
            for image in (folder / "images").glob("*"):  # of a rendering that was broken off
                image.unlink()
            synth = settings.synth
            if synth.backgrounds.folder is not None:
                ground = synth.backgrounds.model_copy(
                    update={"folder": self._root / synth.backgrounds.folder}
                )
                synth = synth.model_copy(update={"backgrounds": ground})
            scenes = [scene.labels for scene in write_scenes(synth, folder, settings.count, workers=2)]
            write_icdar2015(scenes, folder / "gt")

    def _test(self, name: str, row: str, files: RunFiles) -> None:
        test = self._plan.tables.test[name]
        if files.test(test) is not None or missing_for_test(test, self._root):
            return
        result = measure(files.checkpoint, test, name, self._root)
        save_record(files.test_file(test), result)
        self._say(f"{row}: {test.title}: P {result.precision:.3f} R {result.recall:.3f} F {result.hmean:.3f}")

    def _measure_speeds(self) -> None:
        settings = self._plan.grid.speed
        file = speed_file(self._plan, self._out)
        if settings is None or read_record(file, SpeedResult) is not None:
            return
        self._say("measuring speeds")
        models = {row.row.name: row.runs[0].config for row in self._plan.rows if row.runs}
        checkpoints = {
            row.row.name: files.checkpoint
            for row in self._plan.rows
            if row.runs and (files := RunFiles(self._out, row.runs[0].key)).checkpoint.is_file()
        }
        save_record(file, measure_speeds(models, checkpoints, settings))


def speed_file(plan: Plan, out: Path) -> Path:
    """Where the speeds of an experiment's models lie."""
    return out / "speed" / f"{plan.name}-{plan.budget}.json"


def _steps_done(events: Path) -> int:
    """The step that a training ended or stopped at."""
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    return max((line["step"] for line in lines if line["event"] in ("end", "stopped")), default=0)


def _result(run: PlannedRun, files: RunFiles, seconds: float) -> RunResult:
    lines = (files.training / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    starts = [event for event in events if event["event"] == "start"]
    scored = [event["hmean"] for event in events if event["event"] == "validation"]
    loaded = load_checkpoint(files.checkpoint)
    return RunResult(
        key=run.key,
        steps=run.config.optim.steps,
        seconds=round(seconds, 1),
        learnt=starts[-1]["learnt"],
        validation_pages=starts[-1]["validation"],
        validation_hmean=max(scored, default=None),
        decode=loaded.metadata.decode,
        parameters=sum(parameter.numel() for parameter in loaded.detector.parameters()),
        machine=this_machine(str(choose_device(run.config.device))),
    )
