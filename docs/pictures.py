"""Makes the pictures of the user's guide: docs/images/guide/.

    python docs/pictures.py [CHAPTER ...]

Starts an X server of its own (Xvfb, with openbox where it is installed), runs the real program with the
shipped detector on the bundled photographs, works in it as a person does, and takes pictures of the screen.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pictures_compare import compare  # noqa: E402
from pictures_drawing import shaping, text, tools  # noqa: E402
from pictures_models import checkpoints, prompts  # noqa: E402
from pictures_project import (  # noqa: E402
    chinese,
    damaged,
    faults,
    history,
    labels,
    newer,
    preferences,
    review,
    second_window,
)  # fmt: skip
from pictures_queue import queue  # noqa: E402
from pictures_steps import Steps, on_screen, rest  # noqa: E402
from pictures_train import train  # noqa: E402
from PIL import Image  # noqa: E402
from PySide6.QtCore import QBuffer, QEvent, QIODevice, QPointF, QRect, Qt  # noqa: E402
from PySide6.QtGui import QGuiApplication  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog, QWidget  # noqa: E402

from app.domain.page import Page  # noqa: E402
from app.i18n.translation import read_dictionary  # noqa: E402
from app.settings.schema import LanguageName, Settings  # noqa: E402
from app.settings.store import SettingsStore  # noqa: E402
from app.storage.backups import back_up  # noqa: E402
from app.storage.project_db import ProjectDb  # noqa: E402
from app.views.actions import ACTIONS, MENUS, MOUSE_GESTURES  # noqa: E402
from tests.helpers import app_robot  # noqa: E402
from tests.helpers.app_robot import AppRobot, run_main  # noqa: E402
from tests.helpers.compared import give_truth, sample_truth  # noqa: E402

PICTURES: Final = ROOT / "docs" / "images" / "guide"


class Guide(NamedTuple):
    """A guide, with the heading of its tables of keys and the words of the last of them."""

    language: LanguageName
    file: Path
    keys: str
    mouse: str
    gesture: str


GUIDES: Final = (
    Guide("en", ROOT / "docs" / "guide.md", "## The keys\n", "Mouse and picture", "Gesture"),
    Guide("zh_TW", ROOT / "docs" / "guide.zh_TW.md", "## 按鍵總表\n", "滑鼠與圖片", "動作"),
)
SAMPLES: Final = ROOT / "resources" / "samples"
SCREEN: Final = (1360, 850)
LARGEST_BYTES: Final = 100_000
COLOURS: Final = 128  # of a picture without a photograph in it
CHECKPOINT: Final = ("--checkpoint", "db-small", "--device", "cpu")
Box = tuple[float, float, float, float]


class Artist(AppRobot):
    """The robot of the tests, with a camera."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def photograph(self, name: str, of: QWidget | QRect | None = None, *, photo: bool = True) -> None:
        """Take a picture of the screen.

        Args:
            name: of the file.
            of: a widget or a rectangle of the screen; None: the main window.
            photo: whether there is a photograph in it, which JPEG keeps better.
        """
        place = self.window.frameGeometry() if of is None else on_screen(of)
        screen = QGuiApplication.primaryScreen()
        pixmap = screen.grabWindow(0).copy(place.intersected(screen.geometry()))
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        pixmap.save(buffer, "PNG")
        picture = Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")
        assert picture.getextrema() != tuple((value, value) for value, _ in picture.getextrema()), name
        write(picture, name, photo=photo)

    def around(self, box: Box, margin: int = 12) -> QRect:
        """The rectangle of the screen where these image pixels (x0, y0, x1, y1) are."""
        corners = [self.canvas.image_to_widget(*box[:2]), self.canvas.image_to_widget(*box[2:])]
        first, last = (self.canvas.viewport().mapToGlobal(QPointF(corner).toPoint()) for corner in corners)
        place = QRect(first, last).adjusted(-margin, -margin, margin, margin)
        return place.intersected(on_screen(self.canvas))

    def look_at(self, box: Box) -> None:
        """Zoom to a rectangle (x0, y0, x1, y1) of the image."""
        self.canvas.zoom_to(*box, 20.0)

    def go_to(self, key: str) -> Steps:
        """Open an image and wait for its picture."""
        self.window.pages.page_chosen.emit(key)
        yield lambda: self.key == key and self.picture_shown()
        yield from rest()

    def detect(self) -> Steps:
        """Find the text of the open image."""
        if not self.action("accept_all").isEnabled():
            self.trigger("detect")
            yield self.action("accept_all").isEnabled
        yield from rest()

    def hover(self, x: float, y: float) -> None:
        """Move the mouse over an image pixel."""
        self.mouse(QEvent.Type.MouseMove, self.place(x, y))

    def click_all(self, *points: tuple[float, float]) -> None:
        """One click after the other."""
        for x, y in points:
            self.click(x, y)

    def hold_drag(self, *points: tuple[float, float]) -> None:
        """Press at the first point and drag to the others; the button stays down."""
        left = Qt.MouseButton.LeftButton
        self.mouse(QEvent.Type.MouseMove, self.place(*points[0]))
        self.mouse(QEvent.Type.MouseButtonPress, self.place(*points[0]), "", left)
        for point in points[1:]:
            self.mouse(QEvent.Type.MouseMove, self.place(*point), held_button=left)

    def give_up(self, *points: tuple[float, float]) -> None:
        """Esc, and let the button go."""
        self.press("Esc")
        for point in points:
            self.mouse(QEvent.Type.MouseButtonRelease, self.place(*point), "", Qt.MouseButton.LeftButton)
        self.press("Esc")

    def accept_all(self) -> Steps:
        """Make the detections regions."""
        yield from self.detect()
        self.trigger("accept_all")
        yield from rest()

    def select_at(self, x: float, y: float) -> None:
        """Choose the region there."""
        self.trigger("tool.select")
        self.click(x, y)

    def dialog(self) -> QDialog:
        """The dialog on the screen."""
        return next(d for d in self.window.findChildren(QDialog) if d.isVisible())

    def dialog_picture(self, action: str, name: str, wait_s: float = 0.6) -> Steps:
        """Open a dialog by its command, take its picture and close it."""
        self.trigger(action)
        yield from rest(wait_s)
        self.photograph(name, self.dialog(), photo=False)
        self.dialog().close()
        yield from rest(0.2)


