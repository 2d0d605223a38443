"""One of every tool."""

from app.views.canvas.tools.curve import CentreTool, RailsTool
from app.views.canvas.tools.knife import KnifeTool
from app.views.canvas.tools.pick_map import PickTool
from app.views.canvas.tools.polygon import PolygonTool
from app.views.canvas.tools.quad import QuadTool
from app.views.canvas.tools.rectangle import RectangleTool
from app.views.canvas.tools.rotated import RotatedTool
from app.views.canvas.tools.select import SelectTool
from app.views.canvas.tools.simplify import SimplifyTool
from app.views.canvas.tools.tool import Tool, ToolName
from app.views.canvas.tools.transform import TransformTool


def make_tools() -> dict[ToolName, Tool]:
    """The tools of one canvas by name."""
    tools: tuple[Tool, ...] = (
        SelectTool(),
        PolygonTool(),
        RectangleTool(),
        RotatedTool(),
        QuadTool(),
        RailsTool(),
        CentreTool(),
        PickTool(),
        KnifeTool(),
        SimplifyTool(),
        TransformTool(),
    )
    return {tool.name: tool for tool in tools}
