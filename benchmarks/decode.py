"""Time from kept maps to detections, beside docTR's DB post-processor and plain references.

python -m benchmarks.decode [--json FILE]

docTR is measured when it is installed (pip install python-doctr); the references are those of the tests.
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from tcm_core.config.decode import DbDecode, DecodeSettings, FceDecode, PanDecode
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.offset import shrink
from tcm_core.targets.drawing import fill
from tests.core.test_pan_aggregation import plain_aggregation
from tests.helpers.fce_maps import exact_fce_maps, grid_of_texts
from tests.helpers.pan_maps import exact_pan_maps
from tests.helpers.slow_fce import slow_decode_fce

SIZE: Final = (736, 1280)
TEXTS: Final = (10, 100, 300)
LIMITS_MS: Final = {"db": 5.0, "pan": 15.0, "fce": 15.0}
"""For 100 texts (docs/decisions.md, budgets)."""
SETTINGS: Final[dict[str, tuple[DecodeSettings, ...]]] = {
    "db": (DbDecode(min_side=0), DbDecode(min_side=0, output="polygon")),
    "pan": (PanDecode(), PanDecode(output="polygon")),
    "fce": (FceDecode(), FceDecode(output="polygon")),
}


@dataclass(frozen=True)
class Row:
    """One case; times in milliseconds."""

    what: str
    texts: int
    found: int
    median_ms: float
    worst_ms: float
    limit_ms: float | None = None


def maps_of(head: str, texts: int) -> ImageMaps:
    """Perfect maps of so many turned words, at 736 x 1280 network pixels."""
    frame = ImageFrame(SIZE, SIZE, SIZE)
    words = grid_of_texts(texts, SIZE)
    if head == "pan":
        return exact_pan_maps(words, frame)
    if head == "fce":
        return exact_fce_maps(words, frame)
    plane = np.zeros(SIZE, np.uint8)
    for word in words:
        kernel = shrink(word, 0.4)
        if kernel is not None:
            fill(plane, kernel, 230)
    return ImageMaps("db", frame, np.zeros((1, 1), np.uint8), {"probability": plane})


def measure(what: str, texts: int, run: Callable[[], Any], rounds: int, limit_ms: float | None = None) -> Row:
    """Runs the same again and again; `run` gives what it found."""
    found = len(run())
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    return Row(what, texts, found, statistics.median(times), max(times), limit_ms)


def our_rows(texts: int) -> list[Row]:
    """Every head with both outputs: maps that are new, and maps whose decoder remembers its last work."""
    rows = []
    for head, choices in SETTINGS.items():
        maps = maps_of(head, texts)
        for settings in choices:
            limit = LIMITS_MS[head] if texts == 100 else None
            what = f"{head} {settings.output}"
            first: Callable[..., Any] = lambda m=maps, s=settings: decode(replace(m), s)  # noqa: E731
            again: Callable[..., Any] = lambda m=maps, s=settings: decode(m, s)  # noqa: E731
            rows.append(measure(what, texts, first, 30, limit))
            rows.append(measure(f"{what}, maps decoded before", texts, again, 30))
    return rows


def reference_rows(texts: int) -> list[Row]:
    """The plain forms of PAN's aggregation and FCENet's decoding; once, they are slow."""
    pan, fce = maps_of("pan", texts), maps_of("fce", texts)
    text, kernel = pan.planes["text"], pan.planes["kernel"]
    vectors = pan.values["embedding"].astype(np.float32)
    plain: Callable[..., Any] = plain_aggregation
    return [
        measure(
            "pan, breadth first, pixel by pixel",
            texts,
            lambda: np.unique(plain(text, kernel, vectors, PanDecode()))[1:],
            1,
        ),
        measure("fce, pixel by pixel", texts, lambda: slow_decode_fce(fce, FceDecode()), 1),
    ]


def doctr_rows(texts: int) -> list[Row]:
    """docTR's post-processor on the same DB map, with its own settings, upright and turned boxes."""
    from doctr.models.detection.differentiable_binarization.base import (  # type: ignore[import-not-found]
        DBPostProcessor,
    )

    probability = maps_of("db", texts).planes["probability"].astype(np.float32)[None, :, :, None] / 255.0
    rows = []
    for straight in (True, False):
        post = DBPostProcessor(assume_straight_pages=straight)
        what = f"docTR, {'upright' if straight else 'turned'} boxes"
        rows.append(measure(what, texts, lambda p=post: p(probability)[0][0], 30))  # type: ignore[misc]
    return rows


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    with_doctr = importlib.util.find_spec("doctr") is not None
    rows: list[Row] = []
    for texts in TEXTS:
        rows += our_rows(texts) + (doctr_rows(texts) if with_doctr else []) + reference_rows(texts)
    table = Table(
        "what",
        "texts",
        "found",
        "median ms",
        "worst ms",
        "limit ms",
        title=f"decoding kept maps, {SIZE[0]} x {SIZE[1]}",
    )
    for row in rows:
        limit = "" if row.limit_ms is None else f"{row.limit_ms:.0f}"
        table.add_row(
            row.what, str(row.texts), str(row.found), f"{row.median_ms:.1f}", f"{row.worst_ms:.1f}", limit
        )
    console = Console()
    console.print(table)
    if not with_doctr:
        console.print("docTR is not installed; it was left out.")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
