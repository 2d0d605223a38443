"""Settings of synthetic text: which words, fonts, backgrounds and looks a rendered scene may have."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

ScriptName = Literal[
    "Latin", "Greek", "Cyrillic", "Armenian", "Georgian", "Hebrew", "Arabic", "Hindi", "Bengali", "Thai",
    "Chinese", "Japanese", "Korean",
]  # fmt: skip
"""Scripts by the names that the multi-lingual data sets use."""


def _ascending(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError("the smaller value comes first")
    return values


def _in_unit(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] < 0 or values[1] > 1:
        raise ValueError("both values lie between 0 and 1")
    return values


def _positive(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] <= 0:
        raise ValueError("both values are positive")
    return values


def _not_negative(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] < 0:
        raise ValueError("no value is negative")
    return values


Range = Annotated[tuple[float, float], AfterValidator(_ascending), AfterValidator(_not_negative)]
UnitRange = Annotated[Range, AfterValidator(_in_unit)]
PositiveRange = Annotated[Range, AfterValidator(_positive)]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BackgroundConfig(_Frozen):
    """What the texts are drawn on."""

    folder: Path | None = None
    """Photographs, sub-folders included; textures are generated when there is no folder. With `dataset`, the
    root of that data set."""
    dataset: str = ""
    """Name of the data set that `folder` holds, such as icdar2015: its train part is used, and its labelled
    texts, legible or not, are cut away. Empty: the photographs are taken to be free of text."""
    textures: Probability = 0.0
    """Share of the scenes that get a generated texture although there is a folder."""
    short_side: int = Field(640, ge=128, le=4096)
    """Shorter side of a scene in pixels."""
    max_aspect: float = Field(2.0, ge=1, le=4)
    """Longer side over shorter side at most; more is cut away."""
    zoom: Annotated[UnitRange, AfterValidator(_positive)] = (0.6, 1.0)
    """Share of the photograph's sides that is cut out for a scene."""
    text_margin: float = Field(8.0, ge=0)
    """Pixels of the photograph to keep between a cut and any labelled text."""
    min_cut: int = Field(160, ge=32)
    """Cuts with a shorter side, in pixels of the photograph, are not used: they would be blurred."""


class FontConfig(_Frozen):
    """Which fonts are drawn from."""

    folders: tuple[Path, ...] = ()
    """Folders of .ttf, .otf and .ttc files; empty: the folders of the system and of the user."""
    per_script: int = Field(80, ge=1)
    """At most so many faces of a script are used, spread over its families."""


class WordConfig(_Frozen):
    """What is written."""

    scripts: dict[ScriptName, Annotated[float, Field(gt=0)]] = Field({"Latin": 1.0}, min_length=1)
    """How often each script is drawn, relative to the others."""
    lists: tuple[Path, ...] = ()
    """Files of words, one a line, UTF-8; empty: the word lists of the system. Scripts that no list has get
    words made of plausible syllables."""
    made_up: Probability = 0.15
    """Share of the words that are made up although there is a list."""
    special: Probability = 0.25
    """Share of the lines that are numbers, dates, prices, telephone numbers, codes or addresses."""
    words_per_line: tuple[int, int] = (1, 4)
    """Fewest and most words of a line."""
    lines_per_block: tuple[int, int] = (1, 3)
    """Fewest and most lines that stand together."""

    @model_validator(mode="after")
    def _counts_are_ranges(self) -> "WordConfig":
        for name, (least, most) in (
            ("words_per_line", self.words_per_line),
            ("lines_per_block", self.lines_per_block),
        ):
            if not 1 <= least <= most:
                raise ValueError(f"{name}: expected 1 <= fewest <= most, got {least} and {most}")
        return self


class PlacementConfig(_Frozen):
    """Where texts stand, how many and how large."""

    blocks: tuple[int, int] = (4, 14)
    """Fewest and most blocks of text that a scene tries; those that find no quiet place are left out."""
    height: PositiveRange = (11.0, 96.0)
    """Font size in pixels of the scene, drawn evenly on a logarithmic scale."""
    max_clutter: float = Field(7.0, gt=0)
    """Mean grey steps a pixel between neighbours above which a place is too cluttered to be written on."""
    max_unevenness: float = Field(20.0, gt=0)
    """Standard deviation of the grey, in grey steps, above which a place is taken for several things."""
    candidates: int = Field(32, ge=1)
    """Places tried for a block."""
    margin: float = Field(4.0, ge=1)
    """Pixels kept free between blocks, and between a block and the border."""


