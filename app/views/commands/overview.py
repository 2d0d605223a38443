"""The whole folder at a glance: heat strip and statistics."""

from typing import Final

from PySide6.QtCore import QObject, Slot

from app.services.statistics import StatisticsCount
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.dialogs.statistics import StatisticsDialog


class OverviewCommands(QObject):
    """What is said about all images.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._strip = desk, desk.window.heat_strip
        self._dialog: StatisticsDialog | None = None
        self._strip.follow(desk.parts.workspace)
        self._strip.page_chosen.connect(desk.open_page.go_to)
        desk.open_page.changed.connect(self._page_changed)
        desk.parts.workspace.closing.connect(self._close_dialog)
        desk.add_checks(self.checked)

    def checked(self) -> set[str]:
        """The strip's command, while the strip is shown."""
        return set() if self._strip.isHidden() else {"view.heat_strip"}

    def toggle_strip(self) -> None:
        self._strip.setVisible(self._strip.isHidden())

    def show_statistics(self) -> None:
        """Count what is saved; what is being typed is saved first."""
        self._desk.window.regions.commit()
        workspace = self._desk.parts.workspace
        if workspace.db is None:
            return
        self._close_dialog()
        count = StatisticsCount(workspace.db.survey)
        self._dialog = StatisticsDialog(count, len(workspace.keys), self._desk.window)
        self._dialog.page_chosen.connect(self._desk.open_page.go_to)
        self._dialog.open()

    @Slot()
    def _page_changed(self) -> None:
        self._strip.show_current(self._desk.open_page.key)

    @Slot()
    def _close_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None


A, C = ActionSpec, OverviewCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("statistics", "Statistics...", "Review", ("Ctrl+I",), "",
      "Regions, sizes, angles, characters and speed of the whole folder", C.show_statistics, "folder",
      rule=True),
    A("view.heat_strip", "Heat strip", "View", ("Ctrl+Shift+R",), "",
      "A strip with the review states of all images", C.toggle_strip, "folder", True),
)  # fmt: skip
