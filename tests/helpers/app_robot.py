"""A robot that drives the real program: `main()` runs, and a script is stepped beside it by a timer.

A script is a generator function that gets the robot. What it yields is a condition to wait for:

    def script(robot):
        yield robot.folder_open
        robot.press("D")
        yield lambda: robot.key == "b.jpg"

When the script ends the robot closes the window. A script that fails or waits in vain fails the test.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from unittest.mock import patch

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QAction, QInputMethodEvent, QKeySequence, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.__main__ import main, make_parser, run_window
from app.domain.page import Page
from app.views.canvas.view import StudioCanvas
from app.views.dialogs.problem import ProblemDialog
from app.views.main_window import MainWindow
from app.workers.messages import Problem

Condition = Callable[[], object]
Script = Callable[["AppRobot"], Iterator[Condition]]
POLL_MS = 10
PATIENCE_S = 30.0
_MODIFIERS = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
}


class AppRobot:
    """Hands and eyes of a person. Places are image pixels."""

    @property
    def window(self) -> MainWindow:
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()]
        assert len(windows) == 1, f"{len(windows)} main windows"
        return windows[0]

    @property
    def canvas(self) -> StudioCanvas:
        return self.window.canvas

    # eyes

    @property
    def key(self) -> str | None:
        title = self.window.windowTitle()
        return title.removesuffix(" - TCM Studio") if title != "TCM Studio" else None

    @property
    def page(self) -> Page:
        return self.window.regions.page

    @property
    def detection_count(self) -> int:
        """As the detector's panel says."""
        first = self.window.detection.summary.text().split(" ")[0]
        return int(first) if first.isdigit() else 0

    @property
    def problems(self) -> list[Problem]:
        """The problem on the screen and those that wait behind it."""
        dialog = self.window.findChild(ProblemDialog)
        return [] if dialog is None or dialog.shown is None else [dialog.shown, *dialog.waiting]

    def action(self, name: str) -> QAction:
        found = [a for a in (*self.window.actions(), *self.canvas.actions()) if a.objectName() == name]
        assert len(found) == 1, f"{len(found)} actions named {name}"
        return found[0]

    def is_shown(self) -> bool:
        """Whether the window is there and takes keys, or a dialog of it does."""
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()]
        return bool(windows) and QApplication.activeWindow() is not None

    def folder_open(self) -> bool:
        return self.is_shown() and self.key is not None

    def picture_shown(self) -> bool:
        """Whether the picture is on the screen and the commands know of it."""
        ready = self.folder_open() and self.action("fit").isEnabled()
        return ready and not self.canvas.stage.image_rect.isEmpty()

    def checkpoint_ready(self) -> bool:
        return self.is_shown() and self.window.status.checkpoint_label.property("state") == "good"

    def idle(self) -> bool:
        """Whether no detection is under way."""
        return not self.action("cancel").isEnabled() and "Looking" not in self.window.detection.summary.text()

    def can_accept(self) -> bool:
        """Whether there are detections, and the command to accept them knows."""
        return self.detection_count > 0 and self.action("accept_all").isEnabled()

    def detected(self) -> Iterator[Condition]:
        """The opening of many scripts: the first picture is there, and its text is found."""
        yield self.picture_shown
        yield self.checkpoint_ready
        self.press("G")
        yield self.can_accept

    def all_detected(self) -> bool:
        """Whether a detection of all pages has run and is over."""
        return self.idle() and "detected" in self.window.status.currentMessage()

    @property
    def image_size(self) -> tuple[float, float]:
        """Height and width of the picture on the screen."""
        rect = self.canvas.stage.image_rect
        return rect.height(), rect.width()

    # hands

    def select(self, region_id: str) -> None:
        """Click the region's row in the table."""
        row = next(row for row, region in enumerate(self.page.regions) if region.id == region_id)
        self.window.regions.table.selectRow(row)

    def trigger(self, name: str) -> None:
        action = self.action(name)
        assert action.isEnabled(), f"{name} is disabled: {action.toolTip()}"
        action.trigger()

    def press(self, keys: str, widget: QWidget | None = None) -> None:
        """Press a key such as "D" or "Ctrl+Z" on a widget; without one, on the picture."""
        target = self.canvas if widget is None else widget
        target.setFocus()
        *held, name = keys.split("+") if keys != "+" else ["+"]
        modifiers = Qt.KeyboardModifier.NoModifier
        for one in held:
            modifiers |= _MODIFIERS[one]
        QTest.keyClick(target, QKeySequence(name)[0].key(), modifiers)
        if held:  # the keys held down are let go too, or Qt goes on thinking that they are
            QTest.keyRelease(target, Qt.Key.Key_Shift)

    def type(self, text: str, widget: QWidget) -> None:
        """Type letters by keys, and what no key has as an input method commits it."""
        widget.setFocus()
        for letter in text:
            if letter.isascii():
                QTest.keyClicks(widget, letter)
            else:
                committed = QInputMethodEvent()
                committed.setCommitString(letter)
                QApplication.sendEvent(widget, committed)

    def click(self, x: float, y: float, held: str = "") -> None:
        place = self.place(x, y)
        self.mouse(QEvent.Type.MouseMove, place, held)
        self.mouse(QEvent.Type.MouseButtonPress, place, held, Qt.MouseButton.LeftButton)
        self.mouse(QEvent.Type.MouseButtonRelease, place, held, Qt.MouseButton.LeftButton)

    def double_click(self, x: float, y: float) -> None:
        self.click(x, y)
        place = self.place(x, y)
        self.mouse(QEvent.Type.MouseButtonDblClick, place, "", Qt.MouseButton.LeftButton)
        self.mouse(QEvent.Type.MouseButtonRelease, place, "", Qt.MouseButton.LeftButton)

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 5) -> None:
        first, last = self.place(*start), self.place(*end)
        self.mouse(QEvent.Type.MouseMove, first)
        self.mouse(QEvent.Type.MouseButtonPress, first, "", Qt.MouseButton.LeftButton)
        for step in range(1, steps + 1):
            between = first + (last - first) * (step / steps)
            self.mouse(QEvent.Type.MouseMove, between, "", held_button=Qt.MouseButton.LeftButton)
        self.mouse(QEvent.Type.MouseButtonRelease, last, "", Qt.MouseButton.LeftButton)

    def close_problems(self) -> list[Problem]:
        """Read and close what the error dialog shows."""
        seen = self.problems
        dialog = self.window.findChild(ProblemDialog)
        while dialog is not None and dialog.shown is not None:
            dialog.close_button.click()
        self.window.activateWindow()  # a window manager does it; the offscreen platform has none
        return seen

    def close(self) -> None:
        self.window.close()

    def place(self, x: float, y: float) -> QPointF:
        place = QPointF(self.canvas.image_to_widget(x, y))
        assert self.canvas.rect().contains(place.toPoint()), f"({x}, {y}) is not to be seen"
        return place

    def mouse(
        self,
        kind: QEvent.Type,
        place: QPointF,
        held: str = "",
        button: Qt.MouseButton = Qt.MouseButton.NoButton,
        held_button: Qt.MouseButton = Qt.MouseButton.NoButton,
    ) -> None:
        target = self.canvas.viewport()
        down = kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
        buttons = button if down else held_button
        modifiers = _MODIFIERS[held] if held else Qt.KeyboardModifier.NoModifier
        spot = QPointF(target.mapToGlobal(QPoint(0, 0))) + place
        QApplication.sendEvent(target, QMouseEvent(kind, place, spot, button, buttons, modifiers))


