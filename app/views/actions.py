"""Every command of the window in one table, made of the rows that each menu's commands bring along.

To add a command: a method and a row in app/views/commands/<menu>.py. Menus, key overview and tooltips follow.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from app.domain.edits import EditRefused
from app.i18n.translation import tr
from app.views.action_spec import WHY_DISABLED, ActionSpec, Menu, Need
from app.views.commands import (
    about,
    checkpoints,
    clipboard,
    comments,
    compare,
    detect,
    edit,
    file,
    go,
    hints,
    history,
    layers,
    overview,
    prompts,
    queue,
    review,
    settings,
    shape,
    text,
    tools,
    train,
    truth,
    view,
)
from app.views.commands.desk import Desk
from app.views.theme import Colours, icon

MENUS: Final[tuple[Menu, ...]] = (
    "File", "Edit", "Shape", "Go", "Tools", "View", "Layers", "Detect", "Review", "Queue", "Train", "Help",
)  # fmt: skip
ACTIONS: Final[tuple[ActionSpec, ...]] = (
    *file.ROWS, *edit.ROWS, *text.ROWS, *hints.ROWS, *history.ROWS, *clipboard.ROWS, *shape.ROWS, *go.ROWS,
    *tools.ROWS, *view.ROWS, *compare.ROWS, *layers.ROWS, *truth.ROWS, *detect.ROWS, *checkpoints.ROWS,
    *prompts.ROWS, *review.ROWS, *comments.ROWS, *overview.ROWS, *queue.ROWS, *train.ROWS, *settings.ROWS,
    *about.ROWS,
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
    ("Up and Down while drawing curved text", "More or fewer points"),
    ("Drag across a region with the knife", "Cut it"),
    ("Alt + wheel with one region of the model selected", "Move that region's own threshold"),
    ("Esc", "Leave off drawing, back to Select"),
    ("Double click a detection", "Accept it as a region"),
    ("Drag a comment's pin", "Move the comment"),
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
        self._desk: Desk | None = None
        self._runs: Mapping[str, Callable[[], None]] = {}
        self._specs = {spec.id: spec for spec in ACTIONS}
        self._groups: dict[str, QActionGroup] = {}
        self.by_id: Mapping[str, QAction] = {spec.id: self._make(spec) for spec in ACTIONS}
        self._there: frozenset[Need] = frozenset()
        self.retranslate()

    def menu(self, name: Menu) -> list[QAction | None]:
        """The actions of a menu in their order; None is a line between."""
        rows: list[QAction | None] = []
        for spec in ACTIONS:
            if spec.menu == name:
                rows += [None, self.by_id[spec.id]] if spec.rule and rows else [self.by_id[spec.id]]
        return rows

    def bind(self, commands: "Commands", window: QWidget, canvas: QWidget) -> None:
        """Make the actions do something, and their keys work in the window or in the canvas."""
        self._desk, self._runs = commands.desk, commands.runs
        for spec in ACTIONS:
            action = self.by_id[spec.id]
            if spec.scope == "canvas":
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                canvas.addAction(action)
            else:
                window.addAction(action)
        self._desk.needs_changed.connect(self.update_enabled)
        self._desk.checks_changed.connect(self.update_checked)

    def set_colours(self, colours: Colours) -> None:
        """Draw the icons in the theme's colours."""
        for spec in ACTIONS:
            if spec.icon:
                self.by_id[spec.id].setIcon(icon(spec.icon, colours))

    def retranslate(self) -> None:
        """Name every command in the language in use."""
        for spec in ACTIONS:
            action = self.by_id[spec.id]
            action.setText(tr(spec.text))
            action.setIconText(tr(spec.text.removesuffix("...")))
            action.setStatusTip(tr(spec.hint))
        self.update_enabled(self._there)

    def set_keys(self, keys: Mapping[str, Sequence[str]]) -> None:
        """Give every command these keys from now on; menus and tooltips show the first of them."""
        for name, action in self.by_id.items():
            action.setShortcuts([QKeySequence(key) for key in keys[name]])
        self.update_enabled(self._there)

    @Slot(object)
    def update_enabled(self, there: frozenset[Need]) -> None:
        """Enable what has all it needs; the tooltip of the others says what is missing."""
        self._there = there
        for spec in ACTIONS:
            action, enabled = self.by_id[spec.id], not spec.needs or spec.needs in there
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            keys = f"  ({key})" if key else ""
            why = "" if enabled else f"\n{tr(WHY_DISABLED[spec.needs])}"
            action.setEnabled(enabled)
            action.setToolTip(f"{tr(spec.hint)}{keys}{why}")

    @Slot(object)
    def update_checked(self, checked: frozenset[str]) -> None:
        """Check exactly the actions with these ids."""
        for spec in ACTIONS:
            if spec.checkable:
                self.by_id[spec.id].setChecked(spec.id in checked)

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self)
        action.setObjectName(spec.id)
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
        if self._desk is None:
            return
        try:
            self._runs[self.sender().objectName()]()
        except EditRefused as refused:
            self._desk.tell(str(refused))
        finally:
            self._desk.refresh()


class Commands:
    """The commands of every menu, and what each action runs."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.file = file.FileCommands(desk)
        self.edit = edit.EditCommands(desk)
        self.text = text.TextCommands(desk)
        self.hints = hints.HintCommands(desk)
        self.history = history.HistoryCommands(desk)
        self.clipboard = clipboard.ClipboardCommands(desk)
        self.shape = shape.ShapeCommands(desk)
        self.go = go.GoCommands(desk)
        self.tools = tools.ToolsCommands(desk)
        self.view = view.ViewCommands(desk)
        self.compare = compare.CompareCommands(desk)
        self.layers = layers.LayerCommands(desk)
        self.truth = truth.TruthCommands(desk)
        self.detect = detect.DetectCommands(desk)
        self.checkpoints = checkpoints.CheckpointCommands(desk)
        self.checkpoints.compare_with = self.compare.open_with
        self.prompts = prompts.PromptCommands(desk)
        self.prompts.open_weights = self.checkpoints.open_weights
        self.review = review.ReviewCommands(desk)
        self.comments = comments.CommentCommands(desk)
        self.overview = overview.OverviewCommands(desk)
        self.queue = queue.QueueCommands(desk)
        self.train = train.TrainCommands(desk)
        self.settings = settings.SettingsCommands(desk)
        self.help = about.HelpCommands(desk)
        groups = (
            (file.ROWS, self.file),
            (edit.ROWS, self.edit),
            (text.ROWS, self.text),
            (hints.ROWS, self.hints),
            (history.ROWS, self.history),
            (clipboard.ROWS, self.clipboard),
            (shape.ROWS, self.shape),
            (go.ROWS, self.go),
            (tools.ROWS, self.tools),
            (view.ROWS, self.view),
            (compare.ROWS, self.compare),
            (layers.ROWS, self.layers),
            (truth.ROWS, self.truth),
            (detect.ROWS, self.detect),
            (checkpoints.ROWS, self.checkpoints),
            (prompts.ROWS, self.prompts),
            (review.ROWS, self.review),
            (comments.ROWS, self.comments),
            (overview.ROWS, self.overview),
            (queue.ROWS, self.queue),
            (train.ROWS, self.train),
            (settings.ROWS, self.settings),
            (about.ROWS, self.help),
        )
        self.runs: Mapping[str, Callable[[], None]] = {
            spec.id: partial(spec.run, group) for rows, group in groups for spec in rows
        }
