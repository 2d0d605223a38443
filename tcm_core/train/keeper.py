"""Keeping checkpoints: averaged weights scored on the validation images, the best and the last as files."""

from collections.abc import Sequence

from tcm_core.checkpoint import save_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.train import TrainConfig
from tcm_core.data.sample import Sample
from tcm_core.infer.device import choose_device
from tcm_core.infer.predictor import Predictor
from tcm_core.train.folder import RunFolder
from tcm_core.train.state import TrainState
from tcm_core.train.validation import validate


class CheckpointKeeper:
    """Validates the averaged weights and keeps the best and the last as checkpoints.

    Args:
        config: the run's.
        samples: the validation images; with none, the last weights are the best.
        folder: takes the files and the figures.
    """

    def __init__(self, config: TrainConfig, samples: Sequence[Sample], folder: RunFolder) -> None:
        self._config = config
        self._samples = samples
        self._folder = folder
        self.summary = ""

    def __call__(self, state: TrainState) -> None:
        """Scores the state, writes last.safetensors and, when it is the best so far, best.safetensors."""
        settings = self._config.validation
        metadata = CheckpointMetadata(
            name=self._config.name,
            model=self._config.model,
            decode=settings.decode,
            short_side=settings.short_side,
            max_long_side=settings.max_long_side,
        )
        hmean = state.best_hmean
        if self._samples:
            predictor = Predictor(state.average.module, metadata, choose_device(self._config.device))
            result, decode = validate(predictor, self._samples, settings.decode)
            hmean = result.hmean
            metadata = metadata.model_copy(update={"decode": decode})
            self._folder.events.write(
                "validation",
                step=state.step,
                precision=result.precision,
                recall=result.recall,
                hmean=hmean,
                decode=decode.model_dump(),
            )
            self.summary = f"step {state.step}: P {result.precision:.3f} R {result.recall:.3f} F {hmean:.3f}"
        weights = state.average.module.state_dict()
        save_checkpoint(self._folder.path / "last.safetensors", weights, metadata)
        if hmean >= state.best_hmean:
            state.best_hmean = hmean
            save_checkpoint(self._folder.path / "best.safetensors", weights, metadata)
