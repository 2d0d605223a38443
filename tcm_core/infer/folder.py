"""Detection over many images into a folder of ICDAR 2015 result files; what is done already is skipped."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcm_core.data.atomic_file import write_atomic, write_text_atomic
from tcm_core.data.formats.icdar import detection_lines
from tcm_core.data.image_io import ReadFrame, read_image, read_size
from tcm_core.decode.decode import decode
from tcm_core.errors import BadImage, TcmError
from tcm_core.infer.manifest import MANIFEST as MANIFEST
from tcm_core.infer.manifest import Manifest, Share
from tcm_core.infer.overlay import draw_overlay, jpeg_bytes
from tcm_core.infer.prediction import Prediction
from tcm_core.infer.tiles import plan_tiles, predict_tiles

if TYPE_CHECKING:
    from tcm_core.infer.exported_predictor import ExportedPredictor
    from tcm_core.infer.predictor import Predictor

_AHEAD: Final = 2
"""Pictures that are read while one is looked at, and that wait to be written."""

_AHEAD_PIXELS: Final = 100_000_000
"""Larger ones are read one at a time: three bytes each."""

_Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Outcome:
    """What became of one image.

    Attributes:
        image: as it was given.
        status: "done", "skipped" (the result of an earlier run stands) or "failed".
        texts: lines in the result file; 0 when it failed.
        message: the reason of a failure, or what is special about the result; often empty.
    """

    image: Path
    status: Literal["done", "skipped", "failed"]
    texts: int
    message: str


def result_names(images: Sequence[Path], root: Path) -> dict[Path, PurePosixPath]:
    """The result file of each image, relative to the output folder; sub-folders of root are mirrored.

    `a.jpg` gives `res_a.txt`; images of one folder whose names differ in the suffix only (or in capitals)
    keep their whole names, `res_a.jpg.txt`.

    Raises:
        BadImage: an image does not lie below root.
    """
    folders: dict[Path, PurePosixPath] = {}
    for image in images:
        try:
            folders[image] = PurePosixPath(image.relative_to(root).parent.as_posix())
        except ValueError as error:
            raise BadImage(f"{image} does not lie below {root}") from error
    short = {image: image.stem for image in folders}
    while True:  # a whole name may in turn be another image's stem
        users = Counter(f"{folders[image]}/{name}".casefold() for image, name in short.items())
        shared = [
            image
            for image, name in short.items()
            if users[f"{folders[image]}/{name}".casefold()] > 1 and name != image.name
        ]
        if not shared:
            return {image: folders[image] / f"res_{name}.txt" for image, name in short.items()}
        short.update({image: image.name for image in shared})


def detect_folder(  # noqa: PLR0913 - three inputs, and switches by name
    predictor: "Predictor | ExportedPredictor",
    images: Sequence[Path],
    out: Path,
    *,
    root: Path,
    overlay: bool = False,
    force: bool = False,
    frame: ReadFrame = "view",
    scores: bool = False,
    smallest_scale: float | None = None,
    share: Share = Share(),  # noqa: B008 - a tuple of two numbers
) -> Iterator[Outcome]:
    """Find the text on the images and write one result file each; an outcome is yielded for every image.

    The next pictures are read, and the last ones decoded and written, while the detector looks at one; a few
    at a time, so that memory stays bounded. A bad image is reported in its outcome and the rest goes on. A
    result is skipped when it was made from the same file by the same checkpoint with the same settings. Files
    are replaced whole or not at all.

    Args:
        predictor: a loaded detector; it is called in the caller's thread only.
        images: files below root; each at most once.
        out: folder of the results, made when missing.
        root: what sub-folders are counted from.
        overlay: also write `<stem>.overlay.jpg` beside each result.
        force: detect again what is done.
        frame: of the coordinates.
        scores: a ninth field of each line is the score, as protocols with confidences want it.
        smallest_scale: pictures that one pass would show too small are cut into tiles; see plan_tiles. None:
            every picture is seen in one pass.
        share: of the images; the other processes have the rest.

    Raises:
        TcmError: an image is not below root, or the output folder cannot be written.
    """
    names = result_names(images, root)
    manifest = Manifest(out, share)
    manifest.write()  # an output folder that cannot be written is found out before any work
    wanted = _Wanted(overlay, force, frame, scores, smallest_scale)
    made_with = {
        "checkpoint": predictor.checkpoint_hash,
        "settings": predictor.decode_settings.model_dump(mode="json"),
        "frame": frame,
        "scores": scores,
        "smallest_scale": smallest_scale,
    }
    jobs = [
        _Job(image, names[image], out, wanted, {**made_with, **_identity(image)})
        for image in images[share.rank :: share.processes]
    ]
    try:
        yield from _Pipeline(predictor, manifest).run(jobs)
    finally:
        manifest.write()


class _Wanted(NamedTuple):
    """What detect_folder was told about all images."""

    overlay: bool
    force: bool
    frame: ReadFrame
    scores: bool
    smallest_scale: float | None


@dataclass(frozen=True, eq=False)
class _Job:
    """One image and the files made from it.

    Attributes:
        image: to be read.
        name: of the result, below out.
        out: the output folder.
        wanted: of all images.
        entry: of the manifest, when it is done.
    """

    image: Path
    name: PurePosixPath
    out: Path
    wanted: _Wanted
    entry: dict[str, Any]

    @property
    def result(self) -> Path:
        """The file of the texts."""
        return self.out / self.name

    @property
    def picture(self) -> Path | None:
        """The file with the texts drawn in, if that is wanted."""
        stem = self.name.name.removeprefix("res_").removesuffix(".txt")
        return self.result.with_name(f"{stem}.overlay.jpg") if self.wanted.overlay else None

    def skipped(self, manifest: Manifest) -> Outcome | None:
        """The outcome when an earlier result stands."""
        known = manifest.entry(str(self.name))
        there = self.result.is_file() and (self.picture is None or self.picture.is_file())
        if self.wanted.force or known is None or not there or not _same(known, self.entry):
            return None
        return Outcome(self.image, "skipped", int(known.get("texts", 0)), "")

    def pixels(self) -> int:
        """Of the picture, by its header; 0 when it has none."""
        try:
            height, width = read_size(self.image, self.wanted.frame)
        except TcmError:
            return 0
        return height * width

    def read(self) -> _Pixels:
        """The picture."""
        return read_image(self.image, self.wanted.frame)

    def look(self, predictor: "Predictor | ExportedPredictor", pixels: _Pixels) -> Callable[[], Prediction]:
        """The expensive half; what is left to do comes back."""
        if self.wanted.smallest_scale is not None:
            size = (pixels.shape[0], pixels.shape[1])
            tiling = plan_tiles(size, predictor.sides, self.wanted.smallest_scale)
            if tiling is not None:
                prediction = predict_tiles(predictor, pixels, tiling)
                return lambda: prediction
        maps = predictor.maps(pixels)
        return lambda: Prediction(decode(maps, predictor.decode_settings), maps)

    def write(self, pixels: _Pixels, found: Prediction) -> Outcome:
        """Writes the results."""
        lines = detection_lines(found.detections, with_scores=self.wanted.scores)
        if self.picture is not None:
            picture = draw_overlay(pixels, found.detections, found.maps)
            write_atomic(self.picture, jpeg_bytes(picture))
        write_text_atomic(self.result, "".join(f"{line}\n" for line in lines))
        return Outcome(self.image, "done", len(lines), self._remark())

    def failed(self, error: Exception) -> Outcome:
        """The outcome of an error in any of the steps; what is no accident of this image is raised again."""
        if isinstance(error, TcmError):
            message = str(error)
        elif isinstance(error, MemoryError):
            message = f"{self.image}: not enough memory. Reduce the picture."
        elif isinstance(error, RuntimeError):  # of torch: most often memory of the device
            message = f"{self.image}: the detector failed: {error}"
        else:
            raise error
        return Outcome(self.image, "failed", 0, message)

    def _remark(self) -> str:
        if self.name.name == f"res_{self.image.stem}.txt":
            return ""
        return f"another image has the same name but for the suffix; {self.image.name} gives {self.name}"


class _Pipeline:
    """Pictures are read in one thread, looked at in the caller's, decoded and written in another one."""

    def __init__(self, predictor: "Predictor | ExportedPredictor", manifest: Manifest) -> None:
        self._predictor = predictor
        self._manifest = manifest
        self._reading: deque[tuple[_Job, Future[_Pixels] | Outcome]] = deque()
        self._writing: deque[Future[Outcome]] = deque()
        self._pixels: dict[_Job, int] = {}  # of the pictures that are read or being read

    def run(self, jobs: Sequence[_Job]) -> Iterator[Outcome]:
        """The outcomes, in the order of the jobs."""
        waiting = deque(jobs)
        with ThreadPoolExecutor(1, "read") as readers, ThreadPoolExecutor(1, "write") as writers:
            try:
                while waiting or self._reading:
                    self._read_ahead(waiting, readers)
                    job, picture = self._reading.popleft()
                    self._writing.append(self._looked_at(job, picture, writers))
                    while self._writing and (len(self._writing) > _AHEAD or self._writing[0].done()):
                        yield self._writing.popleft().result()
                while self._writing:
                    yield self._writing.popleft().result()
            finally:
                for _, picture in self._reading:
                    if isinstance(picture, Future):
                        picture.cancel()

    def _read_ahead(self, waiting: deque[_Job], readers: ThreadPoolExecutor) -> None:
        """Asks for the next pictures: one at least, and no more than memory allows."""
        while waiting and len(self._reading) <= _AHEAD:
            skipped = waiting[0].skipped(self._manifest)
            if skipped is not None:
                self._reading.append((waiting.popleft(), skipped))
                continue
            pixels = waiting[0].pixels()
            if self._reading and sum(list(self._pixels.values())) + pixels > _AHEAD_PIXELS:
                return
            job = waiting.popleft()
            self._pixels[job] = pixels
            self._reading.append((job, readers.submit(job.read)))

    def _looked_at(
        self, job: _Job, picture: "Future[_Pixels] | Outcome", writers: ThreadPoolExecutor
    ) -> Future[Outcome]:
        if isinstance(picture, Outcome):
            return _finished(picture)
        try:
            pixels = picture.result()
            rest = job.look(self._predictor, pixels)
        except Exception as error:  # noqa: BLE001 - failed() raises again what is not the image's fault
            self._pixels.pop(job, None)
            outcome = job.failed(error)
            return writers.submit(self._note, job, outcome)
        return writers.submit(self._written, job, pixels, rest)

    def _written(self, job: _Job, pixels: _Pixels, rest: Callable[[], Prediction]) -> Outcome:
        try:
            outcome = job.write(pixels, rest())
        except Exception as error:  # noqa: BLE001 - as above
            outcome = job.failed(error)
        finally:
            self._pixels.pop(job, None)
        return self._note(job, outcome)

    def _note(self, job: _Job, outcome: Outcome) -> Outcome:
        """Keeps in mind what was done; an older result of ours must not pass for one that failed."""
        name = str(job.name)
        if outcome.status == "done":
            self._manifest.set(name, {**job.entry, "texts": outcome.texts})
        elif self._manifest.entry(name) is not None:
            self._manifest.forget(name)
            job.result.unlink(missing_ok=True)
        self._manifest.write_now_and_then()
        return outcome


def _finished(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future


def _identity(image: Path) -> dict[str, int]:
    try:
        stat = image.stat()
    except OSError:
        return {}
    return {"bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}


def _same(known: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    return all(known.get(key) == value for key, value in entry.items())
