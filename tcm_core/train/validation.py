"""Scoring a detector on the validation images, and choosing its score threshold there."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tcm_core.config.decode import DbDecode
from tcm_core.data.image_io import read_image
from tcm_core.data.sample import Sample
from tcm_core.evaluate.icdar15 import Icdar15Result, evaluate_icdar15
from tcm_core.infer.predictor import Predictor


class Validation(NamedTuple):
    """The best setting on the validation images."""

    result: Icdar15Result
    decode: DbDecode


def validate(predictor: Predictor, samples: Sequence[Sample], settings: DbDecode) -> Validation:
    """The figures at the score threshold that gives the best hmean.

    Args:
        predictor: runs each image once.
        samples: with their labels, stored frame.
        settings: all but the score threshold.
    """
    loose = settings.model_copy(update={"score_threshold": 0.2})
    found = {
        sample.image.stem: predictor.predict(read_image(sample.image, "stored"), loose) for sample in samples
    }
    truth = {sample.image.stem: sample.instances for sample in samples}
    best: Validation | None = None
    for threshold in np.arange(0.2, 0.91, 0.05).round(2):
        kept = {
            stem: [
                detection.polygon.round()
                for detection in prediction.detections
                if detection.score >= threshold
            ]
            for stem, prediction in found.items()
        }
        result = evaluate_icdar15(truth, kept)
        if best is None or result.hmean > best.result.hmean:
            best = Validation(result, settings.model_copy(update={"score_threshold": float(threshold)}))
    assert best is not None
    return best
