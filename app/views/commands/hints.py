"""Recognition hints: what the selected region probably says, off until they are wanted."""

from typing import Final

from PySide6.QtCore import QObject, Slot

from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.workers.messages import Problem
from app.workers.recognition import HOW_TO_INSTALL, Recogniser, is_installed


class HintCommands(QObject):
    """Asks a recogniser about each region that has no text yet.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._lane = desk, desk.window.regions.lane
        self._recogniser: Recogniser | None = None
        self._lane.region_changed.connect(self._ask)
        desk.add_checks(self.checked)

    @property
    def on(self) -> bool:
        """Whether hints are wanted."""
        return self._desk.parts.settings.settings.text.recognition_hints

    def checked(self) -> set[str]:
        """The command, while hints are wanted."""
        return {"text.hints"} if self.on else set()

    def toggle(self) -> None:
        """Give hints from now on, or none any more; without the package say how to get it."""
        if not self.on and not is_installed():
            self._desk.tell(HOW_TO_INSTALL)
            return
        settings = self._desk.parts.settings.settings
        text = settings.text.model_copy(update={"recognition_hints": not self.on})
        try:
            self._desk.parts.settings.save(settings.model_copy(update={"text": text}))
        except OSError as error:
            self._desk.tell(f"The settings could not be saved: {error.strerror}. They hold until you quit.")
        self.shutdown()
        self._ask()

    def shutdown(self) -> None:
        """Let go of the recogniser; it is made again when it is wanted."""
        if self._recogniser is not None:
            self._recogniser.shutdown()
            self._recogniser.deleteLater()
            self._recogniser = None

    @Slot()
    def _ask(self) -> None:
        region = self._lane.edited
        if not self.on or region is None or region.text or region.ignore or self._lane.image.isNull():
            return
        if self._recogniser is None:
            if not is_installed():
                return  # it was taken away since hints were switched on
            self._recogniser = Recogniser(parent=self)
            self._recogniser.read.connect(self._lane.set_hint)
            self._recogniser.failed.connect(self._failed)
        self._recogniser.request(self._lane.image, region)

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        self._desk.open_page.problem.emit(problem)


A, C = ActionSpec, HintCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("text.hints", "Recognition hints", "Edit", ("Ctrl+Alt+I",), "",
      "Suggest what the selected region says; Ctrl+Space takes it", C.toggle, "", True),
)  # fmt: skip
