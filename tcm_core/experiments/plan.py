"""From a grid to runs: every row's configuration, and the hash by which rows and grids share a run."""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from tcm_core.config.data import DataConfig, SourceConfig
from tcm_core.config.load import parse_config
from tcm_core.config.train import TrainConfig
from tcm_core.data.layout import DATASETS
from tcm_core.errors import BadConfig
from tcm_core.experiments.grid import (
    RENDERED,
    BudgetName,
    Choice,
    DataTables,
    GridConfig,
    ModelTables,
    Row,
    TestSet,
    TrainSet,
    Variant,
    load_data_tables,
    load_grid,
    load_model_tables,
    recipe_file,
)

_TAGS: Final = ("kind", "name", "head")
_KEY_DIGITS: Final = 12
BEGIN: Final = "run:"
"""A configuration that starts from another run says so by this and the run's hash."""


@dataclass(frozen=True)
class PlannedRun:
    """One training: a row with one seed.

    Attributes:
        key: hash of all that decides its outcome; rows with the same key share the run.
        values: of its configuration, as TOML has them, with roots below the data's root.
        config: the same, checked.
        data: title of what it learns from.
        rendered: names of the scenes that have to be rendered for it.
        begin: the run whose weights it begins with, as far as they fit; None: as its configuration says.
    """

    key: str
    values: dict[str, Any]
    config: TrainConfig
    data: str
    rendered: tuple[str, ...]
    begin: "PlannedRun | None" = None


