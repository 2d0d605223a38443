"""Scoring a detector on the validation images, and choosing its decode settings there."""

from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

from tcm_core.config.decode import DecodeSettings
from tcm_core.config.model import HeadName
from tcm_core.config.train import ProtocolName
from tcm_core.data.image_io import read_image
from tcm_core.data.sample import Sample
from tcm_core.decode.decode import decode
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.evaluate.result import EvaluationResult
from tcm_core.infer.predictor import Predictor

SCORE_THRESHOLDS: Final = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)


def _grid(**values: Sequence[float | str]) -> tuple[dict[str, float | str], ...]:
    """Every combination of the values."""
    return tuple(dict(zip(values, chosen, strict=True)) for chosen in product(*values.values()))


CHOICES: Final[dict[HeadName, tuple[dict[str, float | str], ...]]] = {
    "db": (
        *_grid(threshold=(0.3, 0.4, 0.5, 0.6), grow=("area",), unclip_ratio=(0.9, 1.0, 1.1, 1.2, 1.5)),
        *_grid(threshold=(0.3, 0.4, 0.5, 0.6), grow=("inverse",), shrink_ratio=(0.4, 0.5, 0.6)),
    ),
    "pan": _grid(threshold=(0.4, 0.5, 0.6, 0.7), kernel_threshold=(0.3, 0.4, 0.5, 0.6)),
    "fce": _grid(alpha=(1.0, 1.2), beta=(0.5, 1.0, 2.0)),
}
"""What is tried for each head, besides the score threshold."""


class Validation(NamedTuple):
    """The best settings on the validation images."""

    result: EvaluationResult
    decode: DecodeSettings


def validate(
    predictor: Predictor,
    samples: Sequence[Sample],
    settings: DecodeSettings,
    protocol: ProtocolName = "icdar2015",
) -> Validation:
    """The figures at the decode settings of the best hmean.

    Args:
        predictor: runs each image once; its maps are decoded for every setting.
        samples: at least one.
        settings: whatever is not chosen here.
        protocol: that scores them, at its usual limit.
    """
    scorer = PROTOCOLS[protocol]
    truth = {str(sample.image): sample.instances for sample in samples}
    maps = {str(sample.image): predictor.maps(read_image(sample.image, sample.frame)) for sample in samples}
    tried = []
    for values in CHOICES[settings.head]:
        chosen = settings.model_copy(update=values)
        loose = chosen.model_copy(update={"score_threshold": SCORE_THRESHOLDS[0]})
        found = {stem: decode(of_image, loose) for stem, of_image in maps.items()}
        for score_threshold in SCORE_THRESHOLDS:
            kept = {
                stem: [d.polygon.round() for d in detections if d.score >= score_threshold]
                for stem, detections in found.items()
            }
            decoded = chosen.model_copy(update={"score_threshold": score_threshold})
            tried.append(Validation(scorer.evaluate(truth, kept, scorer.iou or 0.5), decoded))
    return max(tried, key=lambda validation: validation.result.hmean)
