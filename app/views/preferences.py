"""What is kept from run to run: theme, checkpoint and its decode settings, layout, recent folders."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from app.services.checkpoints import OWN_FOLDER, own_files
from app.settings.schema import (
    DeviceName,
    KeySettings,
    LanguageName,
    PaletteName,
    Settings,
    ThemeName,
    WindowSettings,
)
from app.views.main_window import MainWindow
from app.views.parts import Parts
from app.views.problem_text import known_problem
from app.views.theme import apply_theme
from app.workers.messages import CheckpointReady, Problem
from tcm_core.checkpoint_file import list_checkpoints
from tcm_core.config.decode import DecodeSettings
from tcm_core.errors import TcmError

MEGABYTE: Final = 1_000_000


class Preferences(QObject):
    """Keeps the settings and the window in step.

    Attributes:
        theme_changed: the Colours in use.
        language_changed: the LanguageName in use.
        keys_changed: the KeySettings in use.
        applied: settings were chosen and hold from now on; whoever depends on them looks at `settings`.
        problem: a Problem for the error dialog.
    """

    theme_changed = Signal(object)
    language_changed = Signal(str)
    keys_changed = Signal(object)
    applied = Signal()
    problem = Signal(object)

    def __init__(self, parts: Parts, window: MainWindow) -> None:
        super().__init__(window)
        self._parts, self._window = parts, window
        self._decode_restored = False
        self._look: tuple[ThemeName, PaletteName, int] | None = None
        self._language: LanguageName = "en"
        self._gpu_is_lent = False
        parts.detection.checkpoint_ready.connect(self._checkpoint_ready)
        parts.detection.checkpoint_failed.connect(self._checkpoint_failed)

    @property
    def settings(self) -> Settings:
        return self._parts.settings.settings

    def restore(self) -> None:
        """Make the window look as it did at the end of the last run."""
        settings, panel = self.settings, self._window.layers
        self._parts.detection.decoding.own_defaults = settings.detection.own_defaults
        self._apply()
        self._window.restore_layout(settings.window.geometry, settings.window.state)
        self._window.set_recent(settings.recent_folders)
        panel.set_map(settings.view.score_map)
        self.show_checkpoints()
        if (notice := self._parts.settings.notice) is not None:
            self.problem.emit(
                Problem("The settings file could not be used.", notice, "Your labels are not affected.")
            )

    @Slot(object)
    def use(self, settings: Settings) -> None:
        """Let these settings hold from now on: the one way from a choice to what it changes."""
        before = self.settings
        self._save(settings)
        self._apply()
        if settings.detection.device != before.detection.device:
            self.use_checkpoint(settings.detection.checkpoint)

    def set_theme(self, theme: ThemeName) -> None:
        """Use a theme from now on."""
        settings = self.now()
        self.use(settings.model_copy(update={"view": settings.view.model_copy(update={"theme": theme})}))

    @Slot(object)
    def set_keys(self, keys: KeySettings) -> None:
        """Use these keys from now on."""
        self.use(self.settings.model_copy(update={"keys": keys}))

    def now(self) -> Settings:
        """The settings with what is changed in the window itself, as it is now."""
        settings, panel = self.settings, self._window.layers
        view = settings.view.model_copy(
            update={
                "score_map": panel.wanted_map,
                "colour_map": panel.colour_map_name,
                "map_opacity": panel.opacity.value,
                "map_levels": panel.bar.levels,
            }
        )
        return settings.model_copy(update={"view": view})

    def _apply(self) -> None:
        settings, window = self.settings, self._window
        look = (settings.view.theme, settings.view.palette, settings.view.font_percent)
        if look != self._look:  # every widget is styled anew, which takes its time
            self._look = look
            self.show_theme()
        if settings.view.language != self._language:
            self._language = settings.view.language
            self.language_changed.emit(self._language)
        self.keys_changed.emit(settings.keys)
        window.layers.set_map_style(settings.view.colour_map, settings.view.map_opacity)
        window.canvas.stage.score.set_style(settings.view.colour_map, settings.view.map_opacity)
        window.layers.bar.set_levels(*settings.view.map_levels)
        window.canvas.stage.score.set_levels(*window.layers.bar.levels)
        window.canvas.wheel_scrolls = settings.view.wheel == "scroll"
        self._parts.images.set_cache_bytes(settings.cache.pictures_mb * MEGABYTE)
        self._parts.detection.set_checkpoint_memory(settings.cache.checkpoints_mb * MEGABYTE)
        self.applied.emit()

    @Slot()
    def show_theme(self) -> None:
        """Draw everything in the theme as it is now; the desktop may have changed."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        view = self.settings.view
        self.theme_changed.emit(apply_theme(application, view.theme, view.font_percent, view.palette))

    def show_checkpoints(self) -> None:
        """List the shipped checkpoints, the person's own, and the chosen one, if it is another."""
        current, own = self.settings.detection.checkpoint, self._parts.home.data / OWN_FOLDER
        try:
            entries = [(path.stem, path.stem) for path in list_checkpoints()]
        except TcmError as error:
            entries = []
            self.problem.emit(known_problem(error, ""))
        entries += [
            (path.name if path.suffix == ".onnx" else path.stem, str(path)) for path in own_files(own)
        ]
        if current not in [value for _, value in entries]:
            entries.append((Path(current).name, current))
        self._window.detection.set_checkpoints(entries, current)

    @property
    def device(self) -> DeviceName:
        """Where detectors are loaded to now."""
        return "cpu" if self._gpu_is_lent else self.settings.detection.device

    def lend_gpu(self, *, lent: bool) -> None:
        """Give the GPU's memory back and go on by the processor, or come back from there."""
        self._gpu_is_lent = lent
        self._parts.detection.unload()
        self.use_checkpoint(self.settings.detection.checkpoint)

    @Slot(str)
    def use_checkpoint(self, checkpoint: str) -> None:
        """Load a checkpoint by name or path, and at the next start too."""
        settings = self.settings
        detection = settings.detection.model_copy(update={"checkpoint": checkpoint})
        self._save(settings.model_copy(update={"detection": detection}))
        self._window.status.set_model(f"loading {Path(checkpoint).name}...", "", "warn")
        self._parts.detection.load_checkpoint(checkpoint, self.device)

    @Slot(object)
    def _checkpoint_ready(self, ready: CheckpointReady) -> None:
        self._window.status.set_model(ready.name, ready.device_text, "good")
        self.show_checkpoints()
        if ready.notice is not None:
            self.problem.emit(ready.notice)
        if not self._decode_restored:
            self._decode_restored = True
            QTimer.singleShot(0, self._restore_decode)

    @Slot()
    def _restore_decode(self) -> None:
        """Take the settings of the last run in place of the checkpoint's own."""
        own = self._parts.detection.settings
        kept = self.settings.detection.decode.get(own.head, {})
        try:
            self._parts.detection.set_settings(type(own).model_validate({**own.model_dump(), **kept}))
        except ValidationError:  # kept by another version
            self._parts.detection.set_settings(own)

    @Slot()
    def use_recommended(self) -> None:
        """Decode as the checkpoint's card recommends: the open image alone if it has settings of its own."""
        detection = self._parts.detection
        if detection.checkpoint is not None:
            detection.decoding.choose(detection.recommended)

    def set_own_default(self, checkpoint_hash: str, settings: DecodeSettings | None) -> None:
        """What is recommended for a checkpoint in place of what its file says; None: nothing."""
        ready = self._parts.detection.checkpoint
        kept = dict(self.settings.detection.own_defaults)
        kept.pop(checkpoint_hash, None)
        if settings is not None and ready is not None and ready.sha256 == checkpoint_hash:
            kept[checkpoint_hash] = _differences(settings, ready.decode)
        detection = self.settings.detection.model_copy(update={"own_defaults": kept})
        self._save(self.settings.model_copy(update={"detection": detection}))
        self._parts.detection.decoding.own_defaults = kept

    @Slot(object)
    def _checkpoint_failed(self, problem: Problem) -> None:
        ready = self._parts.detection.checkpoint
        if ready is None:
            self._window.status.set_model("no checkpoint", "", "bad")
        else:
            self._window.status.set_model(ready.name, ready.device_text, "good")
        self.problem.emit(problem)

    def save_settings(self) -> None:
        """Keep what is to be as it is now at the next start."""
        settings, ready = self.now(), self._parts.detection.checkpoint
        changes: dict[str, object] = {}
        if ready is not None:
            now = self._parts.detection.settings
            recommended = self._parts.detection.recommended
            decode = {**settings.detection.decode, now.head: _differences(now, recommended)}
            changes["detection"] = settings.detection.model_copy(
                update={"decode": {head: kept for head, kept in decode.items() if kept}}
            )
        if (layout := self._window.layout_state()) is not None:
            changes["window"] = WindowSettings(geometry=layout[0], state=layout[1])
        self._save(settings.model_copy(update=changes))

    @Slot()
    def remember_folder(self) -> None:
        """Put the open folder at the head of the recent ones."""
        folder = self._parts.workspace.folder
        if folder is not None:
            self._save(self.settings.with_recent(str(folder)))
            self._window.set_recent(self.settings.recent_folders)

    def _save(self, settings: Settings) -> None:
        try:
            self._parts.settings.save(settings)
        except OSError as error:
            where = str(self._parts.settings.file)
            self.problem.emit(
                Problem(
                    f"The settings could not be saved: {error.strerror}.", where, "They hold until you quit."
                )
            )


def _differences(settings: DecodeSettings, recommended: DecodeSettings) -> dict[str, float]:
    """The numbers among the decode settings that are not as recommended."""
    now, own = settings.model_dump(), recommended.model_dump()
    return {key: now[key] for key in now if isinstance(now[key], float | int) and now[key] != own.get(key)}
