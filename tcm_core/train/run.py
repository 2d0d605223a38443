"""A training run: from a configuration to a folder with events, states and the best checkpoint."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from timm.layers import convert_sync_batchnorm
from timm.utils.model_ema import ModelEmaV3

from tcm_core.build import build_detector
from tcm_core.config.train import StageConfig, TrainConfig
from tcm_core.data.dataset import PhotoSource, Unreadable
from tcm_core.data.sample import Sample
from tcm_core.errors import BadConfig, TcmError
from tcm_core.infer.device import Device, choose_device
from tcm_core.models.norms import has_batch_norms
from tcm_core.train.batch import Loader
from tcm_core.train.control import RunControl
from tcm_core.train.distribute import make_accelerator, share_of
from tcm_core.train.environment import write_environment
from tcm_core.train.folder import RunFolder
from tcm_core.train.heartbeat import Heartbeat
from tcm_core.train.keeper import CheckpointKeeper
from tcm_core.train.loading import SPLIT_FILE, TrainingData, load_training_data, write_split
from tcm_core.train.loop import Run, train
from tcm_core.train.manifest import write_manifest
from tcm_core.train.optim import make_optimizer, set_training
from tcm_core.train.progress import ConsoleProgress, Progress, Silence
from tcm_core.train.resolve import load_run
from tcm_core.train.start import Start, start_detector
from tcm_core.train.state import TrainState, has_state, read_state, restore
from tcm_core.train.tensorboard import open_tensorboard
from tcm_core.train.trouble import Trouble, is_compile_error, is_device_lost, is_disk_full

_FEW_IMAGES = 4
"""Batch norms over fewer images than these are known to learn badly (Wu and He 2018)."""


def run_training(
    config_path: Path, out: Path, *, resume: bool = False, data_root: Path | None = None
) -> None:
    """Trains by a configuration file; see train_config.

    Args:
        config_path: TOML of a TrainConfig.
        out: the run's folder, made when missing.
        resume: go on from the folder's saved state, if there is one.
        data_root: folder of the data set, instead of the configuration's own; of several, the folder that
            their roots count from.

    Raises:
        BadConfig: see train_config; or the file is wrong.
    """
    train_config(load_run(config_path, data_root), out, resume=resume, progress=ConsoleProgress())


def train_config(
    config: TrainConfig, out: Path, *, resume: bool = False, progress: Progress | None = None
) -> None:
    """Trains; the best checkpoint by validation ends up in the folder. Every process of a run calls this.

    Args:
        config: with paths that hold from here.
        out: the run's folder, made when missing.
        resume: go on from the folder's saved state, if there is one.
        progress: told how it goes; None: nobody is.

    Raises:
        BadConfig: the configuration is wrong, or the folder holds another run and resume is off.
        TrainingFailed: it cannot go on, such as without memory or room on the disk; the last state is whole.
        BadLabels, BadCheckpoint, DeviceUnavailable: see their sources.
    """
    datas = _load_data(config, out if resume else None)
    device = choose_device(config.device)
    accelerator = make_accelerator(config, device)
    for stage in config.stretches:
        share_of(accelerator, stage.optim)
    if accelerator.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
    accelerator.wait_for_everyone()
    shown: Progress = progress if progress is not None and accelerator.is_main_process else Silence()
    with RunFolder(out, writes=accelerator.is_main_process) as folder, shown:
        folder.told = shown.say
        if has_state(folder.state_file) and not resume:
            raise BadConfig(
                f"{out}: holds a run already; add --resume to go on with it, or choose another folder"
            )
        trouble = Trouble(
            folder,
            skip_in_a_row=config.trouble.skip_in_a_row,
            halve_batch=config.trouble.halve_batch and accelerator.num_processes == 1,
        )
        keeper = CheckpointKeeper(config, validation_of(datas), folder, device, joining_of(datas, config))
        with RunControl(folder) as control, Heartbeat(folder, config.heartbeat_seconds) as heartbeat:
            run = Run(config, accelerator, folder, control, heartbeat, trouble, keeper, shown)
            try:
                _go(run, datas, device)
            except Exception as error:
                raise _in_words(error, run) from error
    accelerator.end_training()


def _go(run: Run, datas: list[TrainingData], device: Device) -> None:
    """Everything that can end in words in the run's own log."""
    config, folder = run.config, run.folder
    _write_what_it_is_made_of(run, datas, device)
    state, loaded = begin(config, run.accelerator, folder)
    sink = open_tensorboard(folder, state.step) if config.tensorboard else None
    run.progress.begin(state.step, config.steps)
    folder.events.write(
        "start",
        step=state.step,
        steps=config.steps,
        learnt=sum(data.learnt for data in datas),
        validation=len(validation_of(datas)),
        skipped=sum(len(data.skipped) for data in datas),
        device=str(device),
        processes=run.accelerator.num_processes,
        loaded=loaded,
    )
    _advise(run, state, loaded, datas)
    first, whole = 0, True
    for place, (stage, data) in enumerate(zip(config.stretches, datas, strict=True)):
        first, start = first + stage.optim.steps, first
        if state.step >= first and place + 1 < len(datas):
            continue
        folder.events.stage = stage.name
        if place != state.stage:
            enter_stage(state, place, stage)
        unreadable = _UnreadableImages(folder, data.skipped)
        share = share_of(run.accelerator, stage.optim)
        loader = Loader(data, config, stage, share, state.step - start, unreadable.note)
        whole = train(run, state, loader, stage, start)
        if not whole:
            break
    if sink is not None:
        sink.close()
    if not whole:
        folder.events.write("stopped", step=state.step)
        folder.say(f"step {state.step}: stopped and saved; `tcm train ... --resume` goes on from here")
        return
    folder.events.write("end", step=state.step, best_hmean=state.best_hmean, best_step=state.best_step)
    folder.say(_last_words(run, state))


