"""Fine-tuning on a person's own pages: a preset, completed by what the pages and the checkpoint say."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from tcm_core.checkpoint_file import CheckpointMetadata, read_metadata, resolve_checkpoint
from tcm_core.config.data import DataConfig, DatasetName, SourceConfig
from tcm_core.config.load import read_toml
from tcm_core.config.model import DbHeadConfig, FceHeadConfig, HeadName, PanHeadConfig
from tcm_core.config.train import TrainConfig
from tcm_core.data.dataset import PhotoSource
from tcm_core.data.formats.source import image_stem
from tcm_core.data.image_io import read_header
from tcm_core.data.sample import Sample
from tcm_core.errors import BadConfig, BadImage
from tcm_core.resources import resource
from tcm_core.train.loading import load_training_data
from tcm_core.train.resolve import complete, load_run

PRESET: Final = "finetune"
TEXT_HEIGHT: Final = 28.0
"""Network pixels: at the size that is chosen for detection, half of the pages' texts are at least so high."""

HEADS: Final[dict[HeadName, type[DbHeadConfig | PanHeadConfig | FceHeadConfig]]] = {
    "db": DbHeadConfig,
    "pan": PanHeadConfig,
    "fce": FceHeadConfig,
}

_LEAST_SIDE: Final = 320
_NEAR: Final = 0.75  # of the checkpoint's own size: its scores are worth more than a somewhat smaller picture
_LOOKED_AT: Final = 200  # pages, for the height of texts
_REPLAYED: Final = (0.4, 1.2)  # replayed crops without a recipe: of the size that the checkpoint detects at


@dataclass(frozen=True)
class Wish:
    """What a person wants.

    Attributes:
        pages: folder of labelled images.
        start: a checkpoint, shipped or a file.
        dataset: how the folder is laid out, a row of DATASETS.
        label_format: of a "folder"; "auto": told by the content.
        replay: a folder of the same kind with what the checkpoint learnt before, or the TOML of that run.
        replay_root: where the data of that TOML lies, instead of where it says.
        replay_share: of all crops.
        epochs: how often each page is drawn from.
        freeze: names of modules that keep their weights; None: the preset's.
        start_share: what the new checkpoint keeps of the start's weights; None: the preset's.
        head: another head than the checkpoint's, which with its neck begins from nothing; None: the same one.
        validation_share: of the pages: they are not learnt, checkpoint and thresholds are chosen by them.
        short_side: of the network's input at detection; None: by the height of the pages' texts.
        name: of the new checkpoint.
        seed: of everything that is drawn.
    """

    pages: Path
    start: str = "db-small"
    dataset: DatasetName = "folder"
    label_format: str = "auto"
    replay: Path | None = None
    replay_root: Path | None = None
    replay_share: float = 1 / 3
    epochs: float = 24.0
    freeze: tuple[str, ...] | None = None
    start_share: float | None = None
    head: HeadName | None = None
    validation_share: float = 0.2
    short_side: int | None = None
    name: str = "finetuned"
    seed: int = 0


def finetune_config(wish: Wish) -> TrainConfig:
    """The run that a wish comes to, ready for train_config.

    Raises:
        BadConfig: values out of range, or no legible text among the pages.
        BadCheckpoint: the start is no checkpoint.
        BadLabels: pages or replayed data are missing or broken.
    """
    if not 0 < wish.replay_share < 1:
        raise BadConfig(f"the share of replayed crops is {wish.replay_share:g}; give one between 0 and 1")
    own = SourceConfig(
        dataset=wish.dataset,
        root=wish.pages.resolve(),
        format=wish.label_format,
        validation_share=wish.validation_share,
        seed=wish.seed,
    )
    pages = load_training_data(DataConfig(sources=(own,)))
    values = read_toml(resource("presets", f"{PRESET}.toml"))
    metadata = read_metadata(resolve_checkpoint(wish.start))
    side = wish.short_side or _detection_side(_photos(pages.sources), metadata.short_side)
    share = 0.0 if wish.replay is None else wish.replay_share
    sources = [own]
    if wish.replay is not None:
        own = own.model_copy(update={"weight": 1.0 - share})
        size = values["augment"]["size"]
        near = (_REPLAYED[0] * metadata.short_side / size, _REPLAYED[1] * metadata.short_side / size)
        sources = [own, *_replayed(wish, share, near)]
    optim = _with_epochs(values["optim"], wish, pages.learnt, share)
    run = {
        **values,
        "name": wish.name,
        "seed": wish.seed,
        "start": wish.start,
        "start_share": values["start_share"] if wish.start_share is None else wish.start_share,
        "data": {"sources": sources},
        "augment": _at_side(values["augment"], side / values["validation"]["short_side"]),
        "optim": optim,
        **_other_head(wish, metadata, optim),
        "validation": {
            "every": max(1, math.ceil(optim["steps"] / 4)),
            "short_side": side,
            "max_long_side": metadata.max_long_side if side == metadata.short_side else 4 * side,
            "settings_images": values["validation"]["settings_images"],
        },
    }
    return complete(run, f"preset {PRESET}")


