"""Train: fine-tuning on the project's own pages, followed and decided on."""

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Slot

from app.domain.finetune import FinetuneWish
from app.i18n.translation import tr
from app.services.checkpoints import OWN_FOLDER, available_checkpoints, own_files, write_run_card
from app.services.finetune_prepare import unlearnt_pages
from app.services.finetune_recheck import RecheckJob, RecheckPage
from app.services.finetune_run import TrainingRun
from app.storage.errors import StorageError
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk, to_front
from app.views.dialogs.finetune import FinetuneDefaults, FinetuneDialog
from app.views.dialogs.finetune_recheck import RecheckDialog
from app.views.panels.training import TrainingWindow
from app.views.problem_text import known_problem
from app.views.retranslation import translate
from app.workers.messages import Problem
from tcm_core.errors import TcmError


class TrainCommands(QObject):
    """Fine-tuning.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._service = desk, desk.parts.finetune
        self._window: TrainingWindow | None = None
        self._dialog: FinetuneDialog | RecheckDialog | None = None
        self._rechecked = ""
        self._gpu_taken = self._gave_gpu = False
        self._service.failed.connect(desk.preferences.problem)
        self._service.device_taken.connect(self._device_taken)
        self._service.run_ended.connect(self._run_ended)
        desk.parts.detection.checkpoint_ready.connect(self._give_gpu)
        desk.parts.workspace.closing.connect(self._close_dialog)

    def finetune(self) -> None:
        """Ask what is wanted, and begin it."""
        desk = self._desk
        desk.window.regions.commit()
        if desk.parts.workspace.folder is None:
            return
        scopes = (
            ("Approved images", self._approved),
            ("Images in the list, as it is filtered", self._listed),
        )
        dialog = FinetuneDialog(self._service, scopes, self._defaults(), desk.window)
        dialog.started.connect(self._started)
        self._open(dialog)

    def show_trainings(self) -> None:
        """Bring the window of trainings to the front."""
        window = self._window
        if window is None:
            window = self._window = TrainingWindow(self._service, self._desk.window)
            window.new_wanted.connect(self.finetune)
            window.recheck_wanted.connect(self.recheck)
            window.promote_wanted.connect(self.promote)
            translate(window)
        to_front(window)

    @Slot(str)
    def recheck(self, name: str) -> None:
        """Look at the approved pages again with the checkpoint of a run."""
        run, workspace = self._service.run(name), self._desk.parts.workspace
        if run is None or run.checkpoint is None or workspace.db is None:
            return
        self._desk.window.regions.commit()
        try:
            pages = [self._recheck_page(key) for key in self._approved()]
        except StorageError as error:
            self._desk.preferences.problem.emit(known_problem(error, str(workspace.folder)))
            return
        if not pages:
            self._tell_nothing_approved()
            return
        job = RecheckJob(self._desk.parts.predictor_factory)
        listed = {page.key: page for page in pages}
        dialog = RecheckDialog(job, listed, unlearnt_pages(run.folder), self._desk.window)
        job.setParent(dialog)
        dialog.page_chosen.connect(self._show_page)
        dialog.promote_wanted.connect(self._promote_rechecked)
        dialog.discard_wanted.connect(self._discard_rechecked)
        self._rechecked = name
        self._open(dialog)
        job.start(pages, (run.record.wish.start, str(run.checkpoint)), self._desk.preferences.device)

    @Slot(str)
    def promote(self, name: str) -> None:
        """Copy a run's checkpoint to where it stays, and use it from now on."""
        run = self._service.run(name)
        if run is None or run.checkpoint is None or run.going:
            return
        try:
            file = self._kept_copy(run)
        except OSError as error:
            what = f"The checkpoint could not be kept: {error.strerror or error}."
            where = str(run.checkpoint)
            self._desk.preferences.problem.emit(
                Problem(what, where, "Make room on the disk, then promote it.")
            )
            return
        self._service.promoted(name)
        self._desk.preferences.use_checkpoint(str(file))
        self._desk.tell(tr(f"{name} is in use from now on"))

    def _kept_copy(self, run: TrainingRun) -> Path:
        """The run's checkpoint in the person's own folder of checkpoints.

        Raises:
            OSError: it cannot be copied.
        """
        assert run.checkpoint is not None
        folder = self._desk.parts.home.data / OWN_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        file, number = folder / f"{run.name}.safetensors", 1
        while file.exists():
            number += 1
            file = folder / f"{run.name}-{number}.safetensors"
        part = file.with_name(f".{file.name}.part")
        try:
            shutil.copyfile(run.checkpoint, part)
            part.replace(file)
            write_run_card(file, run.folder, run.record.wish.start)
        finally:
            part.unlink(missing_ok=True)
        return file

    def _defaults(self) -> FinetuneDefaults:
        """As the last run of the project was begun, from the checkpoint in use."""
        current = self._desk.preferences.settings.detection.checkpoint
        last = self._service.runs[-1].record.wish if self._service.runs else FinetuneWish("")
        folder = self._desk.parts.workspace.folder
        name = "finetuned" if folder is None else folder.name
        return FinetuneDefaults(
            name, self._checkpoints(current), current, shlex.join(last.launcher), last.there
        )

    def _checkpoints(self, current: str) -> list[tuple[str, str]]:
        try:
            found = [(choice.path.stem, choice.path.stem) for choice in available_checkpoints()]
        except TcmError as error:
            self._desk.preferences.problem.emit(known_problem(error, ""))
            found = []
        own = own_files(self._desk.parts.home.data / OWN_FOLDER)
        found += [(path.stem, str(path)) for path in own if path.suffix == ".safetensors"]
        if current not in [value for _, value in found] and not current.endswith(".onnx"):
            found.append((Path(current).name, current))
        runs = [run for run in reversed(self._service.runs) if run.checkpoint is not None and not run.going]
        return found + [(run.name, str(run.checkpoint)) for run in runs]

    def _approved(self) -> Sequence[str]:
        workspace = self._desk.parts.workspace
        return [key for key in workspace.keys if workspace.summary(key).review == "approved"]

    def _listed(self) -> Sequence[str]:
        """The listed pages that say something: with regions, or approved without one."""
        summary = self._desk.parts.workspace.summary
        listed = [(key, summary(key)) for key in self._desk.window.listed_keys()]
        return [key for key, it in listed if it.review == "approved" or it.region_count]

    def _recheck_page(self, key: str) -> RecheckPage:
        """A page with its labels as they are saved, or as they are open.

        Raises:
            StorageError: it cannot be read.
        """
        workspace = self._desk.parts.workspace
        assert workspace.db is not None
        session = workspace.session
        open_page = session is not None and key == session.key
        page = session.page if session is not None and open_page else workspace.db.load_page(key)
        return RecheckPage(key, workspace.path_of(key), page.regions)

    def _tell_nothing_approved(self) -> None:
        problem = Problem(
            "No image is approved, so there is nothing to compare the checkpoints by.",
            str(self._desk.parts.workspace.folder),
            "Approve some images, then re-check.",
        )
        self._desk.preferences.problem.emit(problem)

    def _open(self, dialog: FinetuneDialog | RecheckDialog) -> None:
        self._close_dialog()
        self._dialog = dialog
        translate(dialog)
        dialog.open()

    @Slot(str)
    def _started(self, name: str) -> None:
        self.show_trainings()
        if self._window is not None:
            self._window.choose(name)

    @Slot(str, str)
    def _show_page(self, key: str, region_id: str) -> None:
        self._desk.open_page.go_to(key)
        if region_id:
            self._desk.parts.selection.set([region_id])

    @Slot(bool)
    def _device_taken(self, taken: bool) -> None:
        """Leave the GPU's memory to a training, and take the detector back there when it is over."""
        self._gpu_taken = taken
        if taken:
            self._give_gpu()
        elif self._gave_gpu:
            self._gave_gpu = False
            self._desk.preferences.lend_gpu(lent=False)
            self._desk.tell(tr("The detector has the GPU again"))

    @Slot()
    def _give_gpu(self) -> None:
        """Also for a detector that was still being loaded when the training was found."""
        ready = self._desk.parts.detection.checkpoint
        if not self._gpu_taken or self._gave_gpu or ready is None or ready.device_text.startswith("cpu"):
            return
        self._gave_gpu = True
        self._desk.preferences.lend_gpu(lent=True)
        self._desk.tell(tr("The detector leaves the GPU to the training and goes on by the processor"))

    @Slot(str)
    def _run_ended(self, name: str) -> None:
        """Say what became of a run, wherever a person is; in a dialog when it did not go well."""
        run = self._service.run(name)
        if run is None:
            return
        self._desk.tell(tr(f"{name}: {run.words}"))
        watched = self._window is not None and self._window.isVisible()
        if run.state in ("failed", "killed") and not watched:
            what = f"The training {name} has ended before its end. {run.problem()}".strip()
            remedy = "Your labels are not affected. Choose Train > Trainings to see its log, or to resume it."
            self._desk.preferences.problem.emit(Problem(what, str(run.folder), remedy))

    @Slot()
    def _promote_rechecked(self) -> None:
        self.promote(self._rechecked)

    @Slot()
    def _discard_rechecked(self) -> None:
        self._service.discard(self._rechecked)

    @Slot()
    def _close_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None


A, C = ActionSpec, TrainCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("finetune", "Fine-tune...", "Train", ("Ctrl+Alt+F9",), "",
      "Let a checkpoint learn from your own pages", C.finetune, "folder"),
    A("trainings", "Trainings", "Train", ("Ctrl+F9",), "",
      "Runs of this folder: curves, pictures, pause, stop, re-check, promote", C.show_trainings, "folder"),
)  # fmt: skip
