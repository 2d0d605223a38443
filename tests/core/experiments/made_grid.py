"""A real grid small enough for tests: two rows that learn two made-up photographs."""

from pathlib import Path

from tcm_core.config.data import SourceConfig
from tcm_core.experiments.grid import (
    BudgetChoice,
    DataTables,
    GridConfig,
    ModelTables,
    Pretraining,
    Row,
    TestSet,
    TrainSet,
    Variant,
)
from tcm_core.experiments.plan import Plan, plan_grid
from tests.helpers.made_photos import made_dataset

RECIPE = """
device = "cpu"
precision = "no"
workers = 0
save_every = 1
pictures = 0
start = "imagenet-lite0"
[model.encoder]
embedding = 32
[model.head]
neck_width = 32
width = 8
[model.tcm.text]
width = 32
layers = 1
heads = 2
[model.tcm.visual]
layers = 1
heads = 2
width = 32
[augment]
size = 128
scale = [0.8, 1.1]
rotation_degrees = 3
colour = 0.0
blur = 0.0
[optim]
steps = {steps}
batch_size = 2
learning_rate = 0.004
warmup_steps = 4
cooldown_steps = {cooldown}
average_decay = 0.9
freeze = ["encoder.backbone.blocks.*.conv_dw"]
[validation]
every = 1000
short_side = 160
"""

VARIANTS = {"plain": Variant(about="", set={"model": {"tcm": False}})}


def made_plan(folder: Path, *, steps: int = 3, rows: tuple[Row, ...] = (), speed: object = None) -> Plan:
    """A plan on made-up data in the folder; without rows: TCM against the plain detector."""
    if not (folder / "data").exists():
        made_dataset(folder / "data" / "made", count=4)
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(steps=steps, cooldown=steps // 2), encoding="utf-8")
    choice = BudgetChoice(
        recipe=str(recipe), data="made", tests=("made",), seeds=(1,), limits="next to nothing"
    )
    source = SourceConfig(dataset="folder", format="icdar2015", root=Path("made"))
    learnt = SourceConfig(**{**source.model_dump(exclude_unset=True), "validation": ("img_1",)})
    tables = DataTables(
        train={"made": TrainSet(title="made", sources=(learnt,))},
        test={"made": TestSet(title="made pages", source=source, protocol="icdar2015", take=2)},
    )
    begin = Pretraining(recipe=str(recipe), data="made", set={"optim": {"steps": 1, "cooldown_steps": 0}})
    models = ModelTables(variants=VARIANTS, pretraining={"made": begin})
    grid = GridConfig.model_validate(
        {
            "title": "Made", "question": "Does it run?", "reference": "plain", "speed": speed,
            "small": choice, "full": choice,
            "rows": rows or (Row(name="plain", variants=("plain",)), Row(name="TCM")),
        }
    )  # fmt: skip
    return plan_grid("made", grid, "small", tables, models)
