"""Drives a canvas as a person does: real mouse and key events, places given in image pixels."""

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.document.selection import Selection
from app.domain.edits import Edit, EditRefused
from app.domain.page import Page
from app.domain.region import Region, new_region
from app.views.canvas.view import StudioCanvas

NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton
MIDDLE = Qt.MouseButton.MiddleButton
RIGHT = Qt.MouseButton.RightButton


class PageOwner(QObject):
    """Applies what the canvas asks for and shows the new page, as the session does in the program."""

    def __init__(self, canvas: StudioCanvas, page: Page) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.page = page
        self.edits: list[Edit] = []
        self.accepted: list[list[int]] = []
        self.refused: list[str] = []
        canvas.edit_requested.connect(self.apply)
        canvas.accept_requested.connect(self.accept)
        canvas.show_page(page)

    def apply(self, edit: Edit) -> None:
        self.edits.append(edit)
        try:
            self.page = edit.apply(self.page)
        except EditRefused as refusal:
            self.refused.append(str(refusal))
            return
        self.canvas.show_page(self.page)

    def accept(self, indices: list[int]) -> None:
        self.accepted.append(indices)


@dataclass
class CanvasRobot:
    """A canvas with its owner and selection, and hands to use it."""

    canvas: StudioCanvas
    owner: PageOwner
    selection: Selection
    hints: list[str] = field(default_factory=list)

    @property
    def edits(self) -> list[Edit]:
        return self.owner.edits

    @property
    def only_edit(self) -> Edit:
        (edit,) = self.owner.edits
        return edit

    @property
    def regions(self) -> tuple[Region, ...]:
        return self.owner.page.regions

    def polygon(self, number: int) -> list[list[float]]:
        """The polygon of the region that was given at this place, rounded to hundredths."""
        return np.round(self.regions[number].polygon, 2).tolist()

    def select(self, *numbers: int) -> None:
        self.selection.set(self.regions[number].id for number in numbers)

    @property
    def selected(self) -> list[int]:
        """The places of the selected regions in the page."""
        return [number for number, region in enumerate(self.regions) if region.id in self.selection.ids]

    def at(self, x: float, y: float) -> QPoint:
        return self.canvas.image_to_widget(x, y)

    def hover(self, x: float, y: float) -> None:
        """Move the mouse there without a button; a second move within a pixel makes sure it arrives."""
        viewport = self.canvas.viewport()
        QTest.mouseMove(viewport, QPoint(0, 0))
        QTest.mouseMove(viewport, self.at(x, y))

    def click(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NONE, button=LEFT) -> None:
        QTest.mouseClick(self.canvas.viewport(), button, modifiers, self.at(x, y))

    def double_click(self, x: float, y: float) -> None:
        """What a mouse sends: press, release, double click, release."""
        self.click(x, y)
        QTest.mouseDClick(self.canvas.viewport(), LEFT, NONE, self.at(x, y))

    def press(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NONE, button=LEFT) -> None:
        QTest.mousePress(self.canvas.viewport(), button, modifiers, self.at(x, y))

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NONE, button=LEFT) -> None:
        """Move with a button held; sent directly, since the test module cannot hold modifiers in a move."""
        self._send(QEvent.Type.MouseMove, self.at(x, y), Qt.MouseButton.NoButton, button, modifiers)

    def release(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NONE, button=LEFT) -> None:
        QTest.mouseRelease(self.canvas.viewport(), button, modifiers, self.at(x, y))

    def drag(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        modifiers: Qt.KeyboardModifier = NONE,
        button: Qt.MouseButton = LEFT,
    ) -> None:
        """Press, move in five steps, release."""
        self.press(*start, modifiers, button)
        for step in range(1, 6):
            share = step / 5
            x = start[0] + share * (end[0] - start[0])
            y = start[1] + share * (end[1] - start[1])
            self.move(x, y, modifiers, button)
        self.release(*end, modifiers, button)

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClick(self.canvas, key, modifiers)

    def wheel(self, x: float, y: float, notches: int, modifiers: Qt.KeyboardModifier = NONE) -> bool:
        """Turn the wheel there; returns whether the canvas took the event."""
        place = QPointF(self.at(x, y))
        event = QWheelEvent(
            place,
            QPointF(self.canvas.viewport().mapToGlobal(place.toPoint())),
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.canvas.viewport(), event)
        return event.isAccepted()

    def _send(self, kind, place: QPoint, button, buttons, modifiers) -> None:
        where = QPointF(place)
        on_screen = QPointF(self.canvas.viewport().mapToGlobal(place))
        QApplication.sendEvent(
            self.canvas.viewport(), QMouseEvent(kind, where, on_screen, button, buttons, modifiers)
        )


def rectangle(x: float, y: float, width: float, height: float) -> Region:
    """A region with its first vertex at (x, y), clockwise."""
    return new_region([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def picture(width: int = 400, height: int = 300, colour: int = 0x808080) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(colour)
    return image


def make_robot(qtbot, page: Page, size: tuple[int, int] = (824, 624)) -> CanvasRobot:
    """A shown canvas with a 400 x 300 picture at scale 2, so that an image pixel is two widget pixels."""
    selection = Selection()
    canvas = StudioCanvas(selection)
    qtbot.addWidget(canvas)
    canvas.resize(*size)
    canvas.show_image(picture())
    canvas.show()
    qtbot.waitExposed(canvas)
    canvas.setFocus()
    robot = CanvasRobot(canvas, PageOwner(canvas, page), selection)
    canvas.hint_changed.connect(robot.hints.append)
    return robot
