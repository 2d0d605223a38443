"""What the panes of a comparison show: the labels, the ground truth, or what any checkpoint finds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.compare import Shape, shapes_of_detections, shapes_of_regions
from app.services.checkpoints import CheckpointChoice, available_checkpoints
from app.services.detection import DetectionService
from app.services.prediction_store import PredictionSet, PredictionStore
from app.services.workspace import Workspace
from app.workers.messages import Problem, at_scale, without_scale
from tcm_core.checkpoint_file import read_metadata
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.maps import ImageMaps
from tcm_core.errors import TcmError

SourceKind = Literal["labels", "truth", "checkpoint"]
Reference = Literal["", "labels", "truth"]
FAINT: Final = 0.1
"""Down to this score detections are looked at for the curve over all thresholds."""


@dataclass(frozen=True)
class Source:
    """What a pane shows.

    Attributes:
        title: for people; the name of a checkpoint.
        sha256: of a checkpoint that has looked at a page; "" when it is known by its name only.
        file: the checkpoint's file; "" where it is not known, it cannot look at further pages then.
        settings: how its maps are decoded; None: as they were when it looked.
        scale: of the size that it wants pictures in.
    """

    kind: SourceKind
    title: str
    sha256: str = ""
    file: str = ""
    settings: DecodeSettings | None = None
    scale: float = 1.0

    @property
    def identity(self) -> tuple[str, str]:
        """The same for the same source under any settings."""
        return self.kind, self.sha256 or self.title

    def is_of(self, other: "Source") -> bool:
        """Whether both are one checkpoint, or the same labels; a hash may have become known meanwhile."""
        return self.identity == other.identity or (bool(self.file) and self.file == other.file)

    @property
    def called(self) -> str:
        """What the detection calls its file at its scale."""
        return at_scale(self.file, self.scale)

    @property
    def name(self) -> str:
        """For people, with the scale where it is not its own."""
        return at_scale(self.title, self.scale)


LABELS: Final = Source("labels", "Labels")
TRUTH: Final = Source("truth", "Ground truth")


@dataclass(frozen=True, eq=False)
class PaneSet:
    """What a source has on one page.

    Attributes:
        shapes: the polygons.
        settings: what the detections were decoded with; None for labels.
        maps: of the detector, where they are kept.
        seconds: that the detector took; None where that is not known.
    """

    shapes: tuple[Shape, ...]
    settings: DecodeSettings | None = None
    maps: ImageMaps | None = None
    seconds: float | None = None


class Comparison(QObject):
    """Looks up what the sources have, and asks for what they do not have yet. It changes nothing.

    Attributes:
        changed: a page's key: a source has something else there now.
        failed: key, title of the source, and the Problem.
    """

    changed = Signal(str)
    failed = Signal(str, str, object)

    def __init__(
        self,
        workspace: Workspace,
        detection: DetectionService,
        own: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Starts nothing.

        Args:
            workspace: the project.
            detection: lets checkpoints look.
            own: folder of the person's own checkpoints.
            parent: owner.
        """
        super().__init__(parent)
        self._workspace, self._detection, self._own = workspace, detection, own
        self._asked: set[tuple[str, str]] = set()  # file and key of what was asked for
        self._files: list[CheckpointChoice] | None = None
        self._decoded: dict[tuple[str, str, DecodeSettings], PredictionSet] = {}  # a pane's own settings
        self._sides: dict[str, int] = {}  # of files: the short side that they want
        detection.predictions_changed.connect(self._predictions_changed)
        detection.side.failed.connect(self._side_failed)
        workspace.closing.connect(self.forget)

    def choices(self, key: str) -> list[Source]:
        """Everything that can be shown: labels, ground truth, what has looked at the page, other checkpoints.

        Raises:
            StorageError: the project cannot be read.
        """
        files = {choice.name: str(choice.path) for choice in self._checkpoints() if choice.problem is None}
        found = [
            Source("checkpoint", one.checkpoint_name, one.checkpoint_hash, files.get(one.checkpoint_name, ""))
            for one in self._detection.store.sets(key)
            if without_scale(one.checkpoint_hash)[1] == 1.0
        ]
        known = {source.title for source in found}
        others = [Source("checkpoint", name, "", file) for name, file in files.items() if name not in known]
        return [LABELS, TRUTH, *_told_apart(found), *others]

    def source_of_file(self, path: Path) -> Source:
        """What a pane shows of a checkpoint's file, wherever it lies.

        Raises:
            BadCheckpoint: it is no checkpoint; in words.
            TcmError: an ONNX file, and onnx is not installed.
        """
        return Source("checkpoint", read_metadata(path).name, "", str(path))

    def look_for_files(self) -> None:
        """Look again which checkpoints there are."""
        self._files = None

    def content(self, key: str, source: Source) -> PaneSet | None:
        """What a source has on a page; None: its checkpoint has not looked at it, or there is no truth.

        Raises:
            StorageError: the project cannot be read.
        """
        if source.kind == "labels":
            return self._labels(key)
        if source.kind == "truth":
            db = self._workspace.db
            truth = None if db is None else db.truth.load(key)
            return None if truth is None else PaneSet(shapes_of_regions(truth))
        found = self._set_of(key, source)
        return None if found is None else self._shown(found, source.settings)

    def reference(self, key: str, against: Reference) -> tuple[Shape, ...] | None:
        """What sources are judged against; None where there is nothing for it.

        Raises:
            StorageError: the project cannot be read.
        """
        db = self._workspace.db
        if db is None or not against:
            return None
        if against == "truth":
            truth = db.truth.load(key)
            return None if truth is None else shapes_of_regions(truth)
        labels = self._labels(key).shapes
        reviewed = self._workspace.summary(key).review not in ("unseen", "detected")
        return labels if labels or reviewed else None

    def at_any_score(self, key: str, source: Source) -> PaneSet | None:
        """As content, but with detections of any score from FAINT on, as far as maps are kept.

        Raises:
            StorageError: the project cannot be read.
        """
        now = self.content(key, source)
        if now is None or now.settings is None or now.maps is None:
            return now
        faint = now.settings.model_copy(update={"score_threshold": min(FAINT, now.settings.score_threshold)})
        found = self._set_of(key, source)
        return None if found is None else self._shown(found, faint)

    def ask_for(
        self, source: Source, keys: Sequence[str], *, urgent: bool = False, again: bool = False
    ) -> None:
        """Let a source's checkpoint look at pages; nothing happens where its file is not known.

        Args:
            source: what is to look.
            keys: pages that it has not looked at.
            urgent: before all others.
            again: what was asked for and failed or was cancelled, too.
        """
        if source.kind != "checkpoint" or not source.file:
            return
        new = [key for key in keys if again or (source.called, key) not in self._asked]
        if new:
            self._asked.update((source.called, key) for key in new)
            self._detection.detect_with(source.file, new, urgent=urgent, scale=source.scale)

    def is_awaited(self, key: str, source: Source) -> bool:
        """Whether the source's checkpoint is looking at the page."""
        return bool(source.file) and key in self._detection.side.pending(source.called)

    def awaited(self, source: Source) -> int:
        """How many pages the source's checkpoint has still to look at."""
        return len(self._detection.side.pending(source.called)) if source.file else 0

    def cancel(self, source: Source) -> None:
        """Let the source's checkpoint look at no more pages."""
        if source.file:
            self._detection.side.cancel(source.called)

    def why_not(self, key: str, source: Source) -> str:
        """Why the source's checkpoint could not look at a page; empty when it could, or was not asked."""
        outcome = self._detection.side.outcomes.get((key, source.called))
        if outcome is None or outcome.problem is None or outcome.state != "failed":
            return ""
        return outcome.problem.what

    def short_side(self, source: Source) -> int | None:
        """The short side of the pictures that a checkpoint sees, pixels; None where it is not known."""
        if not source.file:
            return None
        if source.file not in self._sides:
            try:
                self._sides[source.file] = read_metadata(Path(source.file)).short_side
            except (TcmError, OSError):
                return None
        return round(self._sides[source.file] * source.scale)

    def hash_of(self, source: Source) -> str:
        """The hash that the source's sets are kept under; empty where it is not known yet."""
        sha256 = source.sha256 or self._detection.side.hash_of(source.file)
        return at_scale(sha256, source.scale) if sha256 else ""

    @property
    def store(self) -> PredictionStore:
        """Where what was found is kept."""
        return self._detection.store

    @property
    def workspace(self) -> Workspace:
        """The open project."""
        return self._workspace

    @Slot()
    def forget(self) -> None:
        """Another project is opened, or what failed is to be asked for again."""
        self._asked.clear()
        self._decoded.clear()

    def _checkpoints(self) -> list[CheckpointChoice]:
        if self._files is None:
            self._files = available_checkpoints(self._own)
        return self._files

    def _labels(self, key: str) -> PaneSet:
        session, db = self._workspace.session, self._workspace.db
        if session is not None and session.key == key:
            return PaneSet(shapes_of_regions(session.page.regions))
        return PaneSet(() if db is None else shapes_of_regions(db.load_page(key).regions))

    def _set_of(self, key: str, source: Source) -> PredictionSet | None:
        store, sha256 = self._detection.store, self.hash_of(source)
        if sha256:
            return store.set_by(key, sha256)
        named = [one for one in store.sets(key) if one.checkpoint_name == source.name]
        return named[0] if named else None

    def _shown(self, found: PredictionSet, settings: DecodeSettings | None) -> PaneSet:
        if settings is None or settings.head != found.settings.head:
            return self._as_pane(found)
        place = (found.key, found.checkpoint_hash, settings)
        if found.maps is None:  # a higher threshold needs no maps
            kept = tuple(one for one in found.detections if one.score >= settings.score_threshold)
            return self._as_pane(replace(found, detections=kept))
        known = self._decoded.get(place)
        if known is None or known.maps is not found.maps:
            known = self._decoded[place] = found.decoded_with(settings)
            while len(self._decoded) > 8:
                del self._decoded[next(iter(self._decoded))]
        return self._as_pane(known)

    def _as_pane(self, found: PredictionSet) -> PaneSet:
        return PaneSet(
            shapes_of_detections(found.detections), found.settings, found.maps, found.seconds or None
        )

    @Slot(str, str)
    def _predictions_changed(self, key: str, _: str) -> None:
        self.changed.emit(key)

    @Slot(str, str, object)
    def _side_failed(self, key: str, checkpoint: str, problem: Problem) -> None:
        self.failed.emit(key, checkpoint, problem)


def _told_apart(sources: Sequence[Source]) -> list[Source]:
    """The sources with the beginning of the hash after names that several of them have."""
    titles = [source.title for source in sources]
    return [
        source
        if titles.count(source.title) == 1
        else replace(source, title=f"{source.title} ({source.sha256[:8]})", file="")
        for source in sources
    ]
