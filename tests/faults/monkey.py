"""Seeded random actions in the real window: the action table, the mouse on the picture, keys, dialogs.

    python -m tests.faults.monkey --minutes 15 [--seed 0] [--made-detector]

The program's own main window works on generated photographs in a folder that goes away. Now and then the
window is closed and opened again, images are replaced, and come and go. Anything that nobody foresaw ends in
the list of faults: an exception in any thread, an error in the log, a warning of Qt, a problem that is a
mistake of the program, a thread that does not end, a project that opens with a notice. The actions before
the first fault are printed, so that it can be found by the same seed.

Not pressed: what leaves the program, starts a training process or downloads something.
"""

import argparse
import faulthandler
import logging
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QKeySequence, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)

from app.__main__ import make_parser, run_window
from app.storage.project_db import ProjectDb
from app.views.actions import ACTIONS
from app.views.main_window import MainWindow
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_nonsense, write_photo, write_photos, write_truncated, write_wide

NAMES = ("a.jpg", "b.png", "c.jpg", "d.jpg", "e.png", "f.jpg", "under/g.jpg", "名 <b>h.jpg")
LEFT_ALONE = ("quit", "open")  # the window is closed by the monkey itself; folders are opened by it too
NOT_PRESSED = re.compile(r"start|download|folder|quit|^ok$", re.IGNORECASE)
NOISE = re.compile(r"This plugin does not support|propagateSizeHints|QFSFileEngine::open|fontconfig")
MISTAKE = re.compile(r"by a mistake of the program|^(\w+\.)*(\w*Error|\w*Exception)\b", re.MULTILINE)
FORESEEN = re.compile(
    r"tcm_core\.errors\.|app\.storage\.errors\.|EditRefused|^(\w*File\w*|\w*Directory|Permission|OS)Error",
    re.MULTILINE,
)
TEXTS = ("EXIT", "", "茶館", "<img src=x>", "a" * 300, "-1", "3.5", "1e9", "\u202eabc", "' OR 1=1 --")
KEYS = (
    "Escape", "Return", "Tab", "Space", "Backspace", "Delete", "Up", "Down", "Left", "Right", "Home", "End",
    "Shift+Left", "Alt+Right", "Ctrl+A", "PgDown", "0", "1", "5", "9", "H",
)  # fmt: skip
STUCK_S = 120
SESSION_S = (20.0, 90.0)
REMEMBERED = 60
OUR_THREADS = ("gpu_worker.py", "in _collect")
LATE_S = 60.0


@dataclass
class Outcome:
    """What was done, and what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    slowest: tuple[float, str] = (0.0, "")
    sessions: int = 0
    until_fault: bool = False
    """Whether the first fault ends it."""

    @property
    def over(self) -> bool:
        return self.until_fault and bool(self.faults)

    def fault(self, what: str) -> None:
        """One more fault; the first comes with what was done before it."""
        if not self.faults:
            what += "\n  after: " + "\n    ".join(self.last)
        self.faults.append(what)
        sys.stdout.write(f"FAULT {what}\n")
        sys.stdout.flush()


class FaultHandler(logging.Handler):
    """Errors of the log, and problems on the screen that are no words of ours."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(logging.INFO)
        self._outcome = outcome

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        problem = record.name == "app.compose" and record.getMessage().startswith("problem:")
        foreseen = not MISTAKE.search(text) or FORESEEN.search(text)
        if record.levelno >= logging.ERROR or (problem and not foreseen):
            self._outcome.fault(text)


