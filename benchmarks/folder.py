"""Time from opening a folder to its first painted picture, and to the complete page list.

    python -m benchmarks.folder [--images 10000] [--json FILE]

The folder holds links to the bundled photographs; the window is the real one, painted offscreen.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from app.compose import Studio
from app.settings.store import find_home
from tcm_core.resources import resource

BUDGETS_S: Final = {10_000: 0.5, 50_000: 1.0}
"""To the first painted picture, by the number of images."""
PATIENCE_S: Final = 120.0
WORK: Final = Path(__file__).resolve().parent.parent / "out"
"""On the file system of the samples, so that they can be linked; git ignores it."""


def make_folder(root: Path, count: int) -> Path:
    """A folder of so many images in sub-folders of a thousand: hard links to the samples."""
    samples = sorted(resource("samples", "images").glob("*.jpg"))
    for number in range(count):
        folder = root / f"{number // 1000:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"img_{number}.jpg").hardlink_to(samples[number % len(samples)])
    return root


def wait(done: Callable[[], bool]) -> None:
    """Runs the event loop until something holds.

    Raises:
        TimeoutError: it does not hold in two minutes.
    """
    loop, end = QEventLoop(), time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in two minutes")
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)


def measure(count: int) -> dict[str, float]:
    """Seconds to the first picture and to the whole list, after the detector has been loaded."""
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as work:
        folder = make_folder(Path(work) / "photos", count)
        studio = Studio(find_home(Path(work) / "home"), "benchmark")
        studio.show()
        ready: list[object] = []
        studio.parts.detection.checkpoint_ready.connect(lambda *_: ready.append(True))
        wait(lambda: bool(ready))
        started = time.perf_counter()
        studio.commands.file.open_path(str(folder))
        wait(lambda: not studio.window.canvas.stage.image_rect.isEmpty())
        studio.window.canvas.viewport().repaint()
        first = time.perf_counter() - started
        wait(lambda: len(studio.page_model.shown_keys) == count)
        whole = time.perf_counter() - started
        studio.window.close()
        studio.shut_down()
        studio.discard()
    return {"images": count, "first_picture_s": first, "whole_list_s": whole}


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    application = QApplication([])
    figures = measure(arguments.images)
    table = Table("images", "first picture s", "budget s", "whole list s", title="opening a folder")
    budget = BUDGETS_S.get(arguments.images)
    table.add_row(
        str(arguments.images),
        f"{figures['first_picture_s']:.2f}",
        "-" if budget is None else f"{budget:.1f}",
        f"{figures['whole_list_s']:.2f}",
    )
    Console().print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    application.quit()


if __name__ == "__main__":
    main()
