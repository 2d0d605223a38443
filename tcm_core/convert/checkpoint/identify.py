"""Which detector a foreign checkpoint holds, told by the names of its tensors."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from tcm_core.config.model import HeadName
from tcm_core.convert.weights_file import WeightsFile, some_of
from tcm_core.errors import BadCheckpoint

Lineage = Literal["TCM", "mmocr 0.x", "mmocr 1.x"]


class Kind(NamedTuple):
    """What a checkpoint is."""

    lineage: Lineage
    head: HeadName
    prefix: str
    """What the names of the head's tensors begin with."""

    @property
    def title(self) -> str:
        """For messages and notes."""
        method = {"db": "DBNet", "pan": "PAN", "fce": "FCENet"}[self.head]
        return f"TCM with {method}" if self.lineage == "TCM" else f"{method} of {self.lineage}"


_HEAD_PREFIXES: Final[tuple[tuple[str, Lineage], ...]] = (
    ("bbox_head.", "mmocr 0.x"),
    ("det_head.", "mmocr 1.x"),
)
_HEADS: Final[tuple[tuple[str, HeadName], ...]] = (
    ("binarize.", "db"),
    ("out_conv_cls.", "fce"),
    ("out_conv.", "pan"),  # mmocr 0.x; with PAN's own neck only, see _REFUSED
    ("conv2.", "pan"),  # mmocr 1.x
)
_PAN_NECK: Final = "neck.reduce_conv_c2."

# what cannot be converted although it is near: a telling part of a name, what it is, what to do
_REFUSED: Final = (
    (
        "conv_offset.",
        "a backbone with deformable convolutions (dcn), which this program does not have",
        "Convert the version without them: mmocr's resnet50 or resnet50-oclip models",
    ),
    (
        "neck.asf_",
        "DBNet++ (adaptive scale fusion in the neck), which this program does not have",
        "Convert a DBNet",
    ),
    (
        "neck.out_conv.",
        "a neck with a convolution after the concatenation, which this program does not have",
        "Convert a DBNet with mmocr's default neck",
    ),
    ("rpn_head.", "Mask R-CNN, a two-stage detector", "Convert a DBNet, PANet or FCENet"),
    (
        "backbone.class_embedding",
        "TCM on a vision transformer, which this program does not have",
        "Convert a checkpoint on CLIP's RN50",
    ),
    (
        "backbone.gcpool.",
        "TCM that matches on the third stage, a variant that this program does not have",
        "Convert a checkpoint that matches on the last stage",
    ),
    (
        "meta_query",
        'TCM\'s unfinished "v2" switch, whose released code cannot be run (its shapes clash)',
        'Convert a checkpoint without it; FastTCM is here as cue = "meta_query"',
    ),
    ("bbox_head.rec_", "a text spotter", "Convert a DBNet, PANet or FCENet"),
)
# what people choose by mistake
_OTHERS: Final = (
    ("language.prompt.", "a checkpoint of this program", "It is used as it is"),
    ("encoder.backbone.", "a checkpoint of this program", "It is used as it is"),
    ("encoder.tower.", "a checkpoint of this program", "It is used as it is"),
    (
        "layer4.0.conv1.weight",
        "the weights of a plain ResNet, not of a detector",
        'mmocr loads them as a start; here a preset with a timm encoder and start = "timm" does',
    ),
    ("decoder.", "a text recogniser or another model of encoder and decoder", "Text detectors are needed"),
    ("label_convertor", "a text recogniser", "Text detectors are needed"),
    ("model.", "a whole training module", "Save its network's state dict alone"),
)


def is_clip(names: Iterable[str]) -> bool:
    """Whether these are the tensors of a CLIP model: open_clip's or OpenAI's."""
    return any(name.startswith("visual.") for name in names)


def identify(path: object, file: WeightsFile) -> Kind:
    """What kind of detector a file's tensors belong to.

    Args:
        path: for messages.
        file: its tensors.

    Raises:
        BadCheckpoint: it is something else; the message says what, as far as it can be told.
    """
    names = list(file.tensors)
    for part, what, remedy in _REFUSED:
        if any(part in name for name in names):
            raise BadCheckpoint(f"{path}: {what}. {remedy}.")
    for prefix, lineage in _HEAD_PREFIXES:
        if any(name.startswith(prefix) for name in names):
            tcm = any(name.startswith(("text_encoder.", "contexts")) for name in names)
            return Kind("TCM" if tcm else lineage, _head(path, names, prefix), prefix)
    for part, what, remedy in _OTHERS:
        if any(name.startswith(part) for name in names):
            raise BadCheckpoint(f"{path}: {what}. {remedy}.")
    raise BadCheckpoint(
        f"{path}: no detector that is known here; its tensors are {some_of(sorted(names))}. Checkpoints of "
        "TCM (DB, PAN, FCE), of mmocr (DBNet, PANet, FCENet), and CLIP ResNets can be converted."
    )


def _head(path: object, names: list[str], prefix: str) -> HeadName:
    for part, head in _HEADS:
        if any(name.startswith(prefix + part) for name in names):
            if head == "pan" and not any(name.startswith(_PAN_NECK) for name in names):
                break
            return head
    raise BadCheckpoint(
        f"{path}: a detector of mmocr with another head or neck (PSENet, TextSnake, DRRG or a changed one). "
        "DBNet, PANet and FCENet can be converted."
    )
