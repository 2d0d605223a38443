"""The composition root: makes every part in reading order and connects them. It alone knows everything."""

import logging
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThreadPool, SignalInstance, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QFileDialog

from app.document.selection import Selection
from app.domain.counted import counted
from app.i18n.translation import tr
from app.qtmodels.pages import SAFE_COLOURS, STATE_COLOURS, PageListModel
from app.qtmodels.regions import RegionTableModel
from app.services.detection import DetectionService
from app.services.export import ExportService
from app.services.finetune import FinetuneService
from app.services.importing import ImportService
from app.services.live_export import LiveExport
from app.services.reattach import Reattach
from app.services.rescue import save_elsewhere
from app.services.workspace import Workspace
from app.settings.schema import DeviceName, KeySettings, LanguageName
from app.settings.store import Home, SettingsStore
from app.storage.map_cache import MapCache
from app.views.actions import ACTIONS, MENUS, ActionSet, Commands
from app.views.commands.desk import Desk
from app.views.context_menu import ContextMenu
from app.views.dialogs.export import ExportDialog
from app.views.dialogs.importing import ImportDialog
from app.views.dialogs.problem import ProblemDialog
from app.views.dialogs.tour import AFTER_OPENING, TourCard
from app.views.dialogs.unsaved import UnsavedDialog
from app.views.first_paint import FirstPaint
from app.views.keymap import keys_in_use
from app.views.main_window import MainWindow
from app.views.open_page import OpenPage
from app.views.parts import Parts
from app.views.preferences import MEGABYTE, Preferences
from app.views.problem_text import known_problem
from app.views.retranslation import switch_language, translate
from app.views.studio_dialogs import StudioDialogs
from app.views.theme import Colours
from app.workers.gpu_thread import GpuThread
from app.workers.gpu_worker import PredictorFactory, load_predictor
from app.workers.image_pool import ImagePool
from app.workers.messages import Problem
from tcm_core.errors import TcmError

SHUT_DOWN_MS: Final = 5000

_log = logging.getLogger(__name__)


