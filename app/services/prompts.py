"""The prompt playground: other words for the checkpoint in use, and what its score map becomes on a page.

The image is looked at once; for other words the text tower and the matching run again, on wish neck and head.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import ReferenceType, ref

from PySide6.QtCore import QObject, Signal, Slot

from app.services.workspace import Workspace
from app.workers.gpu_thread import GpuThread
from app.workers.network_job import JobDone
from app.workers.predictor import PredictorLike
from app.workers.reading import read_picture
from tcm_core.checkpoint_file import CheckpointMetadata, resolve_checkpoint
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import Plane
from tcm_core.detection import Detection
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.geometry.frame import ImageFrame

if TYPE_CHECKING:
    from tcm_core.infer.predictor import Predictor, Seen
    from tcm_core.infer.words import WordTable

SLOT: Final = "prompts"


@dataclass(frozen=True, eq=False)
class PromptMap:
    """What some words give on a page.

    Attributes:
        plane: the instance-language score map, (h, w).
        detections: what is found with it, when that was asked for.
    """

    plane: Plane
    detections: tuple[Detection, ...] | None = None


@dataclass(frozen=True, eq=False)
class PromptMaps:
    """What came of a request.

    Attributes:
        key: the page.
        checkpoint: as the settings name it.
        sha256: what it is known by.
        own_words: of the checkpoint's prompt.
        known: the words that its text tower knows; (): all of CLIP's.
        origin: where they are from, in words.
        clip: the CLIP whose text tower it is; "": a small one of its own.
        frame: how the image lies in the network's input.
        maps: by words; the checkpoint's own are among them.
        refused: why words cannot be used, by words.
    """

    key: str
    checkpoint: str
    sha256: str
    own_words: str
    known: tuple[str, ...]
    origin: str
    clip: str
    frame: ImageFrame
    maps: Mapping[str, PromptMap]
    refused: Mapping[str, str]


@dataclass(eq=False)
class _Bench:
    """What is kept between requests; touched in the detector's thread only."""

    predictor: "ReferenceType[Predictor] | None" = None  # weak: whoever loaded it frees it
    path: Path | None = None
    stamp: int = 0
    seen: "Seen | None" = None
    table: "WordTable | None" = None
    store: tuple[tuple[str, str], ...] = ()  # weights that were there when the table was looked for
    maps: dict[str, PromptMap] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    settings: DecodeSettings | None = None  # of the detections among the maps

    def is_of(self, predictor: "Predictor") -> bool:
        """Whether what is kept is this predictor's."""
        return self.predictor is not None and self.predictor() is predictor


@dataclass(frozen=True, eq=False)
class PromptJob:
    """Score maps of some words; see NetworkJob.

    Attributes:
        words: prompts to look up; the checkpoint's own are always.
        settings: how detections are decoded; None: they are not wanted.
    """

    bench: _Bench
    key: str
    path: Path
    checkpoint: str
    device: str
    words: tuple[str, ...]
    settings: DecodeSettings | None
    slot: str = SLOT

    def run(self, predictor: PredictorLike) -> PromptMaps:
        """In the detector's thread.

        Raises:
            BadCheckpoint: the words of this checkpoint cannot be changed; says of which they can.
            BadImage: the image cannot be read.
        """
        from tcm_core.infer.predictor import Predictor
        from tcm_core.infer.words import no_tower

        exported = not isinstance(predictor, Predictor)
        if not isinstance(predictor, Predictor) or predictor.language is None:
            raise BadCheckpoint(no_tower(predictor.checkpoint_name, exported=exported))
        self._prepare(predictor)
        own = _own_words(predictor.metadata)
        for words in (own, *self.words):
            self._look_up(predictor, words, own)
        bench = self.bench
        assert bench.seen is not None
        assert bench.table is not None
        wanted = {own, *self.words}
        return PromptMaps(
            self.key,
            self.checkpoint,
            predictor.checkpoint_hash,
            own,
            tuple(bench.table.words),
            bench.table.origin,
            _clip_of(predictor.metadata),
            bench.seen.frame,
            {words: bench.maps[words] for words in (own, *self.words) if words in bench.maps},
            {words: why for words, why in bench.refused.items() if words in wanted},
        )

    def _prepare(self, predictor: "Predictor") -> None:
        """Look at the image, unless it is the one that was looked at last."""
        from tcm_core.infer.words import find_table
        from tcm_core.weights.store import list_weights

        bench, stamp = self.bench, self.path.stat().st_mtime_ns if self.path.exists() else 0
        if not bench.is_of(predictor):
            bench.predictor, bench.path, bench.table = ref(predictor), None, None
        language, modules = predictor.language, predictor.metadata.model.tcm
        assert language is not None
        assert modules is not None
        store = tuple((entry.name, entry.sha256) for entry in list_weights())
        if bench.table is None or bench.store != store:  # weights may have come meanwhile
            bench.table, bench.store = find_table(language, modules), store
            bench.refused.clear()
        if (bench.path, bench.stamp) != (self.path, stamp):
            bench.seen = None
            bench.maps.clear()
            bench.seen = predictor.look(read_picture(self.path))
            bench.path, bench.stamp = self.path, stamp
        if self.settings is not None and self.settings != bench.settings:
            bench.maps = {words: PromptMap(one.plane) for words, one in bench.maps.items()}
            bench.settings = self.settings

    def _look_up(self, predictor: "Predictor", words: str, own: str) -> None:
        from tcm_core.infer.words import with_words

        bench = self.bench
        known = bench.maps.get(words)
        if words in bench.refused or (known and (self.settings is None or known.detections is not None)):
            return
        assert bench.seen is not None
        assert bench.table is not None
        assert predictor.language is not None
        try:
            branch = (
                predictor.language if words == own else with_words(predictor.language, words, bench.table)
            )
        except BadConfig as error:
            bench.refused[words] = str(error)
            return
        if self.settings is None:
            bench.maps[words] = PromptMap(predictor.score_map(bench.seen, branch))
            return
        maps = predictor.maps_of(bench.seen, branch)
        settings = self.settings if self.settings.head == maps.head else predictor.decode_settings
        bench.maps[words] = PromptMap(maps.language, tuple(decode(maps, settings)))