class ShapeConfig(_Frozen):
    """How a block is turned, tilted and bent."""

    rotation_degrees: float = Field(12.0, ge=0, le=180)
    """Standard deviation of the rotation in the picture."""
    upright: Probability = 0.05
    """Probability that a block runs up or down the picture."""
    tilt_degrees: float = Field(45.0, ge=0, le=75)
    """Largest angle between the wall with the text and the picture's plane."""
    perspective: Probability = 0.7
    """Probability that a block is seen at an angle."""
    curved: Probability = 0.2
    """Probability that a block is bent, by half on an arc and by half on a wave."""
    arc_degrees: PositiveRange = (20.0, 150.0)
    """Angle that a text on an arc spans; a short text gets less, so that its inner side keeps its length."""
    wave_slope: UnitRange = (0.1, 0.5)
    """Steepest slope of a text on a wave."""
    curve_points: int = Field(7, ge=3, le=64)
    """Vertices along the upper and along the lower side of a curved text, at least; a longer text gets more
    where its polygon would leave the curve by over `curve_error`."""
    curve_error: float = Field(0.5, gt=0)
    """Pixels between a curved side and its polygon at most."""


class LookConfig(_Frozen):
    """How texts are drawn."""

    outline: Probability = 0.15
    """Probability of an outline around the letters; it belongs to the text's polygon."""
    shadow: Probability = 0.2
    """Probability of a shadow; it does not belong to the polygon."""
    plate: Probability = 0.35
    """Probability of a plain plate behind the block, as on signs."""
    spacing: Probability = 0.12
    """Probability of letters set apart, in scripts whose letters do not join."""
    opacity: UnitRange = (0.82, 1.0)
    """How much of the background the ink hides."""
    shading: UnitRange = (0.3, 0.9)
    """How much of the background's uneven light falls on the ink."""
    texture: UnitRange = (0.0, 0.6)
    """How much of the background's fine structure shows in the ink."""
    softness: Range = (0.2, 0.8)
    """Blur of the letters' edges in pixels (standard deviation)."""
    low_contrast: Probability = 0.04
    """Probability that a colour is taken without regard to the background."""


class PhotoConfig(_Frozen):
    """What the camera does to the whole scene."""

    low_light: Probability = 0.15
    """Probability of a night scene; part of its texts shine by themselves."""
    blur: Probability = 0.3
    """Probability of blur by focus or motion."""
    blur_sigma: PositiveRange = (0.4, 1.4)
    """Strength of the blur in pixels."""
    noise: Probability = 0.5
    """Probability of sensor noise."""
    noise_sigma: PositiveRange = (1.5, 9.0)
    """Standard deviation of the noise in grey steps, at middle grey."""
    jpeg_quality: tuple[int, int] = (70, 95)
    """Least and best quality of the JPEG files that are written; scenes in memory are not compressed."""

    @model_validator(mode="after")
    def _quality_is_a_range(self) -> "PhotoConfig":
        if not 1 <= self.jpeg_quality[0] <= self.jpeg_quality[1] <= 100:
            raise ValueError(f"jpeg_quality: expected 1 <= least <= best <= 100, got {self.jpeg_quality}")
        return self


class LegibilityConfig(_Frozen):
    """Below what a text is marked "ignore"."""

    min_height: float = Field(8.0, ge=0)
    """Smallest height of the ink in pixels; four times the scene's blur is added to it."""
    min_contrast: float = Field(18.0, ge=0, le=255)
    """Smallest difference in grey steps between ink and ground, in the finished picture."""


class SynthConfig(_Frozen):
    """Scenes with synthetic text; a scene is a function of this, of its index and of the fonts installed."""

    seed: int = Field(0, ge=0)
    """Another seed, other scenes."""
    level: Literal["word", "line"] = "word"
    """Whether an instance is a word or a line."""
    backgrounds: BackgroundConfig = BackgroundConfig()
    """What the texts are drawn on."""
    fonts: FontConfig = FontConfig()
    """Which fonts are drawn from."""
    words: WordConfig = WordConfig()
    """What is written."""
    placement: PlacementConfig = PlacementConfig()
    """Where, how many and how large."""
    shape: ShapeConfig = ShapeConfig()
    """Turned, tilted, bent."""
    look: LookConfig = LookConfig()
    """How texts are drawn."""
    photo: PhotoConfig = PhotoConfig()
    """What the camera does."""
    legibility: LegibilityConfig = LegibilityConfig()
    """What is marked "ignore"."""
