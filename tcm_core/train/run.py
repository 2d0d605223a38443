"""A training run: from a configuration file to a folder with events, states and the best checkpoint."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from timm.utils.model_ema import ModelEmaV3

from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.data.dataset import Unreadable
from tcm_core.errors import BadConfig
from tcm_core.infer.device import choose_device
from tcm_core.train.batch import Batch, Loader
from tcm_core.train.folder import RunFolder
from tcm_core.train.keeper import CheckpointKeeper
from tcm_core.train.loading import SPLIT_FILE, load_training_data, write_split
from tcm_core.train.loop import train
from tcm_core.train.optim import freeze, make_optimizer
from tcm_core.train.start import start_detector
from tcm_core.train.state import TrainState


def run_training(
    config_path: Path, out: Path, *, resume: bool = False, data_root: Path | None = None
) -> None:
    """Trains by a configuration file; the best checkpoint by validation hmean ends up in the folder.

    Args:
        config_path: TOML of a TrainConfig.
        out: the run's folder, made when missing.
        resume: go on from the folder's saved state, if there is one.
        data_root: folder of the data set, instead of the configuration's own; of several, the folder that
            their roots count from.

    Raises:
        BadConfig: the configuration is wrong, or the folder holds another run and resume is off.
        BadLabels, BadCheckpoint, DeviceUnavailable: see their sources.
    """
    config = _load(config_path, data_root)
    data = load_training_data(config.data, out if resume else None)
    device = choose_device(config.device)
    out.mkdir(parents=True, exist_ok=True)
    with RunFolder(out) as folder:
        resuming = folder.state_file.exists()
        if resuming and not resume:
            raise BadConfig(
                f"{out}: holds a run already; add --resume to go on with it, or choose another folder"
            )
        (out / "config.json").write_text(config.model_dump_json(indent=1), encoding="utf-8")
        write_split(out / SPLIT_FILE, data)
        set_seed(config.seed)
        accelerator = Accelerator(mixed_precision=config.precision, cpu=device.device.type == "cpu")
        state = start_state(config, accelerator.device)
        if resuming:
            state.load(folder.state_file)
        folder.events.write(
            "start",
            step=state.step,
            learnt=data.learnt,
            validation=len(data.validation),
            skipped=len(data.skipped),
            device=str(device),
        )
        unreadable = _UnreadableImages(folder, data.skipped)
        keeper = CheckpointKeeper(config, data.validation, folder)
        loader = Loader(data, config, state.step, unreadable.note)
        train(state, _with_progress(loader, state, config, keeper), config, accelerator, folder, keeper)
        folder.events.write("end", step=state.step, best_hmean=state.best_hmean)


def start_state(config: TrainConfig, device: torch.device) -> TrainState:
    """The state of a run at its first step.

    Raises:
        BadCheckpoint: the start weights are missing or do not fit.
        BadConfig: a pattern to freeze fits nothing.
    """
    detector = start_detector(config).to(device).to(memory_format=torch.channels_last)
    freeze(detector, config.optim.freeze)
    optimizer = make_optimizer(detector, config.optim)
    average = ModelEmaV3(detector, decay=config.optim.average_decay, use_warmup=True)
    return TrainState(detector, average, optimizer)


def _load(path: Path, data_root: Path | None) -> TrainConfig:
    """The configuration of a file, its paths counted from the file's folder.

    Another root is the data set's own folder; with several sources, theirs count from it.
    """
    config = load_config(path, TrainConfig)
    data = config.data
    if data_root is not None and not data.sources:
        data = data.model_copy(update={"root": data_root.resolve()})
    base = path.parent if data_root is None or not data.sources else data_root
    return config.model_copy(update={"data": data.below(base)})


class _UnreadableImages:
    """The images that a run passes over: each one is an event, once."""

    def __init__(self, folder: RunFolder, skipped: Iterable[Unreadable]) -> None:
        self._folder = folder
        self._seen: set[str] = set()
        for image in skipped:
            self.note(image)

    def note(self, image: Unreadable) -> None:
        """Writes the event, unless this image had one."""
        if image.image not in self._seen:
            self._seen.add(image.image)
            self._folder.events.write(
                "image_skipped", image=image.image, reason=image.reason, skipped=len(self._seen)
            )


def _with_progress(
    loader: Iterable[Batch], state: TrainState, config: TrainConfig, keeper: CheckpointKeeper
) -> Iterator[Batch]:
    """The batches, with a progress bar beside them."""
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("", total=config.optim.steps, completed=state.step)
        for batch in loader:
            yield batch
            progress.update(task, completed=state.step, description=keeper.summary)
