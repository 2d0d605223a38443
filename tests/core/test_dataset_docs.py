"""docs/datasets.md: its examples load, its table is the one in the code."""

import re
import tomllib

import pytest

from tcm_core.config.data import AugmentConfig, DataConfig
from tcm_core.config.load import parse_config
from tcm_core.data.layout import DATASETS
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "docs" / "datasets.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
RECIPES = re.findall(r"\| (DBNet|PAN|FCENet) \| `(.*?)` \|", TEXT)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_valid_settings(example):
    config = parse_config(tomllib.loads(example)["data"], DataConfig, "docs/datasets.md")
    assert config.mixed


def test_there_are_examples_of_one_source_of_several_and_of_lists():
    assert len(EXAMPLES) == 3


def test_every_data_set_has_a_row_with_its_numbers_and_folders():
    rows = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| `")}
    assert {*DATASETS, "synthetic"} <= set(rows)
    for name, dataset in DATASETS.items():
        for part, count in dataset.images.items():
            assert f"{part} {count}" in rows[name]
        if dataset.protocol:
            assert f"| {dataset.protocol} |" in rows[name]
        published = next(iter(dataset.parts.values()))[2:3]
        for place in published:
            if name not in ("folder", "images"):
                assert place.images in rows[name]
                assert place.labels in rows[name]


@pytest.mark.parametrize(("name", "settings"), RECIPES)
def test_the_recipes_are_valid_settings(name, settings):
    pairs = re.findall(r"(\w+) = (\[.*?\]|\"\w+\"|[\d.]+)", settings)
    values = {key: tomllib.loads(f"v = {value}")["v"] for key, value in pairs}
    assert len(values) >= 4, name
    parse_config(values, AugmentConfig, "docs/datasets.md")
