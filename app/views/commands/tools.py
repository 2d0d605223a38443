"""Tools: what the mouse does on the picture."""

from typing import Final

from PySide6.QtCore import QObject, Slot

from app.views.action_spec import ActionSpec
from app.views.canvas.tools.tool import ToolName
from app.views.commands.desk import Desk


class ToolsCommands(QObject):
    """What the mouse does on the picture.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._tool: ToolName = "select"
        self._drawing_tool: ToolName = "polygon"
        desk.add_checks(self.checked)
        desk.window.canvas.tool_changed.connect(self._tool_changed)

    def checked(self) -> set[str]:
        """The action of the tool in use."""
        return {f"tool.{self._tool}"}

    def tool_select(self) -> None:
        self._desk.window.canvas.set_tool("select")

    def tool_polygon(self) -> None:
        self._draw_with("polygon")

    def tool_rectangle(self) -> None:
        self._draw_with("rectangle")

    def tool_rotated(self) -> None:
        self._draw_with("rotated")

    def tool_quad(self) -> None:
        self._draw_with("quad")

    def tool_curve(self) -> None:
        self._draw_with("curve")

    def tool_centre(self) -> None:
        self._draw_with("centre")

    def tool_pick(self) -> None:
        """Pick from the score map; it is laid over the image, so that there is something to see."""
        layers = self._desk.window.layers
        if layers.map_name not in layers.own_maps:
            layers.set_map(layers.own_maps[0] if layers.own_maps else "probability")
        self._draw_with("pick")

    def tool_knife(self) -> None:
        self._desk.window.canvas.set_tool("knife")

    def tool_transform(self) -> None:
        self._desk.window.canvas.set_tool("transform")

    def tool_repeat(self) -> None:
        self._draw_with(self._drawing_tool)

    def _draw_with(self, tool: ToolName) -> None:
        self._drawing_tool = tool
        self._desk.window.canvas.set_tool(tool)

    @Slot(str)
    def _tool_changed(self, name: ToolName) -> None:
        self._tool = name
        self._desk.refresh()


A, C = ActionSpec, ToolsCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("tool.select", "Select", "Tools", ("V",), "select", "Select, move and reshape regions", C.tool_select,
      "page", True, "tool"),
    A("tool.polygon", "Polygon", "Tools", ("P", "Q"), "polygon",
      "Draw a polygon: click its vertices, Enter ends it", C.tool_polygon, "page", True, "tool"),
    A("tool.rectangle", "Rectangle", "Tools", ("R", "W"), "rectangle",
      "Draw a rectangle: drag from corner to corner", C.tool_rectangle, "page", True, "tool"),
    A("tool.rotated", "Rotated box", "Tools", ("O",), "rotated",
      "Draw a rotated box: two clicks along one side, a third for the height", C.tool_rotated, "page", True,
      "tool"),
    A("tool.quad", "Quad", "Tools", ("T",), "quad", "Draw a quadrilateral: click its four corners",
      C.tool_quad, "page", True, "tool"),
    A("tool.curve", "Curved text", "Tools", ("B",), "curve",
      "Draw curved text: click along its upper side, Enter, along its lower side, Enter", C.tool_curve,
      "page", True, "tool"),
    A("tool.centre", "Curved text by its middle", "Tools", ("Shift+B",), "",
      "Draw curved text: click along its middle, Enter, then click at its height", C.tool_centre,
      "page", True, "tool"),
    A("tool.pick", "Pick from score map", "Tools", ("M",), "pick",
      "Click a bright place of the score map to make a region of it", C.tool_pick, "page", True, "tool"),
    A("tool.repeat", "Last drawing tool", "Tools", ("N",), "", "Take the drawing tool used last",
      C.tool_repeat, "page"),
    A("tool.knife", "Knife", "Tools", ("K",), "knife", "Cut regions along a line: drag across them",
      C.tool_knife, "page", True, "tool", rule=True),
    A("tool.transform", "Turn and scale", "Tools", ("E",), "transform",
      "Turn, scale and move the selection by the handles of a frame", C.tool_transform, "page", True, "tool"),
)  # fmt: skip
