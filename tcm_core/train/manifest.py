"""manifest.json: exactly which images and labels a run learns from and is scored on, by their hashes."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from tcm_core.checkpoint_file import file_sha256
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.data.dataset import PhotoSource
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.errors import BadConfig
from tcm_core.train.folder import RunFolder
from tcm_core.train.loading import TrainingData

_VERSION: Final = 1
_NAMED: Final = 5  # changed files that a message names
_THREADS: Final = 8


class ManifestRow(NamedTuple):
    """One image."""

    image: str  # "0/images/img_2.png": the source's place, and the image's name from its folder
    part: str  # "learnt" or "validation"
    bytes: int  # -1: not there
    mtime_ns: int
    sha256: str  # of the file; empty: it cannot be read
    labels: str  # SHA-256 of its texts


class Manifest(NamedTuple):
    """What a run learns from and is scored on."""

    rows: tuple[ManifestRow, ...]

    @property
    def sha256(self) -> str:
        """One hash of all images and all labels, for a report's row."""
        total = hashlib.sha256()
        for row in self.rows:
            total.update(f"{row.image}\0{row.part}\0{row.sha256}\0{row.labels}\n".encode("utf-8", "replace"))
        return total.hexdigest()


def write_manifest(folder: RunFolder, data: TrainingData, stage: str = "") -> Manifest:
    """Hashes what a run learns from into manifest.json, and holds a resumed run against what it began with.

    A file whose size and time are those of the manifest that is there is not read again.

    Args:
        folder: of the run.
        data: of the run, or of one of its stages.
        stage: its name; the file is then manifest_<stage>.json.

    Raises:
        BadConfig: images or labels are others than when the run began; the message names them.
        TcmError: the file cannot be written.
    """
    path = _file(folder, stage)
    former = read_manifest(path)
    known = {} if former is None else {row.image: row for row in former.rows}
    with ThreadPoolExecutor(_THREADS) as pool:
        rows = pool.map(lambda entry: _row(entry, known), list(_entries(data)))
        manifest = Manifest(tuple(rows))
    if former is not None:
        _check(path, former, manifest)
    if folder.writes and manifest != former:
        _write(path, manifest)
    return manifest


def read_manifest(path: Path) -> Manifest | None:
    """The manifest in a file; None when there is none.

    Raises:
        BadConfig: it is damaged or of a newer version.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] > _VERSION:
            raise BadConfig(f"{path}: written by a newer version; resume the run with that one")
        return Manifest(tuple(ManifestRow(**row) for row in content["images"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadConfig(f"{path}: cannot be read ({error}); start a new run in another folder") from error


def label_hash(instances: Sequence[TextInstance]) -> str:
    """SHA-256 of texts: whatever format they came from, the same polygons and words give the same."""
    total = hashlib.sha256()
    for instance in instances:
        words = json.dumps([instance.text, instance.ignore, instance.language, len(instance.polygon)])
        total.update(words.encode())
        total.update(instance.polygon.astype("<f8").tobytes())
    return total.hexdigest()


def _file(folder: RunFolder, stage: str) -> Path:
    if not stage:
        return folder.manifest_file
    return folder.path / f"manifest_{re.sub(r'[^A-Za-z0-9._-]', '_', stage)}.json"


def _entries(data: TrainingData) -> Iterator[tuple[str, str, Sample]]:
    """Name, part and sample of every image on disk, in the order of the split."""
    photos = iter([source.samples for source in data.sources if isinstance(source, PhotoSource)])
    validation = iter(data.validation)
    for place, row in enumerate(data.split["sources"]):
        if row["learnt"]:
            for name, sample in zip(row["learnt"], next(photos), strict=True):
                yield f"{place}/{name}", "learnt", sample
        for name in row["validation"]:
            yield f"{place}/{name}", "validation", next(validation)


def _row(entry: tuple[str, str, Sample], known: dict[str, ManifestRow]) -> ManifestRow:
    name, part, sample = entry
    labels = label_hash(sample.instances)
    try:
        found = sample.image.stat()
        size, time_ns, row = found.st_size, found.st_mtime_ns, known.get(name)
        if row is not None and (row.bytes, row.mtime_ns) == (size, time_ns) and row.sha256:
            return ManifestRow(name, part, size, time_ns, row.sha256, labels)
        return ManifestRow(name, part, size, time_ns, file_sha256(sample.image), labels)
    except OSError:
        return ManifestRow(name, part, -1, 0, "", labels)


def _check(path: Path, former: Manifest, now: Manifest) -> None:
    """Compares the images that both have; the split sees to it that they are the same ones."""
    before = {(row.image, row.part): row for row in former.rows}
    changes = []
    for row in now.rows:
        old = before.pop((row.image, row.part), None)
        if old is None:
            changes.append(f"{row.image} (not there then)")
        elif old.sha256 != row.sha256:
            changes.append(f"{row.image} ({'the image' if row.sha256 else 'gone or unreadable'})")
        elif old.labels != row.labels:
            changes.append(f"{row.image} (its labels)")
    changes += [f"{image} (not there now)" for image, _ in before]
    if changes:
        more = f" and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
        raise BadConfig(
            f"data: not what the run began with, by {path}: {', '.join(changes[:_NAMED])}{more}. Put it "
            f'back, or begin a new run in another folder with start = "{path.parent / "last.safetensors"}".'
        )


def _write(path: Path, manifest: Manifest) -> None:
    """One line an image, so that two manifests can be compared by any tool."""
    rows = ",\n".join(json.dumps(row._asdict(), ensure_ascii=False) for row in manifest.rows)
    write_text_atomic(
        path, f'{{"version": {_VERSION}, "sha256": "{manifest.sha256}", "images": [\n{rows}\n]}}\n'
    )