@dataclass(frozen=True, eq=False)
class SaveJob:
    """A checkpoint with other words; see NetworkJob. Gives the file."""

    bench: _Bench
    checkpoint: str
    device: str
    words: str
    target: Path
    slot: str = f"{SLOT} save"

    def run(self, predictor: PredictorLike) -> Path:
        """In the detector's thread.

        Raises:
            BadCheckpoint, BadConfig: see save_with_words.
            TcmError: the file cannot be written, or there is one.
        """
        from tcm_core.infer.predictor import Predictor
        from tcm_core.infer.words import find_table, no_tower, save_with_words

        modules = predictor.metadata.model.tcm if isinstance(predictor, Predictor) else None
        if not isinstance(predictor, Predictor) or predictor.language is None or modules is None:
            raise BadCheckpoint(no_tower(predictor.checkpoint_name, exported=True))
        if self.target.exists():
            raise BadConfig(f"{self.target}: there is such a file already. Choose another name.")
        kept = self.bench.table if self.bench.is_of(predictor) else None
        table = kept or find_table(predictor.language, modules)
        source = resolve_checkpoint(self.checkpoint)
        save_with_words(source, self.target, self.words, table, self.target.stem)
        return self.target


class PromptService(QObject):
    """Asks the detector's thread for score maps of other words. For the GUI thread.

    Attributes:
        mapped: PromptMaps of the newest request.
        saved: the words and the file of a new checkpoint.
        failed: a Problem: there are no maps.
        save_failed: a Problem: there is no new checkpoint.
    """

    mapped = Signal(object)
    saved = Signal(str, object)
    failed = Signal(object)
    save_failed = Signal(object)

    def __init__(self, workspace: Workspace, gpu: GpuThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._gpu = workspace, gpu
        self._bench = _Bench()
        self._asked: PromptJob | None = None
        gpu.job_done.connect(self._done)

    @property
    def awaited(self) -> bool:
        """Whether maps are under way."""
        return self._asked is not None

    def ask(
        self, key: str, checkpoint: str, device: str, words: Sequence[str], settings: DecodeSettings | None
    ) -> None:
        """Make the maps of these words on a page; `mapped` or `failed` follows, for the newest request only.

        Args:
            key: the page.
            checkpoint: as the settings name it.
            device: where it is loaded.
            words: prompts.
            settings: how detections are decoded; None: they are not wanted.
        """
        if not self._gpu.running:
            self._gpu.start()
        path = self._workspace.path_of(key)
        self._asked = PromptJob(self._bench, key, path, checkpoint, device, tuple(words), settings)
        self._gpu.submit_job(self._asked)

    def save(self, checkpoint: str, device: str, words: str, target: Path) -> None:
        """Write a checkpoint with these words; `saved` or `failed` follows."""
        if not self._gpu.running:
            self._gpu.start()
        self._gpu.submit_job(SaveJob(self._bench, checkpoint, device, words, target))

    def forget(self) -> None:
        """Give the memory of the image's features back; a request under way is dropped."""
        self._bench, self._asked = _Bench(), None

    @Slot(object)
    def _done(self, done: JobDone) -> None:
        if isinstance(done.job, SaveJob):
            if isinstance(done.result, Path):
                self.saved.emit(done.job.words, done.result)
            elif done.problem is not None:
                self.save_failed.emit(done.problem)
        elif done.job is self._asked:
            self._asked = None
            if isinstance(done.result, PromptMaps):
                self.mapped.emit(done.result)
            elif done.problem is not None:
                self.failed.emit(done.problem)


def prompted_name(checkpoint: str, sha256: str, words: str) -> str:
    """A file's name for a checkpoint with other words; the same for the same words of the same weights.

    Args:
        checkpoint: as the settings name it.
        sha256: what it is known by.
        words: of the new prompt.
    """
    stem = Path(checkpoint).stem if checkpoint.endswith(".safetensors") else checkpoint
    plain = "-".join("".join(one if one.isalnum() else " " for one in words).split())[:30] or "no-words"
    digest = hashlib.sha256(f"{sha256}\n{words}".encode()).hexdigest()
    return f"{stem[:40]}+{plain}-{digest[:6]}"


def _own_words(metadata: CheckpointMetadata) -> str:
    return "" if metadata.model.tcm is None else metadata.model.tcm.language.words


def _clip_of(metadata: CheckpointMetadata) -> str:
    modules = metadata.model.tcm
    return modules.text.name if modules is not None and modules.text.kind == "clip" else ""