def write(picture: Image.Image, name: str, *, photo: bool) -> None:
    """As small as it can be without looking bad, at most LARGEST_BYTES."""
    for old in PICTURES.glob(f"{name}.*"):
        old.unlink()
    if not photo:
        few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(PICTURES / f"{name}.png", optimize=True)
        if (PICTURES / f"{name}.png").stat().st_size <= LARGEST_BYTES:
            return
        (PICTURES / f"{name}.png").unlink()
    for quality in range(86, 30, -6):
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=quality, optimize=True, progressive=True)
        if content.tell() <= LARGEST_BYTES:
            (PICTURES / f"{name}.jpg").write_bytes(content.getvalue())
            return
    raise AssertionError(f"{name} does not fit into {LARGEST_BYTES} bytes")


def write_keys(guide: Guide) -> None:
    """Put every command with its keys, and the gestures of the mouse, at the end of the guide."""
    dictionary = read_dictionary(guide.language)

    def shown(words: str) -> str:
        return dictionary.find(words) or words

    command, keys, what = (shown(words) for words in ("Command", "Keys", "What it does"))
    text = guide.file.read_text(encoding="utf-8")
    lines = [text[: text.index("\n### ", text.index(guide.keys))].rstrip("\n")]
    for menu in MENUS:
        lines += ["", f"### {shown(menu)}", "", f"| {command} | {keys} | {what} |", "|---|---|---|"]
        for spec in (spec for spec in ACTIONS if spec.menu == menu):
            pressed = ", ".join(f"`{key}`" for key in spec.keys)
            lines.append(f"| {shown(spec.text.removesuffix('...'))} | {pressed} | {shown(spec.hint)} |")
    lines += ["", f"### {guide.mouse}", "", f"| {guide.gesture} | {what} |", "|---|---|"]
    lines += [f"| {shown(gesture)} | {shown(effect)} |" for gesture, effect in MOUSE_GESTURES]
    guide.file.write_text("\n".join(lines) + "\n", encoding="utf-8")


# --- the chapters: what is done, and when the camera clicks ---


def start(artist: Artist) -> Steps:
    """The first start with its tour, and a folder opened."""
    yield from rest(1.0)
    artist.photograph("start", photo=False)
    artist.window.start_page.folder_chosen.emit(str(artist.folder))
    yield artist.picture_shown
    yield artist.checkpoint_ready
    yield from rest(1.5)
    artist.photograph("window")


