"""What an evaluation says: a verdict for every polygon, counts for every image, figures over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels
from tcm_core.geometry.polygon import Points

GroundTruth: TypeAlias = Mapping[str, Sequence[TextInstance]]
"""The labels of every image, by name."""
Found: TypeAlias = Mapping[str, Sequence[Points]]
"""The detected polygons by name of the image, (N, 2) in the frame of the labels; no entry: none found."""


class Verdict(StrEnum):
    """What became of one text or one detection."""

    TRUE_POSITIVE = "tp"
    FALSE_POSITIVE = "fp"
    FALSE_NEGATIVE = "fn"
    IGNORED = "ignored"


class Match(NamedTuple):
    """One text and one detection that belong together; the indices are into the image's lists.

    Where a protocol lets one stand for several, every pair of them is a match of its own.
    """

    gt: int
    det: int
    iou: float


@dataclass(frozen=True)
class ImageResult:
    """What happened on one image.

    Attributes:
        gt_verdicts: of each text, TRUE_POSITIVE (found), FALSE_NEGATIVE or IGNORED.
        det_verdicts: of each detection, TRUE_POSITIVE, FALSE_POSITIVE or IGNORED.
        matches: in the order of the texts, then of the detections.
        gt_credits: what each text adds to the recall: 1 or 0, and parts where texts are split or merged.
        det_credits: what each detection adds to the precision.
    """

    gt_verdicts: tuple[Verdict, ...]
    det_verdicts: tuple[Verdict, ...]
    matches: tuple[Match, ...]
    gt_credits: tuple[float, ...]
    det_credits: tuple[float, ...]

    @property
    def matched(self) -> int:
        """Texts that were found."""
        return self.gt_verdicts.count(Verdict.TRUE_POSITIVE)

    @property
    def care_gt(self) -> int:
        """Texts that count."""
        return len(self.gt_verdicts) - self.gt_verdicts.count(Verdict.IGNORED)

    @property
    def care_det(self) -> int:
        """Detections that count."""
        return len(self.det_verdicts) - self.det_verdicts.count(Verdict.IGNORED)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(index of the text, index of the detection) of every match."""
        return tuple((match.gt, match.det) for match in self.matches)

    @property
    def precision(self) -> float:
        """Of the image alone; 1 when there was nothing to find and nothing was found."""
        if self.care_gt == 0:
            return 1.0 if self.care_det == 0 else 0.0
        return ratio(sum(self.det_credits), self.care_det)

    @property
    def recall(self) -> float:
        """Of the image alone; 1 when there was nothing to find."""
        return 1.0 if self.care_gt == 0 else ratio(sum(self.gt_credits), self.care_gt)

    @property
    def hmean(self) -> float:
        """The harmonic mean of the image's precision and recall."""
        return harmonic_mean(self.precision, self.recall)


@dataclass(frozen=True)
class EvaluationResult:
    """The figures over all images, from the sums over the images; 0 without anything to divide by.

    Attributes:
        precision: credits of the detections by detections that count.
        recall: credits of the texts by texts that count.
        hmean: the harmonic mean of the two.
        matched: texts that were found.
        care_gt: texts that count.
        care_det: detections that count.
        images: each image's result by name, in the order of the labels.
    """

    precision: float
    recall: float
    hmean: float
    matched: int
    care_gt: int
    care_det: int
    images: dict[str, ImageResult]


class ImageTally:
    """The verdicts of one image while a protocol goes through it: at first, all is missed and wrong.

    Args:
        texts: how many there are.
        detections: how many there are.
    """

    def __init__(self, texts: int, detections: int) -> None:
        self.gt_credits = [0.0] * texts
        self.det_credits = [0.0] * detections
        self._gt = [Verdict.FALSE_NEGATIVE] * texts
        self._det = [Verdict.FALSE_POSITIVE] * detections
        self._matches: list[Match] = []

    def ignore_gt(self, gt: int) -> None:
        """The text does not count."""
        self._gt[gt] = Verdict.IGNORED

    def ignore_det(self, det: int) -> None:
        """The detection does not count."""
        self._det[det] = Verdict.IGNORED

    def match(self, gt: int, det: int, iou: float, *, recall: float = 1.0, precision: float = 1.0) -> None:
        """The two belong together; recall and precision are the credits that the two have from now on."""
        self._gt[gt] = self._det[det] = Verdict.TRUE_POSITIVE
        self.gt_credits[gt] = recall
        self.det_credits[det] = precision
        self._matches.append(Match(gt, det, float(iou)))

    def gt_is_free(self, gt: int) -> bool:
        """Whether the text counts and has no match yet."""
        return self._gt[gt] is Verdict.FALSE_NEGATIVE

    def det_is_free(self, det: int) -> bool:
        """Whether the detection counts and has no match yet."""
        return self._det[det] is Verdict.FALSE_POSITIVE

    def result(self) -> ImageResult:
        """What has been found out."""
        return ImageResult(
            tuple(self._gt),
            tuple(self._det),
            tuple(sorted(self._matches)),
            tuple(self.gt_credits),
            tuple(self.det_credits),
        )


def summarise(images: dict[str, ImageResult]) -> EvaluationResult:
    """The figures over all images from the counts of each."""
    care_gt = sum(image.care_gt for image in images.values())
    care_det = sum(image.care_det for image in images.values())
    precision = ratio(sum(sum(image.det_credits) for image in images.values()), care_det)
    recall = ratio(sum(sum(image.gt_credits) for image in images.values()), care_gt)
    matched = sum(image.matched for image in images.values())
    return EvaluationResult(
        precision, recall, harmonic_mean(precision, recall), matched, care_gt, care_det, images
    )


def refuse_unknown(gt: GroundTruth, det: Found) -> None:
    """Every official evaluation refuses results for an image that has no labels.

    Raises:
        BadLabels: there is such an image.
    """
    unknown = sorted(set(det) - set(gt))
    if unknown:
        raise BadLabels(
            f"detections for {unknown[0]!r} but no ground truth for it ({len(unknown)} such); "
            "check that both belong to the same images"
        )


def ratio(part: float, whole: float) -> float:
    """The part of the whole; 0 of nothing."""
    return part / whole if whole else 0.0


def harmonic_mean(precision: float, recall: float) -> float:
    """2PR / (P + R); 0 when both are 0."""
    return 2.0 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