class Monkey:
    """Acts once every few milliseconds on whatever is on the screen, dialogs with loops of their own too."""

    def __init__(self, chance: random.Random, outcome: Outcome, folder: Path) -> None:
        self._chance = chance
        self._outcome = outcome
        self._folder = folder
        self._until = time.monotonic() + chance.uniform(*SESSION_S)
        self._ended = False
        self._kinds: dict[Callable[[QWidget], str], int] = {
            self._action: 45, self._mouse: 25, self._key: 14, self._widget: 12, self._window: 3,
            self._files: 1,
        }  # fmt: skip
        QTimer.singleShot(200, self._step)

    def end(self) -> None:
        """Do nothing more."""
        self._ended = True

    def close_by(self, moment: float) -> None:
        """Not later than at this moment of time.monotonic()."""
        self._until = min(self._until, moment)

    def _step(self) -> None:
        if self._ended:
            return
        # scheduled first: the action may open a dialog with a loop of its own, in which the steps go on
        QTimer.singleShot(self._chance.choice((0, 0, 1, 5, 20)), self._step)
        faulthandler.dump_traceback_later(STUCK_S, exit=True)
        began = time.monotonic()
        what = "nothing"
        try:
            what = self._act()
        finally:
            took = time.monotonic() - began
            self._outcome.slowest = max(self._outcome.slowest, (took, what))

    def _act(self) -> str:
        popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        window = _main_window()
        if popup is not None:
            return self._done("popup", self._in_popup(popup))
        if modal is not None:
            return self._done("modal", self._in_modal(modal))
        if window is None:
            return "no window"
        if time.monotonic() > self._until or self._outcome.over:
            return self._done("close", self._close(window))
        (kind,) = self._chance.choices(list(self._kinds), list(self._kinds.values()))
        self._outcome.last.append(f"({kind.__name__[1:]} ...)")
        return self._done(kind.__name__[1:], kind(window))

    def _done(self, kind: str, what: str) -> str:
        self._outcome.counts[kind] += 1
        self._outcome.last.append(what)
        return what

    # what can be done

    def _action(self, window: QWidget) -> str:
        spec = self._chance.choice(ACTIONS)
        if spec.id in LEFT_ALONE:
            return f"action {spec.id} left alone"
        owner = window.canvas if spec.scope == "canvas" else window
        found = [action for action in owner.actions() if action.objectName() == spec.id]
        if not found or not found[0].isEnabled():
            return f"action {spec.id} disabled"
        self._outcome.last.append(f"action {spec.id}")
        found[0].trigger()
        self._outcome.counts[f"action {spec.id}"] += 1
        return f"action {spec.id} done"

    def _mouse(self, window: QWidget) -> str:
        target = window.canvas.viewport()
        place = self._place(target)
        kind = self._chance.choice(("click", "click", "drag", "drag", "double", "wheel", "menu", "move"))
        held = self._chance.choice(
            (
                Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier,
                Qt.KeyboardModifier.AltModifier,
            )
        )  # fmt: skip
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        if kind == "wheel":
            turn = QPoint(0, self._chance.choice((-120, 120)))
            spot = QPointF(target.mapToGlobal(place))
            phase = Qt.ScrollPhase.NoScrollPhase
            QApplication.sendEvent(
                target, QWheelEvent(QPointF(place), spot, QPoint(), turn, none, held, phase, False)
            )
        elif kind == "menu":
            QTest.mouseClick(target, Qt.MouseButton.RightButton, held, place)
        else:
            _mouse(target, QEvent.Type.MouseMove, place, none, none, held)
            if kind != "move":
                _mouse(target, QEvent.Type.MouseButtonPress, place, left, left, held)
                if kind == "drag":
                    self._drag(target, place, held)
                    place = self._place(target)
                _mouse(target, QEvent.Type.MouseButtonRelease, place, left, none, held)
            if kind == "double":
                _mouse(target, QEvent.Type.MouseButtonDblClick, place, left, left, held)
                _mouse(target, QEvent.Type.MouseButtonRelease, place, left, none, held)
        return f"mouse {kind} at {place.x()}, {place.y()} with {held.name}"

    def _drag(self, target: QWidget, place: QPoint, held: Qt.KeyboardModifier) -> None:
        for _ in range(self._chance.randrange(1, 5)):
            place = self._place(target)
            left = Qt.MouseButton.LeftButton
            _mouse(target, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, left, held)
        if self._chance.random() < 0.1:  # in the middle of a drag
            QTest.keyClick(target, QKeySequence(self._chance.choice(KEYS[:8]))[0].key())

    def _place(self, target: QWidget) -> QPoint:
        return QPoint(
            self._chance.randrange(max(1, target.width())), self._chance.randrange(max(1, target.height()))
        )

    def _key(self, window: QWidget) -> str:
        target = QApplication.focusWidget() or window.canvas
        name = self._chance.choice(KEYS)
        combination = QKeySequence(name)[0]
        self._outcome.last.append(f"key {name} on {type(target).__name__}")
        QTest.keyClick(target, combination.key(), combination.keyboardModifiers())
        return f"key {name} done"

    def _widget(self, window: QWidget) -> str:
        tops = [top for top in QApplication.topLevelWidgets() if top.isVisible()]
        return self._use_one_of(self._chance.choice(tops) if tops else window)

    def _window(self, window: QWidget) -> str:
        others = [top for top in QApplication.topLevelWidgets() if top.isVisible() and top is not window]
        if others and self._chance.random() < 0.8:
            other = self._chance.choice(others)
            other.close()
            return f"closed {type(other).__name__}"
        window.resize(self._chance.randrange(500, 1500), self._chance.randrange(400, 1000))
        return "resized"

    def _files(self, window: QWidget) -> str:
        path = self._folder / self._chance.choice(NAMES)
        kind = self._chance.choice(("replace", "delete", "cut", "touch", "again", "back"))
        if path.is_dir():  # an export was told to go there while the image was away
            shutil.rmtree(path)
        if kind == "delete":
            path.unlink(missing_ok=True)
        elif kind == "cut" and path.suffix == ".jpg":
            write_truncated(path)
        elif kind == "touch" and path.exists():
            path.touch()
        elif kind == "again":
            window.start_page.folder_chosen.emit(str(self._folder))
        else:
            size = self._chance.choice(((240, 320), (320, 240), (60, 700)))
            write_photo(path, size, seed=self._chance.randrange(1000))
        return f"{kind} {path.name}"

    def _in_popup(self, popup: QWidget) -> str:
        if isinstance(popup, QMenu) and self._chance.random() < 0.5:
            actions = [one for one in popup.actions() if one.isEnabled() and not one.isSeparator()]
            actions = [one for one in actions if not NOT_PRESSED.search(one.text().replace("&", ""))]
            if actions:
                chosen = self._chance.choice(actions)
                self._outcome.last.append(f"menu {chosen.text()}")
                popup.close()
                chosen.trigger()
                return f"menu {chosen.text()} done"
        popup.close()
        return f"closed {type(popup).__name__}"

    def _in_modal(self, modal: QWidget) -> str:
        if isinstance(modal, QFileDialog):
            return self._in_file_dialog(modal)
        if isinstance(modal, QDialog) and self._chance.random() < 0.2:
            modal.reject()
            return f"refused {type(modal).__name__}"
        if isinstance(modal, QInputDialog) and self._chance.random() < 0.3:
            modal.accept()
            return "accepted QInputDialog"
        return self._use_one_of(modal)

    def _in_file_dialog(self, dialog: QFileDialog) -> str:
        line = dialog.findChild(QLineEdit)
        place = Path.cwd() / self._chance.choice(("new", "new.json", "photos/a.jpg", "no/such"))
        if line is None or self._chance.random() < 0.5:
            dialog.reject()
            return "refused the file dialog"
        line.setText(str(place))
        dialog.done(QDialog.DialogCode.Accepted)
        return f"file dialog: {place.name}"

    def _use_one_of(self, top: QWidget) -> str:
        kinds = (
            QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit,
            QAbstractItemView, QTabBar,
        )  # fmt: skip
        found = [
            one for one in top.findChildren(QWidget)
            if isinstance(one, kinds) and one.isVisible() and one.isEnabled()
        ]  # fmt: skip
        if not found:
            return f"nothing to use in {type(top).__name__}"
        one = self._chance.choice(found)
        name = f"{type(top).__name__} > {type(one).__name__} {one.objectName()}"
        self._outcome.last.append(name)
        return f"{name} {self._use(one)}"

    def _use(self, one: QWidget) -> str:
        chance = self._chance
        match one:
            case QAbstractButton():
                text = one.text().replace("&", "")
                default = one.window() is not _main_window() and getattr(one, "isDefault", bool)()
                if NOT_PRESSED.search(text) or (default and "finetune" in type(one.window()).__module__):
                    return f"button {text} left alone"
                one.click()
                return f"button {text}"
            case QAbstractSlider():
                one.setValue(chance.randint(one.minimum(), max(one.minimum(), one.maximum())))
                return f"slider {one.value() if one.isVisible() else 'gone'}"
            case QAbstractSpinBox():
                one.stepBy(chance.randint(-3, 3))
                return "steps"
            case QComboBox() if one.count():
                index = chance.randrange(one.count())
                one.setCurrentIndex(index)
                one.activated.emit(index)
                return f"choice {index}"
            case QLineEdit() | QPlainTextEdit():
                text = chance.choice(TEXTS)
                one.selectAll()
                QTest.keyClick(one, Qt.Key.Key_Delete)
                one.insert(text) if isinstance(one, QLineEdit) else one.insertPlainText(text)
                return f"text {text[:10]!r}"
            case QAbstractItemView():
                spot = self._place(one.viewport())
                click = QTest.mouseDClick if chance.random() < 0.2 else QTest.mouseClick
                click(one.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
                return "row"
            case QTabBar() if one.count():
                one.setCurrentIndex(chance.randrange(one.count()))
                return "tab"
        return "left alone"

    def _close(self, window: QWidget) -> str:
        self._outcome.last.append("close the window")
        for top in QApplication.topLevelWidgets():
            if top is not window and top.isVisible():
                top.close()
        window.close()
        return "closed the window"


def _main_window() -> MainWindow | None:
    found = [top for top in QApplication.topLevelWidgets() if isinstance(top, MainWindow) and top.isVisible()]
    return found[0] if found else None


def _mouse(
    target: QWidget, kind: QEvent.Type, place: QPoint, button: Qt.MouseButton, held_button: Qt.MouseButton,
    held: Qt.KeyboardModifier,
) -> None:  # fmt: skip
    spot = QPointF(target.mapToGlobal(place))
    QApplication.sendEvent(target, QMouseEvent(kind, QPointF(place), spot, button, held_button, held))


def _session(chance: random.Random, outcome: Outcome, folder: Path, until: float, made: bool) -> None:
    """One life of the program, from its start to its end."""
    monkey = Monkey(chance, outcome, folder)
    monkey.close_by(until)
    arguments = make_parser().parse_args([str(folder)])
    try:
        with patch("os._exit", lambda status: _stuck(outcome)):
            status = run_window(arguments, FakeDetector() if made else None)
        if status != 0:
            outcome.fault(f"the program ended with status {status}")
    except Exception as error:  # noqa: BLE001 the edge of the program: reported
        outcome.fault(f"{type(error).__name__}: {error}")
    finally:
        monkey.end()
    outcome.sessions += 1
    db = ProjectDb.open(folder)
    if db.notice is not None:
        outcome.fault(f"the project opens with a notice: {db.notice}")
    db.close()


def _stuck(outcome: Outcome) -> None:
    """The program ends at once although a thread lives: late (in an import, in a network) or stuck."""
    latest = time.monotonic() + LATE_S
    while stacks := _stacks_of_ours():
        if time.monotonic() > latest:
            outcome.fault(f"a thread did not end in {LATE_S:.0f} s more:\n" + "\n".join(stacks))
            return
        time.sleep(0.1)
    outcome.counts["ended late"] += 1


def _stacks_of_ours() -> list[str]:
    stacks = ["".join(traceback.format_stack(one)) for one in sys._current_frames().values()]
    return [stack for stack in stacks if any(part in stack for part in OUR_THREADS)]


def run(outcome: Outcome, seconds: float, seed: int, place: Path, *, made: bool) -> None:
    """Let the monkey play for so long, in a folder that is the current one meanwhile."""
    os.environ.update(HOME=str(place), TCM_STUDIO_HOME=str(place / "home"))
    os.chdir(place)
    folder = write_photos(place / "photos", NAMES)
    write_nonsense(folder / "no picture.jpg")
    write_truncated(folder / "cut off.jpg")
    write_wide(folder / "wide.png", width=3000)
    chance = random.Random(seed)
    handler = FaultHandler(outcome)
    logging.getLogger().addHandler(handler)

    def heard(kind: QtMsgType, _context: object, message: str) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and not NOISE.search(message):
            outcome.fault(f"Qt: {message}")

    application = QApplication.instance() or QApplication([])
    qInstallMessageHandler(heard)
    began = time.monotonic()
    try:
        while time.monotonic() < began + seconds and not outcome.over:
            _session(chance, outcome, folder, began + seconds, made)
    finally:
        qInstallMessageHandler(None)
        logging.getLogger().removeHandler(handler)
        faulthandler.cancel_dump_traceback_later()
    assert application is not None


def main() -> int:
    """The command line; 1 when there was a fault."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--made-detector", action="store_true", help="one without a network, which is fast")
    parser.add_argument("--until-fault", action="store_true", help="end with the first fault")
    arguments = parser.parse_args()
    outcome = Outcome(until_fault=arguments.until_fault)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        run(outcome, arguments.minutes * 60, arguments.seed, Path(temporary), made=arguments.made_detector)
    acted = sum(count for kind, count in outcome.counts.items() if " " not in kind)
    commands = [kind for kind in outcome.counts if kind.startswith("action ")]
    took, what = outcome.slowest
    sys.stdout.write(
        f"seed {arguments.seed}: {acted} actions in {outcome.sessions} sessions, {len(commands)} of "
        f"{len(ACTIONS)} commands, {len(outcome.faults)} faults; slowest step {took:.1f} s ({what}); "
        f"{outcome.counts['ended late']} times a thread was not done at the end\n"
    )
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