class _Begun(NamedTuple):
    state: TrainState
    loaded: str


def begin(config: TrainConfig, accelerator: Accelerator, folder: RunFolder | None = None) -> _Begun:
    """The state that a run begins or goes on with, and what was loaded for it, in words.

    Raises:
        BadCheckpoint: the start weights or the saved state are missing, damaged or do not fit.
        BadConfig: a pattern to freeze fits nothing.
    """
    set_seed(config.seed)
    content = None
    if folder is not None and has_state(folder.state_file):
        content = read_state(folder.state_file, folder.say)
        start = Start(build_detector(config.model), f"the state of step {content['step']}")
    else:
        start = start_detector(config, folder.say if folder is not None else lambda _: None)
    detector = start.detector.to(accelerator.device)
    if config.channels_last:
        detector = detector.to(memory_format=torch.channels_last)
    learnable = frozenset(name for name, parameter in detector.named_parameters() if parameter.requires_grad)
    stages = config.stretches
    place = 0 if content is None else min(int(content.get("stage", 0)), len(stages) - 1)
    if stages[place].optim.batch_norm == "sync" and accelerator.num_processes > 1:
        detector = convert_sync_batchnorm(detector)
    average = ModelEmaV3(detector, decay=stages[place].optim.average_decay, use_warmup=True)
    if config.compile:
        detector.compile()
    unused = torch.optim.AdamW(detector.parameters())
    state = TrainState(
        detector, average, unused, accelerator.scaler, decode=config.validation.decode, learnable=learnable
    )
    if config.start_share:
        state.start = {name: tensor.clone() for name, tensor in detector.state_dict().items()}
    enter_stage(state, place, stages[place])
    if content is not None and folder is not None:
        restore(state, content, folder.state_file)
    return _Begun(state, start.loaded)


def enter_stage(state: TrainState, place: int, stage: StageConfig) -> None:
    """Gives the state an optimizer for a stage; weights and averages go on.

    Raises:
        BadConfig: a pattern of the stage fits nothing.
    """
    set_training(state.model, stage.optim, state.learnable)
    state.optimizer = make_optimizer(state.model, stage.optim)
    state.average.decay = stage.optim.average_decay
    state.stage, state.passes = place, stage.optim.accumulate


