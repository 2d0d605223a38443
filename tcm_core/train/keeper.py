"""Keeping checkpoints: weights scored on the validation images, the best and the last as files."""

import time
from collections.abc import Sequence
from pathlib import Path

from tcm_core.checkpoint import save_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.train import TrainConfig
from tcm_core.data.sample import Sample
from tcm_core.infer.device import Device
from tcm_core.infer.predictor import Predictor
from tcm_core.models.detector import TextDetector
from tcm_core.train.folder import RunFolder
from tcm_core.train.pictures import PictureWriter
from tcm_core.train.state import TrainState
from tcm_core.train.validation import validate


class CheckpointKeeper:
    """Validates the averaged weights and keeps the best, the last and every n-th as checkpoints.

    Args:
        config: the run's.
        samples: the validation images; with none, the last weights are the best.
        joining: learnt images that settings are chosen on as well.
        folder: takes the files and the figures.
        device: for detection.
    """

    def __init__(
        self,
        config: TrainConfig,
        samples: Sequence[Sample],
        folder: RunFolder,
        device: Device,
        joining: Sequence[Sample] = (),
    ) -> None:
        self._config = config
        self._samples, self._joining = samples, joining
        self._folder = folder
        self._device = device
        self._pictures = PictureWriter(samples, folder, config.pictures)
        self.summary = ""

    def validate(self, state: TrainState) -> None:
        """Scores the state, writes last.safetensors and, when it is the best so far, best.safetensors."""
        hmean = state.best_hmean
        model = state.kept_model(self._config.start_share)
        if self._samples:
            hmean = self._score(state, model)
        best = hmean >= state.best_hmean
        if best:
            state.best_hmean, state.best_step = hmean, state.step
            self._write(state, model, self._folder.best_file, best=True)
        self._write(state, model, self._folder.last_file, best=best)

    def keep(self, state: TrainState) -> None:
        """Writes a numbered checkpoint that stays."""
        path = self._folder.numbered_checkpoint(state.step)
        path.parent.mkdir(exist_ok=True)
        self._write(state, state.kept_model(self._config.start_share), path, best=False)

    def _score(self, state: TrainState, model: TextDetector) -> float:
        started = time.monotonic()
        settings = self._config.validation
        predictor = Predictor(model, self._metadata(state), self._device)
        result, state.decode = validate(
            predictor, self._samples, settings.decode, settings.protocol, self._joining
        )
        self._folder.events.write(
            "validation",
            step=state.step,
            precision=result.precision,
            recall=result.recall,
            hmean=result.hmean,
            protocol=settings.protocol,
            decode=state.decode.model_dump(),
            seconds=round(time.monotonic() - started, 2),
        )
        self.summary = (
            f"step {state.step}: P {result.precision:.3f} R {result.recall:.3f} F {result.hmean:.3f}"
        )
        self._pictures.write(state.step, predictor, state.decode)
        return result.hmean

    def _write(self, state: TrainState, model: TextDetector, path: Path, *, best: bool) -> None:
        save_checkpoint(path, model.state_dict(), self._metadata(state))
        self._folder.events.write(
            "checkpoint",
            file=path.relative_to(self._folder.path).as_posix(),
            step=state.step,
            hmean=state.best_hmean if best and self._samples else None,
            best=best,
        )

    def _metadata(self, state: TrainState) -> CheckpointMetadata:
        settings = self._config.validation
        return CheckpointMetadata(
            name=self._config.name,
            model=self._config.model,
            decode=state.decode or settings.decode,
            short_side=settings.short_side,
            max_long_side=settings.max_long_side,
        )
