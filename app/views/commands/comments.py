"""Comments: pinned on the picture, listed, settled; and the images that wait because of one."""

import getpass
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Slot
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QToolTip

from app.domain.comment import Comment, new_comment
from app.domain.comment_edits import (
    ChangeComment,
    DeleteComment,
    MoveComment,
    PinComment,
    ResolveComment,
    comments_of,
)
from app.domain.letters import as_letters
from app.storage.comments import CommentTable
from app.storage.errors import StorageError
from app.views.action_spec import ActionSpec
from app.views.canvas.comment_pins import CommentPins
from app.views.commands.desk import Desk
from tcm_core.geometry.polygon import bounds

PIN_HEIGHT: Final = 55  # over the regions and their handles, under the cross-hair


class CommentCommands(QObject):
    """The comments of the open image.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._panel, self._canvas = desk, desk.window.comments, desk.window.canvas
        self._key: str | None = None
        self._comments: tuple[Comment, ...] = ()
        self._dragged: Comment | None = None
        self._pressed_at = QPoint()
        self._chosen: int | None = None
        self._changed: int | None = None  # the comment whose text is being changed
        self._mouse: tuple[float, float] | None = None
        self.pins = CommentPins()
        stage = self._canvas.stage
        stage.add(self.pins, PIN_HEIGHT)
        for layer in (stage.regions, stage.detections):
            layer.visibleChanged.connect(self._layers_changed)
        self._canvas.viewport().installEventFilter(self)
        self._canvas.installEventFilter(self)  # keys
        self._canvas.cursor_moved.connect(self._mouse_moved)
        desk.open_page.changed.connect(self._page_changed)
        self._panel.written.connect(self._keep)
        self._panel.given_up.connect(self._give_up)
        self._panel.chosen.connect(self._choose)
        self._panel.change_wanted.connect(self._change)
        self._panel.resolve_wanted.connect(self.resolve)
        self._panel.resolved_shown.connect(self._show)

    def add(self) -> None:
        """Pin a comment at the mouse, else on the selected region, else in the middle of the picture."""
        self._changed = None
        self.pins.show_pending(self._place())
        self._desk.window.show_comments_panel()
        self._panel.start_writing()

    def resolve(self) -> None:
        """Settle the chosen comment, or open it again; without one, the first open one."""
        comment = self._find(self._chosen) or next((one for one in self._comments if not one.resolved), None)
        if comment is None:
            self._desk.tell("There is no open comment on this image")
            return
        self._chosen = comment.id if comment.resolved else None
        self._desk.open_page.apply(ResolveComment(comment.id, not comment.resolved))
        self._desk.tell("Comment opened again" if comment.resolved else "Comment resolved")

    def edit(self) -> None:
        """Change what the chosen comment says."""
        comment = self._wanted()
        if comment is not None:
            self._desk.window.show_comments_panel()
            self._change(comment.id)

    def delete(self) -> None:
        """Take the chosen comment away; Undo brings it back."""
        comment = self._wanted()
        if comment is not None:
            self._desk.open_page.apply(DeleteComment(comment.id))
            self._desk.tell("Comment deleted; Undo brings it back")

    def _wanted(self) -> Comment | None:
        """The chosen comment, or the only one that is shown."""
        shown = [comment for _, comment in self.pins.pins]
        comment = self._find(self._chosen) or (shown[0] if len(shown) == 1 else None)
        if comment is None:
            self._desk.tell("Choose a comment first: click its pin or its line")
        return comment

    def next_waiting(self) -> None:
        self._walk(1)

    def previous_waiting(self) -> None:
        self._walk(-1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A click on a pin chooses its comment, a drag moves it; resting on one shows what it says."""
        if isinstance(event, QMouseEvent):
            return self._mouse_event(event)
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            comment = self._pin_at(event.pos())
            if comment is not None:
                QToolTip.showText(event.globalPos(), as_letters(f"{comment.text}\n{comment.author}"))
                return True
        elif self._dragged is not None and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
            self._stop_drag()
            return True
        return False

    def _mouse_event(self, event: QMouseEvent) -> bool:
        place = event.position().toPoint()
        if event.type() == QEvent.Type.MouseButtonPress:
            comment = self._pin_at(place)
            self._panel.pointed = None if comment is None else comment.id
            if comment is None:
                return False
            self._desk.window.show_comments_panel()
            self._chosen = comment.id
            self._show()
            if event.button() == Qt.MouseButton.LeftButton:
                self._dragged, self._pressed_at = comment, place
                return True
        elif event.type() == QEvent.Type.MouseMove and self._dragged is not None:
            if (place - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
                self.pins.show_pending(self._canvas.widget_to_image(place))
            return True
        elif event.type() == QEvent.Type.MouseButtonRelease and self._dragged is not None:
            comment, target = self._dragged, self.pins.pending
            self._stop_drag()
            if target is not None:
                self._desk.open_page.apply(MoveComment(comment.id, *target))
            return True
        return False

    def _stop_drag(self) -> None:
        self._dragged = None
        self.pins.show_pending(None)

    def _pin_at(self, place: QPoint) -> Comment | None:
        if not self.pins.isVisible() or self._canvas.tool != "select":
            return None
        return self.pins.at(self._canvas.widget_to_image(place), self._canvas.zoom)

    def _place(self) -> tuple[float, float]:
        image = self._canvas.stage.image_rect
        if self._mouse is not None and image.contains(*self._mouse):
            return self._mouse
        ids = self._desk.parts.selection.ids
        chosen = [region for region in self._desk.open_page.page.regions if region.id in ids]
        if chosen:
            x0, y0, x1, y1 = bounds(chosen[0].polygon)
            return (x0 + x1) / 2, (y0 + y1) / 2
        return image.center().x(), image.center().y()

    def _walk(self, step: int) -> None:
        table, keys = self._table(), self._desk.window.listed_keys()
        if table is None:
            return
        try:
            waiting = table.open_counts()
        except StorageError as error:
            self._desk.tell(str(error))
            return
        at = keys.index(self._key) if self._key in keys else -1
        for key in keys[at + 1 :] if step > 0 else keys[: max(at, 0)][::-1]:
            if key in waiting or self._desk.parts.workspace.summary(key).review == "rejected":
                self._desk.open_page.go_to(key)
                return
        self._desk.tell("No image in that direction is rejected or has an open comment")

    @Slot(str)
    def _keep(self, text: str) -> None:
        place, changed = self.pins.pending, self._changed
        self._give_up()
        if not text.strip():
            return
        if changed is not None:
            self._chosen = changed
            self._desk.open_page.apply(ChangeComment(changed, text))
        elif place is not None:
            comment = new_comment(place, text, _author())
            self._chosen = comment.id
            self._desk.open_page.apply(PinComment(comment))

    @Slot()
    def _give_up(self) -> None:
        self._changed = None
        self.pins.show_pending(None)
        self._panel.stop_writing()
        self._desk.focus_picture()

    @Slot(object)
    def _choose(self, comment_id: int | None) -> None:
        self._chosen = comment_id
        comment = self._find(comment_id)
        if comment is not None:
            self._canvas.reveal(comment.x, comment.y, comment.x, comment.y, 40.0)
        self._show()

    @Slot(object)
    def _change(self, comment_id: int) -> None:
        comment = self._find(comment_id)
        if comment is not None:
            self._changed = comment_id
            self._panel.start_writing(comment.text)

    @Slot(float, float)
    def _mouse_moved(self, x: float, y: float) -> None:
        self._mouse = x, y

    @Slot()
    def _layers_changed(self) -> None:
        stage = self._canvas.stage
        self.pins.setVisible(stage.regions.isVisible() or stage.detections.isVisible())

    @Slot()
    def _page_changed(self) -> None:
        key, comments = self._desk.open_page.key, comments_of(self._desk.open_page.page)
        if key != self._key:
            if self._panel.text.isEnabled():
                self._give_up()
            self._stop_drag()
            self._key, self._chosen, self._mouse = key, None, None
        elif comments is self._comments:
            return
        self._comments = comments
        self._show()

    @Slot()
    def _show(self) -> None:
        shown = [
            (number, comment)
            for number, comment in enumerate(self._comments, 1)
            if self._panel.all.isChecked() or not comment.resolved
        ]
        if self._chosen not in {comment.id for _, comment in shown}:
            self._chosen = None
        self._panel.show_comments(shown, self._chosen, len(self._comments) - len(shown))
        self.pins.show_pins(shown, self._chosen)

    def _find(self, comment_id: int | None) -> Comment | None:
        return next((comment for comment in self._comments if comment.id == comment_id), None)

    def _table(self) -> CommentTable | None:
        db = self._desk.parts.workspace.db
        return None if db is None else db.comments


def _author() -> str:
    """The name that the person has on this computer."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


A, C = ActionSpec, CommentCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("comment.add", "Comment", "Review", ("C",), "", "Pin a comment on the picture, where the mouse is",
      C.add, "page", rule=True),
    A("comment.resolve", "Resolve comment", "Review", ("Shift+C",), "",
      "The chosen comment is settled, or open again", C.resolve, "page"),
    A("comment.edit", "Change comment", "Review", ("Alt+C",), "", "Say something else in the chosen comment",
      C.edit, "page"),
    A("comment.delete", "Delete comment", "Review", ("Ctrl+Shift+C",), "",
      "Take the chosen comment away; Undo brings it back", C.delete, "page"),
    A("comment.next", "Next image that waits", "Review", ("Ctrl+Shift+D",), "",
      "Go to the next image that is rejected or has an open comment", C.next_waiting, "folder"),
    A("comment.previous", "Previous image that waits", "Review", ("Ctrl+Shift+A",), "",
      "Go back to an image that is rejected or has an open comment", C.previous_waiting, "folder"),
)  # fmt: skip
