"""How fast the models of a grid are: in turns on the same image, so that other load meets all of them."""

import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tcm_core.build import build_detector
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.train import TrainConfig
from tcm_core.experiments.grid import SpeedConfig
from tcm_core.experiments.results import Speed, SpeedResult, this_machine
from tcm_core.infer.device import choose_device
from tcm_core.infer.predictor import Predictor


def measure_speeds(
    models: Mapping[str, TrainConfig], checkpoints: Mapping[str, Path], settings: SpeedConfig
) -> SpeedResult:
    """Time from an image's pixels to its maps, for every row.

    Args:
        models: configuration by row; all are held in memory together.
        checkpoints: weights by row; rows without have random ones, which are as fast.
        settings: size of the image, and how often each model reads it after two readings that do not count.
    """
    predictors = {
        row: Predictor.load(checkpoints[row]) if row in checkpoints else _untrained(config, settings)
        for row, config in models.items()
    }
    image = np.random.default_rng(0).integers(0, 256, (*settings.size, 3)).astype(np.uint8)
    times: dict[str, list[tuple[float, float]]] = {row: [] for row in predictors}
    for turn in range(settings.repeats + 2):
        for row, predictor in predictors.items():
            busy, started = time.process_time(), time.perf_counter()
            predictor.maps(image)
            taken = time.process_time() - busy, time.perf_counter() - started
            if turn >= 2:
                times[row].append(taken)
    return SpeedResult(
        size=settings.size,
        repeats=settings.repeats,
        machine=this_machine(str(choose_device())),
        rows={
            row: Speed(
                cpu_seconds=round(statistics.median(busy for busy, _ in taken), 4),
                wall_seconds=round(min(wall for _, wall in taken), 4),
            )
            for row, taken in times.items()
        },
    )


def _untrained(config: TrainConfig, settings: SpeedConfig) -> Predictor:
    metadata = CheckpointMetadata(
        name=config.name,
        model=config.model,
        decode=config.validation.decode,
        short_side=min(settings.size),
        max_long_side=max(settings.size),
    )
    return Predictor(build_detector(config.model), metadata, choose_device())
