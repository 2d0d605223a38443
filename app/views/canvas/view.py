"""The canvas widget: shows a page over its photograph and turns mouse and keys into edits.

It never changes a page. It asks for an edit by a signal; the owner applies it and shows the new page.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.document.selection import Selection
from app.domain.level_set import KeptMaps
from app.domain.page import Page
from app.domain.region import Region
from app.views.canvas import style
from app.views.canvas.active_layer import ActiveContent
from app.views.canvas.contents import Contents
from app.views.canvas.guides import Guides
from app.views.canvas.hint_line import HintLine
from app.views.canvas.input import CURSORS, is_undo, to_key, to_pointer
from app.views.canvas.navigation import WHEEL_NOTCH, NavigationView
from app.views.canvas.stage import LayerName, Stage
from app.views.canvas.tools.picking import detection_of, hit_of, pick
from app.views.canvas.tools.tool import (
    AcceptDetections,
    Command,
    Key,
    LeaveTool,
    Pointer,
    Reveal,
    Scene,
    Select,
    SendEdit,
    ShowHint,
    StartPan,
    Target,
    ToolName,
)
from app.views.canvas.tools.toolbox import make_tools
from tcm_core.detection import Detection
from tcm_core.geometry.polygon import bounds

REFINE_AFTER_MS: Final = 150
ZOOM_MARGIN: Final = 120.0  # widget pixels around a selection that is zoomed to
REVEAL_MARGIN: Final = 24.0
_KEEPING: Final = ("pick", "simplify", "transform")  # they keep something of the page from call to call
_ABOUT_REGIONS: Final = ("select", "simplify", "transform")  # their gestures are about regions of the page


class StudioCanvas(NavigationView):
    """One page on the screen. All coordinates in signals and methods are image pixels unless said."""

    edit_requested = Signal(object)  # Edit
    accept_requested = Signal(object)  # list[int], indices of the shown detections
    hint_changed = Signal(str)
    tool_changed = Signal(str)  # ToolName
    context_menu_requested = Signal(object, object)  # Hit | None, QPoint on the screen

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        self.stage = Stage()
        super().__init__(self.stage.plane, style.BACKGROUND, parent)
        self.setObjectName("canvas")
        self.setAccessibleName("Canvas")
        self._selection = selection
        self._contents = Contents()
        self._tools = make_tools()
        self._tool = self._tools["select"]
        self._pending: SendEdit | None = None  # whose regions are to be selected when the page shows them
        self._hints = HintLine(self)
        self._hints.changed.connect(self.hint_changed)
        self._refine_timer = QTimer(self)
        self._refine_timer.setSingleShot(True)
        self._refine_timer.setInterval(REFINE_AFTER_MS)
        self._refine_timer.timeout.connect(self.refine)
        self.guides = Guides(self, self.stage, lambda: self.sight)
        self.guides.mini_map.look_wanted.connect(self.look_at)
        selection.changed.connect(self._selection_changed)
        self.start_following()

    # --- what is shown ---

    def show_image(self, image: QImage | None) -> None:
        """Show another photograph and fit it; None shows none. Whatever was being drawn is given up."""
        self.cancel_gesture()
        self.stage.show_image(image)
        self.set_image_size(self.stage.image_rect.width(), self.stage.image_rect.height())

    def show_page(self, page: Page) -> None:
        """Show the regions of a page. Cheap when most region objects are those of the page before."""
        changed = self._contents.set_page(page)
        if changed and self._tool.name in _ABOUT_REGIONS:
            self._tool.cancel()  # a drag under way was about regions that may be gone
        self.stage.show_regions(page.regions)
        self._selection.keep_only(self._contents.regions)
        self._select_pending()
        if changed:
            if self._contents.detections:
                self.stage.show_detections(self._contents.visible_detections())
            self._tell_tool()
        self._look_again()

    def show_detections(self, detections: Sequence[Detection]) -> None:
        """Show what a model proposes, in a layer of its own."""
        self._contents.set_detections(detections)
        self.stage.show_detections(self._contents.visible_detections())
        self._look_again()

    def show_truth(self, regions: Sequence[Region]) -> None:
        """Show the ground truth of the page, in a layer that nothing can be clicked in."""
        self.stage.show_truth(regions)

    def set_hide_accepted(self, hide: bool) -> None:
        """Leave out detections that a region covers, or show them all."""
        self._contents.hide_covered = hide
        self.show_detections(self._contents.detections)

    def set_maps(self, maps: KeptMaps | None) -> None:
        """Give the tools the kept maps of the page, or take them away."""
        self._contents.maps = maps
        self._tell_tool()
        self._look_again()

    def show_map(self, values: NDArray[np.uint8] | None, rect: QRectF | None) -> None:
        """Show a (h, w) score map over the image rectangle that all of it covers, or none."""
        self.stage.show_map(values, rect)

    def set_peek(self, hidden: bool) -> None:
        """Hide everything but the photograph while `hidden`."""
        self.stage.set_peek(hidden)

    def set_layer_visible(self, layer: LayerName, visible: bool) -> None:
        """Show or hide a layer; what is hidden cannot be clicked either."""
        self.stage.set_visible(layer, visible)
        self._look_again()

    @property
    def tool(self) -> ToolName:
        """The tool in use."""
        return self._tool.name

    @property
    def has_draft(self) -> bool:
        """Whether points of a new region have been set, that `undo_draft_point` can take back."""
        return self._tool.has_draft

    @property
    def hovered_detection(self) -> int | None:
        """The index of the detection under the mouse, when nothing lies over it."""
        return detection_of(self._tool.preview().hover)

    @property
    def shown_active(self) -> ActiveContent:
        """What the layer of selection and handles shows."""
        return self.stage.active.content

    def set_tool(self, name: ToolName) -> None:
        """Take another tool; whatever was under way is given up."""
        if name == self._tool.name:
            return
        self.cancel_gesture()
        self._tool.leave()
        self._tool = self._tools[name]
        self._tell_tool()
        self.tool_changed.emit(name)
        self._look_again()

    @property
    def maps(self) -> KeptMaps | None:
        """The kept maps of the page."""
        return self._contents.maps

    def finish_draft(self) -> None:
        """End the draft under way as Enter does."""
        self._run(self._tool.key(Key("enter"), self._scene()))

    def step_level(self, steps: int) -> bool:
        """Do what Alt and the wheel do in the tool in use; whether it does anything."""
        commands = self._tool.wheel(
            steps, Pointer(*self.sight[0].center().toTuple(), alt=True), self._scene()
        )
        self._run(commands or [])
        return commands is not None

    def undo_draft_point(self) -> None:
        """Take back the last point of the region being drawn."""
        self._run(self._tool.undo_point())

    def cancel_gesture(self) -> None:
        """Give up the drag or draft under way."""
        self._tool.cancel()
        self.stop_pan()
        self._refresh()

    def select_all(self) -> None:
        """Select every region of the page."""
        self._selection.set(self._contents.regions)

    def zoom_to_selection(self) -> None:
        """Fill the view with the selected regions; without any, show the whole photograph."""
        chosen = self._contents.chosen(self._selection.ids)
        if chosen:
            self.zoom_to(*bounds(np.concatenate([region.polygon for region in chosen])), ZOOM_MARGIN)
        else:
            self.fit()

    def camera_moved(self, *, rescaled: bool) -> None:
        """Draw again; after a while of rest in full quality."""
        if rescaled:
            self._refine_timer.start()
        self.guides.look_again()
        self._look_again()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Some tools use the wheel; with Alt Qt turns it sideways."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        pointer = to_pointer(event.position(), event.modifiers(), self._camera)
        commands = self._tool.wheel(turned / WHEEL_NOTCH, pointer, self._scene()) if turned else None
        if commands is None:
            super().wheelEvent(event)
        else:
            event.accept()
            self._run(commands)

    def left_pressed(self, event: QMouseEvent) -> None:
        self._hints.forget_answer()
        self._run(self._tool.press(self._pointer(event), self._scene()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.guides.mouse_moved(QPointF(*self.widget_to_image(event.position())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._ready:
            self.guides.canvas_resized()

    def mouse_moved(self, event: QMouseEvent) -> None:
        self._run(self._tool.move(self._pointer(event), self._scene()))

    def left_released(self, event: QMouseEvent) -> None:
        commands = self._tool.release(self._pointer(event), self._scene())
        self._run(commands)
        if not commands:
            self._look_again()

    def left_double_clicked(self, event: QMouseEvent) -> None:
        self._run(self._tool.double_click(self._pointer(event), self._scene()))

    def right_clicked(self, event: QMouseEvent) -> None:
        if not self._tool.busy:
            target = pick(self._scene(), self._pointer(event))
            self._ask_for_menu(target, event.globalPosition().toPoint())

    def resting_cursor(self) -> Qt.CursorShape:
        """The shape of the mouse for what the tool would do."""
        return CURSORS[self._tool.cursor]

    def event(self, event: QEvent) -> bool:
        if (
            self._ready
            and event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._claims(event)
        ):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = to_key(event)
        if not self._claims(event):
            event.ignore()
        elif is_undo(event):
            self.undo_draft_point()
        elif key is None or self.panning:
            super().keyPressEvent(event)
        else:
            self._run(self._tool.key(key, self._scene()))

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Tab goes through the regions; without any it goes to the next widget."""
        return not self._contents.regions and bool(super().focusNextPrevChild(forwards))

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self.guides.mouse_moved(None)
        if not self._tool.busy:
            self._tool.leave()
        self._refresh()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.accept()  # the mouse asks on release, only the menu key comes through here
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            chosen = self._contents.chosen(self._selection.ids)
            self._ask_for_menu(Target("body", chosen[0].id) if chosen else None, event.globalPos())

    def _pointer(self, event: QMouseEvent) -> Pointer:
        return to_pointer(event.position(), event.modifiers(), self._camera)

    def _scene(self) -> Scene:
        return self._contents.scene(
            self._selection.ids,
            self._selection.vertices,
            regions=self.stage.is_visible("regions"),
            detections=self.stage.is_visible("detections"),
        )

    def _claims(self, event: QKeyEvent) -> bool:
        """Whether the canvas does something with this key now; all others go to the window."""
        if event.key() == Qt.Key.Key_Space:
            return event.modifiers() == Qt.KeyboardModifier.NoModifier
        if is_undo(event):
            return self.has_draft
        key = to_key(event)
        if key is None:
            return False
        return self._tool.claims(key, self._scene()) or (key.name == "escape" and self.panning)

    def _run(self, commands: Sequence[Command]) -> None:
        for command in commands:
            self._carry_out(command)
        self._refresh()
        answers = [command.text for command in commands if isinstance(command, ShowHint)]
        if answers:
            self._hints.answer(answers[-1])
            return
        if commands:
            self._hints.forget_answer()
        self._hints.say(self._tool.idle_hint)

    def _carry_out(self, command: Command) -> None:
        match command:
            case SendEdit(edit=edit):
                self._pending = command if command.select is not None else None
                self.edit_requested.emit(edit)
                self._select_pending()
            case Select(ids=ids, vertices=vertices):
                self._selection.set(ids, vertices)
            case Reveal(region_id=region_id):
                self.reveal(*bounds(self._contents.regions[region_id].polygon), REVEAL_MARGIN)
            case StartPan():
                self.start_pan()
            case AcceptDetections(indices=indices):
                self.accept_requested.emit(list(indices))
            case LeaveTool():
                self.set_tool("select")
            case ShowHint():
                pass

    def _selection_changed(self) -> None:
        self._tell_tool()
        self._refresh()

    def _tell_tool(self) -> None:
        """Tell a tool that keeps something of the page that it may be another; the others look when used."""
        if self._tool.name in _KEEPING:
            self._tool.see(self._scene())

    def _select_pending(self) -> None:
        """Select what the last edit made, as soon as the page shows it."""
        if self._pending is None or self._pending.select is None:
            return
        ids = self._pending.select
        if all(id_ in self._contents.regions for id_ in ids):
            vertices, self._pending = self._pending.vertices, None
            known = len(self._contents.regions[ids[0]].polygon) if ids else 0
            self._selection.set(ids, [index for index in vertices if index < known])

    def _look_again(self) -> None:
        """What is under the resting mouse may have changed."""
        if self._tool.busy or self.panning:
            self._refresh()
            return
        if self._mouse is None:
            self._tool.leave()
        else:
            pointer = to_pointer(self._mouse, Qt.KeyboardModifier.NoModifier, self._camera)
            self._tool.move(pointer, self._scene())
        self._refresh()
        self._hints.say(self._tool.idle_hint)

    def _refresh(self) -> None:
        content = self._contents.active(self._selection.ids, self._selection.vertices, self._tool.preview())
        self.stage.show_active(content, self._camera.scale)
        self.update_cursor()

    def _ask_for_menu(self, target: Target | None, place: QPoint) -> None:
        hit = hit_of(target)
        if hit is not None and hit.region_id not in self._selection.ids:
            self._selection.set((hit.region_id,))
        self.context_menu_requested.emit(hit, place)

    def refine(self) -> None:
        """Replace drawings that were made in a hurry while zooming by full ones."""
        self.stage.refine()
