"""The grids of resources/experiments: rows, what each changes, on which data it learns and is tested."""

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tcm_core.config.data import SourceConfig
from tcm_core.config.load import load_config
from tcm_core.config.synth import SynthConfig
from tcm_core.config.train import ProtocolName
from tcm_core.errors import BadConfig
from tcm_core.resources import resource

BudgetName = Literal["small", "full"]
BUDGETS: Final[tuple[BudgetName, ...]] = ("small", "full")
FOLDER: Final = "experiments"
RENDERED: Final = "rendered"
"""First part of a source's root that is rendered before the run instead of lying below the data's root."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Frozen):
    """What is chosen for one budget; what is not given is as one level above has it."""

    recipe: str | None = None
    """A training configuration without data: a name in resources/experiments/recipes, a preset, or a file."""
    data: str | None = None
    """A row of data.toml's [train]."""
    tests: tuple[str, ...] | None = None
    """Rows of data.toml's [test]."""
    seeds: tuple[int, ...] | None = None
    begin: str | None = None
    """A row of variants.toml's [pretraining] to begin with, as far as its weights fit; "" for none."""
    set: dict[str, Any] = {}
    """Values of the training configuration."""


class BudgetChoice(Choice):
    """A grid's choices for one budget."""

    limits: str
    """What this budget can show, and what it cannot."""


class Variant(_Frozen):
    """A model that several grids speak of."""

    about: str
    set: dict[str, Any] = {}
    small: Choice = Choice()
    full: Choice = Choice()


class Row(_Frozen):
    """One line of a grid."""

    name: str
    about: str = ""
    variants: tuple[str, ...] = ()
    """Rows of variants.toml, applied in their order."""
    set: dict[str, Any] = {}
    share: float = Field(1.0, gt=0, le=1)
    """Few-shot: this share of the images to learn from."""
    series: str = ""
    """Rows of one series are joined in a plot over x, and compared with the rows of others at the same x."""
    x: float | None = None
    budgets: tuple[BudgetName, ...] = BUDGETS
    trained: bool = True
    """Whether it is trained; otherwise only its speed is measured, with random weights."""
    small: Choice = Choice()
    full: Choice = Choice()


class SpeedConfig(_Frozen):
    """How the speed of a grid's models is measured."""

    size: tuple[int, int]
    """(height, width) of the image."""
    repeats: int = Field(5, ge=1)


class GridConfig(_Frozen):
    """One experiment."""

    title: str
    question: str
    reference: str
    """The row that others are compared with; of the same x where rows have one."""
    plot: Literal["bars", "lines"] = "bars"
    x_label: str = ""
    speed: SpeedConfig | None = None
    small: BudgetChoice
    full: BudgetChoice
    rows: tuple[Row, ...]


class TrainSet(_Frozen):
    """Data to learn from; validation images are a part of it."""

    title: str
    without: tuple[str, ...] = ()
    """Tests whose images are taken out of the sources with the same root."""
    sources: tuple[SourceConfig, ...]


class TestSet(_Frozen):
    """Pages that figures are measured on."""

    __test__ = False

    title: str
    source: SourceConfig
    protocol: ProtocolName
    take: int = Field(0, ge=0)
    """So many pages, drawn by the source's seed; 0: all."""
    stems: tuple[str, ...] = ()
    """Only these pages."""


class RenderConfig(_Frozen):
    """Synthetic scenes that are rendered once and learnt from like photographs."""

    count: int = Field(ge=1)
    synth: SynthConfig


class DataTables(_Frozen):
    """resources/experiments/data.toml."""

    rendered: dict[str, RenderConfig] = {}
    train: dict[str, TrainSet]
    test: dict[str, TestSet]


class Pretraining(_Frozen):
    """A run whose weights others begin with."""

    recipe: str
    data: str
    seed: int = 0
    variants: tuple[str, ...] = ()
    set: dict[str, Any] = {}


class ModelTables(_Frozen):
    """resources/experiments/variants.toml."""

    variants: dict[str, Variant]
    pretraining: dict[str, Pretraining] = {}


def experiment_names() -> list[str]:
    """The grids that are there, by name."""
    return sorted(path.stem for path in resource(FOLDER, "grids").glob("*.toml"))


def load_grid(name: str) -> GridConfig:
    """The grid of a name.

    Raises:
        BadConfig: there is none of that name, or its file is wrong.
    """
    if name not in experiment_names():
        raise BadConfig(f"no experiment is called {name!r}; there are {', '.join(experiment_names())}")
    return load_config(resource(FOLDER, "grids", f"{name}.toml"), GridConfig)


def load_data_tables() -> DataTables:
    """What grids learn from and are tested on."""
    return load_config(resource(FOLDER, "data.toml"), DataTables)


def load_model_tables() -> ModelTables:
    """The models that grids speak of, and what they begin with."""
    return load_config(resource(FOLDER, "variants.toml"), ModelTables)


def recipe_file(name: str) -> Path:
    """The training configuration that a recipe's name stands for: one of the recipes, a preset, or a file."""
    own = resource(FOLDER, "recipes") / f"{name}.toml"
    if own.is_file():
        return own
    return Path(name) if name.endswith(".toml") else resource("presets", f"{name}.toml")
