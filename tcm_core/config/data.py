"""Data settings: which labelled images are learnt from, and how crops are drawn from them."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tcm_core.config.synth import SynthConfig

DatasetName = Literal[
    "icdar2013", "icdar2015", "mlt2017", "totaltext", "ctw1500", "ctw1500-legacy", "td500", "tr400", "art",
    "nighttime-art", "synthtext", "folder", "images", "synthetic",
]  # fmt: skip
"""The rows of tcm_core.data.layout.DATASETS, and "synthetic" for scenes rendered as they are needed."""

PartName = Literal["train", "validation", "test"]

ScaleUnit = Literal["pixel", "short_side", "long_side"]

Probability = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _ascending(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError("the smaller value comes first")
    return values


def _positive(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] <= 0:
        raise ValueError("both values are positive")
    return values


Range = Annotated[tuple[float, float], AfterValidator(_ascending)]
PositiveRange = Annotated[Range, AfterValidator(_positive)]


class LeaveOut(_Frozen):
    """Images that another data set holds too, by a list that comes with that set."""

    list: Path
    """One image a line, its name the last word of the line ("gt_41", "poly_gt_img651.txt gt_41.txt")."""
    only: Path | None = None
    """A folder of images: of lines with two names, only those whose first is an image in it count, such as
    the test images of Total-Text. Not given: every line counts."""

    def below(self, base: Path) -> Self:
        """The same with relative paths counted from a folder."""
        only = None if self.only is None else (base / self.only).resolve()
        return self.model_copy(update={"list": (base / self.list).resolve(), "only": only})


class SourceConfig(_Frozen):
    """One data set, or what is wanted of it. The subsets are taken in the order of the keys here."""

    dataset: DatasetName = "icdar2015"
    """A row of tcm_core.data.layout.DATASETS, or "synthetic"."""
    root: Path | None = None
    """Folder of the data set; relative paths start at the configuration's folder. "synthetic" needs none."""
    part: PartName = "train"
    """Which part of the data set."""
    format: str = "auto"
    """Label format of a "folder": a row of tcm_core.data.formats.table.FORMATS, or "auto"."""
    exclude: tuple[str, ...] = ()
    """Stems of images that are never used, such as shipped samples."""
    leave_out: tuple[LeaveOut, ...] = ()
    """Lists of images that are never used, because a test set holds them too."""
    luminance: Range = (0.0, 256.0)
    """Only images whose mean luminance lies in [least, most); (0, 60) is the night slice."""
    validation: tuple[str, ...] = ()
    """Stems of the images kept for validation."""
    validation_every: int = Field(0, ge=0)
    """When no stems are given: every n-th remaining image in the order of names is kept for validation."""
    validation_share: Probability = 0.0
    """When neither is given: this share of the remaining images, drawn by the seed, is kept for it."""
    share: float = Field(1.0, gt=0, le=1)
    """Few-shot: this share of the images left to learn from. A smaller share is part of a larger one."""
    seed: int = Field(0, ge=0)
    """Of validation_share and share; another seed draws other images."""
    weight: float | None = Field(None, gt=0)
    """How often the source is drawn from, relative to the weights of the others; None: by its number of
    images. Given for all sources or for none."""
    scale: PositiveRange | None = None
    """Crops of this source are drawn at these sizes instead of augment.scale: what is replayed is seen as
    it was before, whatever suits the others."""
    scale_unit: ScaleUnit = "pixel"
    """What a scale of 1 means for `scale`; see augment.scale_unit."""
    synth: SynthConfig | None = None
    """The scenes of a "synthetic" source."""

    @model_validator(mode="after")
    def _synthetic_or_on_disk(self) -> Self:
        if self.dataset != "synthetic" and self.synth is not None:
            raise ValueError('synth belongs to a source of dataset = "synthetic"')
        return self

    def below(self, base: Path) -> Self:
        """The same with relative folders and files counted from a folder."""
        changes: dict[str, object] = {}
        if self.root is not None:
            changes["root"] = (base / self.root).resolve()
        if self.leave_out:
            changes["leave_out"] = tuple(lists.below(base) for lists in self.leave_out)
        if self.synth is not None and self.synth.backgrounds.folder is not None:
            folder = (base / self.synth.backgrounds.folder).resolve()
            backgrounds = self.synth.backgrounds.model_copy(update={"folder": folder})
            changes["synth"] = self.synth.model_copy(update={"backgrounds": backgrounds})
        return self.model_copy(update=changes)

    @property
    def synthetic(self) -> SynthConfig | None:
        """The settings of a source whose scenes are rendered; None for one on disk."""
        return (self.synth or SynthConfig()) if self.dataset == "synthetic" else None


