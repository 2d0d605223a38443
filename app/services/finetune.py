"""Fine-tunings of the open project: prepared, queued, started, followed, paused, stopped, decided on."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, Slot

from app.domain.finetune import Draw, FinetuneWish, draw_pages
from app.domain.finetune_course import ENDED
from app.domain.page import Page
from app.services.finetune_prepare import GivenUp, Job, hash_pages, prepare, try_out
from app.services.finetune_run import TrainingRun, command_of, look_quietly
from app.services.workspace import Workspace
from app.storage.finetune_runs import (
    CONFIG_FILE,
    PROCESS_LOG,
    UNREADABLE,
    UNREADABLE_REMEDY,
    RunRecord,
    drop_weights,
    fresh_name,
    read_records,
    runs_folder,
    write_record,
)
from app.workers.messages import Problem, problem_of
from app.workers.train_process import kill, start_detached
from tcm_core.errors import TcmError
from tcm_core.train.control import Word, ask

POLL_MS: Final = 500


class FinetuneService(QObject):
    """The runs of the open project. For the GUI thread.

    A run is a folder and a process that knows nothing of the studio. What is known of it is read from its
    folder, so a studio that is closed, or killed, finds everything again when it is started anew.

    Attributes:
        runs_changed: a run came or went.
        run_changed: the name of a run of which something is new.
        run_ended: the name of a run that went on until now.
        looked: Draw, or Problem: the answer to `look_at_pages`.
        estimated: Estimate, or Problem: the answer to `start_estimate`.
        device_taken: True when a run here begins that may use the GPU, False when none does any more.
        failed: a Problem that belongs to no run.
    """

    runs_changed = Signal()
    run_changed = Signal(str)
    run_ended = Signal(str)
    looked = Signal(object)
    estimated = Signal(object)
    device_taken = Signal(bool)
    failed = Signal(object)
    _prepared = Signal(object, object)  # TrainingRun, Problem or None
    _hashed = Signal(int, object, object)  # number, (folder, hashes), Problem or None
    _tried = Signal(int, object)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._runs: dict[str, TrainingRun] = {}
        self._elsewhere: list[TrainingRun] = []  # of folders that were open before; they use this computer
        self._hashes: dict[str, NDArray[np.uint8]] = {}
        self._number = 0  # of the newest question
        self._question: tuple[tuple[str, ...], FinetuneWish] | None = None
        self._end = threading.Event()
        self._taken = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)
        queued = Qt.ConnectionType.QueuedConnection
        self._prepared.connect(self._on_prepared, queued)
        self._hashed.connect(self._on_hashed, queued)
        self._tried.connect(self._on_tried, queued)
        workspace.opened.connect(self._on_opened)
        workspace.closing.connect(self._on_closing)

    @property
    def runs(self) -> list[TrainingRun]:
        """The project's runs, the oldest first."""
        return list(self._runs.values())

    def run(self, name: str) -> TrainingRun | None:
        """The run of that name."""
        return self._runs.get(name)

    def look_at_pages(self, keys: Sequence[str], wish: FinetuneWish) -> None:
        """Find out which pages a wish takes, and which of them look alike; `looked` follows."""
        folder = self._workspace.folder
        if folder is None:
            return
        self._number += 1
        self._question = (tuple(keys), wish)
        number, known, end = self._number, dict(self._hashes), self._end
        wanted = tuple(keys)

        def work() -> None:
            stop = lambda: end.is_set() or number != self._number  # noqa: E731 said where it is used
            try:
                self._hashed.emit(number, (folder, hash_pages(folder, wanted, known, stop)), None)
            except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
                self._hashed.emit(number, (folder, {}), _problem(error, str(folder)))

        self._pool.start(work)

    def start_estimate(self, keys: Sequence[str], wish: FinetuneWish) -> None:
        """Do three steps of the run that a wish comes to; `estimated` follows."""
        job = self._job(keys, wish)
        if job is None:
            return
        self._number += 1
        number = self._number

        def work() -> None:
            try:
                self._tried.emit(number, try_out(job, lambda: self._end.is_set() or number != self._number))
            except GivenUp:
                return
            except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
                self._tried.emit(number, _problem(error, str(job.folder)))

        self._pool.start(work)

    def forget_question(self) -> None:
        """Nobody waits for the answer to the last question any more."""
        self._number += 1

    def start(self, keys: Sequence[str], wish: FinetuneWish) -> str:
        """Make a run of a wish, which waits for those before it.

        Args:
            keys: of the pages to choose from; their labels are taken as they are now.
            wish: what is wanted.

        Returns:
            The name of the run; "" when nothing was begun, `failed` says why.
        """
        job, db = self._job(keys, wish), self._workspace.db
        if job is None or db is None:
            return ""
        runs = runs_folder(db.path)
        name = fresh_name(runs, wish.name)
        job = replace(job, wish=replace(wish, name=name))
        run = TrainingRun(runs / name, RunRecord(job.wish, time.time()))
        try:
            run.folder.mkdir(parents=True)
            write_record(run.folder, run.record)
        except (TcmError, OSError) as error:
            self.failed.emit(_problem(error, str(run.folder)))
            return ""
        self._runs[name] = run
        run.state = "preparing"
        self._timer.start()
        self.runs_changed.emit()

        def work() -> None:
            try:
                prepare(job, run.folder, self._end.is_set)
                self._prepared.emit(run, None)
            except GivenUp:
                return
            except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
                self._prepared.emit(run, _problem(error, str(run.folder)))

        self._pool.start(work)
        return name

    def ask(self, name: str, word: Word) -> None:
        """Ask a run that goes on to pause, to go on or to stop; one that waits in the queue leaves it."""
        run = self._runs[name]
        try:
            if run.state == "queued":
                run.change(phase="refused", problem="It was taken out of the queue before it began.")
            elif run.going:
                ask(run.folder, word)
        except TcmError as error:
            self.failed.emit(_problem(error, str(run.folder)))
        self._look()

    def resume(self, name: str) -> None:
        """Let a run that was stopped, or failed, go on from its saved state; it waits for those before it."""
        run = self._runs[name]
        if not run.resumable:
            return
        if not (run.folder / CONFIG_FILE).is_file():
            what = "This run was never prepared, so there is nothing to go on with. Begin a new one."
            self.failed.emit(Problem(what, str(run.folder), "Choose Train > Fine-tune."))
            return
        try:
            run.change(phase="queued", resume=True, problem="")
        except TcmError as error:
            self.failed.emit(_problem(error, str(run.folder)))
        self._look()

    def kill(self, name: str) -> None:
        """End a run's process on this computer at once; its last saved state stays."""
        run = self._runs[name]
        try:
            if run.record.process is not None:
                kill(run.record.process)
        except TcmError as error:
            self.failed.emit(_problem(error, str(run.folder)))
        self._look()

    def promoted(self, name: str) -> None:
        """Note that a run's checkpoint is in use from now on; its saved state is deleted."""
        self._decide(name, "promoted")

    def discard(self, name: str) -> None:
        """Delete all weights of a run that has ended; its curves and pictures stay."""
        self._decide(name, "discarded")

    def shutdown(self) -> None:
        """Let go of all runs, which go on, and wait for what is being prepared."""
        self._timer.stop()
        self._end.set()
        self._number += 1
        self._pool.waitForDone()

    def _decide(self, name: str, decision: str) -> None:
        run = self._runs[name]
        if run.going:
            return
        try:
            drop_weights(run.folder, all_of_them=decision == "discarded")
            run.change(decision=decision)
        except TcmError as error:
            self.failed.emit(_problem(error, str(run.folder)))
        self._look()

    def _job(self, keys: Sequence[str], wish: FinetuneWish) -> Job | None:
        """The pages with their labels as they are now; None, and a problem, when they cannot be had."""
        folder, db, session = self._workspace.folder, self._workspace.db, self._workspace.session
        if folder is None or db is None or session is None or not keys:
            return None
        draw = draw_pages(list(keys), wish, self._hashes)
        try:
            pages: list[tuple[str, Page]] = [
                (key, session.page if key == session.key else db.load_page(key))
                for key in (*draw.learnt, *draw.validation)
            ]
        except TcmError as error:
            self.failed.emit(_problem(error, str(folder)))
            return None
        return Job(wish, folder, tuple(pages), draw)

    @Slot(int, object, object)
    def _on_hashed(
        self, number: int, found: tuple[Path, dict[str, NDArray[np.uint8]]], problem: object
    ) -> None:
        if found[0] != self._workspace.folder:
            return
        self._hashes.update(found[1])
        if self._question is None or number != self._number:
            return
        keys, wish = self._question
        draw: Draw | object = draw_pages(keys, wish, self._hashes) if keys else Draw((), (), (), ())
        self.looked.emit(problem or draw)

    @Slot(int, object)
    def _on_tried(self, number: int, answer: object) -> None:
        if number == self._number:
            self.estimated.emit(answer)

    @Slot(object, object)
    def _on_prepared(self, run: TrainingRun, problem: Problem | None) -> None:
        try:
            if problem is None:
                run.change(phase="queued")
            else:
                run.change(phase="refused", problem=f"{problem.what} {problem.remedy}")
        except TcmError as error:
            self.failed.emit(_problem(error, str(run.folder)))
            run.record = replace(run.record, phase="refused", problem=str(error))
        if self._runs.get(run.name) is run:
            self._look()

    @Slot()
    def _on_opened(self) -> None:
        db = self._workspace.db
        if db is None:
            return
        runs = runs_folder(db.path)
        damaged: list[Path] = []
        records = read_records(runs, damaged.append)
        self._runs = {name: TrainingRun(runs / name, record) for name, record in records.items()}
        if damaged:
            self.failed.emit(Problem(UNREADABLE, "\n".join(map(str, damaged)), UNREADABLE_REMEDY))
        self._elsewhere = [run for run in self._elsewhere if run.folder.parent != runs]
        for run in self._runs.values():
            if run.record.phase == "preparing":
                said = "The studio ended while this run was being prepared. Begin a new one."
                run.record = replace(run.record, phase="refused", problem=said)
            look_quietly(run)  # what ended in the meantime is no news of now
        self._look()
        self.runs_changed.emit()

    @Slot()
    def _on_closing(self) -> None:
        self._elsewhere += [run for run in self._runs.values() if _works_here(run)]
        self._runs, self._hashes, self._question = {}, {}, None
        self._number += 1
        self._look()
        self.runs_changed.emit()

    @Slot()
    def _look(self) -> None:
        """See what has become of every run, and start the next one."""
        went_on = [name for name, run in self._runs.items() if run.going or run.state == "queued"]
        changed = [name for name, run in self._runs.items() if look_quietly(run)]
        for other in self._elsewhere:
            look_quietly(other)
        self._elsewhere = [run for run in self._elsewhere if run.going]
        changed += self._start_next()
        self._tell_device()
        for name in changed:
            self.run_changed.emit(name)
        for name in went_on:
            if (run := self._runs.get(name)) is not None and run.state in ENDED:
                self.run_ended.emit(name)
        runs = (*self._runs.values(), *self._elsewhere)
        alive = any(run.going or run.state == "queued" for run in runs)
        if alive and not self._timer.isActive():
            self._timer.start()
        elif not alive:
            self._timer.stop()

    def _start_next(self) -> list[str]:
        """Start what waits and may begin: one run at a time here, and every run that goes elsewhere."""
        started = []
        busy = any(_works_here(run) for run in (*self._runs.values(), *self._elsewhere))
        for name, run in self._runs.items():
            if run.state != "queued" or (busy and not run.remote):
                continue
            busy = busy or not run.remote
            if not self._taken and run.may_use_gpu:
                self._taken = True
                self.device_taken.emit(True)
            self._launch(run)
            started.append(name)
        return started

    def _launch(self, run: TrainingRun) -> None:
        """Start a run's process; one that cannot be started has failed.

        The record says so before the process is there: whatever goes wrong, nothing is started twice.
        """
        from tcm_core.train.heartbeat import read_heartbeat

        try:
            pulse = read_heartbeat(run.folder)
            run.change(
                phase="launched",
                launched=time.time(),
                process=None,
                seen=run.course.seen,
                pulse=0.0 if pulse is None else pulse.time,
                problem="",
            )
            words = command_of(run, self._workspace.folder)
            mark = start_detached(words, run.folder, run.folder / PROCESS_LOG)
            run.record = replace(run.record, process=mark)
            with suppress(TcmError):  # of a disk that became full: it runs, and its heartbeat names it
                run.change()
        except Exception as error:  # noqa: BLE001 the edge of a timer's slot: the run has failed, and says why
            run.record = replace(run.record, phase="refused", problem=str(error) or type(error).__name__)
            with suppress(TcmError):
                run.change()
        look_quietly(run)

    def _tell_device(self) -> None:
        """Say when a run here begins to need the GPU, and when none does any more."""
        runs = (*self._runs.values(), *self._elsewhere)
        using = any(_works_here(run) and run.may_use_gpu for run in runs)
        if using != self._taken:
            self._taken = using
            self.device_taken.emit(using)


def _works_here(run: TrainingRun) -> bool:
    """Whether this computer is at work for it."""
    return run.going and run.state != "preparing" and not run.remote


def _problem(error: Exception, where: str) -> Problem:
    what = str(error) if isinstance(error, TcmError) else f"The fine-tuning failed: {error}"
    remedy = "Your labels are not affected. Mend what the message names, then try again."
    return problem_of(error, what=what, where=where, remedy=remedy)
