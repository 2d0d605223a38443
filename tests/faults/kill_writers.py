"""Kill -9 in the middle of writing: exports, cached maps, checkpoints, settings, migrations of old projects.

    python -m tests.faults.kill_writers --runs 50 [--seed 0] [--kind NAME ...]

A process of its own writes the same files again and again, with other content each time, until it is killed
at a random moment. Then the program's own reader must find whole content of one of the times, or nothing
where nothing was promised (caches).
"""

import argparse
import multiprocessing
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from app.domain.page import Page
from app.domain.region import new_region
from app.settings.store import SettingsStore
from app.storage.journal import encode_page, encode_regions, json_of
from app.storage.label_io import plan_export, write_export
from app.storage.map_cache import MapCache, map_key
from app.storage.migrations import MIGRATIONS, migrate, schema_version
from app.storage.project_db import ProjectDb
from tcm_core.checkpoint import load_checkpoint, save_checkpoint
from tcm_core.data.formats.icdar import read_icdar
from tests.helpers.fake_predictor import text_maps
from tests.helpers.tiny_model import tiny_checkpoint, tiny_metadata

KEYS: Final = tuple(f"{number}.jpg" for number in range(6))
SQUARE: Final = ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))
LONGEST_S: Final = 0.6


class Writer(NamedTuple):
    """What writes until it is killed, and what looks afterwards.

    Attributes:
        write: makes the content of a number, for ever.
        check: what is wrong in the folder, in words; "" nothing is.
    """

    prepare: Callable[[Path], None]
    write: Callable[[Path, int], None]
    check: Callable[[Path], str]


def _pages(number: int) -> list[tuple[str, Page]]:
    regions = tuple(new_region(SQUARE, text=f"number {number}") for _ in range(20))
    return [(key, Page(regions, "approved")) for key in KEYS]


def _export(folder: Path, number: int) -> None:
    write_export(plan_export(_pages(number)), folder / "labels", as_zip=False)
    write_export(plan_export(_pages(number)), folder / "labels.zip", as_zip=True)


def _check_export(folder: Path) -> str:
    for path in (folder / "labels").glob("gt_*.txt"):
        texts = {one.text for one in read_icdar(path)}
        if len(texts) != 1 or len(read_icdar(path)) != 20:
            return f"{path.name} holds {len(read_icdar(path))} texts of {sorted(texts)}"
    archive = folder / "labels.zip"
    if archive.exists():
        import zipfile

        with zipfile.ZipFile(archive) as opened:
            if opened.testzip() is not None or len(opened.namelist()) != len(KEYS):
                return "the zip file is broken"
    return ""


def _maps(folder: Path, number: int) -> None:
    MapCache(folder, 200_000).put(map_key(str(number % 10), "c"), text_maps((240, 320)))


def _check_maps(folder: Path) -> str:
    whole = text_maps((240, 320)).planes["probability"]
    for number in range(10):
        found = MapCache(folder).get(map_key(str(number), "c"))
        if found is not None and not np.array_equal(found.planes["probability"], whole):
            return f"maps {number} are others"
    return ""


def _checkpoint(folder: Path, number: int) -> None:
    state = torch.load(folder / "weights.pt", weights_only=True)
    save_checkpoint(folder / "a.safetensors", state, tiny_metadata(note=str(number)))


def _prepare_checkpoint(folder: Path) -> None:
    torch.save(load_checkpoint(tiny_checkpoint(folder)).detector.state_dict(), folder / "weights.pt")


def _check_checkpoint(folder: Path) -> str:
    path = folder / "a.safetensors"
    return "" if not path.exists() or load_checkpoint(path).metadata.name == "tiny" else "another name"


def _settings(folder: Path, number: int) -> None:
    store = SettingsStore(folder / "settings.toml")
    detection = store.settings.detection.model_copy(update={"checkpoint": f"number {number}"})
    store.save(store.settings.model_copy(update={"detection": detection, "tour_closed": True}))


