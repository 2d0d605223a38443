"""What is known of each family beside its weights: normalisation, decode settings, sizes, licence."""

from typing import Final, NamedTuple

from tcm_core.config.decode import DbDecode, DecodeSettings, FceDecode, PanDecode
from tcm_core.config.model import ClipEncoder, HeadName, TimmEncoder
from tcm_core.convert.checkpoint.backbones import Style
from tcm_core.convert.checkpoint.identify import Kind

Channels = tuple[float, float, float]

IMAGENET_MEAN: Final[Channels] = (123.675, 116.28, 103.53)
DB_MEAN: Final[Channels] = (122.679, 116.669, 104.007)
"""Of the authors' DBNet, of mmocr 0.x with a deep backbone, and of TCM with DBNet."""

TCM_LICENCE: Final = (
    "Weights released with TCM stay under their authors' licence, CC BY-NC 4.0: not for commercial use."
)
MMOCR_LICENCE: Final = (
    "Weights published with mmocr stay under its licence, Apache 2.0, and that of their data."
)

_TCM_VECTORS: Final = 32
"""Learnt vectors of the released models of curved text; those of straight text have 4."""


class Detection(NamedTuple):
    """How a family's published figures were read off its maps."""

    decode: DecodeSettings
    short_side: int
    max_long_side: int


def mean_of(kind: Kind, encoder: TimmEncoder | ClipEncoder) -> Channels:
    """The mean that images are normalised with; the standard deviation is the same everywhere."""
    shallow = isinstance(encoder, TimmEncoder) and encoder.name == "resnet18"
    if kind.head == "db" and kind.lineage != "mmocr 1.x" and not shallow:
        return DB_MEAN
    return IMAGENET_MEAN


def style_of(head: HeadName, style: Style | None) -> Style:
    """Where bottlenecks have their stride: as asked for, or as in mmocr's own configuration of the method."""
    return style or ("caffe" if head == "pan" else "pytorch")


def licence_of(kind: Kind) -> str:
    """What to say of the weights' licence."""
    return TCM_LICENCE if kind.lineage == "TCM" else MMOCR_LICENCE


def detection_of(kind: Kind, encoder: TimmEncoder | ClipEncoder, vectors: int) -> Detection:
    """Decode settings and sizes of the source's own configuration.

    Thresholds of TCM with DBNet are those of ICDAR 2015 for few learnt vectors, of Total-Text for 32. The
    least width that the source asks for is one after growing, about 2.5 times as large as before.

    Args:
        kind: lineage and method.
        encoder: its depth decides mmocr's size for DBNet.
        vectors: learnt vectors of TCM.
    """
    if kind.head == "db":
        return _db(kind, encoder, vectors)
    if kind.head == "pan":
        if kind.lineage == "mmocr 1.x":
            return Detection(PanDecode(score_threshold=0.3, max_distance=3.0), 736, 1344)
        return Detection(PanDecode(score_threshold=0.85, max_distance=0.85), 736, 1344)
    return Detection(FceDecode(score_threshold=0.3, alpha=1.2, beta=1.0), 1280, 2272)


def _db(kind: Kind, encoder: TimmEncoder | ClipEncoder, vectors: int) -> Detection:
    if kind.lineage == "TCM":
        if vectors >= _TCM_VECTORS:
            curved = DbDecode(
                threshold=0.347,
                score_threshold=0.3,
                unclip_ratio=1.95,
                min_side=2.0,
                max_candidates=3000,
                output="polygon",
            )
            return Detection(curved, 800, 2944)
        straight = DbDecode(
            threshold=0.28, score_threshold=0.2, unclip_ratio=1.6, min_side=2.0, max_candidates=3000
        )
        return Detection(straight, 1024, 4064)
    settings = DbDecode(
        threshold=0.3, score_threshold=0.3, unclip_ratio=1.5, min_side=2.0, max_candidates=3000
    )
    shallow = isinstance(encoder, TimmEncoder) and encoder.name in ("resnet18", "resnet34")
    return Detection(settings, 736, 1344) if shallow else Detection(settings, 1024, 4064)