class DataConfig(SourceConfig):
    """What is learnt from and what is only looked at: one source, given by its keys, or a list of sources."""

    sources: tuple[SourceConfig, ...] = ()
    """Several data sets, mixed by their weights. Each has its own validation images."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        fields = SourceConfig.model_fields
        own = [name for name, field in fields.items() if getattr(self, name) != field.default]
        if self.sources and own:
            raise ValueError(f"either sources, or one source by its keys ({', '.join(own)}), not both")
        for place, source in enumerate(self.mixed):
            where = f"sources.{place}: " if self.sources else ""
            if source.root is None and source.dataset != "synthetic":
                raise ValueError(f"{where}root is missing: the folder of the data set {source.dataset}")
        given = [source.weight is not None for source in self.mixed]
        if any(given) and not all(given):
            raise ValueError("weight is given for some sources only; give it for all of them or for none")
        if len(given) > 1 and not all(given) and any(s.dataset == "synthetic" for s in self.mixed):
            raise ValueError("rendered scenes have no number, so every source needs a weight")
        return self

    @property
    def mixed(self) -> tuple[SourceConfig, ...]:
        """The sources, one or several."""
        return self.sources or (self,)

    def below(self, base: Path) -> Self:
        """The same with relative folders and files counted from a folder."""
        if self.sources:
            return self.model_copy(update={"sources": tuple(source.below(base) for source in self.sources)})
        return super().below(base)


class AugmentConfig(_Frozen):
    """How a training crop is drawn: one matrix, one warp, then colours."""

    size: int = Field(512, ge=64, multiple_of=32)
    """Side of the square crop in network pixels."""
    scale: PositiveRange = (0.6, 2.0)
    """Size in the crop over size in the image, drawn evenly on a logarithmic scale."""
    scale_unit: ScaleUnit = "pixel"
    """What a scale of 1 means: pixels stay as they are, or that side of the image is as long as the crop."""
    rotation_degrees: float = Field(10.0, ge=0, le=180)
    """Largest rotation to either side."""
    quarter_turns: Probability = 0.0
    """Probability of a further turn by 90, 180 or 270 degrees."""
    stretch: float = Field(1.2, ge=1)
    """Largest factor between the two axes."""
    perspective: float = Field(0.0, ge=0, le=0.5)
    """Largest relative change of scale from the image's middle to its border, each way."""
    flip: Probability = 0.0
    """Probability of a mirror image. Mirrored text is no text, so this is off."""
    around_text: Probability = 0.8
    """Probability that the crop is put around a legible text."""
    whole_texts: bool = True
    """Crops cut no legible text in two: they are put where none is cut, and where there is no such place,
    the border moves off the text, or takes it in and the crop shows more. Ignored texts may be cut."""
    smallest_window: float = Field(0.4, gt=0, le=1)
    """Share of the crop that must still show the image when its borders have moved off texts."""
    colour: Probability = 0.6
    """Probability of each change of brightness, contrast and saturation."""
    blur: Probability = 0.1
    """Probability of blur."""
    noise: Probability = 0.1
    """Probability of noise."""
    jpeg: Probability = 0.0
    """Probability of compression as JPEG."""
    jpeg_quality: tuple[int, int] = (25, 80)
    """Lowest and highest quality of the compression, 1 to 100."""
    night: Probability = 0.0
    """Probability of a dark picture: low light, a tint and the noise that comes with it."""

    @model_validator(mode="after")
    def _quality_is_a_range(self) -> Self:
        least, most = self.jpeg_quality
        if not 1 <= least <= most <= 100:
            raise ValueError(f"jpeg_quality: expected 1 <= lowest <= highest <= 100, got {least} and {most}")
        return self
