"""The open image on the screen: keeps canvas, tables and status in step with the session and the detector."""

from PySide6.QtCore import QObject, QRectF, Signal, Slot
from PySide6.QtGui import QImage

from app.document.session import Session
from app.domain.accept import regions_from_detections
from app.domain.counted import counted
from app.domain.edits import AddRegions, Edit, EditRefused, ReplaceRegions
from app.domain.level_set import KeptMaps
from app.domain.map_layers import map_named, map_names
from app.domain.page import Page
from app.services.prediction_store import PredictionSet
from app.storage.errors import StorageError
from app.storage.export_profile import load_profile
from app.views.main_window import MainWindow
from app.views.panels.layers import OFF
from app.views.parts import Parts
from app.views.problem_text import known_problem
from app.workers.messages import Problem
from tcm_core.detection import Detection

READ_AHEAD = 2


class OpenPage(QObject):
    """The one place that moves from image to image and that hands edits to the session.

    Attributes:
        changed: something that commands depend on is different now.
        regions_added: regions were drawn or accepted on the open page.
        problem: a Problem for the error dialog.
    """

    changed = Signal()
    regions_added = Signal()
    problem = Signal(object)

    def __init__(self, parts: Parts, window: MainWindow) -> None:
        super().__init__(window)
        self._parts, self._window = parts, window
        self.key: str | None = None
        self._detections: tuple[Detection, ...] = ()
        self._image_problem: Problem | None = None
        self.earlier: Page | None = None  # the earlier state on the screen in place of the page
        workspace, detection, images = parts.workspace, parts.detection, parts.images
        workspace.opened.connect(self._opened)
        workspace.closing.connect(self._closing)
        workspace.pages_added.connect(self._pages_added)
        workspace.image_changed.connect(self._image_changed)
        images.image_ready.connect(self._image_ready)
        images.image_failed.connect(self._image_failed)
        detection.page_detected.connect(self._page_detected)
        detection.page_failed.connect(self._page_failed)
        detection.queue_changed.connect(self._queue_changed)
        detection.settings_changed.connect(self._show_settings)
        window.canvas.edit_requested.connect(self.apply)
        window.canvas.accept_requested.connect(self.accept)
        window.regions.edit_requested.connect(self.apply)
        window.region_model.edit_requested.connect(self.apply)
        window.pages.page_chosen.connect(self.go_to)
        window.layers.map_changed.connect(self._show_map)
        parts.selection.changed.connect(self.changed)

    @property
    def session(self) -> Session | None:
        return self._parts.workspace.session

    @property
    def page(self) -> Page:
        """The open page; an empty one while none is open."""
        return self.session.page if self.session is not None and self.key is not None else Page()

    @property
    def detections(self) -> tuple[Detection, ...]:
        """The detections on the screen."""
        return self._detections

    @property
    def predictions(self) -> PredictionSet | None:
        """What the detector knows of the open page."""
        if self.key is None:
            return None
        try:
            return self._parts.detection.predictions(self.key)
        except StorageError as error:
            self.problem.emit(known_problem(error, self.key))
            return None

    @Slot(str)
    def go_to(self, key: str) -> None:
        """Show another image; what was being typed belongs to the one that is left and is kept there."""
        if self.session is None or key == self.key:
            return
        self._window.regions.commit()
        try:
            self.session.open_page(key)
        except StorageError as error:
            self.problem.emit(known_problem(error, key))
            self._window.pages.show_current(self.key)
            return
        self.key, self._image_problem, self.earlier = key, None, None
        self._parts.selection.clear()
        self._window.page_banner.clear()
        self._window.canvas.show_image(None)
        self._window.regions.show_image(None)
        self._window.pages.show_current(key)
        self._show_page()
        self._show_settings()
        self._show_predictions()
        self._request_images()
        self._window.show_title(key)
        self.changed.emit()

    @Slot(object)
    def apply(self, edit: Edit) -> None:
        """Make an edit; one that does not fit is refused in words, in passing."""
        if self.session is None or self.key is None:
            return
        if self.earlier is not None:
            self._window.status.tell(
                "This is an earlier state: restore it, or go back to now, before you edit"
            )
            self._show_page()  # what was typed into a table goes
            return
        try:
            self.session.apply(edit)
        except EditRefused as refused:
            self._window.status.tell(str(refused))
            return
        if isinstance(edit, AddRegions | ReplaceRegions):
            self.regions_added.emit()

    def look_back(self, earlier: Page | None) -> None:
        """Show an earlier state in place of the page, which stays as it is; None: the page again."""
        if earlier is self.earlier:
            return
        self._window.regions.commit()
        self.earlier = earlier
        self._show_page()
        self.changed.emit()

    @Slot(object)
    def accept(self, indices: list[int]) -> None:
        """Make regions of these detections on the screen and select them."""
        chosen = [self._detections[index] for index in indices if 0 <= index < len(self._detections)]
        regions = regions_from_detections(chosen, self.page.regions)
        if not regions:
            self._window.status.tell("There are regions where these detections are; nothing was added")
            return
        self.apply(AddRegions(regions))
        left_out = len(chosen) - len(regions)
        note = f"; {left_out} left out, because there are regions already" if left_out else ""
        self._window.status.tell(f"{counted(len(regions), 'detection')} accepted{note}")
        if len(regions) == 1:
            self._parts.selection.set([regions[0].id])

    @property
    def not_accepted(self) -> int:
        """How many detections on the screen no region covers."""
        return len(regions_from_detections(self._detections, self.page.regions))

    @Slot()
    def reset_to_detections(self) -> None:
        """Put the detections on the screen in place of all regions."""
        self.apply(ReplaceRegions(regions_from_detections(self._detections, ())))
        self._window.status.tell("The regions are the detections now; Undo brings the earlier ones back")

    @Slot()
    def _opened(self) -> None:
        session = self.session
        assert session is not None
        session.page_changed.connect(self._page_changed)
        session.save_failed.connect(self._save_failed)
        session.save_recovered.connect(self._saved)
        session.undo_group.canUndoChanged.connect(self.changed)  # after the step is on the stack
        session.undo_group.canRedoChanged.connect(self.changed)
        db = self._parts.workspace.db
        notices = () if db is None else (db.notice, load_profile(db)[1])
        if any(notices):
            self._window.folder_banner.tell(" ".join(filter(None, notices)))
        else:
            self._window.folder_banner.clear()
        self._window.show_folder(self._parts.workspace.folder)
        self.changed.emit()

    @Slot()
    def _closing(self) -> None:
        self._window.regions.commit()
        self.key = self.earlier = None
        self._parts.images.clear()
        self._parts.selection.clear()
        self._window.canvas.show_image(None)
        self._window.regions.show_image(None)
        self._window.page_banner.clear()
        self._show_page()
        self._show_detections(())
        self._window.canvas.set_maps(None)
        self._window.layers.set_own_maps(())
        self._window.canvas.show_map(None, None)
        self._window.show_title(None)

    @Slot(list)
    def _pages_added(self, keys: list[str]) -> None:
        if self.key is None and keys:
            self.go_to(keys[0])
        self.changed.emit()

    def _request_images(self) -> None:
        workspace = self._parts.workspace
        if self.key is None:
            return
        self._parts.images.request(self.key, workspace.path_of(self.key))
        row, listed = self._window.page_model.row_of(self.key), self._window.listed_keys()
        if row is None:  # filtered out
            row, listed = workspace.row_of(self.key), workspace.keys
        if row is None:
            return
        near = [row + step for distance in range(1, READ_AHEAD + 1) for step in (distance, -distance)]
        keys = [listed[at] for at in near if 0 <= at < len(listed)]
        self._parts.images.prefetch([(key, workspace.path_of(key)) for key in keys])

    @Slot(str, QImage)
    def _image_ready(self, key: str, image: QImage) -> None:
        if key == self.key:
            self._window.canvas.show_image(image)
            self._window.regions.show_image(image)
            self._show_map()

    @Slot(str, object)
    def _image_failed(self, key: str, problem: Problem) -> None:
        if key == self.key:
            self._image_problem = problem
            self._window.canvas.show_image(None)
            self._window.regions.show_image(None)
            self._window.page_banner.tell(f"{problem.what} {problem.remedy}", "warn")
            self.changed.emit()

    @Slot(str, bool)
    def _image_changed(self, key: str, is_there: bool) -> None:
        """The file of the open image was replaced or taken away; its labels are as they were."""
        if key != self.key:
            return
        if is_there:
            self._parts.images.clear()
            self._request_images()
            text = "The image was changed by another program. Its labels are kept: check that they still fit."
        else:
            text = "The image was deleted or renamed. Its labels are kept: put it back to go on with it."
        self._window.page_banner.tell(text, "warn")

    @Slot(str)
    def _page_changed(self, key: str) -> None:
        if key == self.key:
            self.earlier = None
            self._show_page()
        self.changed.emit()

    def _show_status(self) -> None:
        if self.key is None:
            self._window.status.set_no_page()
        else:
            review = self._parts.workspace.summary(self.key).review
            self._window.status.set_page(review, not (self.session is not None and self.session.dirty))

    def _show_page(self) -> None:
        page = self.page if self.earlier is None else self.earlier
        self._parts.selection.keep_only(region.id for region in page.regions)
        self._window.canvas.show_page(page)
        self._window.region_model.show_page(page)
        self._window.regions.show_page(page)
        self._show_status()

    @Slot(str)
    def _page_detected(self, key: str) -> None:
        if key == self.key:
            self._show_predictions()
            self._show_status()
            self.changed.emit()

    @Slot(str, object)
    def _page_failed(self, key: str, problem: Problem) -> None:
        if key == self.key:
            if self._image_problem is None:
                self._window.page_banner.tell(f"{problem.what} {problem.remedy}", "warn")
            self._say_detections()
        self.changed.emit()

    @Slot()
    def _queue_changed(self) -> None:
        self._say_detections()
        self.changed.emit()

    def _show_predictions(self) -> None:
        found = self.predictions
        self._show_detections(() if found is None else tuple(found.detections))
        kept = None if found is None or found.maps is None else KeptMaps(found.maps, found.settings)
        self._window.canvas.set_maps(kept)
        self._window.layers.set_own_maps(map_names(kept))
        self._show_map()

    @Slot()
    def _show_settings(self) -> None:
        """Those of the open image, in the detector's panel."""
        decoding = self._parts.detection.decoding
        settings = decoding.settings_of(self.key)
        if settings is not None:
            own = self.key is not None and decoding.own_of(self.key) is not None
            self._window.detection.set_settings(settings, own=own)

    def _show_detections(self, detections: tuple[Detection, ...]) -> None:
        self._detections = detections
        self._window.canvas.show_detections(detections)
        self._say_detections()

    def _say_detections(self) -> None:
        found = self.predictions
        if self.key is not None and self._parts.detection.is_pending(self.key):
            text = (
                "Looking for text..." if self._parts.detection.checkpoint else "Waiting for the checkpoint..."
            )
        elif found is None:
            text = "This image has not been looked at." if self.key is not None else ""
        else:
            text = f"{counted(len(found.detections), 'detection')} by {found.checkpoint_name}."
            if found.maps is None:
                text += " Its maps are not kept any more: detect again to move the threshold."
        self._window.detection.set_summary(text)

    @Slot()
    def _show_map(self) -> None:
        name, kept = self._window.layers.map_name, self._window.canvas.maps
        if name == OFF or kept is None:
            self._window.canvas.show_map(None, None)
        else:
            self._window.canvas.show_map(map_named(kept, name), QRectF(*kept.maps.image_rect()))

    @Slot(object)
    def _save_failed(self, error: StorageError) -> None:
        text = f"{error} Your edits are kept in memory; nothing is lost as long as the program runs."
        self._window.save_banner.tell(text, "bad", "Try again")
        self._show_page()

    @Slot()
    def _saved(self) -> None:
        self._window.save_banner.clear()
        self._show_page()
