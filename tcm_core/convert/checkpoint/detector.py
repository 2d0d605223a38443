"""From the file of another project's detector, or of CLIP, to ours."""

import re
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from tcm_core.build import build_detector
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.model import ClipEncoder, HeadConfig, ModelConfig, TcmModules, TimmEncoder
from tcm_core.convert.checkpoint.backbones import Style, encoder_config, encoder_rows, unused_backbone
from tcm_core.convert.checkpoint.db import LAST_INPUT as DB_LAST
from tcm_core.convert.checkpoint.db import db_config, db_rows
from tcm_core.convert.checkpoint.fce import LAST_INPUT as FCE_LAST
from tcm_core.convert.checkpoint.fce import fce_config, fce_rows
from tcm_core.convert.checkpoint.identify import Kind, identify, is_clip
from tcm_core.convert.checkpoint.language import (
    Prompt,
    context_decoder_idle,
    language_config,
    language_rows,
    read_prompt,
    scaled_score,
)
from tcm_core.convert.checkpoint.pan import LAST_INPUT as PAN_LAST
from tcm_core.convert.checkpoint.pan import pan_config, pan_rows
from tcm_core.convert.checkpoint.report import ConversionReport, UnusedTensor, UsedTensor, used_tensors
from tcm_core.convert.checkpoint.rows import Row, Source, fill
from tcm_core.convert.checkpoint.settings import Channels, detection_of, licence_of, mean_of, style_of
from tcm_core.convert.clip import read_clip
from tcm_core.convert.weights_file import read_weights, some_of
from tcm_core.errors import BadCheckpoint

STD: Final[Channels] = (58.395, 57.12, 57.375)

_UNUSED: Final = (
    (re.compile(r".*\.num_batches_tracked|num_batches_tracked"), "a counter of training"),
    (re.compile(r"ema_.*"), "a moving average of training"),
    (re.compile(r"(identity|auxiliary)_head\..*"), "used in training only"),
    (re.compile(r"data_preprocessor\..*"), "read into mean and std"),
)


class ConvertedDetector(NamedTuple):
    """A whole detector."""

    state: dict[str, Tensor]
    metadata: CheckpointMetadata
    report: ConversionReport


class ConvertedClip(NamedTuple):
    """CLIP's two towers, which a detector starts from."""

    tensors: dict[str, Tensor]
    report: ConversionReport


def convert_checkpoint(
    path: Path, name: str, *, words: str | None = None, style: Style | None = None
) -> ConvertedDetector | ConvertedClip:
    """The detector or the CLIP of a file; nothing that stands in the file is run.

    Args:
        path: a checkpoint of TCM or mmocr, or weights of CLIP.
        name: what the result is called.
        words: the words that TCM was trained with; None: those of the released checkpoints.
        style: where mmdet's bottlenecks have their stride, which weights do not tell; None: as in mmocr's own
            configuration of the method.

    Raises:
        BadCheckpoint: the file cannot be read, is something else, is not complete, has tensors of other
            shapes, or has tensors that change the result and have no place here.
        BadConfig: the words do not fit.
    """
    file = read_weights(path)
    if is_clip(file.tensors):
        return _clip(path, file.tensors)
    kind = identify(path, file)
    source = Source(path, kind.title, file.tensors)
    prompt = read_prompt(source, words) if kind.lineage == "TCM" else None
    config = _model(source, kind, prompt, style)
    wanted = build_detector(config).state_dict()
    filled = fill(source, _rows(source, kind, config, prompt, wanted), wanted)
    used = used_tensors(filled.uses)
    detection = detection_of(kind, config.encoder, prompt.vectors if prompt else 0)
    metadata = CheckpointMetadata(
        name=name,
        model=config,
        decode=detection.decode,
        short_side=detection.short_side,
        max_long_side=detection.max_long_side,
        note=f"Converted from {path.name}, {kind.title}. {licence_of(kind)}",
    )
    report = ConversionReport(
        source=path,
        what=kind.title,
        purpose="a detector: tcm detect --checkpoint, and the application",
        used=used,
        unused=_unused(source, used),
        notes=(*_assumptions(config, kind, prompt, style), licence_of(kind)),
    )
    return ConvertedDetector(filled.state, metadata, report)


def _model(source: Source, kind: Kind, prompt: Prompt | None, style: Style | None) -> ModelConfig:
    encoder = encoder_config(source, style=style_of(kind.head, style))
    tcm: TcmModules | None = None
    if prompt is not None:
        if not isinstance(encoder, ClipEncoder):
            raise source.unfit(["its backbone is not CLIP's"])
        tcm = language_config(source, encoder.name, prompt)
    mean, std = _normalisation(source, mean_of(kind, encoder))
    return ModelConfig(encoder=encoder, tcm=tcm, head=_head(source, kind), mean=mean, std=std)


def _head(source: Source, kind: Kind) -> HeadConfig:
    if kind.head == "db":
        return db_config(source, kind.prefix)
    if kind.head == "pan":
        return pan_config(source, kind.prefix)
    return fce_config(source, kind.prefix)