@dataclass(frozen=True)
class PlannedRow:
    """A row of a grid at one budget.

    Attributes:
        row: as the grid has it.
        runs: one a seed.
        tests: rows of the table of tests that its figures are measured on.
    """

    row: Row
    runs: tuple[PlannedRun, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A grid at one budget."""

    name: str
    budget: BudgetName
    grid: GridConfig
    rows: tuple[PlannedRow, ...]
    tables: DataTables

    @property
    def limits(self) -> str:
        """What the budget can show."""
        return (self.grid.small if self.budget == "small" else self.grid.full).limits


def plan_experiment(name: str, budget: BudgetName) -> Plan:
    """The runs of a named grid.

    Raises:
        BadConfig: there is no such grid, or a row's configuration is wrong; the message names the row.
    """
    return plan_grid(name, load_grid(name), budget, load_data_tables(), load_model_tables())


def plan_grid(
    name: str, grid: GridConfig, budget: BudgetName, tables: DataTables, models: ModelTables
) -> Plan:
    """The runs of a grid; see plan_experiment."""
    rows = []
    for row in grid.rows:
        if budget not in row.budgets:
            continue
        chosen = _chosen(row, grid, budget, models.variants)
        for test in chosen.tests or ():
            if test not in tables.test:
                raise BadConfig(f"{name}: {row.name}: no test is called {test!r}")
        where = f"{name}: {row.name}"
        begin = _pretraining(chosen.begin, models, tables, where) if chosen.begin and row.trained else None
        runs = tuple(_planned_run(row, chosen, seed, tables, begin) for seed in chosen.seeds or ())
        rows.append(PlannedRow(row, runs, chosen.tests or ()))
    return Plan(name, budget, grid, tuple(rows), tables)


def canonical(model: BaseModel) -> dict[str, Any]:
    """What of a configuration is not as its class has it, and which alternative each part is.

    A key that is added to a class later, with a default that changes nothing, leaves this as it was.
    """
    found: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value, default = getattr(model, name), field.get_default(call_default_factory=True)
        if isinstance(value, BaseModel):
            inner = canonical(value)
            if inner or not isinstance(default, BaseModel):
                found[name] = inner
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            found[name] = [canonical(item) for item in value]
        elif value != default or _is_tag(field.annotation):
            found[name] = model.model_dump(mode="json", include={name})[name]
    return found


def hash_of(content: Any) -> str:
    """Leading digits of the SHA-256 of something that JSON can hold."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The base with values changed; a table that names another alternative replaces the whole table."""
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and not _other_kind(old, value):
            result[key] = merged(old, value)
        else:
            result[key] = merged({}, value) if isinstance(value, Mapping) else value
    return result


def _chosen(row: Row, grid: GridConfig, budget: BudgetName, variants: Mapping[str, Variant]) -> Choice:
    """A row's choices: the grid's, changed by its variants, changed by its own."""
    unknown = [name for name in row.variants if name not in variants]
    if unknown:
        raise BadConfig(f"{row.name}: no variant is called {unknown[0]!r}; there are {', '.join(variants)}")
    named = [variants[name] for name in row.variants]
    layers: list[Choice] = [_of_budget(grid, budget)]
    parts: tuple[Variant | Row, ...] = (*named, row)
    for part in parts:
        layers += [Choice(set=part.set), _of_budget(part, budget)]
    chosen: dict[str, Any] = {"set": {}}
    for layer in layers:
        for key in ("recipe", "data", "tests", "seeds", "begin"):
            if getattr(layer, key) is not None:
                chosen[key] = getattr(layer, key)
        chosen["set"] = merged(chosen["set"], layer.set)
    return Choice(**chosen)


def _of_budget(part: GridConfig | Variant | Row, budget: BudgetName) -> Choice:
    return part.small if budget == "small" else part.full


def _pretraining(name: str, models: ModelTables, tables: DataTables, where: str) -> PlannedRun:
    """The run that others begin with."""
    if name not in models.pretraining:
        raise BadConfig(f"{where}: no pretraining is called {name!r}")
    given = models.pretraining[name]
    changes: dict[str, Any] = {}
    for variant in given.variants:
        changes = merged(merged(changes, models.variants[variant].set), models.variants[variant].small.set)
    chosen = Choice(recipe=given.recipe, data=given.data, set=merged(changes, given.set))
    return _planned_run(Row(name=f"pretraining {name}"), chosen, given.seed, tables, None)


def _planned_run(
    row: Row, chosen: Choice, seed: int, tables: DataTables, begin: PlannedRun | None
) -> PlannedRun:
    if chosen.recipe is None or chosen.data is None:
        raise BadConfig(f"{row.name}: neither the row nor its grid says which recipe and which data")
    if chosen.data not in tables.train:
        raise BadConfig(f"{row.name}: no training data is called {chosen.data!r}")
    data = tables.train[chosen.data]
    values = tomllib.loads(recipe_file(chosen.recipe).read_text(encoding="utf-8"))
    values = merged(values, chosen.set)
    sources = [_with_share(source, row.share, tables, data) for source in data.sources]
    values["data"] = {"sources": [source.model_dump(mode="json", exclude_unset=True) for source in sources]}
    values["name"], values["seed"] = f"{row.name}, seed {seed}", seed
    values["validation"] = {"protocol": _protocol(data), **values.get("validation", {})}
    if begin is not None:
        values |= {"start": f"{BEGIN}{begin.key}", "start_fit": "parts"}
    config = parse_config(values, TrainConfig, f"{row.name}, {chosen.recipe}")
    rendered = tuple(name for source in sources if (name := rendered_name(source.root)) is not None)
    content = canonical(config.model_copy(update={"name": TrainConfig.model_fields["name"].default}))
    if rendered:
        content["rendered"] = {name: canonical(tables.rendered[name]) for name in rendered}
    return PlannedRun(hash_of(content), values, config, _title(data, row.share), rendered, begin)


def rendered_name(root: Path | None) -> str | None:
    """The name of the scenes that a source's root stands for; None: it is a data set."""
    return root.parts[1] if root is not None and root.parts[:1] == (RENDERED,) else None


def materialised(data: DataConfig, root: Path, out: Path) -> DataConfig:
    """The sources with absolute roots: below the data's root, or where scenes are rendered to."""
    return data.model_copy(
        update={
            "sources": tuple(
                source.below(out if rendered_name(source.root) else root) for source in data.sources
            )
        }
    )


def _with_share(source: SourceConfig, share: float, tables: DataTables, data: TrainSet) -> SourceConfig:
    changes: dict[str, Any] = {}
    if share < 1:
        changes["share"] = share
    gone = [stem for name in data.without for stem in _held_out(tables.test[name], source)]
    if gone:
        changes["exclude"] = (*source.exclude, *gone)
    values = {**source.model_dump(exclude_unset=True), **changes}
    return SourceConfig(**values)


def _held_out(test: TestSet, source: SourceConfig) -> Sequence[str]:
    return test.stems if test.source.root == source.root else ()


def _protocol(data: TrainSet) -> str:
    """That the first source's own data set is scored by."""
    dataset = data.sources[0].dataset
    return (DATASETS[dataset].protocol if dataset in DATASETS else "") or "icdar2015"


def _title(data: TrainSet, share: float) -> str:
    return data.title if share == 1 else f"{share:.0%} of {data.title}"


def _other_kind(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(tag in new and new[tag] != old.get(tag) for tag in _TAGS)


def _is_tag(annotation: Any) -> bool:
    return get_origin(annotation) is Literal and len(get_args(annotation)) == 1