class _Stepper:
    """Steps a script by a timer while the program's event loop runs."""

    def __init__(self, script: Script) -> None:
        self.robot = AppRobot()
        self.error: BaseException | None = None
        self.done = False
        self._steps = script(self.robot)
        self._condition: Condition = self.robot.is_shown
        self._since = time.monotonic()
        self._timer = QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        try:
            if self._condition():
                self._condition = next(self._steps)
                self._since = time.monotonic()
            elif time.monotonic() - self._since > PATIENCE_S:
                raise AssertionError(f"waited {PATIENCE_S:.0f} s in vain; {self._what_is_seen()}")
        except StopIteration:
            self.done = True
            self.stop()
            self.robot.close()
        except BaseException as error:  # noqa: BLE001 the edge of a slot: raised again when the loop has ended
            self.error = error
            self.stop()
            QApplication.exit(99)

    def _what_is_seen(self) -> str:
        window = self.robot.window
        seen = [
            f"active window: {QApplication.activeWindow()}",
            f"focus: {QApplication.focusWidget()}",
            f"image: {self.robot.key}, {len(self.robot.page.regions)} regions",
            window.detection.summary.text(),
            window.status.currentMessage(),
            f"problems: {self.robot.problems}",
        ]
        return "; ".join(seen)

    def stop(self) -> None:
        self._timer.stop()


def run_main(argv: Sequence[str], script: Script) -> int:
    """Run the real main() with this script; its exit status."""
    return _run(script, lambda: main(argv))


def run_with(detector: Callable, argv: Sequence[str], script: Script) -> int:
    """Run the window with another maker of detectors (see fake_predictor) and this script; the status."""
    return _run(script, lambda: run_window(make_parser().parse_args(argv), detector))


def _no_hard_end(status: int) -> None:
    """A program whose threads do not end leaves the process at once, which would end the tests unseen."""
    raise AssertionError(f"a thread did not end in time; the status would have been {status}")


def _run(script: Script, program: Callable[[], int]) -> int:
    stepper = _Stepper(script)
    try:
        with patch("os._exit", _no_hard_end):
            status = program()
    except AssertionError as hard_end:
        raise stepper.error or hard_end from hard_end  # the script's own error came first
    finally:
        stepper.stop()
        QCoreApplication.removePostedEvents(
            QApplication.instance(), QEvent.Type.Quit
        )  # else it ends later loops
    if stepper.error is not None:
        raise stepper.error
    assert stepper.done, f"the program ended before the script, with status {status}"
    return status
