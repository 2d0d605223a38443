"""Detection over many images into a folder of ICDAR 2015 result files; what is done already is skipped."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Literal

from tcm_core.data.atomic_file import write_atomic, write_text_atomic
from tcm_core.data.formats.icdar import detection_lines
from tcm_core.data.image_io import ReadFrame, read_image
from tcm_core.errors import BadImage, TcmError
from tcm_core.infer.overlay import draw_overlay, jpeg_bytes

if TYPE_CHECKING:
    from tcm_core.infer.exported_predictor import ExportedPredictor
    from tcm_core.infer.predictor import Predictor

MANIFEST: Final = "detect.json"
"""In the output folder: which checkpoint, settings and image each result file was made with."""

_MANIFEST_VERSION: Final = 1
_MANIFEST_SECONDS: Final = 2.0


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


def detect_folder(  # noqa: PLR0913 - three inputs, and four switches by name
    predictor: "Predictor | ExportedPredictor",
    images: Sequence[Path],
    out: Path,
    *,
    root: Path,
    overlay: bool = False,
    force: bool = False,
    frame: ReadFrame = "view",
    scores: bool = False,
) -> Iterator[Outcome]:
    """Find the text on the images and write one result file each; an outcome is yielded after every image.

    A bad image is reported in its outcome and the rest goes on. A result is skipped when it was made from the
    same file by the same checkpoint with the same settings. Files are replaced whole or not at all.

    Args:
        predictor: a loaded detector.
        images: files below root; each at most once.
        out: folder of the results, made when missing.
        root: what sub-folders are counted from.
        overlay: also write `<stem>.overlay.jpg` beside each result.
        force: detect again what is done.
        frame: of the coordinates.
        scores: a ninth field of each line is the score, as protocols with confidences want it.

    Raises:
        TcmError: an image is not below root, or the output folder cannot be written.
    """
    names = result_names(images, root)
    made_with = {
        "checkpoint": predictor.checkpoint_hash,
        "settings": predictor.decode_settings.model_dump(mode="json"),
        "frame": frame,
        "scores": scores,
    }
    manifest = _Manifest(out / MANIFEST)
    manifest.write()  # an output folder that cannot be written is found out before any work
    try:
        for image in images:
            job = _Job(image, names[image], out, overlay=overlay, frame=frame, scores=scores)
            entry = {**made_with, **_identity(image)}
            known = manifest.results.get(str(job.name))
            if not force and known is not None and job.stands() and _same(known, entry):
                yield Outcome(image, "skipped", int(known.get("texts", 0)), "")
                continue
            outcome = job.run(predictor)
            if outcome.status == "done":
                manifest.results[str(job.name)] = {**entry, "texts": outcome.texts}
            elif known is not None:  # an older result of ours must not pass for this one
                del manifest.results[str(job.name)]
                job.remove_result()
            yield outcome
            manifest.write_now_and_then()
    finally:
        manifest.write()


class _Job:
    """One image and the files made from it."""

    def __init__(
        self,
        image: Path,
        name: PurePosixPath,
        out: Path,
        *,
        overlay: bool,
        frame: ReadFrame,
        scores: bool,
    ) -> None:
        self.image, self.name, self.frame, self.scores = image, name, frame, scores
        self.result = out / name
        stem = name.name.removeprefix("res_").removesuffix(".txt")
        self.picture = self.result.with_name(f"{stem}.overlay.jpg") if overlay else None

    def stands(self) -> bool:
        return self.result.is_file() and (self.picture is None or self.picture.is_file())

    def run(self, predictor: "Predictor | ExportedPredictor") -> Outcome:
        try:
            pixels = read_image(self.image, self.frame)
            prediction = predictor.predict(pixels)
            lines = detection_lines(prediction.detections, with_scores=self.scores)
            if self.picture is not None:
                write_atomic(
                    self.picture, jpeg_bytes(draw_overlay(pixels, prediction.detections, prediction.maps))
                )
            write_text_atomic(self.result, "".join(f"{line}\n" for line in lines))
        except TcmError as error:
            return Outcome(self.image, "failed", 0, str(error))
        except MemoryError:
            return Outcome(self.image, "failed", 0, f"{self.image}: not enough memory. Reduce the picture.")
        except RuntimeError as error:  # of torch: most often memory of the device
            return Outcome(self.image, "failed", 0, f"{self.image}: the detector failed: {error}")
        return Outcome(self.image, "done", len(lines), self._remark())

    def remove_result(self) -> None:
        self.result.unlink(missing_ok=True)

    def _remark(self) -> str:
        if self.name.name == f"res_{self.image.stem}.txt":
            return ""
        return f"another image has the same name but for the suffix; {self.image.name} gives {self.name}"


class _Manifest:
    """What each result file was made with; a manifest that cannot be used counts as empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written_at = time.monotonic()
        self.results: dict[str, dict[str, Any]] = {}
        try:
            content = json.loads(path.read_bytes())
            if content["version"] == _MANIFEST_VERSION:
                self.results = {
                    name: entry for name, entry in content["results"].items() if isinstance(entry, dict)
                }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.results = {}

    def write(self) -> None:
        content = {"version": _MANIFEST_VERSION, "results": self.results}
        write_text_atomic(self._path, json.dumps(content, indent=1) + "\n")
        self._written_at = time.monotonic()

    def write_now_and_then(self) -> None:
        if time.monotonic() - self._written_at > _MANIFEST_SECONDS:
            self.write()


def _identity(image: Path) -> dict[str, int]:
    try:
        stat = image.stat()
    except OSError:
        return {}
    return {"bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}


def _same(known: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    return all(known.get(key) == value for key, value in entry.items())
