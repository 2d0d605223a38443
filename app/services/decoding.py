"""How kept maps are decoded: by settings for all images, or by a page's own where it has some."""

from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.services.prediction_store import PredictionSet, PredictionStore
from app.services.workspace import Workspace
from app.storage.errors import StorageError
from app.storage.page_settings import PageSettingsRow
from app.workers.messages import CheckpointReady, Problem, problem_of
from tcm_core.config.decode import DbDecode, DecodeSettings
from tcm_core.decode.maps import ImageMaps

SAVE_MS: Final = 400
"""A page's own settings are kept when nothing has moved for so long."""
_SETTINGS: Final[TypeAdapter[DecodeSettings]] = TypeAdapter(DecodeSettings)


class Decoding(QObject):
    """Which settings hold for a page, and what is found under them. Labels are no part of this.

    A page's own settings are for one head: with another head in use the common ones hold. Taking them away
    only sets them aside, so that they can be taken up again.

    Attributes:
        settings_changed: the DecodeSettings that hold for the open image now.
        page_decoded: the open page was decoded anew: its key.
        failed: a Problem: a page's own settings hold, but are not kept, or could not be read.
    """

    settings_changed = Signal(object)
    page_decoded = Signal(str)
    failed = Signal(object)

    def __init__(self, workspace: Workspace, store: PredictionStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._store = workspace, store
        self._common: DecodeSettings | None = None
        self._own: dict[tuple[str, str], PageSettingsRow] = {}  # by key and head
        self._unsaved: dict[tuple[str, str], PageSettingsRow] = {}
        self.own_defaults: Mapping[str, Mapping[str, float]] = {}  # by a checkpoint's hash
        self._warm: ImageMaps | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_MS)
        self._timer.timeout.connect(self.save)
        workspace.opened.connect(self.read)
        workspace.closing.connect(self._on_closing)

    @property
    def common(self) -> DecodeSettings | None:
        """What holds for all images without settings of their own; None before a checkpoint was loaded."""
        return self._common

    def own_of(self, key: str) -> DecodeSettings | None:
        """A page's own settings for the head in use, where they hold."""
        row = None if self._common is None else self._own.get((key, self._common.head))
        return None if row is None or not row.active else settings_from(row.settings_json)

    def settings_of(self, key: str | None) -> DecodeSettings | None:
        """What holds for a page, or for all (None)."""
        own = None if key is None else self.own_of(key)
        return self._common if own is None else own

    def recommended(self, ready: CheckpointReady) -> DecodeSettings:
        """The values of a checkpoint: its file's, with a person's own in their place."""
        own = {**ready.decode.model_dump(), **self.own_defaults.get(ready.sha256, {})}
        try:
            return type(ready.decode).model_validate(own)
        except ValidationError:  # kept by another version
            return ready.decode

    @property
    def pages_with_own(self) -> list[str]:
        """The pages whose own settings hold with the head in use."""
        head = None if self._common is None else self._common.head
        return [key for (key, of), row in self._own.items() if of == head and row.active]

    def predictions(self, key: str) -> PredictionSet | None:
        """What is known of a page, under the settings that hold for it where its maps are kept.

        Raises:
            StorageError: the database cannot be read.
        """
        found, settings = self._store.get(key), self.settings_of(key)
        if found is None or settings is None:
            return found
        decoded = found.decoded_with(settings)
        if decoded is not found:
            self._only(decoded)
            self._store.remember(decoded)
            self._workspace.note_detections(key, len(decoded.detections))
        return decoded

    def set_common(self, settings: DecodeSettings) -> None:
        """Let these settings hold for all images without their own; the open page is decoded at once."""
        if settings == self._common:
            return
        self._common = settings
        self._changed()

    def choose(self, settings: DecodeSettings) -> None:
        """Let these settings hold where the open page's come from: for it alone, or for all."""
        key = self._open_key()
        if key is None or self.own_of(key) is None:
            self.set_common(settings)
        elif settings != self.own_of(key):
            self._keep(key, settings, active=True)
            self._changed()

    def set_own(self, key: str, on: bool) -> None:
        """Give a page settings of its own, which are those that it had before or else the common ones.

        Or let the common ones hold for it again; its own are set aside.
        """
        if self._common is None or on == (self.own_of(key) is not None):
            return
        before = self._own.get((key, self._common.head))
        known = None if before is None else settings_from(before.settings_json)
        self._keep(key, self._common if known is None else known, active=on)
        self._changed()

    @Slot()
    def read(self) -> None:
        """Read the pages' own settings from the project."""
        self.save()
        db = self._workspace.db
        try:
            rows = [] if db is None else db.page_settings.load()
        except StorageError as error:
            self._tell(error, "The settings for all images are used.")
            return
        self._own = {(row.key, row.head): row for row in rows}

    @Slot()
    def save(self) -> None:
        """Keep what was chosen last."""
        self._timer.stop()
        db, rows = self._workspace.db, list(self._unsaved.values())
        self._unsaved.clear()
        if db is None or db.holder is not None:  # only looked at: they hold until the end
            return
        try:
            for row in rows:
                db.page_settings.save(row)
        except StorageError as error:
            self._tell(error, "They hold until the folder is closed.")

    def _only(self, decoded: PredictionSet) -> None:
        """Let the decoder remember what helps it on the page decoded last, and no other."""
        if self._warm is not None and self._warm is not decoded.maps:
            self._warm.remembered.clear()
        self._warm = decoded.maps

    def _keep(self, key: str, settings: DecodeSettings, *, active: bool) -> None:
        place = (key, settings.head)
        self._own[place] = self._unsaved[place] = PageSettingsRow(
            key, settings.head, settings.model_dump_json(), active
        )
        self._timer.start()

    def _changed(self) -> None:
        key = self._open_key()
        self.settings_changed.emit(self.settings_of(key))
        if key is None:
            return
        try:
            found = self.predictions(key)
        except StorageError as error:
            self._tell(error, "Open the folder again.")
            return
        if found is not None:
            self.page_decoded.emit(key)

    def _open_key(self) -> str | None:
        session = self._workspace.session
        return None if session is None else session.key

    def _tell(self, error: StorageError, remedy: str) -> None:
        problem: Problem = problem_of(
            error, what=str(error), where=str(self._workspace.folder), remedy=remedy
        )
        self.failed.emit(problem)

    @Slot()
    def _on_closing(self) -> None:
        self.save()
        self._own.clear()


def in_use(settings: DecodeSettings | None) -> DecodeSettings:
    """The settings, or before there are any those of DB."""
    return DbDecode() if settings is None else settings


def settings_from(text: str) -> DecodeSettings | None:
    """Settings as they are kept, JSON; None where another version wrote what this one does not know."""
    try:
        return _SETTINGS.validate_json(text)
    except ValidationError:
        return None
