"""Drives the window of TCM Studio for benchmarks/gui.py, each measure in a process of its own.

    python -m benchmarks.gui_studio MEASURE HOME [FOLDER] [NUMBER]

The whole program runs; in place of the network stands one that knows its maps, so that torch takes no part:
labelme has none either. One line of JSON is printed.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEventLoop, QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog

from app.compose import Studio
from app.domain.edits import AddRegions
from app.gui_collector import GuiCollector
from app.settings.store import find_home
from benchmarks.canvas import Bench, Times, make_page, make_polygons, timed
from benchmarks.decode import maps_of
from tcm_core.config.decode import DbDecode, DecodeSettings, FceDecode, Output, PanDecode
from tcm_core.decode.maps import ImageMaps

PATIENCE_S: Final = 300.0
REST_S: Final = 0.6
PULSE_MS: Final = 5
TEXTS: Final = 100
SLIDER_SETTINGS: Final[dict[str, DecodeSettings]] = {
    "db": DbDecode(min_side=0.0, score_threshold=0.62),
    "pan": PanDecode(score_threshold=0.69),
    "fce": FceDecode(score_threshold=0.46),
}
"""They just find all the texts: a tick or two more of the score, and some are gone."""
LEAST_LIKELY: Final = 0.7
"""Of the certainty of the text at the right edge, that of one at the left edge."""
SLIDER_STEPS: Final = 8
"""Ticks of a slider to and fro, about the value that finds all the texts."""
FILTERS: Final = ("img_7", "state:approved", "count:>5", "text:exit", "score:[0.2,0.6]")


def wait(done: Callable[[], object]) -> None:
    """Run the event loop until something holds.

    Raises:
        TimeoutError: it does not hold in five minutes.
    """
    loop, end = QEventLoop(), time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there")
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)


def rest(seconds: float) -> None:
    """Let the window do what it does while nobody touches it."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


