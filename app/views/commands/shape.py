"""Shape: the outlines of the selected regions."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Slot

from app.domain import shape_verbs
from app.domain.edits import DeleteVertices, Edit, EditRefused
from app.domain.level_set import KeptMaps
from app.domain.shape_edits import ExchangeRegions
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk

UNCLIP: Final = 1.0  # pixels
TURN: Final = 1.0  # degrees
FAR_TURN: Final = 15.0


class ShapeCommands(QObject):
    """The outlines of the selected regions; each command is one edit.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._run = 0  # steps of one run of the same key are one undo
        desk.parts.selection.changed.connect(self._end_run)

    def merge(self) -> None:
        self._exchange(shape_verbs.merge)

    def join(self) -> None:
        self._exchange(shape_verbs.join)

    def split_words(self) -> None:
        maps = self._maps()
        self._exchange(lambda page, ids: shape_verbs.split_words(page, ids, maps))

    def cut(self) -> None:
        """Cut along the knife's line, or each selected region in its middle when there is none."""
        canvas = self._desk.window.canvas
        if canvas.tool == "knife" and canvas.has_draft:
            canvas.finish_draft()
        else:
            self._exchange(shape_verbs.halve)

    def simplify(self) -> None:
        self._desk.window.canvas.set_tool("simplify")

    def fit_box(self) -> None:
        self._apply(shape_verbs.to_box)

    def fit_quad(self) -> None:
        self._apply(shape_verbs.to_quad)

    def grow(self) -> None:
        self._apply(lambda page, ids: shape_verbs.unclip(page, ids, UNCLIP, self._key("unclip")))

    def shrink(self) -> None:
        self._apply(lambda page, ids: shape_verbs.unclip(page, ids, -UNCLIP, self._key("unclip")))

    def tighten(self) -> None:
        maps = self._maps()
        self._apply(lambda page, ids: shape_verbs.tighten(page, ids, maps, inwards=True))

    def loosen(self) -> None:
        maps = self._maps()
        self._apply(lambda page, ids: shape_verbs.tighten(page, ids, maps, inwards=False))

    def lower_level(self) -> None:
        self._level(-1)

    def raise_level(self) -> None:
        self._level(1)

    def delete_vertices(self) -> None:
        canvas, ids = self._desk.window.canvas, self._desk.parts.selection.ids
        vertices = self._desk.parts.selection.vertices
        if len(ids) != 1 or not vertices:
            raise EditRefused("No vertex is chosen: click one first, or Shift+drag around several.")
        self._desk.open_page.apply(DeleteVertices(next(iter(ids)), sorted(vertices)))
        canvas.setFocus()

    def _level(self, steps: int) -> None:
        if not self._desk.window.canvas.step_level(steps):
            raise EditRefused("Select one region of the model on an image whose score map is kept.")

    def turn_left(self) -> None:
        self._turn(-TURN)

    def turn_right(self) -> None:
        self._turn(TURN)

    def turn_far_left(self) -> None:
        self._turn(-FAR_TURN)

    def turn_far_right(self) -> None:
        self._turn(FAR_TURN)

    def next_start(self) -> None:
        self._apply(shape_verbs.next_start)

    def reading_order(self) -> None:
        self._apply(shape_verbs.in_reading_order)

    def _turn(self, degrees: float) -> None:
        self._apply(lambda page, ids: shape_verbs.turn(page, ids, degrees, self._key("turn")))

    def _apply(self, verb: Callable[..., Edit]) -> None:
        """Make one edit of the open page and the selection; a refusal is told by whoever runs the action."""
        self._desk.open_page.apply(verb(self._desk.open_page.page, self._desk.parts.selection.ids))

    def _exchange(self, verb: Callable[..., ExchangeRegions]) -> None:
        """The same, and select what the edit made."""
        edit = verb(self._desk.open_page.page, self._desk.parts.selection.ids)
        self._desk.open_page.apply(edit)
        made = [region.id for regions in edit.exchanges.values() for region in regions]
        there = {region.id for region in self._desk.open_page.page.regions}
        self._desk.parts.selection.set(there.intersection(made))

    def _maps(self) -> KeptMaps | None:
        return self._desk.window.canvas.maps

    def _key(self, what: str) -> str:
        return f"{what}:{id(self)}:{self._run}"

    @Slot()
    def _end_run(self) -> None:
        self._run += 1


