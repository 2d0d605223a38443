"""A training run: from a configuration file to a folder with events, states and the best checkpoint."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from timm.utils.model_ema import ModelEmaV3

from tcm_core.config.data import DataConfig
from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.data.layout import load_samples
from tcm_core.data.sample import Sample
from tcm_core.errors import BadConfig
from tcm_core.infer.device import choose_device
from tcm_core.train.batch import Batch, make_loader
from tcm_core.train.folder import RunFolder
from tcm_core.train.keeper import CheckpointKeeper
from tcm_core.train.loop import train
from tcm_core.train.optim import freeze, make_optimizer
from tcm_core.train.start import start_detector
from tcm_core.train.state import TrainState


def split_samples(samples: Sequence[Sample], config: DataConfig) -> tuple[list[Sample], list[Sample]]:
    """The samples to learn from and those kept for validation.

    Raises:
        BadConfig: a named stem does not exist, or nothing is left to learn from.
    """
    stems = {sample.image.stem for sample in samples}
    unknown = [stem for stem in (*config.exclude, *config.validation) if stem not in stems]
    if unknown:
        raise BadConfig(f"data: {config.root} has no images called {', '.join(unknown[:5])}")
    left = [sample for sample in samples if sample.image.stem not in config.exclude]
    if config.validation:
        kept = set(config.validation)
    else:
        every = config.validation_every
        kept = {sample.image.stem for sample in left[every - 1 :: every]} if every else set()
    learnt = [sample for sample in left if sample.image.stem not in kept]
    if not any(not instance.ignore for sample in learnt for instance in sample.instances):
        raise BadConfig(f"data: no legible text is left to learn from in {config.root}")
    return learnt, [sample for sample in left if sample.image.stem in kept]


def run_training(
    config_path: Path, out: Path, *, resume: bool = False, data_root: Path | None = None
) -> None:
    """Trains by a configuration file; the best checkpoint by validation hmean ends up in the folder.

    Args:
        config_path: TOML of a TrainConfig.
        out: the run's folder, made when missing.
        resume: go on from the folder's saved state, if there is one.
        data_root: folder of the data set, instead of the configuration's own.

    Raises:
        BadConfig: the configuration is wrong, or the folder holds another run and resume is off.
        BadLabels, BadCheckpoint, DeviceUnavailable: see their sources.
    """
    config = _load(config_path, data_root)
    learnt, kept = split_samples(load_samples(config.data.dataset, config.data.root), config.data)
    device = choose_device(config.device)
    out.mkdir(parents=True, exist_ok=True)
    with RunFolder(out) as folder:
        resuming = folder.state_file.exists()
        if resuming and not resume:
            raise BadConfig(
                f"{out}: holds a run already; add --resume to go on with it, or choose another folder"
            )
        (out / "config.json").write_text(config.model_dump_json(indent=1), encoding="utf-8")
        (out / "split.txt").write_text("".join(f"{sample.image.stem}\n" for sample in kept), encoding="utf-8")
        set_seed(config.seed)
        accelerator = Accelerator(mixed_precision=config.precision, cpu=device.device.type == "cpu")
        state = start_state(config, accelerator.device)
        if resuming:
            state.load(folder.state_file)
        folder.events.write(
            "start", step=state.step, learnt=len(learnt), validation=len(kept), device=str(device)
        )
        keeper = CheckpointKeeper(config, kept, folder)
        loader = make_loader(learnt, config, state.step)
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
    """The configuration of a file; the data set's root, if not given, counts from the file's folder."""
    config = load_config(path, TrainConfig)
    root = data_root if data_root is not None else path.parent / config.data.root
    data = config.data.model_copy(update={"root": root.resolve()})
    return config.model_copy(update={"data": data})


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