class Studio(QObject):
    """The running program: all its parts, from the first window to the last saved setting."""

    def __init__(
        self,
        home: Home,
        version: str,
        checkpoint: str | None = None,
        device: DeviceName | None = None,
        predictor_factory: PredictorFactory = load_predictor,
    ) -> None:
        """Makes everything and shows nothing.

        Args:
            home: where settings, caches and databases of read-only folders are.
            version: for the about dialog.
            checkpoint: for this run and the next, in place of the setting; None: the setting.
            device: likewise.
            predictor_factory: makes the detector, in its thread.
        """
        super().__init__()
        settings = SettingsStore(home.settings_file)
        _override(settings, checkpoint, device)
        workspace = Workspace(home.data, parent=self)
        images = ImagePool(thumbnail_folder=home.data / "thumbnails", parent=self)
        gpu = GpuThread(predictor_factory, parent=self)
        self._maps = MapCache(home.map_cache)
        detection = DetectionService(workspace, gpu, self._maps, parent=self)
        export = ExportService(workspace, parent=self)
        importing = ImportService(workspace, parent=self)
        self.live_export = LiveExport(workspace, export, parent=self)
        self.reattach = Reattach(workspace, parent=self)
        selection = Selection(self)
        finetune = FinetuneService(workspace, parent=self)
        self.parts = Parts(
            workspace, detection, export, importing, images, selection, settings, home, finetune,
            predictor_factory, gpu,
        )  # fmt: skip

        self.page_model = PageListModel(workspace, images, detection, parent=self)
        self.region_model = RegionTableModel(parent=self)
        self.actions = ActionSet(self)
        self.window = MainWindow(self.actions.by_id, selection, self.page_model, self.region_model)
        self.window.build_menus([(name, self.actions.menu(name)) for name in MENUS])
        self.problems = ProblemDialog(self.window)
        self.open_page = OpenPage(self.parts, self.window)
        self.preferences = Preferences(self.parts, self.window)
        self.desk = Desk(self.parts, self.window, self.open_page, self.preferences)
        self.commands = Commands(self.desk)
        self.actions.bind(self.commands, self.window, self.window.canvas)
        self.context_menu = ContextMenu(self.window, self.actions, self.open_page)
        self.dialogs = StudioDialogs(self.desk, self.actions, version)
        self.tour = TourCard(self._key_text, self.window.work_place)
        self._leaving = False  # told to end although edits are not saved
        self._first_paint = FirstPaint(self.window)
        self._connect()
        self.preferences.restore()
        self.desk.refresh()

    @property
    def painted(self) -> SignalInstance:
        """Emitted when the window has been painted for the first time."""
        return self._first_paint.painted

    def show(self) -> None:
        """Show the window; the checkpoint is loaded after its first painting."""
        self._first_paint.painted.connect(self._load_checkpoint)
        self._first_paint.painted.connect(self._offer_tour)
        self.window.show()

    def detect_at_start(self) -> None:
        """Find the text of all images not yet looked at, once, when both folder and checkpoint are there."""
        self.parts.workspace.scan_finished.connect(self._detect_at_start)
        self.parts.detection.checkpoint_ready.connect(self._detect_at_start)

    @Slot()
    def _detect_at_start(self) -> None:
        workspace, detection = self.parts.workspace, self.parts.detection
        if workspace.scanning or workspace.folder is None or detection.checkpoint is None:
            return
        workspace.scan_finished.disconnect(self._detect_at_start)
        detection.checkpoint_ready.disconnect(self._detect_at_start)
        detection.detect_all([key for key in workspace.keys if workspace.summary(key).review == "unseen"])

    def shut_down(self) -> bool:
        """End every thread; the window is closed already, or the start failed.

        Returns:
            Whether all threads ended in time.
        """
        ended = self.parts.detection.shutdown()
        self.parts.export.shutdown()
        self.parts.importing.shutdown()
        self.parts.finetune.shutdown()
        self.parts.images.shutdown()
        self.window.regions.lane.strips.shutdown()
        self.window.page_model.queues.shutdown()
        self.commands.hints.shutdown()
        self.commands.detect.values.shutdown()
        self.commands.checkpoints.shutdown()
        ended &= QThreadPool.globalInstance().waitForDone(SHUT_DOWN_MS)  # the diagnostics
        self.parts.workspace.close()
        self.live_export.shutdown()
        self.reattach.shutdown()
        return ended

    def discard(self) -> None:
        """Destroy the window while the application still is; nothing of it is used afterwards."""
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    @Slot(object)
    def report(self, problem: Problem) -> None:
        """Say in the error dialog and in the log what failed."""
        _log.info("problem: %s (%s)\n%s", problem.what, problem.where, problem.details)
        if not self._leaving:
            self.problems.tell(problem)
            translate(self.problems)

    def _connect(self) -> None:
        parts, window, desk = self.parts, self.window, self.desk
        commands, preferences = self.commands, self.preferences
        window.close_requested.connect(self._close_requested)
        window.dropped.connect(commands.file.open_path)
        window.start_page.folder_chosen.connect(commands.file.open_path)
        window.save_banner.action_wanted.connect(commands.file.save_now)
        window.pages.left.connect(desk.focus_picture)
        window.regions.left.connect(desk.focus_picture)
        window.regions.lane.reveal_wanted.connect(window.canvas.reveal)
        window.regions.lane.strips.failed.connect(self.report)
        window.detection.left.connect(desk.focus_picture)
        window.canvas.hint_changed.connect(window.status.set_hint)
        window.canvas.cursor_moved.connect(window.status.set_cursor)
        window.detection.settings_changed.connect(parts.detection.decoding.choose)
        window.layers.left.connect(desk.focus_picture)
        window.layers.map_style_changed.connect(window.canvas.stage.score.set_style)
        window.layers.map_levels_changed.connect(window.canvas.stage.score.set_levels)
        window.canvas.zoom_changed.connect(window.status.set_zoom)
        window.detection.checkpoint_chosen.connect(commands.detect.checkpoint_picked)
        window.detection.reset_wanted.connect(preferences.use_recommended)
        parts.detection.save_failed.connect(self.report)
        parts.workspace.failed.connect(self.report)
        parts.workspace.opened.connect(preferences.remember_folder)
        parts.export.failed.connect(self._export_failed)
        parts.importing.failed.connect(self._import_failed)
        self.live_export.failed.connect(self.report)
        self.reattach.found_again.connect(self._found_again)
        self.reattach.failed.connect(self._reattach_failed)
        self.open_page.problem.connect(self.report)
        preferences.problem.connect(self.report)
        desk.dialog_wanted.connect(self.dialogs.open_named)
        preferences.theme_changed.connect(self._theme_changed)
        preferences.keys_changed.connect(self._keys_changed)
        desk.tour_wanted.connect(self._begin_tour)
        self.tour.closed.connect(self._tour_closed)
        preferences.applied.connect(self.tour.show_step)
        preferences.language_changed.connect(self._language_changed)
        preferences.applied.connect(self._settings_applied)
        QGuiApplication.styleHints().colorSchemeChanged.connect(preferences.show_theme)

    @Slot()
    def _load_checkpoint(self) -> None:
        self.preferences.use_checkpoint(self.preferences.settings.detection.checkpoint)

    @Slot(object)
    def _theme_changed(self, colours: Colours) -> None:
        self.actions.set_colours(colours)
        safe = self.preferences.settings.view.palette == "safe"
        self.page_model.colours = SAFE_COLOURS if safe else STATE_COLOURS
        self.window.set_colours(colours)
        self.desk.refresh()

    @Slot()
    def _offer_tour(self) -> None:
        """On the first run; the keys stay where they are."""
        if not self.preferences.settings.tour_closed:
            has_folder = self.parts.workspace.folder is not None
            self.tour.begin(focus=False, step=AFTER_OPENING if has_folder else 0)

    @Slot()
    def _begin_tour(self) -> None:
        self.tour.begin(focus=True)

    @Slot()
    def _tour_closed(self) -> None:
        self.preferences.use(self.preferences.settings.model_copy(update={"tour_closed": True}))
        self.desk.focus_picture()

    def _key_text(self, name: str) -> str:
        """The key of a command, or its name when it has none."""
        action = self.actions.by_id[name]
        return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText) or action.iconText()

    @Slot(str)
    def _language_changed(self, language: LanguageName) -> None:
        try:
            switch_language(language)
        except TcmError as error:
            self.report(known_problem(error, ""))
        self.actions.retranslate()
        translate(self.window)

    @Slot(object)
    def _keys_changed(self, keys: KeySettings) -> None:
        try:
            self.actions.set_keys(keys_in_use(ACTIONS, keys))
        except TcmError as error:
            self.report(known_problem(error, ""))

    @Slot()
    def _settings_applied(self) -> None:
        self._maps.set_limit(self.preferences.settings.cache.maps_mb * MEGABYTE)
        self.desk.refresh()

    @Slot(object)
    def _close_requested(self, event: QCloseEvent) -> None:
        """Close when every edit is on disk; else ask, and stay until there is an answer."""
        self.window.regions.commit()
        session = self.parts.workspace.session
        if not self._leaving and session is not None and session.dirty and not session.retry_save():
            event.ignore()
            self._ask_about_unsaved(self.window.save_banner.text.text())
            return
        self.preferences.save_settings()
        self.parts.workspace.close()
        event.accept()
        QApplication.quit()

    def _ask_about_unsaved(self, reason: str) -> None:
        dialog = UnsavedDialog(reason, self.window)
        dialog.try_again.connect(self.window.close)
        dialog.leave.connect(self._leave)
        dialog.elsewhere.connect(self._save_elsewhere)
        self.dialogs.show(dialog)

    @Slot()
    def _save_elsewhere(self) -> None:
        """Write what is in memory only into a folder that is asked for, and say where it is."""
        session, folder = self.parts.workspace.session, self.parts.workspace.folder
        out = QFileDialog.getExistingDirectory(
            self.window, tr("Folder for the labels that are not saved"), str(Path.home())
        )
        if not out or session is None or folder is None:
            return
        try:
            (place, *_) = save_elsewhere(session.unsaved_pages, folder, Path(out))
        except TcmError as error:
            self.report(known_problem(error, out))
            return
        self._ask_about_unsaved(f"The labels are in {place}. Import them from there when the folder is back.")

    @Slot()
    def _leave(self) -> None:
        self._leaving = True
        self.window.close()

    @Slot(object)
    def _export_failed(self, problem: Problem) -> None:
        if not self.dialogs.is_on_screen(ExportDialog):
            self.report(problem)

    @Slot(list)
    def _found_again(self, keys: list[str]) -> None:
        images = counted(len(keys), "image")
        self.window.folder_banner.tell(f"{images} moved or renamed: the labels were found by the content.")

    @Slot(object)
    def _reattach_failed(self, error: TcmError) -> None:
        self.report(known_problem(error, str(self.parts.workspace.folder)))

    @Slot(object)
    def _import_failed(self, problem: Problem) -> None:
        if not self.dialogs.is_on_screen(ImportDialog):
            self.report(problem)


def _override(settings: SettingsStore, checkpoint: str | None, device: DeviceName | None) -> None:
    """What the command line says goes before what was chosen earlier."""
    detection = settings.settings.detection
    changes = {"checkpoint": checkpoint, "device": device}
    wanted = detection.model_copy(update={key: value for key, value in changes.items() if value is not None})
    settings.settings = settings.settings.model_copy(update={"detection": wanted})
