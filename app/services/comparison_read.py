"""What checkpoints found on many pages, for a thread: from memory where it is there, else from the disk."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.domain.compare import Shape, shapes_of_detections
from app.domain.compare_figures import PagePair
from app.services.comparison import Source
from app.services.prediction_store import PredictionSet, PredictionStore
from app.storage.comparison_rows import ComparisonRows, comparison_rows
from app.workers.messages import at_scale
from tcm_core.checkpoint_file import checkpoint_hash


class PageReader:
    """Reads the sets of several sources. Made in the GUI thread, used in another.

    Attributes:
        sources: what is read.
        hashes: of each source; those that were not known are made of the files.
        settings: of each source; those that were not known are those of the first set that is read.

    Args:
        path: the project file.
        folder: of the images.
        store: makes sets of rows.
        memory: the sets that are in memory.
        sources: what is read.
        hashes: of each source as far as it is known.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        store: PredictionStore,
        memory: Mapping[tuple[str, str], PredictionSet],
        sources: Sequence[Source],
        hashes: Sequence[str],
    ) -> None:
        self._path, self._folder, self._store, self._memory = path, folder, store, memory
        self.sources = sources
        self.hashes = list(hashes)
        self.settings = [source.settings for source in sources]
        self._rows: ComparisonRows | None = None

    @contextmanager
    def reading(self) -> Iterator[ComparisonRows]:
        """Open the project file.

        Raises:
            StorageError: it cannot be read.
        """
        for index, source in enumerate(self.sources):
            if not self.hashes[index]:
                self.hashes[index] = _hash_of(source)
        with comparison_rows(self._path, self._folder) as rows:
            self._rows = rows
            yield rows
        self._rows = None

    def known(self, index: int) -> set[str]:
        """The pages that a source has looked at."""
        sha256 = self.hashes[index]
        if self._rows is None or not sha256:
            return set()
        return self._rows.keys_of(sha256) | {key for key, of in self._memory if of == sha256}

    def pair(
        self,
        index: int,
        key: str,
        truth: tuple[Shape, ...],
        faint: float,
    ) -> tuple[PagePair | None, tuple[int, int] | None]:
        """A page's labels and what a source found there, at any score from `faint` on.

        Returns:
            None where it has not looked at the page; and the image's (height, width), None without maps.
        """
        found = self._set(index, key)
        if found is None:
            return None, None
        settings = self.settings[index] = self.settings[index] or found.settings
        seconds = found.seconds or None
        if found.maps is None:
            return PagePair(truth, shapes_of_detections(found.detections), seconds), None
        own = settings if settings.head == found.maps.head else found.settings
        lowest = min(faint, own.score_threshold)
        decoded = found.decoded_with(own.model_copy(update={"score_threshold": lowest}))
        pair = PagePair(truth, shapes_of_detections(decoded.detections), seconds)
        return pair, found.maps.frame.image_size

    def _set(self, index: int, key: str) -> PredictionSet | None:
        sha256 = self.hashes[index]
        known = self._memory.get((key, sha256))
        if known is not None or self._rows is None or not sha256:
            return known
        row = self._rows.row(key, sha256)
        return None if row is None else self._store.set_of_row(key, row)


def missing_pages(reader: PageReader, keys: Collection[str]) -> list[list[str]]:
    """Of each source, the pages that it has not looked at; of labels none. For a thread.

    Raises:
        StorageError: the project file cannot be read.
    """
    with reader.reading():
        return [
            [] if source.kind != "checkpoint" else _left(keys, reader.known(index))
            for index, source in enumerate(reader.sources)
        ]


def _left(keys: Collection[str], known: Collection[str]) -> list[str]:
    return [key for key in keys if key not in known]


def _hash_of(source: Source) -> str:
    """The hash that the sets of a source would have; empty for labels and for a file that is gone."""
    try:
        return at_scale(checkpoint_hash(Path(source.file)), source.scale) if source.file else ""
    except OSError:
        return ""