def _normalisation(source: Source, mean: Channels) -> tuple[Channels, Channels]:
    """Mean and standard deviation: the file's own where it has them."""
    found = []
    for name, usual in (("mean", mean), ("std", STD)):
        tensor = source.tensors.get(f"data_preprocessor.{name}")
        if tensor is None or tensor.numel() != len(usual):
            found.append(usual)
        else:
            red, green, blue = tensor.flatten().tolist()
            found.append((red, green, blue))
    return found[0], found[1]


def _rows(
    source: Source, kind: Kind, config: ModelConfig, prompt: Prompt | None, wanted: dict[str, Tensor]
) -> list[Row]:
    rows = encoder_rows(source, config.encoder, wanted)
    if kind.head == "db":
        rows, last = rows + db_rows(source, kind.prefix), DB_LAST
    elif kind.head == "pan":
        rows, last = rows + pan_rows(source, kind.prefix), PAN_LAST
    else:
        rows, last = rows + fce_rows(kind.prefix), FCE_LAST
    if prompt is not None:
        rows += language_rows(source, prompt, wanted)
        if source.has("logit_scale"):
            rows = [scaled_score(row) if row.target == last else row for row in rows]
    return rows


def _unused(source: Source, used: tuple[UsedTensor, ...]) -> tuple[UnusedTensor, ...]:
    """What is left over; what is left over for no reason would change the result."""
    taken = {tensor.source for tensor in used}
    left, strange = [], []
    for name, tensor in source.tensors.items():
        if name in taken:
            continue
        why = _why_unused(source, name)
        if why is None:
            strange.append(f"{name} {tuple(tensor.shape)}")
        else:
            left.append(UnusedTensor(source=name, shape=tuple(tensor.shape), why=why))
    if strange:
        raise BadCheckpoint(
            f"{source.path}: {source.title}, with tensors that have no place here: {some_of(strange)}. Its "
            "model was changed, and would answer differently without them; it cannot be converted."
        )
    return tuple(left)


def _why_unused(source: Source, name: str) -> str | None:
    known = next((why for pattern, why in _UNUSED if pattern.fullmatch(name)), None)
    if known is not None:
        return known
    if name.startswith("backbone."):
        return unused_backbone(name)
    if name.startswith("context_decoder.") or name == "gamma":
        return "the decoder was left out in training" if context_decoder_idle(source) else None
    if name == "vis_gamma":
        return "there is no visual prompt generator" if not source.has("visual_prompt_generator.") else None
    if name == "contexts":
        return "there are no learnt vectors" if source.tensors[name].numel() == 0 else None
    if name == "text_encoder.token_embedding.weight":
        return "only learnt vectors are read"
    return None


def _assumptions(config: ModelConfig, kind: Kind, prompt: Prompt | None, style: Style | None) -> list[str]:
    """What the weights do not tell, and what was taken."""
    notes = [f"mean {config.mean} and std {config.std} are those of the source's configuration"]
    if isinstance(config.encoder, TimmEncoder) and config.encoder.name not in ("resnet18", "resnet34"):
        chosen = style_of(kind.head, style)
        notes.append(f'strides as in mmdet\'s style "{chosen}"; --style {_other(chosen)} if it was the other')
    if isinstance(config.encoder, ClipEncoder) and config.encoder.position_side:
        side = config.encoder.position_side
        notes.append(f"the position table keeps its {side}x{side} grid, as it was trained")
    if prompt is not None and prompt.only_vectors:
        notes.append("all rows of the text encoder are learnt; the first and the last stay as they are")
    elif prompt is not None:
        notes.append(f'it was trained with the words "{prompt.words}"; --words if with others')
    notes.append("decode settings and sizes are those of the source's configuration; see docs/checkpoints.md")
    return notes


def _other(style: Style) -> Style:
    return "pytorch" if style == "caffe" else "caffe"


def _clip(path: Path, stored: dict[str, Tensor]) -> ConvertedClip:
    """CLIP's towers as they are, in half precision where that loses nothing."""
    weights = read_clip(path)
    tensors = {name: _compact(tensor) for name, tensor in weights.tensors.items()}
    report = ConversionReport(
        source=path,
        what=f"CLIP {weights.model}, {weights.form}",
        purpose=(
            "encoder weights only, no detector: a detector is trained from them, with "
            'start = "clip:FILE" in its configuration, or after `tcm weights add FILE`'
        ),
        used=tuple(
            UsedTensor(source=name, shape=tuple(tensor.shape), targets=(name,))
            for name, tensor in weights.tensors.items()
        ),
        unused=tuple(
            UnusedTensor(source=name, shape=tuple(tensor.shape), why="CLIP's own loss and bookkeeping")
            for name, tensor in stored.items()
            if name not in weights.tensors and name.removeprefix("text.") not in weights.tensors
        ),
        notes=("weights of CLIP stay under their publisher's licence",),
    )
    return ConvertedClip(tensors, report)


def _compact(tensor: Tensor) -> Tensor:
    half = tensor.to(torch.float16)
    return half.contiguous() if torch.equal(half.float(), tensor) else tensor.contiguous()