def _check_settings(folder: Path) -> str:
    return SettingsStore(folder / "settings.toml").notice or ""


def _prepare_old_project(folder: Path) -> None:
    """A project of the first version, with labels."""
    (folder / "old").mkdir()
    with closing(sqlite3.connect(folder / "old" / "project.sqlite3")) as file:
        migrate(file, MIGRATIONS[:1])
        for key, page in _pages(7):
            file.execute(
                "INSERT INTO pages (key, revision, review, region_count, regions) VALUES (?, 1, ?, 20, ?)",
                (key, page.review, json_of(encode_regions(page.regions))),
            )
            file.execute(
                "INSERT INTO edits (key, revision, kind, label, at, whole, body) "
                "VALUES (?, 1, 'edit', 'Add', 1.0, 1, ?)",
                (key, json_of(encode_page(page))),
            )
        file.commit()


def _migration(folder: Path, number: int) -> None:
    place = folder / f"project {number}" / ".tcm-studio"
    shutil.copytree(folder / "old", place)
    ProjectDb.open(place.parent, folder / "data").close()


def _check_migration(folder: Path) -> str:
    for place in sorted(folder.glob("project *")):
        if not (place / ".tcm-studio" / "project.sqlite3").exists():
            continue  # killed while the test copied it
        db = ProjectDb.open(place, folder / "data")
        try:
            if schema_version(db._connection) != len(MIGRATIONS):
                return f"{place.name} has version {schema_version(db._connection)}"
            if db.notice is None and any(len(db.load_page(key).regions) != 20 for key in KEYS):
                return f"{place.name} lacks labels"
            if db.notice is not None and (place / ".tcm-studio" / "project.sqlite3").stat().st_size > 0:
                return f"{place.name}: {db.notice}"
        finally:
            db.close()
        shutil.rmtree(place)
    return ""


def _nothing(folder: Path) -> None:
    pass


WRITERS: Final[dict[str, Writer]] = {
    "export": Writer(_nothing, _export, _check_export),
    "cached maps": Writer(_nothing, _maps, _check_maps),
    "checkpoint": Writer(_prepare_checkpoint, _checkpoint, _check_checkpoint),
    "settings": Writer(_nothing, _settings, _check_settings),
    "migration": Writer(_prepare_old_project, _migration, _check_migration),
}


def _write_until_killed(name: str, folder: Path, first: int) -> None:
    number = first
    while True:
        WRITERS[name].write(folder, number)
        number += 1


def run(name: str, runs: int, seed: int, folder: Path) -> list[str]:
    """Kill one writer so often; what is wrong, in words."""
    chance = random.Random(f"{seed} {name}")
    writer, wrong = WRITERS[name], []
    folder.mkdir()
    writer.prepare(folder)
    start = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(start)
    for number in range(runs):
        process = context.Process(target=_write_until_killed, args=(name, folder, number * 100_000))
        process.start()
        time.sleep(chance.uniform(0.02, LONGEST_S))
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            wrong.append(f"{name}, run {number}: the writer ended with {process.exitcode}")
        try:
            said = writer.check(folder)
        except Exception as error:  # noqa: BLE001 a reader that fails is what is looked for
            said = f"{type(error).__name__}: {error}"
        if said:
            wrong.append(f"{name}, run {number}: {said}")
    return wrong


def main() -> int:
    """The command line; 1 when something is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=50, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=list(WRITERS))
    arguments = parser.parse_args()
    faults = 0
    sys.stdout.write("| killed while writing | kills | faults |\n|---|---|---|\n")
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.kind or WRITERS:
            wrong = run(name, arguments.runs, arguments.seed, Path(temporary) / name)
            faults += len(wrong)
            sys.stdout.write(f"| {name} | {arguments.runs} | {len(wrong)} |\n")
            sys.stdout.writelines(f"    {line}\n" for line in wrong[:5])
            sys.stdout.flush()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
