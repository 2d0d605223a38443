"""The ICDAR 2015 protocol: greedy one-to-one matching at IoU > 0.5 with texts that do not count.

The rules are those of the official evaluation of the Robust Reading Competition, challenge 4, task 1; the
intersections come from shapely, where a polygon that crosses itself is repaired first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels
from tcm_core.geometry.overlap import Shapes, to_shapes, touching_pairs
from tcm_core.geometry.polygon import Points

IOU_LIMIT: Final = 0.5
"""A detection matches above this intersection over union, not at it."""
IGNORED_SHARE_LIMIT: Final = 0.5
"""A detection is ignored when more than this share of it lies in one single ignored text."""


@dataclass(frozen=True)
class ImageResult:
    """What happened on one image.

    Attributes:
        matched: number of pairs.
        care_gt: texts that count.
        care_det: detections that count.
        pairs: (index of the text, index of the detection), in the order of the texts.
        ignored_det: indices of the detections that do not count.
    """

    matched: int
    care_gt: int
    care_det: int
    pairs: tuple[tuple[int, int], ...]
    ignored_det: tuple[int, ...]

    @property
    def precision(self) -> float:
        """Of the image alone; 1 when there was nothing to find and nothing was found."""
        if self.care_gt == 0:
            return 1.0 if self.care_det == 0 else 0.0
        return _ratio(self.matched, self.care_det)

    @property
    def recall(self) -> float:
        """Of the image alone; 1 when there was nothing to find."""
        return 1.0 if self.care_gt == 0 else _ratio(self.matched, self.care_gt)

    @property
    def hmean(self) -> float:
        """The harmonic mean of the image's precision and recall."""
        return _harmonic_mean(self.precision, self.recall)


@dataclass(frozen=True)
class Icdar15Result:
    """The figures over all images, in [0, 1], from the summed counts; 0 without anything to divide by."""

    precision: float
    recall: float
    hmean: float
    matched: int
    care_gt: int
    care_det: int
    images: dict[str, ImageResult]


def evaluate_icdar15(
    gt: Mapping[str, Sequence[TextInstance]], det: Mapping[str, Sequence[Points]]
) -> Icdar15Result:
    """Precision, recall and their harmonic mean of detections against labels.

    Args:
        gt: the labels of every image, by name; their order decides between detections that fit equally.
        det: the detected polygons, (N, 2) in the same frame as the labels; a name that is missing has none.

    Raises:
        BadLabels: detections for an image without labels.
    """
    unknown = sorted(set(det) - set(gt))
    if unknown:
        raise BadLabels(
            f"detections for {unknown[0]!r} but no ground truth for it ({len(unknown)} such); "
            "check that both belong to the same images"
        )
    shapes_gt = to_shapes([instance.polygon for instances in gt.values() for instance in instances])
    shapes_det = to_shapes([polygon for name in gt for polygon in det.get(name, ())])
    starts_gt = np.cumsum([0, *(len(instances) for instances in gt.values())])
    starts_det = np.cumsum([0, *(len(det.get(name, ())) for name in gt)])
    rows, columns = _pairs_within_images(shapes_gt, shapes_det, starts_gt, starts_det)
    shared = shapely.area(shapely.intersection(shapes_gt[rows], shapes_det[columns]))
    areas_gt, areas_det = shapely.area(shapes_gt)[rows], shapely.area(shapes_det)[columns]
    ignored_gt = np.array([i.ignore for i in chain.from_iterable(gt.values())], dtype=bool)

    ignored_det = np.zeros(len(shapes_det), dtype=bool)
    ignored_det[columns[ignored_gt[rows] & (shared > IGNORED_SHARE_LIMIT * areas_det)]] = True
    fits = ~ignored_gt[rows] & ~ignored_det[columns] & (shared > IOU_LIMIT * (areas_gt + areas_det - shared))
    partner = _greedy(rows[fits], columns[fits])

    images = {}
    spans = zip(gt, pairwise(starts_gt.tolist()), pairwise(starts_det.tolist()), strict=True)
    for name, (gt0, gt1), (det0, det1) in spans:
        pairs = tuple((row - gt0, partner[row] - det0) for row in range(gt0, gt1) if row in partner)
        ignored = np.flatnonzero(ignored_det[det0:det1])
        care_gt = int((~ignored_gt[gt0:gt1]).sum())
        care_det = det1 - det0 - len(ignored)
        images[name] = ImageResult(len(pairs), care_gt, care_det, pairs, tuple(ignored.tolist()))
    return summarise(images)


def summarise(images: dict[str, ImageResult]) -> Icdar15Result:
    """The figures over all images from the counts of each."""
    matched = sum(image.matched for image in images.values())
    care_gt = sum(image.care_gt for image in images.values())
    care_det = sum(image.care_det for image in images.values())
    precision, recall = _ratio(matched, care_det), _ratio(matched, care_gt)
    return Icdar15Result(
        precision, recall, _harmonic_mean(precision, recall), matched, care_gt, care_det, images
    )


def _pairs_within_images(
    shapes_gt: Shapes, shapes_det: Shapes, starts_gt: NDArray[np.intp], starts_det: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The (text, detection) index pairs of one image whose boxes touch, ordered by text, then detection."""
    boxes_gt, boxes_det = shapely.bounds(shapes_gt), shapely.bounds(shapes_det)
    rows, columns = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    spans = zip(pairwise(starts_gt.tolist()), pairwise(starts_det.tolist()), strict=True)
    for (gt0, gt1), (det0, det1) in spans:
        near_rows, near_columns = touching_pairs(boxes_gt[gt0:gt1], boxes_det[det0:det1])
        rows.append(near_rows + gt0)
        columns.append(near_columns + det0)
    return np.concatenate(rows), np.concatenate(columns)


def _greedy(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> dict[int, int]:
    """Each text with the first fitting detection that no text before it has taken."""
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if row not in partner and column not in taken:
            partner[row] = column
            taken.add(column)
    return partner


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _harmonic_mean(precision: float, recall: float) -> float:
    return 2.0 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
