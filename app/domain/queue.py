"""Queues: which page is looked at next, because the detector, two detectors, or detector and labels disagree.

Scores are comparable within one queue only; the highest goes first and 0 means that there is nothing to see.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeGuard, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.level_set import KeptMaps
from app.domain.region import Region
from tcm_core.detection import Detection
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.geometry.polygon import Points, area

QueueKind = Literal["mass", "entropy", "edge", "missed", "unsteady", "disagreement", "errors"]
QUEUE_KINDS: Final[tuple[QueueKind, ...]] = get_args(QueueKind)

UNSURE: Final = (0.3, 0.7)
NEAR: Final = 0.05
"""So near to the threshold a pixel may turn over."""
LANGUAGE_SEES: Final = 0.5
HEAD_SEES: Final = 0.3
SURE_SCORE: Final = 0.8
"""A detection with such a score is held against the labels."""
SAME: Final = 0.5
"""The IoU from which on two outlines are of the same text."""
AGREED: Final = 0.7
"""The IoU from which on two heads agree on an outline."""
_grades = np.arange(256) / 255.0
with np.errstate(divide="ignore", invalid="ignore"):
    _entropies = np.nan_to_num(-_grades * np.log2(_grades) - (1 - _grades) * np.log2(1 - _grades))


class Doubt(NamedTuple):
    """How unsure a detector is of one page.

    Attributes:
        mass: share of the image whose text score is between UNSURE.
        entropy: mean binary entropy of the text score over the image, bits.
        edge: share of the image whose text score is within NEAR of the threshold.
        missed: places that the language map takes for text and the head does not.
    """

    mass: float
    entropy: float
    edge: float
    missed: float


def is_queue(order: str) -> TypeGuard[QueueKind]:
    """Whether an order of the list is a queue."""
    return order in QUEUE_KINDS


def doubt_of(kept: KeptMaps) -> Doubt:
    """The doubt that the maps of a page show; padding does not count."""
    plane = _content(kept.plane, kept)
    counts = np.bincount(plane.ravel(), minlength=256) / max(plane.size, 1)
    unsure = (_grades > UNSURE[0]) & (_grades < UNSURE[1])
    near = np.abs(_grades - kept.threshold) <= NEAR
    return Doubt(
        float(counts[unsure].sum()),
        float((counts * _entropies).sum()),
        float(counts[near].sum()),
        float(len(missed_places(kept))),
    )


def missed_places(kept: KeptMaps) -> list[Points]:
    """Where the language map sees text and the head sees none near: boxes (4, 2), image pixels, large first.

    A head map is made coarser by its maximum to the cells of the language map and grown by one of them, so
    that the rim of a text that was found is no miss.
    """
    language = _content(kept.maps.language, kept)
    if min(kept.maps.language.shape) < 2:  # the checkpoint has no language map
        return []
    sees = language >= round(255 * LANGUAGE_SEES)
    head = _coarser(_content(kept.plane, kept), sees.shape) >= round(255 * HEAD_SEES)
    head = cv2.dilate(head.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    count, _, stats, _ = cv2.connectedComponentsWithStats((sees & ~head).astype(np.uint8), connectivity=8)
    scale_x = kept.maps.frame.image_size[1] / sees.shape[1]
    scale_y = kept.maps.frame.image_size[0] / sees.shape[0]
    boxes = sorted((stats[at] for at in range(1, count)), key=lambda box: (-int(box[4]), *map(int, box[:2])))
    places = []
    for left, top, width, height, _ in boxes:
        x0, x1 = left * scale_x, (left + width) * scale_x
        y0, y1 = top * scale_y, (top + height) * scale_y
        places.append(np.array(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), dtype=np.float64))
    return places


def disagreement(one: Sequence[Detection], other: Sequence[Detection]) -> float:
    """How far two heads disagree: 1 for each text that only one of them found, 1 - IoU for each of both."""
    overlaps = _overlaps([found.polygon for found in one], [found.polygon for found in other])
    pairs = _matched(overlaps, SAME)
    alone = len(one) + len(other) - 2 * len(pairs)
    return alone + sum(1.0 - float(overlaps[pair]) for pair in pairs)


def alone(one: Sequence[Detection], other: Sequence[Detection]) -> tuple[int, int]:
    """How many texts only the one has, and how many only the other."""
    known = {found.polygon.tobytes() for found in one} & {found.polygon.tobytes() for found in other}
    left, right = (
        [found.polygon for found in detections if found.polygon.tobytes() not in known]
        for detections in (one, other)
    )
    pairs = len(_matched(_overlaps(left, right), SAME))
    return len(left) - pairs, len(right) - pairs


def agreed(one: Sequence[Detection], other: Sequence[Detection]) -> list[int]:
    """The indices in `one` of the texts whose outlines both heads agree on, in their order."""
    overlaps = _overlaps([found.polygon for found in one], [found.polygon for found in other])
    return sorted(first for first, _ in _matched(overlaps, AGREED))


def contradictions(regions: Sequence[Region], found: Sequence[Detection]) -> list[int]:
    """The indices of high-score detections that the labels contradict, the surest first.

    No region has the same outline, and none that is marked unreadable holds half of it.
    """
    sure = [at for at, one in enumerate(found) if one.score >= SURE_SCORE and area(one.polygon) > 0]
    overlaps = _overlaps([found[at].polygon for at in sure], [region.polygon for region in regions])
    ignored = [at for at, region in enumerate(regions) if region.ignore]
    against = []
    for row, at in enumerate(sure):
        if overlaps.shape[1] and overlaps[row].max() >= SAME:
            continue
        if any(_share_in(found[at].polygon, regions[other].polygon) >= SAME for other in ignored):
            continue
        against.append(at)
    return sorted(against, key=lambda at: (-found[at].score, at))


def in_queue(keys: Iterable[str], scores: Mapping[str, float]) -> list[str]:
    """The pages with the highest scores first; those that are alike stay in their order."""
    return sorted(keys, key=lambda key: -scores.get(key, 0.0))


def _content(plane: NDArray[np.uint8], kept: KeptMaps) -> NDArray[np.uint8]:
    """The part of a plane that the image covers."""
    frame = kept.maps.frame
    height = max(1, round(plane.shape[0] * frame.content_size[0] / frame.network_size[0]))
    width = max(1, round(plane.shape[1] * frame.content_size[1] / frame.network_size[1]))
    return plane[:height, :width]


def _coarser(plane: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(h, w) the maximum of a plane in each cell of a coarser grid."""
    rows = np.arange(shape[0]) * plane.shape[0] // shape[0]
    columns = np.arange(shape[1]) * plane.shape[1] // shape[1]
    coarse = np.maximum.reduceat(np.maximum.reduceat(plane, rows, axis=0), columns, axis=1)
    return np.asarray(coarse, dtype=np.uint8)


def _overlaps(one: Sequence[Points], other: Sequence[Points]) -> NDArray[np.float64]:
    if not one or not other:
        return np.zeros((len(one), len(other)))
    return iou_matrix(one, other)


def _matched(overlaps: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pairs of rows and columns, the largest overlap first, each once."""
    rows, columns = np.nonzero(overlaps >= least)
    order = np.lexsort((columns, rows, -overlaps[rows, columns]))
    pairs: list[tuple[int, int]] = []
    taken_rows: set[int] = set()
    taken_columns: set[int] = set()
    for at in order:
        row, column = int(rows[at]), int(columns[at])
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((row, column))
    return pairs


def _share_in(inner: Points, outer: Points) -> float:
    """Which share of one polygon lies in another."""
    overlap = float(iou_matrix([inner], [outer])[0, 0])
    common = overlap * (abs(area(inner)) + abs(area(outer))) / (1.0 + overlap)
    return common / max(abs(area(inner)), 1e-9)