def _load_data(config: TrainConfig, run: Path | None) -> list[TrainingData]:
    """The data of each stage; a resumed run has the split that it began with."""
    if not config.stages:
        return [load_training_data(config.data, run)]
    return [
        load_training_data(stage.data, None if run is None else _stage_dir(run, stage))
        for stage in config.stages
    ]


def _stage_dir(run: Path, stage: StageConfig) -> Path:
    """Where the split of a stage is; the run's own folder without stages."""
    return run / "stages" / re.sub(r"[^A-Za-z0-9._-]", "_", stage.name) if stage.name else run


def validation_of(datas: list[TrainingData]) -> tuple[Sample, ...]:
    """The images that all stages are scored on: those of the last stage that has some."""
    return next((data.validation for data in reversed(datas) if data.validation), ())


def joining_of(datas: list[TrainingData], config: TrainConfig) -> tuple[Sample, ...]:
    """Learnt images that settings are chosen on as well: of the last stage's first source, evenly drawn."""
    count = config.validation.settings_images - len(validation_of(datas))
    photos = [source.samples for source in datas[-1].sources if isinstance(source, PhotoSource)]
    if count <= 0 or not photos:
        return ()
    return tuple(photos[0][at] for at in range(0, len(photos[0]), -(-len(photos[0]) // count)))


def _write_what_it_is_made_of(run: Run, datas: list[TrainingData], device: Device) -> None:
    folder = run.folder
    if not folder.writes:
        return
    folder.write_config(run.config.model_dump_json(indent=1))
    for stage, data in zip(run.config.stretches, datas, strict=True):
        write_split(_stage_dir(folder.path, stage) / SPLIT_FILE, data)
        write_manifest(folder, data, stage.name)
    write_environment(
        folder, seed=run.config.seed, device=str(device), processes=run.accelerator.num_processes
    )


def _advise(run: Run, state: TrainState, loaded: str, datas: list[TrainingData]) -> None:
    """What a person should know at the start."""
    folder, config = run.folder, run.config
    learnt = sum(data.learnt for data in datas)
    folder.say(
        f"run folder: {folder.path} (step {state.step} of {config.steps}, {learnt} images to "
        f"learn from, {len(validation_of(datas))} to choose by; weights: {loaded})"
    )
    folder.say(
        "Ctrl+C, or the word stop in its file `control`, saves after the step and ends; pause and resume "
        "there too; `tcm train ... --resume` goes on."
    )
    if not validation_of(datas):
        folder.say(
            "no validation images: thresholds are not chosen and the last weights count as the best; set "
            "data.validation_share = 0.1, for example"
        )
    few = []
    for stage in config.stretches:
        at_once = -(-stage.optim.batch_size // (run.accelerator.num_processes * stage.optim.accumulate))
        learns = stage.optim.batch_norm == "train" and has_batch_norms(state.model)
        if learns and at_once < _FEW_IMAGES:
            few.append(at_once)
    if few:
        text = (
            f"batch norms see {min(few)} images at once, which is few: "
            'optim.batch_norm = "frozen" or "group" is advised'
        )
        folder.events.write("advice", message=text)
        folder.say(text)


def _last_words(run: Run, state: TrainState) -> str:
    if not run.keeper.summary and state.best_hmean < 0:
        return f"done. Checkpoint: {run.folder.last_file}"
    return (
        f"done. Best: F {state.best_hmean:.3f} at step {state.best_step} on the validation images. "
        f"Checkpoint: {run.folder.best_file}"
    )


def _in_words(error: Exception, run: Run) -> Exception:
    """The end of a run by an error, also in its events and its log; one that nobody knows stays as it is."""
    known: Exception = error
    if is_disk_full(error):
        known = run.trouble.disk_full(error)
    elif is_compile_error(error):
        known = run.trouble.not_compiled(error)
    elif is_device_lost(error):
        saved = read_state(run.folder.state_file, run.folder.say) if has_state(run.folder.state_file) else {}
        known = run.trouble.device_lost(error, int(saved.get("step", 0)))
    message = str(known) if isinstance(known, TcmError) else f"{type(known).__name__}: {known}"
    run.folder.events.write("error", message=message)
    if not isinstance(known, TcmError):
        run.folder.say(message)
    return known


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
