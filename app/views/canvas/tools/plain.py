"""What tools do with what they do not care for, so that each says only what it is about."""

from app.views.canvas.tools.drafting import DraftPoints
from app.views.canvas.tools.tool import Command, Key, LeaveTool, Pointer, Scene


class PlainTool:
    """A tool that answers nothing. Escape gives up what is under way, and leaves the tool when nothing is."""

    has_draft = False

    @property
    def busy(self) -> bool:
        return False

    def see(self, scene: Scene) -> None:
        """The page or the selection is another one now."""

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return []

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return []

    def release(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return []

    def double_click(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return self.press(pointer, scene)

    def wheel(self, notches: float, pointer: Pointer, scene: Scene) -> list[Command] | None:
        return None

    def leave(self) -> None:
        return

    def claims(self, key: Key, scene: Scene) -> bool:
        return key.name == "escape"

    def key(self, key: Key, scene: Scene) -> list[Command]:
        return self._escape() if key.name == "escape" else []

    def undo_point(self) -> list[Command]:
        return []

    def cancel(self) -> None:
        return

    def _escape(self) -> list[Command]:
        if not self.busy:
            return [LeaveTool()]
        self.cancel()
        return []


class PointsTool(PlainTool):
    """A tool that sets points one after the other; Backspace takes the last one back, Enter ends."""

    def __init__(self) -> None:
        self._draft = DraftPoints()

    @property
    def busy(self) -> bool:
        return len(self._draft) > 0

    @property
    def has_draft(self) -> bool:  # type: ignore[override]  # a tool without points has a constant
        return self.busy

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._draft.add(pointer)
        return []

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._draft.follow(pointer)
        return []

    def claims(self, key: Key, scene: Scene) -> bool:
        return key.name == "escape" or (self.busy and key.name in ("enter", "backspace", "delete"))

    def key(self, key: Key, scene: Scene) -> list[Command]:
        match key.name:
            case "escape":
                return self._escape()
            case "enter" if self.busy:
                return self.finish(scene)
            case "backspace" | "delete":
                return self.undo_point()
            case _:
                return []

    def finish(self, scene: Scene) -> list[Command]:
        """Make what the points say."""
        return []

    def undo_point(self) -> list[Command]:
        self._draft.drop_last()
        return []

    def cancel(self) -> None:
        self._draft.clear()