A, C = ActionSpec, ShapeCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("shape.merge", "Merge", "Shape", ("Ctrl+M",), "merge", "Make one region of those that touch, exactly",
      C.merge, "selection"),
    A("shape.cut", "Cut in two", "Shape", ("Ctrl+K",), "",
      "Cut along the knife's line, or each selected region in its middle", C.cut, "page"),
    A("shape.join", "Join words into a line", "Shape", ("Ctrl+J",), "",
      "Make one line of the selected words, along their upper and lower sides", C.join, "selection",
      rule=True),
    A("shape.words", "Split line into words", "Shape", ("Ctrl+Shift+K",), "",
      "Cut a line where the score map sinks, or at the spaces of its transcription", C.split_words,
      "selection"),
    A("shape.simplify", "Simplify...", "Shape", ("S",), "simplify",
      "Fewer vertices: choose how many by the wheel, Enter keeps it", C.simplify, "selection", rule=True),
    A("shape.box", "Fit rotated box", "Shape", ("Ctrl+R",), "", "The smallest rectangle around each region",
      C.fit_box, "selection"),
    A("shape.quad", "Fit quad", "Shape", ("Ctrl+T",), "", "A tight quadrilateral around each region",
      C.fit_quad, "selection"),
    A("shape.grow", "Grow by a pixel", "Shape", ("+", "="), "", "Move every edge outwards by one pixel",
      C.grow, "selection", rule=True),
    A("shape.shrink", "Shrink by a pixel", "Shape", ("-",), "", "Move every edge inwards by one pixel",
      C.shrink, "selection"),
    A("shape.tighten", "Tighten to the score map", "Shape", ("Alt+-",), "",
      "Move what lies outside of the text in the score map in onto its outline", C.tighten, "selection"),
    A("shape.loosen", "Loosen to the score map", "Shape", ("Alt++", "Alt+="), "",
      "Move what lies inside of the text in the score map out onto its outline", C.loosen, "selection"),
    A("shape.level_down", "Lower this region's threshold", "Shape", ("Ctrl+,",), "",
      "The region grows along the level sets of the score map (Alt+wheel)", C.lower_level, "selection"),
    A("shape.level_up", "Raise this region's threshold", "Shape", ("Ctrl+.",), "",
      "The region shrinks along the level sets of the score map (Alt+wheel)", C.raise_level, "selection"),
    A("shape.vertices", "Delete chosen vertices", "Shape", ("Backspace",), "",
      "Delete the chosen vertices; Alt+click deletes one, Alt+click on an edge inserts one",
      C.delete_vertices, "selection", scope="canvas", rule=True),
    A("shape.turn_left", "Turn left by 1 degree", "Shape", ("[",), "", "Turn the selection anticlockwise",
      C.turn_left, "selection", rule=True),
    A("shape.turn_right", "Turn right by 1 degree", "Shape", ("]",), "", "Turn the selection clockwise",
      C.turn_right, "selection"),
    A("shape.turn_far_left", "Turn left by 15 degrees", "Shape", ("Shift+[",), "",
      "Turn the selection anticlockwise by 15 degrees", C.turn_far_left, "selection"),
    A("shape.turn_far_right", "Turn right by 15 degrees", "Shape", ("Shift+]",), "",
      "Turn the selection clockwise by 15 degrees", C.turn_far_right, "selection"),
    A("shape.start", "Begin reading at the next vertex", "Shape", ("L",), "",
      "The arrow beside the selected region shows where reading begins and which way it goes", C.next_start,
      "selection", rule=True),
    A("shape.order", "Put into reading order", "Shape", ("Shift+L",), "",
      "Vertices clockwise, beginning at the upper left of the text", C.reading_order, "selection"),
)  # fmt: skip