def detection(artist: Artist) -> Steps:
    """Detections, their settings and the score map."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_956.jpg")
    artist.trigger("detect_all")
    yield artist.all_detected
    yield from rest(1.0)
    artist.photograph("detections")
    artist.window.detection.more.heading.click()
    dock = artist.window.detection.parentWidget()
    artist.window.resizeDocks([dock], [440], Qt.Orientation.Vertical)
    yield from rest(1.0)
    artist.photograph("detector_panel", artist.window.detection, photo=False)
    artist.window.detection.more.heading.click()
    artist.trigger("layers")
    yield from rest(0.8)
    artist.photograph("layers", artist.window.layers, photo=False)
    artist.trigger("map")
    yield from rest(1.0)
    whole = artist.around((0, 0, 1280, 720), 0)
    artist.photograph("score_map", whole)
    for _ in range(5):
        artist.trigger("threshold.far_down")
    yield from rest(0.8)
    artist.photograph("threshold", whole)
    artist.window.detection.reset.click()
    artist.trigger("map")
    artist.trigger("accept_all")
    artist.look_at((270, 0, 830, 280))
    yield from rest(0.8)
    artist.photograph("accepted", artist.around((250, 0, 850, 290)))


# --- the stage ---


def _labelled(folder: Path, then: Callable[[ProjectDb], object]) -> None:
    db = ProjectDb.open(folder)
    then(db)
    db.close()


def play(chapter: str, place: Path) -> None:
    """Run the program once, with a home and a folder of its own."""
    home, folder = place / chapter, place / chapter / "photos"
    shutil.copytree(SAMPLES / "images", folder, ignore=shutil.ignore_patterns(".*"))
    os.environ["TCM_STUDIO_HOME"] = str(home)
    settings = Settings(tour_closed=chapter != "start")
    if chapter == "chinese":
        view = settings.view.model_copy(update={"language": "zh_TW"})
        settings = settings.model_copy(update={"view": view})
    SettingsStore(home / "settings.toml").save(settings)
    arguments = [*CHECKPOINT] if chapter == "start" else [str(folder), *CHECKPOINT]
    artist = Artist(folder)
    if chapter == "second_window":
        ProjectDb.open(folder).close()
        other = {"user": "annotator", "host": "workstation", "pid": 4711, "since": time.time()}
        (folder / ".tcm-studio" / "project.lock").write_text(json.dumps(other), encoding="utf-8")
    elif chapter == "compare":
        give_truth(folder, sample_truth())
    elif chapter == "newer":
        _labelled(folder, lambda db: db._connection.execute("PRAGMA user_version = 999"))
    elif chapter == "damaged":
        _labelled(folder, lambda db: db.save_edit("img_61.jpg", Page(review="approved"), "Approve", "edit"))
        back_up(folder / ".tcm-studio" / "project.sqlite3")
        (folder / ".tcm-studio" / "project.sqlite3").write_bytes(b"broken" * 1000)

    def script(robot: AppRobot) -> Steps:
        robot.window.setGeometry(0, 0, *SCREEN)
        yield from rest(0.5)
        yield from CHAPTERS[chapter](artist)

    run_main(arguments, script)


CHAPTERS: Final[Mapping[str, Callable[[Artist], Steps]]] = {
    function.__name__: function
    for function in (
        start, detection, tools, shaping, text, review, train, queue, checkpoints, prompts, compare,
        history, labels, preferences, chinese, faults,
        second_window, damaged, newer,
    )
}  # fmt: skip


def on_a_screen(chapters: list[str]) -> int:
    """Run this script again on an X server that is started for it."""
    program = shutil.which("Xvfb")
    if program is None:
        sys.stderr.write("Xvfb is not installed: the pictures cannot be made here.\n")
        return 2
    reading, writing = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    server = subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"], pass_fds=(writing,)
    )
    os.close(writing)
    manager = None
    try:
        display = f":{os.read(reading, 16).decode().strip()}"
        environment = {
            **os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "OMP_NUM_THREADS": "2",
            "LOGNAME": "annotator", "LANG": "C.UTF-8",
        }  # fmt: skip
        if (openbox := shutil.which("openbox")) is not None:
            manager = subprocess.Popen([openbox], env=environment, stderr=subprocess.DEVNULL)
        command = [sys.executable, str(Path(__file__)), "--on-this-screen", *chapters]
        return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode
    finally:
        if manager is not None:
            manager.terminate()
            manager.wait(10)
        server.terminate()
        server.wait(10)
        os.close(reading)


def main(arguments: list[str]) -> int:
    """Make the pictures of these chapters, or of all; the exit status."""
    if "--on-this-screen" not in arguments:
        return on_a_screen(arguments)
    chapters = [name for name in arguments if name != "--on-this-screen"] or list(CHAPTERS)
    PICTURES.mkdir(parents=True, exist_ok=True)
    from tcm_core.infer.predictor import Predictor

    app_robot.PATIENCE_S = 120.0  # nobody waits for it
    Predictor.load("db-small")  # what is imported for it takes long on a busy machine
    application = QApplication(sys.argv[:1])
    place = Path(tempfile.gettempdir()) / "studio-guide"  # it can be read in some pictures
    for chapter in chapters:
        sys.stderr.write(f"{chapter}\n")
        shutil.rmtree(place, ignore_errors=True)
        play(chapter, place)
    shutil.rmtree(place, ignore_errors=True)
    for guide in GUIDES:
        write_keys(guide)
    del application
    size = sum(file.stat().st_size for file in PICTURES.iterdir())
    sys.stderr.write(f"{len(list(PICTURES.iterdir()))} pictures, {size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
