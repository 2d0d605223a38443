"""From Qt's events to the pointer and keys that tools know."""

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from app.views.canvas.camera import Camera
from app.views.canvas.tools.tool import CursorName, Key, KeyName, Pointer

_KEYS: Final[dict[int, KeyName]] = {
    Qt.Key.Key_Escape: "escape",
    Qt.Key.Key_Return: "enter",
    Qt.Key.Key_Enter: "enter",
    Qt.Key.Key_Tab: "tab",
    Qt.Key.Key_Backtab: "tab",
    Qt.Key.Key_Backspace: "backspace",
    Qt.Key.Key_Delete: "delete",
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
}
CURSORS: Final[dict[CursorName, Qt.CursorShape]] = {
    "arrow": Qt.CursorShape.ArrowCursor,
    "cross": Qt.CursorShape.CrossCursor,
    "vertex": Qt.CursorShape.CrossCursor,
    "insert": Qt.CursorShape.PointingHandCursor,
    "move": Qt.CursorShape.SizeAllCursor,
    "pointing": Qt.CursorShape.PointingHandCursor,
    "turn": Qt.CursorShape.PointingHandCursor,
    "resize": Qt.CursorShape.SizeFDiagCursor,
}


def to_pointer(position: QPointF, modifiers: Qt.KeyboardModifier, camera: Camera) -> Pointer:
    """The pointer at a widget position."""
    x, y = camera.to_image(position.x(), position.y())
    return Pointer(
        x,
        y,
        1.0 / camera.scale,
        shift=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
        ctrl=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
        alt=bool(modifiers & Qt.KeyboardModifier.AltModifier),
    )


def to_key(event: QKeyEvent) -> Key | None:
    """The key that tools know, or None for all other keys."""
    name = _KEYS.get(event.key())
    if name is None:
        return None
    modifiers = event.modifiers()
    shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier) or event.key() == Qt.Key.Key_Backtab
    return Key(
        name,
        shift=shift,
        ctrl=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
        alt=bool(modifiers & Qt.KeyboardModifier.AltModifier),
    )


def is_undo(event: QKeyEvent) -> bool:
    """Whether the key is the one that takes the last point of a draft back."""
    return event.key() == Qt.Key.Key_Z and event.modifiers() == Qt.KeyboardModifier.ControlModifier
