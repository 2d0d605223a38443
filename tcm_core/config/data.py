"""Data settings: which labelled images are learnt from, and how crops are drawn from them."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(_Frozen):
    """Which labelled images are learnt from and which are only looked at."""

    dataset: Literal["icdar2015"] = "icdar2015"
    """A row of tcm_core.data.layout.DATASETS."""
    root: Path
    """Folder of the data set; relative paths start at the configuration's folder."""
    exclude: tuple[str, ...] = ()
    """Stems of images that are never used, such as shipped samples."""
    validation: tuple[str, ...] = ()
    """Stems of the images kept for validation."""
    validation_every: int = Field(0, ge=0)
    """When no stems are given: every n-th remaining image, in the order of names, is kept for validation."""


class AugmentConfig(_Frozen):
    """How a training crop is drawn."""

    size: int = Field(512, ge=64, multiple_of=32)
    """Side of the square crop in network pixels."""
    scale: tuple[float, float] = (0.6, 2.0)
    """Network pixels per image pixel, drawn evenly on a logarithmic scale."""
    rotation_degrees: float = Field(10.0, ge=0, le=180)
    """Largest rotation to either side."""
    stretch: float = Field(1.2, ge=1)
    """Largest factor between the two axes."""
    flip: float = Field(0.0, ge=0, le=1)
    """Probability of a mirror image."""
    around_text: float = Field(0.8, ge=0, le=1)
    """Probability that the crop is put around a legible text."""
    colour: float = Field(0.6, ge=0, le=1)
    """Probability of each change of brightness, contrast and saturation."""
    blur: float = Field(0.1, ge=0, le=1)
    """Probability of blur or noise."""
