"""Every command of the window as one row of one table: words, menu, keys, icon, and the method that does it.

To add a command: a method in commands.py, a row here. Menus, key overview and tooltips follow from the row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from app.domain.edits import EditRefused
from app.views.commands import Commands, Need
from app.views.theme import Colours, icon

Menu = Literal["File", "Edit", "Go", "Tools", "View", "Detect", "Review", "Help"]
Scope = Literal["window", "canvas"]
MENUS: Final[tuple[Menu, ...]] = ("File", "Edit", "Go", "Tools", "View", "Detect", "Review", "Help")

WHY_DISABLED: Final[dict[Need, str]] = {
    "": "",
    "folder": "Open a folder first",
    "page": "Open an image first",
    "regions": "There is no region on this image",
    "selection": "Select a region first",
    "detections": "Detect the text of this image first",
    "undo": "There is nothing to take back",
    "redo": "There is nothing to do again",
    "running": "Nothing is running",
    "failed": "No image has failed",
}


@dataclass(frozen=True)
class ActionSpec:
    """One command.

    Attributes:
        id: its name in the window's layout tables.
        text: as in the menu; short, a verb first.
        keys: default keys, the first is shown in the menu.
        run: what does it.
        needs: what must be there for it to be enabled.
        group: of several commands with the same group one is checked.
        scope: "canvas" keys work only while the picture has the focus, because elsewhere they mean something.
        rule: a line goes before it in the menu.
    """

    id: str
    text: str
    menu: Menu
    keys: tuple[str, ...]
    icon: str
    hint: str
    run: Callable[[Commands], None]
    needs: Need = ""
    checkable: bool = False
    group: str = ""
    scope: Scope = "window"
    rule: bool = False


A = ActionSpec
C = Commands
ACTIONS: Final[tuple[ActionSpec, ...]] = (
    A("open", "Open folder...", "File", ("Ctrl+U", "Ctrl+O"), "open", "Open a folder of images",
      C.open_folder),
    A("save", "Save now", "File", ("Ctrl+S",), "",
      "Write edits that could not be saved before", C.save_now, "folder"),
    A("export", "Export labels...", "File", ("Ctrl+Shift+E",), "export", "Write ICDAR 2015 label files",
      C.export, "folder", rule=True),
    A("quit", "Quit", "File", ("Ctrl+Q",), "", "Leave; every edit is on disk", C.quit, rule=True),

    A("undo", "Undo", "Edit", ("Ctrl+Z",), "undo", "Take back the last edit of this image", C.undo, "undo"),
    A("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Do it again", C.redo, "redo"),
    A("select_all", "Select all", "Edit", ("Ctrl+A",), "", "Select every region of this image", C.select_all,
      "regions", rule=True),
    A("delete", "Delete", "Edit", ("Del",), "delete", "Delete the selected regions", C.delete, "selection"),
    A("transcription", "Transcription", "Edit", ("F2", "Ctrl+E"), "text",
      "Type what the selected region says", C.edit_transcription, "selection", rule=True),
    A("ignore", "Ignore (###)", "Edit", ("I", "#"), "ignore", "Mark as unreadable, or as readable again",
      C.toggle_ignore, "selection"),
    A("region.next", "Next region", "Edit", ("Tab",), "", "Select the next region in reading order",
      C.next_region, "regions", scope="canvas", rule=True),
    A("region.previous", "Previous region", "Edit", ("Shift+Tab",), "", "Select the region before",
      C.previous_region, "regions", scope="canvas"),

    A("next", "Next image", "Go", ("D", "PgDown"), "next", "Go to the next image", C.next_page, "folder"),
    A("previous", "Previous image", "Go", ("A", "PgUp"), "previous", "Go to the image before",
      C.previous_page, "folder"),
    A("first", "First image", "Go", ("Home",), "", "Go to the first image", C.first_page, "folder"),
    A("last", "Last image", "Go", ("End",), "", "Go to the last image", C.last_page, "folder"),
    A("next_open", "Next image to review", "Go", ("Shift+D",), "review",
      "Go to the next image not yet approved", C.next_unreviewed, "folder", rule=True),
    A("previous_open", "Previous image to review", "Go", ("Shift+A",), "",
      "Go back to an image not yet approved", C.previous_unreviewed, "folder"),
    A("go_to", "Go to image...", "Go", ("Ctrl+G",), "", "Go to an image by its number or a part of its name",
      C.go_to, "folder", rule=True),
    A("filter", "Filter images", "Go", ("Ctrl+L",), "filter", "Show only images whose name contains a text",
      C.focus_filter, "folder"),

    A("tool.select", "Select", "Tools", ("V",), "select", "Select, move and reshape regions", C.tool_select,
      "page", True, "tool"),
    A("tool.polygon", "Polygon", "Tools", ("P", "Q"), "polygon",
      "Draw a polygon: click its vertices, Enter ends it", C.tool_polygon, "page", True, "tool"),
    A("tool.rectangle", "Rectangle", "Tools", ("R", "W"), "rectangle",
      "Draw a rectangle: drag from corner to corner", C.tool_rectangle, "page", True, "tool"),
    A("tool.quad", "Quad", "Tools", ("T",), "quad", "Draw a quadrilateral: click its four corners",
      C.tool_quad, "page", True, "tool"),
    A("tool.repeat", "Last drawing tool", "Tools", ("N",), "", "Take the drawing tool used last",
      C.tool_repeat, "page", rule=True),

    A("fit", "Fit to window", "View", ("F",), "fit", "Show the whole image", C.fit, "page"),
    A("zoom_selection", "Zoom to selection", "View", ("Z",), "zoom_selection",
      "Show the selected regions large", C.zoom_to_selection, "selection"),
    A("actual", "Actual size", "View", ("Ctrl+0",), "actual", "One image pixel on one screen pixel",
      C.actual_size, "page"),
    A("zoom_in", "Zoom in", "View", ("Ctrl++", "Ctrl+="), "zoom_in", "Show it larger", C.zoom_in, "page"),
    A("zoom_out", "Zoom out", "View", ("Ctrl+-",), "zoom_out", "Show it smaller", C.zoom_out, "page"),
    A("regions", "Regions", "View", ("1", "Shift+H"), "regions", "Show or hide the regions (hold H to peek)",
      C.toggle_regions, "page", True, rule=True),
    A("detections", "Detections", "View", ("2",), "detections", "Show or hide what the detector found",
      C.toggle_detections, "page", True),
    A("map", "Score map", "View", ("J",), "map", "Lay the score map over the image, or take it away",
      C.toggle_map, "page", True),
    A("map.next", "Next score map", "View", ("Shift+J",), "", "Show the other score map", C.next_map, "page"),
    A("theme.system", "Theme of the desktop", "View", (), "", "Light or dark as the desktop is",
      C.theme_system, "", True, "theme", rule=True),
    A("theme.light", "Light theme", "View", (), "", "Always light", C.theme_light, "", True, "theme"),
    A("theme.dark", "Dark theme", "View", (), "", "Always dark", C.theme_dark, "", True, "theme"),

    A("detect", "Detect this image", "Detect", ("G",), "detect", "Find the text of this image", C.detect_page,
      "page"),
    A("detect_all", "Detect all", "Detect", ("Shift+G",), "detect_all", "Find the text of every listed image",
      C.detect_all, "folder"),
    A("accept_all", "Accept all", "Detect", ("Shift+Return", "Shift+Enter"), "accept_all",
      "Make every shown detection a region; what overlaps one already there is left out", C.accept_all,
      "detections"),
    A("reset", "Reset to the detections...", "Detect", ("Ctrl+Backspace",), "",
      "Replace every region of this image by the shown detections", C.reset_to_detections, "detections"),
    A("threshold.down", "Lower score threshold", "Detect", (",",), "", "Show more detections",
      C.threshold_down, "page", rule=True),
    A("threshold.up", "Raise score threshold", "Detect", (".",), "", "Show fewer detections", C.threshold_up,
      "page"),
    A("threshold.far_down", "Lower it by 0.05", "Detect", ("Shift+,",), "", "Show many more detections",
      C.threshold_far_down, "page"),
    A("threshold.far_up", "Raise it by 0.05", "Detect", ("Shift+.",), "", "Show far fewer detections",
      C.threshold_far_up, "page"),
    A("cancel", "Cancel", "Detect", (), "cancel", "Stop after the image in work", C.cancel, "running",
      rule=True),
    A("retry", "Retry failed", "Detect", (), "retry", "Detect the images that failed once more",
      C.retry_failed, "failed"),
    A("checkpoint", "Choose checkpoint...", "Detect", (), "chip", "Use another trained detector",
      C.choose_checkpoint, rule=True),

    A("approve", "Approve and next", "Review", ("Ctrl+Return", "Ctrl+Enter"), "approve",
      "This image is right; go to the next", C.approve_and_next, "page"),
    A("approve_stay", "Approve", "Review", ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"), "",
      "This image is right", C.approve, "page"),
    A("reject", "Reject", "Review", ("X",), "reject", "This image needs work", C.reject, "page"),
    A("unapprove", "Take approval back", "Review", ("U",), "", "Neither right nor rejected", C.unapprove,
      "page"),

    A("keys", "Keys", "Help", ("F1",), "keyboard", "Every command with its keys", C.show_keys),
    A("diagnostics", "Diagnostics", "Help", (), "diagnostics", "What this installation consists of",
      C.show_diagnostics),
    A("about", "About TCM Studio", "Help", (), "help", "Version and licences", C.show_about, rule=True),
)  # fmt: skip

MOUSE_GESTURES: Final[tuple[tuple[str, str], ...]] = (
    ("Wheel", "Zoom at the cursor"),
    ("Middle drag, Space + drag, drag on empty", "Move the picture"),
    ("Click", "Select a region"),
    ("Ctrl + click", "Add a region to the selection, or take it out"),
    ("Shift + drag on empty", "Select everything in a rectangle"),
    ("Drag a vertex", "Reshape the region"),
    ("Alt + click an edge", "Insert a vertex"),
    ("Alt + click a vertex", "Delete the vertex"),
    ("Shift + click a vertex", "Add the vertex to the selection"),
    ("Backspace", "Delete the selected vertices, or the last point while drawing"),
    ("Arrows", "Move by 1 pixel (Shift: 10, Alt: a quarter)"),
    ("Enter or double click while drawing", "Close the polygon"),
    ("Esc", "Leave off drawing, back to Select"),
    ("Double click a detection", "Accept it as a region"),
    ("Hold H", "Hide everything but the picture"),
    ("Right click", "All that can be done there"),
)


class ActionSet(QObject):
    """The QActions of the table.

    Attributes:
        by_id: every action.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._commands: Commands | None = None
        self._specs = {spec.id: spec for spec in ACTIONS}
        self._groups: dict[str, QActionGroup] = {}
        self.by_id: Mapping[str, QAction] = {spec.id: self._make(spec) for spec in ACTIONS}
        self.update_enabled(frozenset())

    def menu(self, name: Menu) -> list[QAction | None]:
        """The actions of a menu in their order; None is a line between."""
        rows: list[QAction | None] = []
        for spec in ACTIONS:
            if spec.menu == name:
                rows += [None, self.by_id[spec.id]] if spec.rule and rows else [self.by_id[spec.id]]
        return rows

    def bind(self, commands: Commands, window: QWidget, canvas: QWidget) -> None:
        """Make the actions do something, and their keys work in the window or in the canvas."""
        self._commands = commands
        for spec in ACTIONS:
            action = self.by_id[spec.id]
            if spec.scope == "canvas":
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                canvas.addAction(action)
            else:
                window.addAction(action)
        commands.needs_changed.connect(self.update_enabled)
        commands.checks_changed.connect(self.update_checked)

    def set_colours(self, colours: Colours) -> None:
        """Draw the icons in the theme's colours."""
        for spec in ACTIONS:
            if spec.icon:
                self.by_id[spec.id].setIcon(icon(spec.icon, colours))

    @Slot(object)
    def update_enabled(self, there: frozenset[Need]) -> None:
        """Enable what has all it needs; the tooltip of the others says what is missing."""
        for spec in ACTIONS:
            action, enabled = self.by_id[spec.id], not spec.needs or spec.needs in there
            keys = (
                f"  ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})"
                if spec.keys
                else ""
            )
            why = "" if enabled else f"\n{WHY_DISABLED[spec.needs]}"
            action.setEnabled(enabled)
            action.setToolTip(f"{spec.hint}{keys}{why}")

    @Slot(object)
    def update_checked(self, checked: frozenset[str]) -> None:
        """Check exactly the actions with these ids."""
        for spec in ACTIONS:
            if spec.checkable:
                self.by_id[spec.id].setChecked(spec.id in checked)

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self)
        action.setObjectName(spec.id)
        action.setIconText(spec.text.removesuffix("..."))
        action.setStatusTip(spec.hint)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setCheckable(spec.checkable)
        action.setIconVisibleInMenu(not spec.checkable)  # a check mark is shown in its place
        if spec.group:
            group = self._groups.setdefault(spec.group, QActionGroup(self))
            group.addAction(action)
        action.triggered.connect(self._triggered)
        return action

    @Slot()
    def _triggered(self) -> None:
        if self._commands is None:
            return
        try:
            self._specs[self.sender().objectName()].run(self._commands)
        except EditRefused as refused:
            self._commands.tell(str(refused))
        finally:
            self._commands.refresh()