def _other_head(wish: Wish, metadata: CheckpointMetadata, optim: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint's model with another neck and head; their norms learn what they normalise."""
    if wish.head is None or wish.head == metadata.model.head.name:
        return {}
    fresh = [name for name in optim["freeze"] if name.split(".")[0] in ("neck", "head")]
    if fresh:
        raise BadConfig(
            f"freeze: {', '.join(fresh)} can not be frozen, as the head {wish.head} begins from nothing; "
            "freeze the encoder at most"
        )
    head = HEADS[wish.head]()
    if wish.start_share:
        raise BadConfig(
            f"a share of the start: the head {wish.head} begins from nothing, so there is none to keep"
        )
    return {
        "model": metadata.model.model_copy(update={"head": head}),
        "start_fit": "parts",
        "start_share": 0.0,
        "optim": {**optim, "batch_norm": "train"},
    }


def _photos(sources: Iterable[object]) -> Sequence[Sample]:
    (source,) = sources
    assert isinstance(source, PhotoSource)
    return source.samples


def _with_epochs(preset: dict[str, Any], wish: Wish, pages: int, share: float) -> dict[str, Any]:
    """The preset's optimisation, as long as the epochs are, its warm-up and way down in proportion."""
    if not wish.epochs > 0:
        raise BadConfig(f"{wish.epochs:g} epochs; give a number above 0")
    steps = max(1, math.ceil(wish.epochs * pages / (preset["batch_size"] * (1.0 - share))))
    longer = steps / preset["steps"]
    changed = {key: round(preset[key] * longer) for key in ("warmup_steps", "cooldown_steps")}
    freeze = preset["freeze"] if wish.freeze is None else wish.freeze
    return {**preset, **changed, "steps": steps, "freeze": freeze}


def _at_side(preset: dict[str, Any], factor: float) -> dict[str, Any]:
    """The preset's crops for another size at detection."""
    low, high = preset["scale"]
    return {**preset, "scale": (low * factor, high * factor)}


def _detection_side(pages: Sequence[Sample], most: int) -> int:
    """The short side of the network's input at which half of the texts are high enough.

    Args:
        pages: labelled.
        most: the checkpoint's own, which is not exceeded.
    """
    shares = [
        share for index in range(min(len(pages), _LOOKED_AT)) for share in _heights_over_side(pages[index])
    ]
    wanted = TEXT_HEIGHT / max(float(np.median(shares)), 1e-6) if shares else most
    if wanted >= _NEAR * most:
        return most
    return int(max(32 * round(wanted / 32), min(_LEAST_SIDE, most)))


def _heights_over_side(page: Sample) -> list[float]:
    """The height of each legible text over the page's shorter side."""
    try:
        side = min(read_header(page.image).size(page.frame))
    except BadImage:
        return []  # the run passes over it and says so
    legible = [text.polygon for text in page.instances if not text.ignore and len(text.polygon) >= 3]
    return [min(cv2.minAreaRect(polygon.astype(np.float32))[1]) / side for polygon in legible]


def _replayed(wish: Wish, share: float, near: tuple[float, float]) -> list[SourceConfig]:
    """What the checkpoint learnt before, without the images that it was judged by.

    Args:
        wish: names the data.
        share: of the crops, for all of them together.
        near: scales for data that comes without a recipe.
    """
    assert wish.replay is not None
    if wish.replay.suffix == ".toml":
        recipe = load_run(wish.replay, wish.replay_root)
        config, scale, unit = recipe.data, recipe.augment.scale, recipe.augment.scale_unit
    else:
        config = DataConfig(dataset="folder", root=wish.replay.resolve())
        scale, unit = near, "short_side"
    data = load_training_data(config)
    parts = data.weights or tuple(float(source.count or 0) for source in data.sources)
    nothing_kept = {"validation": (), "validation_every": 0, "validation_share": 0.0}
    return [
        source.model_copy(
            update={
                **nothing_kept,
                "exclude": (*source.exclude, *(image_stem(Path(name).name) for name in row["validation"])),
                "weight": share * part / sum(parts),
                "scale": source.scale or scale,
                "scale_unit": source.scale_unit if source.scale else unit,
            }
        )
        for source, row, part in zip(_as_sources(config), data.split["sources"], parts, strict=True)
    ]


def _as_sources(config: DataConfig) -> list[SourceConfig]:
    """The sources; one that is given by its keys as a source like the others."""
    keys = set(SourceConfig.model_fields)
    return [SourceConfig.model_validate(source.model_dump(include=keys)) for source in config.mixed]