class Pulse(QObject):
    """The longest time in which the window did not answer, milliseconds.

    Attributes:
        longest: by the clock.
        longest_cpu: of the processor, without what other programs took meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.longest = self.longest_cpu = 0.0
        self._last, self._last_cpu = time.perf_counter(), time.thread_time()
        self._timer = QTimer(self)
        self._timer.setInterval(PULSE_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def begin(self) -> None:
        """Measure from now on."""
        self.longest = self.longest_cpu = 0.0
        self._last, self._last_cpu = time.perf_counter(), time.thread_time()

    def _beat(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        self.longest = max(self.longest, (now - self._last) * 1000 - PULSE_MS)
        self.longest_cpu = max(self.longest_cpu, (cpu - self._last_cpu) * 1000)
        self._last, self._last_cpu = now, cpu


class KnownMaps:
    """In place of a network: the same hundred texts in every image, with their maps.

    No two texts have the same score: it grows from the left of the image to the right.

    Args:
        checkpoint: "pan" or "fce" for the maps of that head; any other is taken for DB.
        device: not used.
    """

    checkpoint_hash, device_text = "known", "none"

    def __init__(self, checkpoint: str, device: str) -> None:
        self.checkpoint_name = checkpoint
        self._head = checkpoint if checkpoint in SLIDER_SETTINGS else "db"

    @property
    def decode_settings(self) -> DecodeSettings:
        """Those that find all the texts."""
        return SLIDER_SETTINGS[self._head]

    def maps(self, image: NDArray[np.uint8], scale: float = 1.0, *, whole: bool = False) -> ImageMaps:
        """The maps of the texts."""
        maps = maps_of(self._head, TEXTS)
        for name, plane in maps.planes.items():
            likely = plane * np.linspace(LEAST_LIKELY, 1.0, plane.shape[1])
            maps.planes[name] = likely.astype(np.uint8)
        return maps


class Driven:
    """The program with a shown window. Cycles are collected as in the program, between its events."""

    def __init__(self, home: Path, head: str | None = None) -> None:
        self._collector = GuiCollector()
        self._collector.start()
        self.studio = Studio(find_home(home), "benchmark", checkpoint=head, predictor_factory=KnownMaps)
        self.studio.show()
        ready: list[object] = []
        self.studio.parts.detection.checkpoint_ready.connect(lambda *_: ready.append(True))
        wait(lambda: ready)
        gc.freeze()

    @property
    def picture(self) -> int | None:
        """Changes with the picture on the canvas; None while there is none."""
        pixmap = self.studio.window.canvas.stage.photo.pixmap
        return None if pixmap is None else pixmap.cacheKey()

    @property
    def whole_list(self) -> bool:
        """Whether every image of the folder has been found."""
        return not self.studio.parts.workspace.scanning

    def open(self, folder: Path) -> None:
        """Open a folder, and wait for its first picture on the screen."""
        self.studio.commands.file.open_path(str(folder))
        wait(lambda: self.picture is not None)
        self.paint()

    def trigger(self, name: str) -> None:
        """A command of the menu."""
        self.studio.actions.by_id[name].trigger()

    def step(self, name: str = "next") -> None:
        """Go to another image, and wait for its picture on the screen."""
        old = self.picture
        self.trigger(name)
        wait(lambda: self.picture not in (None, old))
        self.paint()

    def paint(self) -> None:
        """Paint the canvas now."""
        self.studio.window.canvas.viewport().repaint()

    def end(self) -> None:
        """Close the window and end the threads."""
        self.studio.window.close()
        self.studio.shut_down()
        self.studio.discard()
        self._collector.stop()


def folder(driven: Driven, path: Path) -> dict[str, float]:
    """Seconds to the first painted picture and to the whole list."""
    pulse = Pulse()
    pulse.begin()
    started, cpu = time.perf_counter(), time.process_time()
    driven.open(path)
    first, used = time.perf_counter() - started, time.process_time() - cpu
    wait(lambda: driven.whole_list)
    whole = time.perf_counter() - started
    return {
        "value": first,
        "cpu": used,
        "whole_list_s": whole,
        "pause_ms": pulse.longest,
        "pause_cpu_ms": pulse.longest_cpu,
    }


def next_image(driven: Driven, path: Path, steps: int) -> dict[str, float]:
    """Milliseconds from the command to the painted picture, when there was time to read ahead."""
    driven.open(path)
    spent, used = [], []
    for _ in range(steps):
        rest(REST_S)
        started, cpu = time.perf_counter(), time.thread_time()
        driven.step()
        spent.append((time.perf_counter() - started) * 1000)
        used.append((time.thread_time() - cpu) * 1000)
    return {"value": statistics.median(spent), "least": min(spent), "cpu": statistics.median(used)}


def memory(driven: Driven, path: Path, steps: int) -> dict[str, object]:
    """Resident megabytes after each hundred images."""
    driven.open(path)
    wait(lambda: driven.whole_list)
    samples = []
    for step in range(1, steps):
        driven.step()
        if step % 100 == 0:
            samples.append(resident_mb())
    return {"samples": samples}


def resident_mb() -> float:
    """The memory of this process that is not swapped or given back."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def canvas_frames(driven: Driven, path: Path, polygons: int) -> dict[str, object]:
    """A vertex is dragged and the view panned and zoomed in the whole window, all polygons in sight."""
    driven.open(path)
    session = driven.studio.parts.workspace.session
    assert session is not None
    session.apply(AddRegions(make_page(make_polygons(polygons)).regions))
    canvas = driven.studio.window.canvas
    rest(REST_S)
    bench = Bench(canvas, driven.studio.parts.selection, session.page)
    return {
        "vertex": named(bench.drag_vertex()),
        "pan": named(bench.drag(QPoint(3, 3), Qt.MouseButton.MiddleButton)),
        "zoom": named(bench.zoom()),
    }


def slider(driven: Driven, path: Path, field: str, output: Output) -> dict[str, float]:
    """Milliseconds from a tick of a setting's slider to the repainted polygons of a hundred texts.

    Args:
        driven: its checkpoint says which head.
        path: a folder with one picture.
        field: the decode setting that the slider moves.
        output: rectangles or outlines.
    """
    driven.open(path)
    detection, found = driven.studio.parts.detection, driven.studio.open_page
    driven.trigger("detect")
    wait(lambda: len(found.detections) == TEXTS)
    detection.set_settings(detection.settings.model_copy(update={"output": output}))
    rest(REST_S)
    control = driven.studio.window.detection.controls[field]
    start = control.box.value()
    low = max(control.box.minimum(), start - control.box.singleStep() * SLIDER_STEPS / 2)

    def step(number: int) -> None:
        control.box.setValue(low + control.box.singleStep() * (number % SLIDER_STEPS))
        driven.paint()

    result = timed(step)
    fewest = TEXTS
    for number in range(SLIDER_STEPS):
        step(number)
        fewest = min(fewest, len(found.detections))
    step(0)
    if len(found.detections) < TEXTS or (field == "score_threshold" and fewest == TEXTS):
        raise RuntimeError(f"{fewest} to {len(found.detections)} texts: the slider did not go as planned")
    return named(result) | {"texts": len(found.detections), "fewest": fewest}


