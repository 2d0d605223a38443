"""What a run learns from: its sources, its validation images, and the split that is kept with the run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tcm_core.config.data import DataConfig, SourceConfig
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.data.dataset import CropSource, PhotoSource, Scale, SceneSource, Unreadable
from tcm_core.data.formats.labelled import LabelProblem
from tcm_core.data.layout import load_samples
from tcm_core.data.packed import PackedSamples
from tcm_core.data.sample import Sample
from tcm_core.data.split import Split, draw_split
from tcm_core.errors import BadConfig, BadImage

SPLIT_FILE: Final = "split.json"
_VERSION: Final = 1


class TrainingData(NamedTuple):
    """What a run learns from and is scored on."""

    sources: tuple[CropSource, ...]
    weights: tuple[float, ...] | None  # None: by the number of images
    validation: tuple[Sample, ...]
    skipped: tuple[Unreadable, ...]  # images that are left out, and why
    split: dict[str, Any]  # for SPLIT_FILE

    @property
    def learnt(self) -> int:
        """Number of images on disk to learn from."""
        return sum(source.count or 0 for source in self.sources)


def load_training_data(config: DataConfig, run: Path | None = None) -> TrainingData:
    """The sources of a configuration, split for learning and validation.

    Images without labels are left out and listed; so are images that cannot be read, as far as they are read
    here. Label files that are broken are refused.

    Args:
        config: with folders that are there.
        run: the folder of a run that is resumed: its split is taken, whatever images came since.

    Raises:
        BadLabels: a data set is missing or broken.
        BadConfig: the split names images that do not exist, nothing is left to learn from, or the run was
            split by other settings.
    """
    stored = None if run is None else read_split(run / SPLIT_FILE)
    if stored is not None:
        _check_settings(stored, config)
    sources: list[CropSource] = []
    validation: list[Sample] = []
    skipped: list[Unreadable] = []
    rows: list[dict[str, Any]] = []
    legible = 0
    for place, source in enumerate(config.mixed):
        row: dict[str, Any] = {"settings": _settings(source), "learnt": [], "validation": []}
        rows.append(row)
        if source.synthetic is not None:
            sources.append(SceneSource(source.synthetic, _scale(source)))
            continue
        samples, left_out = _load(source)
        if stored is None:
            unreadable: list[BadImage] = []
            split = draw_split(samples, source, unreadable.append)
            left_out += [Unreadable(str(error).split(":", 1)[0], str(error)) for error in unreadable]
        else:
            split = Split(*(tuple(stored["sources"][place][key]) for key in ("learnt", "validation")))
        learnt, kept = (_named(samples, names, source) for names in split)
        row.update(learnt=list(split.learnt), validation=list(split.validation))
        skipped += left_out
        validation += kept
        legible += learnt.legible_texts()
        if len(learnt):
            sources.append(PhotoSource(learnt, _scale(source)))
    if not legible and all(source.count is not None for source in sources):
        roots = ", ".join(str(source.root) for source in config.mixed)
        raise BadConfig(f"data: no legible text is left to learn from in {roots}")
    weights = tuple(source.weight for source in config.mixed if source.weight is not None)
    if weights and len(weights) != len(sources):
        raise BadConfig("data: a source with a weight has no image left to learn from; take it out")
    return TrainingData(
        tuple(sources),
        weights or None,
        tuple(validation),
        tuple(skipped),
        {"version": _VERSION, "sources": rows},
    )


def write_split(path: Path, data: TrainingData) -> None:
    """Writes the split and what was left out.

    Raises:
        TcmError: the file cannot be written.
    """
    content = {**data.split, "left_out": [image._asdict() for image in data.skipped]}
    write_text_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_split(path: Path) -> dict[str, Any] | None:
    """The split of a run; None when it has none, as runs before this file had.

    Raises:
        BadConfig: the file is damaged or of a newer version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] > _VERSION:
            raise BadConfig(f"{path}: written by a newer version; resume the run with that one")
        for row in content["sources"]:
            _ = row["settings"], row["learnt"], row["validation"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadConfig(f"{path}: cannot be read ({error}); start a new run in another folder") from error
    return dict(content)


def _load(source: SourceConfig) -> tuple[PackedSamples, list[Unreadable]]:
    if source.root is None:
        raise BadConfig(f"data: root is missing: the folder of the data set {source.dataset}")
    problems: list[LabelProblem] = []
    samples = load_samples(
        source.dataset,
        source.root,
        part=source.part,
        label_format=source.format,
        on_skipped=problems.append,
    )
    return samples, [Unreadable(problem.file, str(problem)) for problem in problems]


def _scale(source: SourceConfig) -> Scale | None:
    return None if source.scale is None else Scale(source.scale, source.scale_unit)


def _named(samples: PackedSamples, names: Sequence[str], source: SourceConfig) -> PackedSamples:
    index_of = {samples.name(index): index for index in range(len(samples))}
    missing = [name for name in names if name not in index_of]
    if missing:
        raise BadConfig(
            f"data: {len(missing)} images of the run's split are not in {source.root} any more, "
            f"the first is {missing[0]}. Put them back, or start a new run."
        )
    return samples.take(index_of[name] for name in names)


def _settings(source: SourceConfig) -> dict[str, Any]:
    """What decides the split; folders may move."""
    keys = {"dataset", "part", "exclude", "luminance", "validation", "validation_every", "validation_share"}
    settings = source.model_dump(mode="json", include={*keys, "share", "seed"})
    return {**settings, "leave_out": [lists.list.name for lists in source.leave_out]}


def _check_settings(stored: dict[str, Any], config: DataConfig) -> None:
    if [row["settings"] for row in stored["sources"]] != [_settings(source) for source in config.mixed]:
        raise BadConfig(
            "data: the run was split by other settings than these. Set [data] back, or start a new run."
        )
