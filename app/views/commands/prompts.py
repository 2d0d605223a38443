"""The prompt playground: opens it, keeps it in step with the open page, and does what it asks for."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QImage

from app.domain.checkpoint import bad_name
from app.i18n.translation import tr
from app.services.checkpoints import OWN_FOLDER
from app.storage.prompt_presets import PromptPresets
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk, to_front
from app.views.dialogs.checkpoints_ask import ask_for_line
from app.views.retranslation import translate
from app.workers.messages import Problem
from tcm_core.errors import TcmError

if TYPE_CHECKING:
    from app.services.prompts import PromptMaps, PromptService
    from app.views.dialogs.prompts import PromptWindow


class PromptCommands(QObject):
    """The playground of one page and the checkpoint in use.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.window: PromptWindow | None = None
        self._service: PromptService | None = None
        self._presets = PromptPresets(desk.parts.home.data)
        self._checkpoint = ""
        self._maps: PromptMaps | None = None
        self._use_after = False
        self._made_here: set[str] = set()  # checkpoints with other words, used while the window is open
        self._labels: object = None  # that the figures were made against
        self.open_weights: Callable[[], None] | None = None  # the tab of CLIP's weights
        desk.open_page.changed.connect(self._page_changed)
        desk.parts.images.image_ready.connect(self._image_ready)
        desk.parts.detection.checkpoint_ready.connect(self._page_changed)
        desk.parts.workspace.closing.connect(self._closing)

    def open(self) -> None:
        """Show the playground of the open page."""
        window, _ = self._made()
        window.show_presets(self._presets.words)
        if (notice := self._presets.notice) is not None:
            self._presets.notice = None
            self._desk.preferences.problem.emit(Problem(notice, str(self._presets.file), ""))
        to_front(window)
        self._show_page()
        window.words.setFocus()

    def _made(self) -> "tuple[PromptWindow, PromptService]":
        if self.window is None or self._service is None:
            # late: the main window should open quickly
            from app.services.prompts import PromptService
            from app.views.dialogs.prompts import PromptWindow

            parts = self._desk.parts
            service = self._service = PromptService(parts.workspace, parts.gpu, self)
            window = self.window = PromptWindow(self._desk.window)
            service.mapped.connect(self._mapped)
            service.saved.connect(self._saved)
            service.failed.connect(self._failed)
            service.save_failed.connect(self._save_failed)
            window.words_wanted.connect(self._ask)
            window.use_wanted.connect(self._use)
            window.save_wanted.connect(self._ask_name)
            window.keep_wanted.connect(self._ask_preset)
            window.preset_dropped.connect(self._drop_preset)
            window.closed.connect(self._closed)
            window.weights_button.clicked.connect(self._open_weights)
            translate(window)
        return self.window, self._service

    @property
    def _base(self) -> str:
        """The checkpoint whose words are tried: the one in use, or what it was made of here."""
        current = self._desk.preferences.settings.detection.checkpoint
        return self._checkpoint if current in self._made_here else current

    def _show_page(self) -> None:
        """Show the open page, and begin anew where the checkpoint is another one."""
        window, desk = self.window, self._desk
        if window is None:
            return
        if self._base != self._checkpoint:
            self._checkpoint, self._maps = self._base, None
            window.begin("")
        key = desk.open_page.key
        window.setWindowTitle(f"{key} - {tr('Prompt playground')}" if key else tr("Prompt playground"))
        view = desk.preferences.now().view
        window.pictures.set_style(view.colour_map, view.map_opacity)
        photo = desk.window.canvas.stage.photo.pixmap
        window.pictures.show_image(None if photo is None else photo.toImage())
        window.pictures.show_labels(desk.open_page.page.regions)
        self._ask()

    @Slot()
    def _ask(self) -> None:
        window, service, key = self.window, self._service, self._desk.open_page.key
        if window is None or service is None or key is None or not window.isVisible():
            return
        device = self._desk.preferences.device
        settings = self._desk.parts.detection.settings if window.detections.isChecked() else None
        wanted = () if self._maps is None else window.wanted
        window.tell("Looking...")
        service.ask(key, self._base, device, wanted, settings)

    @Slot(object)
    def _mapped(self, maps: "PromptMaps") -> None:
        from app.domain.prompts import map_figures

        window, first = self.window, self._maps is None
        if window is None or maps.key != self._desk.open_page.key:
            return
        self._maps = maps
        if first:
            window.begin(maps.own_words)
        regions = self._labels = self._desk.open_page.page.regions
        figures = {words: map_figures(found.plane, maps.frame, regions) for words, found in maps.maps.items()}
        window.show_maps(maps, figures)

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        if self.window is not None:
            self.window.show_no_maps(f"{problem.what} {problem.remedy}".strip())

    @Slot(object)
    def _save_failed(self, problem: Problem) -> None:
        self._tell(f"{problem.what} {problem.remedy}".strip(), bad=True)

    @Slot()
    def _page_changed(self) -> None:
        window = self.window
        if window is None or not window.isVisible():
            return
        maps, page = self._maps, self._desk.open_page
        same = self._base == self._checkpoint
        if not same or maps is None or maps.key != page.key:
            if self._service is None or not self._service.awaited or not same:
                self._show_page()
        elif page.page.regions is not self._labels:
            window.pictures.show_labels(page.page.regions)
            self._mapped(maps)

    @Slot(str, QImage)
    def _image_ready(self, key: str, image: QImage) -> None:
        if self.window is not None and self.window.isVisible() and key == self._desk.open_page.key:
            self.window.pictures.show_image(image)

    # --- what becomes of words ---

    @Slot(str)
    def _use(self, words: str) -> None:
        """Detect with these words: by a checkpoint of their own, so that what it finds is kept apart."""
        self._use_after = True
        target = self._folder() / f"{self._name_for(words)}.safetensors"
        if target.is_file():
            self._saved(words, target)
        else:
            self._save(words, target)

    @Slot(str)
    def _ask_name(self, words: str) -> None:
        if self.window is not None:
            ask_for_line(
                self.window, "Save as checkpoint", "Name in your folder of checkpoints",
                self._name_for(words), lambda name: self.save_as(words, name),
            )  # fmt: skip

    def _name_for(self, words: str) -> str:
        from app.services.prompts import prompted_name

        return prompted_name(self._checkpoint, "" if self._maps is None else self._maps.sha256, words)

    def save_as(self, words: str, name: str) -> None:
        """Write a checkpoint with these words under a name."""
        wrong = bad_name(name.strip())
        target = self._folder() / f"{name.strip()}.safetensors"
        if not wrong and target.exists():
            wrong = f"There is a checkpoint {target.stem} already. Choose another name."
        if wrong:
            self._tell(wrong, bad=True)
            return
        self._use_after = False
        self._save(words, target)

    def _save(self, words: str, target: Path) -> None:
        if self._service is not None:
            self._tell("Writing the checkpoint...")
            device = self._desk.preferences.device
            self._service.save(self._checkpoint, device, words, target)

    @Slot(str, object)
    def _saved(self, words: str, file: Path) -> None:
        self._desk.preferences.show_checkpoints()
        if not self._use_after:
            self._tell(f"{file.stem} is in your folder of checkpoints now")
            return
        self._made_here.add(str(file))
        self._desk.preferences.use_checkpoint(str(file))
        self._desk.tell(tr(f'Detection uses the words "{words}" from now on'))

    @Slot(str)
    def _ask_preset(self, words: str) -> None:
        if self.window is not None:
            ask_for_line(
                self.window, "Keep as preset", "Name of the preset", words,
                lambda name: self.keep_preset(name, words),
            )  # fmt: skip

    def keep_preset(self, name: str, words: str) -> None:
        """Keep words under a name."""
        name = " ".join(name.split())[:80]
        if name:
            self._change_presets(lambda: self._presets.keep(name, words))

    @Slot(str)
    def _drop_preset(self, name: str) -> None:
        self._change_presets(lambda: self._presets.drop(name))

    def _change_presets(self, change: Callable[[], None]) -> None:
        try:
            change()
        except TcmError as error:
            self._tell(str(error), bad=True)
        if self.window is not None:
            self.window.show_presets(self._presets.words)

    def _tell(self, text: str, *, bad: bool = False) -> None:
        if self.window is not None:
            self.window.tell(text, bad=bad)

    def _folder(self) -> Path:
        return self._desk.parts.home.data / OWN_FOLDER

    @Slot()
    def _open_weights(self) -> None:
        if self.open_weights is not None:
            self.open_weights()

    @Slot()
    def _closed(self) -> None:
        """Give the memory of the image's features back."""
        self._maps, self._checkpoint = None, ""
        self._made_here.clear()
        if self._service is not None:
            self._service.forget()

    @Slot()
    def _closing(self) -> None:
        if self.window is not None:
            self.window.close()


A, C = ActionSpec, PromptCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("prompts", "Prompt playground...", "Detect", ("Ctrl+Alt+Shift+P",), "",
      "Change the words of the prompt and see the instance-language map change", C.open, "page"),
)  # fmt: skip