def named(times: Times) -> dict[str, float]:
    """As the driver of labelme writes its figures."""
    return {"value": times.median, "least": times.least, "cpu": times.median_cpu}


class Diary:
    """What was done: seconds until it was, and the longest pause of the window meanwhile."""

    def __init__(self) -> None:
        self.done: dict[str, dict[str, float]] = {}
        self._pulse = Pulse()

    def note(self, what: str, act: Callable[[], object], ended: Callable[[], object] = lambda: True) -> None:
        """Do something and wait for its end."""
        rest(0.2)
        self._pulse.begin()
        started = time.perf_counter()
        act()
        wait(ended)
        spent = time.perf_counter() - started
        rest(0.1)
        self.done[what] = {
            "value": spent,
            "pause_ms": self._pulse.longest,
            "pause_cpu_ms": self._pulse.longest_cpu,
        }


def large(driven: Driven, path: Path) -> dict[str, object]:
    """What a person does with a huge project."""
    diary = Diary()
    studio, window = driven.studio, driven.studio.window
    told: list[str] = []
    studio.page_model.filter_told.connect(told.append)
    diary.note("open, first picture", lambda: driven.open(path))
    diary.note("open, whole list", lambda: None, lambda: driven.whole_list)
    rest(3.0)
    for text in FILTERS:
        told.clear()
        diary.note(f"filter {text}", partial(filtered, driven, text), lambda: told and not told[-1])
    diary.note("filter taken away", lambda: filtered(driven, ""))
    for row, order in ((1, "last edited"), (2, "least certain"), (0, "name")):
        diary.note(f"sort by {order}", partial(sorted_by, driven, row))
    for name, what in (("next", "next image"), ("last", "last image"), ("first", "first image"),
                       ("next_open", "next image to review")):  # fmt: skip
        diary.note(what, partial(driven.step, name))
    diary.note("go-to dialog", lambda: driven.trigger("go_to"))
    close_dialogs(driven)
    diary.note("heat strip painted", window.heat_strip.repaint)
    diary.note("approve and next", lambda: driven.step("approve"))
    diary.note("statistics", lambda: driven.trigger("statistics"), lambda: counted(driven))
    close_dialogs(driven)
    return {"steps": diary.done}


def filtered(driven: Driven, text: str) -> None:
    """Type a filter at once."""
    driven.studio.window.pages.filter.setText(text)


def sorted_by(driven: Driven, row: int) -> None:
    """Choose an order as the mouse does."""
    order = driven.studio.window.pages.order
    order.setCurrentIndex(row)
    order.activated.emit(row)


def close_dialogs(driven: Driven) -> None:
    """Close what lies over the window."""
    window = driven.studio.window
    for dialog in open_dialogs(driven):
        dialog.close()
    window.activateWindow()


def open_dialogs(driven: Driven) -> Sequence[Any]:
    """The dialogs on the screen."""

    return [one for one in driven.studio.window.findChildren(QDialog) if one.isVisible()]


def counted(driven: Driven) -> bool:
    """Whether the statistics are complete."""
    return any("with labels" in dialog.state.text() for dialog in open_dialogs(driven))


def main() -> None:
    """Do one measure and print its figures."""
    measure, home, path, *numbers = sys.argv[1:]
    application = QApplication(sys.argv[:1])
    driven = Driven(Path(home), numbers[0] if measure == "slider" else None)
    done: dict[str, Any]
    match measure:
        case "folder":
            done = folder(driven, Path(path))
        case "next":
            done = next_image(driven, Path(path), int(numbers[0]))
        case "memory":
            done = memory(driven, Path(path), int(numbers[0]))
        case "slider":
            done = slider(driven, Path(path), numbers[1], "quad" if numbers[2] == "quad" else "polygon")
        case "large":
            done = large(driven, Path(path))
        case _:
            done = canvas_frames(driven, Path(path), int(numbers[0]))
    driven.end()
    sys.stdout.write(json.dumps(done | {"platform": application.platformName()}) + "\n")


if __name__ == "__main__":
    main()
