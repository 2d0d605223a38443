"""The menu of the right mouse button: all that can be done where it was pressed, with keys and gestures."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from app.domain.edits import DeleteVertices, Edit, InsertVertex
from app.domain.hit_test import Hit
from app.i18n.translation import tr
from app.views.action_spec import Menu
from app.views.actions import ActionSet
from app.views.main_window import COMMENT_MENU, MainWindow
from app.views.open_page import OpenPage

ON_REGION = (
    "transcription", "ignore", "zoom_selection", "", "shape.merge", "shape.join", "shape.words", "shape.cut",
    "", "copy", "cut", "paste", "duplicate", "", "comment.add", "", "delete",
)  # fmt: skip
SHAPES = (
    "shape.simplify", "shape.box", "shape.quad", "tool.transform", "", "shape.grow", "shape.shrink",
    "shape.tighten", "shape.loosen", "shape.level_down", "shape.level_up", "",
    "shape.vertices", "", "shape.turn_left", "shape.turn_right", "shape.turn_far_left",
    "shape.turn_far_right", "", "shape.start", "shape.order",
)  # fmt: skip
ON_EMPTY = (
    "detect", "accept_all", "", "undo", "redo", "", "select_all", "paste",
    "keep_previous", "text.ignore_small", "", "comment.add", "", "fit",
    "map", "truth", "", "history", "history.compare",
)  # fmt: skip
DRAWING = (
    "tool.polygon", "tool.rectangle", "tool.rotated", "tool.quad", "tool.curve", "tool.centre", "tool.pick",
    "tool.repeat", "", "tool.knife", "tool.transform",
)  # fmt: skip


class ContextMenu(QObject):
    """Made anew for each press; the actions are those of the table."""

    def __init__(self, window: MainWindow, actions: ActionSet, open_page: OpenPage) -> None:
        super().__init__(window)
        self._window, self._actions, self._open_page = window, actions, open_page
        self._edit: Edit | None = None
        self._detection: int | None = None
        self.menu: QMenu | None = None
        window.canvas.context_menu_requested.connect(self.show)

    @Slot(object, object)
    def show(self, hit: Hit | None, place: QPoint) -> None:
        """Show what can be done at a place of the screen."""
        if self._open_page.key is None:
            return
        if self.menu is not None:
            self.menu.deleteLater()
        menu = self.menu = QMenu(self._window)
        self._detection = self._window.canvas.hovered_detection if hit is None else None
        if self._window.comments.pointed is not None:
            self._add_rows(menu, (*COMMENT_MENU, ""))
        if hit is None:
            if self._detection is not None:
                self._add(menu, "Accept this detection\tDouble click", self._accept)
                menu.addSeparator()
            self._add_rows(menu.addMenu(tr("Draw")), DRAWING)
            self._add_rows(menu, ON_EMPTY)
            for name in ("Layers", "View", "Detect", "Review", "Queue"):
                self._add_menu(menu, name)
        else:
            self._add_vertex_rows(menu, hit, place)
            self._add_rows(menu.addMenu(tr("Shape")), SHAPES)
            self._add_rows(menu, ON_REGION)
        menu.popup(place)

    def _add_vertex_rows(self, menu: QMenu, hit: Hit, place: QPoint) -> None:
        canvas = self._window.canvas
        if hit.kind == "vertex":
            self._edit = DeleteVertices(hit.region_id, (hit.index,))
            self._add(menu, "Delete this vertex\tAlt+Click", self._send)
        elif hit.kind == "edge":
            x, y = canvas.widget_to_image(canvas.mapFromGlobal(place))
            self._edit = InsertVertex(hit.region_id, hit.index + 1, x, y)
            self._add(menu, "Insert a vertex here\tAlt+Click", self._send)
        else:
            return
        menu.addSeparator()

    def _add_rows(self, menu: QMenu, names: tuple[str, ...]) -> None:
        for name in names:
            if name:
                menu.addAction(self._actions.by_id[name])
            else:
                menu.addSeparator()

    def _add_menu(self, menu: QMenu, name: Menu) -> None:
        inner = menu.addMenu(tr(name))
        for action in self._actions.menu(name):
            if action is None:
                inner.addSeparator()
            else:
                inner.addAction(action)

    def _add(self, menu: QMenu, text: str, slot: Callable[[], None]) -> None:
        action = QAction(_translated(text), menu)
        action.triggered.connect(slot)
        menu.addAction(action)

    @Slot()
    def _send(self) -> None:
        if self._edit is not None:
            self._open_page.apply(self._edit)

    @Slot()
    def _accept(self) -> None:
        if self._detection is not None:
            self._open_page.accept([self._detection])


def _translated(text: str) -> str:
    """A menu's text and, after a tabulator, its gesture."""
    return "\t".join(tr(part) for part in text.split("\t"))
