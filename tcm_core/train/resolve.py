"""A run's configuration from its file: paths count from there, a start checkpoint fills in its model."""

from pathlib import Path
from typing import Any

from tcm_core.checkpoint_file import read_metadata, resolve_checkpoint
from tcm_core.config.load import parse_config, read_toml
from tcm_core.config.train import TrainConfig
from tcm_core.errors import BadCheckpoint
from tcm_core.train.start import is_checkpoint


def load_run(path: Path, data_root: Path | None = None) -> TrainConfig:
    """The configuration of a file, ready to be trained by.

    Args:
        path: TOML of a TrainConfig; its relative paths count from its folder.
        data_root: folder of the data set, instead of the configuration's own; of several data sets the
            folder that their roots count from.

    Raises:
        BadConfig: see load_config.
        BadCheckpoint: it starts from a checkpoint that is not there or cannot be read.
    """
    values = read_toml(path)
    config = complete(values, str(path), path.parent)
    if data_root is not None and not config.data.sources and not config.stages:
        root = data_root.resolve()
        config = config.with_data(lambda data: data.model_copy(update={"root": root}))
    several = bool(config.stages or config.data.sources)
    base = data_root if data_root is not None and several else path.parent
    return config.with_data(lambda data: data.below(base))


def complete(values: dict[str, Any], where: str, folder: Path | None = None) -> TrainConfig:
    """The values as a configuration; a start checkpoint fills in what they leave out.

    That is the model, its decode settings and its input size, as long as no [model] is given.

    Args:
        values: what a TOML reader gave.
        where: named in messages.
        folder: that the checkpoint's path counts from, if it is there.

    Raises:
        BadConfig, BadCheckpoint: see load_run.
    """
    start = values.get("start")
    if not isinstance(start, str) or not is_checkpoint(start):
        return parse_config(values, TrainConfig, where)
    beside = None if folder is None else folder / start
    if beside is not None and beside.is_file():
        values = {**values, "start": str(beside.resolve())}
    if "model" not in values:
        values = _with_checkpoint(values, values["start"])
    return parse_config(values, TrainConfig, where)


def _with_checkpoint(values: dict[str, Any], start: str) -> dict[str, Any]:
    try:
        metadata = read_metadata(resolve_checkpoint(start))
    except BadCheckpoint as error:
        raise BadCheckpoint(f"start: {error}. The run's [model] would be taken from it.") from error
    filled: dict[str, Any] = {**values, "model": metadata.model.model_dump()}
    validation = values.get("validation", {})
    if not isinstance(validation, dict):
        return filled
    sizes = {"short_side": metadata.short_side, "max_long_side": metadata.max_long_side}
    decode = validation.get("decode", {})
    if isinstance(decode, dict):
        decode = {**metadata.decode.model_dump(), **decode}
    return {**filled, "validation": {**sizes, **validation, "decode": decode}}
