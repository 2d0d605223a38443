"""Scoring a detector on the validation images, and choosing its decode settings there."""

from collections.abc import Iterator, Sequence
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
    joining: Sequence[Sample] = (),
) -> Validation:
    """The figures at the decode settings of the best hmean.

    Others than the given ones are taken when they are worth more than one text; of few texts, all settings
    may find the same, and chance would choose.

    Args:
        predictor: runs each image once; its maps are decoded for every setting.
        samples: at least one.
        settings: what is tried first, and whatever is not chosen here.
        protocol: that scores them, at its usual limit.
        joining: settings are chosen on these as well; the figures are not theirs.
    """
    scorer = PROTOCOLS[protocol]
    looked_at = [*samples, *joining]
    truth = {str(sample.image): sample.instances for sample in looked_at}
    maps = {str(sample.image): predictor.maps(read_image(sample.image, sample.frame)) for sample in looked_at}

    def figures(chosen: DecodeSettings, score_thresholds: Sequence[float]) -> Iterator[Validation]:
        loose = chosen.model_copy(update={"score_threshold": min(score_thresholds)})
        found = {stem: decode(of_image, loose) for stem, of_image in maps.items()}
        for score_threshold in score_thresholds:
            kept = {
                stem: [d.polygon.round() for d in detections if d.score >= score_threshold]
                for stem, detections in found.items()
            }
            decoded = chosen.model_copy(update={"score_threshold": score_threshold})
            yield Validation(scorer.evaluate(truth, kept, scorer.iou or 0.5), decoded)

    (given,) = figures(settings, (settings.score_threshold,))
    best = max(
        (
            tried
            for values in CHOICES[settings.head]
            for tried in figures(settings.model_copy(update=values), SCORE_THRESHOLDS)
        ),
        key=lambda tried: tried.result.hmean,
    )
    one_text = 1 / max(given.result.care_gt, 1)
    chosen = best if best.result.hmean > given.result.hmean + one_text else given
    for sample in joining:
        del truth[str(sample.image)], maps[str(sample.image)]
    (scored,) = figures(chosen.decode, (chosen.decode.score_threshold,))
    return scored
