"""What tools are given, what they answer, and what every tool can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, get_args

from app.domain.edits import Edit
from app.domain.hit_test import HitIndex
from app.domain.level_set import KeptMaps
from app.domain.page import Page
from app.domain.region import Region
from tcm_core.geometry.polygon import Points

ToolName = Literal[
    "select", "polygon", "rectangle", "rotated", "quad", "curve", "centre", "pick", "knife", "simplify",
    "transform",
]  # fmt: skip
TOOL_NAMES: Final[tuple[ToolName, ...]] = get_args(ToolName)
CursorName = Literal["arrow", "cross", "vertex", "insert", "move", "pointing", "turn", "resize"]
KeyName = Literal["escape", "enter", "tab", "backspace", "delete", "left", "right", "up", "down"]

DRAG_STARTS_AT: Final = 3.0  # widget pixels from the press; a shorter way is a click
SMALLEST_AREA: Final = 1.0  # square image pixels


@dataclass(frozen=True)
class Pointer:
    """The mouse at one moment, in image pixels."""

    x: float
    y: float
    pixel: float = 1.0  # image pixels for one widget pixel
    shift: bool = False
    ctrl: bool = False
    alt: bool = False


@dataclass(frozen=True)
class Key:
    """A key that tools know, with its modifiers."""

    name: KeyName
    shift: bool = False
    ctrl: bool = False
    alt: bool = False


@dataclass(frozen=True)
class Target:
    """What lies under the mouse. A ghost is the handle in the middle of edge `index`."""

    kind: Literal["vertex", "ghost", "edge", "body", "detection"]
    region_id: str = ""
    index: int = -1  # of the vertex, edge or detection


@dataclass(frozen=True)
class Scene:
    """What a tool can see: the page, what is selected, and the indices for hit tests."""

    page: Page
    regions: Mapping[str, Region]
    hits: HitIndex
    detection_hits: HitIndex  # its ids are the indices of the detections as text
    selected: frozenset[str] = frozenset()
    vertices: frozenset[int] = frozenset()
    maps: KeptMaps | None = None  # of the page, when they are kept

    @property
    def only_selected(self) -> Region | None:
        """The selected region when it is exactly one."""
        return self.regions[next(iter(self.selected))] if len(self.selected) == 1 else None


@dataclass(frozen=True)
class SendEdit:
    """Ask the owner of the page for an edit; then select these regions and vertices, when given."""

    edit: Edit
    select: tuple[str, ...] | None = None
    vertices: tuple[int, ...] = ()


@dataclass(frozen=True)
class Select:
    """Select exactly these."""

    ids: frozenset[str]
    vertices: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Reveal:
    """Move the view so that the region can be seen."""

    region_id: str


@dataclass(frozen=True)
class StartPan:
    """Let the rest of this drag move the view."""


@dataclass(frozen=True)
class AcceptDetections:
    """Ask for detections to become regions."""

    indices: tuple[int, ...]


@dataclass(frozen=True)
class ShowHint:
    """Say something in the status bar."""

    text: str


@dataclass(frozen=True)
class LeaveTool:
    """Go back to the select tool."""


Command = SendEdit | Select | Reveal | StartPan | AcceptDetections | ShowHint | LeaveTool


@dataclass(frozen=True)
class Preview:
    """What a tool wants to be drawn over the page."""

    polygons: Mapping[str, Points] = field(default_factory=dict)  # selected regions as they would become
    hover: Target | None = None
    draft: Points | None = None  # (N, 2) the outline so far, with the mouse as its last point
    draft_points: int = 0  # how many of them are set
    closing: bool = False  # a click would close the draft
    band: tuple[float, float, float, float] | None = None  # x0, y0, x1, y1
    lines: tuple[Points, ...] = ()  # open lines
    marks: Points | None = None  # (K, 2) points that were set
    frame: Points | None = None  # (4, 2) the frame whose handles turn and scale
    bare: bool = False  # the selected regions show no handles of their own


NOTHING: Final = Preview()


class Tool(Protocol):
    """A state machine. Every method answers with the commands that the canvas is to carry out."""

    @property
    def name(self) -> ToolName: ...

    @property
    def idle_hint(self) -> str:
        """What the status bar says while nothing is under way."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a press or a draft is under way, that `cancel` would end."""
        ...

    @property
    def has_draft(self) -> bool:
        """Whether points have been set that `undo_point` can take back."""
        ...

    @property
    def cursor(self) -> CursorName: ...

    def preview(self) -> Preview: ...

    def see(self, scene: Scene) -> None:
        """Told when the tool is taken, and when the page, its maps or the selection are others."""
        ...

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]: ...

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]: ...

    def release(self, pointer: Pointer, scene: Scene) -> list[Command]: ...

    def double_click(self, pointer: Pointer, scene: Scene) -> list[Command]:
        """The second press of a double click; its first press and release were told before."""
        ...

    def wheel(self, notches: float, pointer: Pointer, scene: Scene) -> list[Command] | None:
        """The wheel was turned; None when it is not for the tool."""
        ...

    def leave(self) -> None:
        """The mouse has left the canvas."""
        ...

    def claims(self, key: Key, scene: Scene) -> bool:
        """Whether `key` would do something now."""
        ...

    def key(self, key: Key, scene: Scene) -> list[Command]: ...

    def undo_point(self) -> list[Command]:
        """Take back the last point of the draft."""
        ...

    def cancel(self) -> None:
        """End whatever is under way without an edit."""
        ...
