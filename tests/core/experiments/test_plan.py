"""Every grid at every budget: its configurations parse and build, and rows share runs by their hash."""

import pytest
import torch

from tcm_core.build import build_detector
from tcm_core.config.model import FceHeadConfig, ModelConfig, PanHeadConfig
from tcm_core.config.train import TrainConfig
from tcm_core.errors import BadConfig
from tcm_core.experiments.grid import BUDGETS, experiment_names, load_data_tables
from tcm_core.experiments.plan import canonical, hash_of, merged, plan_experiment
from tcm_core.resources import resource
from tcm_core.train.optim import freeze
from tests.core.experiments.made_grid import made_plan

ALL = [(name, budget) for name in experiment_names() for budget in BUDGETS]


def test_the_papers_grids_are_there():
    assert experiment_names() == [
        "ablation", "aux-loss", "backbone", "combination", "cross-dataset", "encoder-rates", "fast-tcm",
        "few-shot", "generalisation", "larger-backbones", "more-data",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "budget"), ALL)
def test_every_row_has_runs_and_tests_and_its_reference_is_a_row(name, budget):
    plan = plan_experiment(name, budget)
    names = [row.row.name for row in plan.rows]
    assert len(names) == len(set(names)) >= 3
    assert plan.grid.reference in {*names, *(row.row.series for row in plan.rows)}
    for row in plan.rows:
        assert row.runs
        assert row.tests
        assert len({run.key for run in row.runs}) == len(row.runs)
    assert plan.limits


def test_every_model_builds_and_what_is_to_be_frozen_is_there():
    built = set()
    for name, budget in ALL:
        for row in plan_experiment(name, budget).rows:
            for run in row.runs:
                key = hash_of([canonical(run.config.model), run.config.optim.freeze])
                if key not in built:
                    built.add(key)
                    with torch.device("meta"):
                        detector = build_detector(run.config.model)
                    freeze(detector, run.config.optim.freeze)
    assert len(built) > 20


def runs(name, row, budget="small"):
    (found,) = [r for r in plan_experiment(name, budget).rows if r.row.name == row]
    return {run.config.seed: run.key for run in found.runs}


def test_a_row_that_several_grids_have_is_one_run():
    full = runs("ablation", "full")
    assert full == runs("few-shot", "TCM-DB 100 %") == runs("aux-loss", "the paper's form")
    assert full == runs("cross-dataset", "ICDAR 2015: TCM-DB") == runs("fast-tcm", "TCM-DB")
    assert runs("ablation", "BSL") == runs("few-shot", "DB 100 %") == runs("fast-tcm", "DB")
    assert full[1] == runs("combination", "TCM-DB")[1] == runs("generalisation", "TCM-DB")[1]
    assert full[1] not in {runs("ablation", "LP 4 + VG")[1], runs("few-shot", "TCM-DB 10 %")[1], full[2]}


def test_the_hash_forgets_the_name_and_spelt_out_defaults_and_tells_alternatives_apart():
    data = {"data": {"dataset": "synthetic"}}
    plain = canonical(TrainConfig.model_validate(data))
    assert plain == canonical(TrainConfig.model_validate({**data, "seed": 0, "optim": {"batch_size": 8}}))
    assert plain != canonical(TrainConfig.model_validate({**data, "optim": {"batch_size": 4}}))
    heads = [{}, {"head": PanHeadConfig()}, {"head": FceHeadConfig()}, {"tcm": None}]
    assert len({hash_of(canonical(ModelConfig(**head))) for head in heads}) == 4


def test_merging_replaces_a_table_of_another_kind_as_a_whole():
    base = {"head": {"name": "db", "width": 12}, "optim": {"steps": 5, "batch_size": 4}}
    changed = merged(base, {"head": {"name": "pan"}, "optim": {"steps": 7}})
    assert changed == {"head": {"name": "pan"}, "optim": {"steps": 7, "batch_size": 4}}
    assert base["optim"]["steps"] == 5


def test_validation_and_test_pages_are_apart_and_the_held_out_pages_are_never_learnt():
    tables = load_data_tables()
    held_out = tables.test["td500-held-out"].stems
    assert len(held_out) == 100
    run = plan_experiment("cross-dataset", "small").rows[4].runs[0]
    (source,) = run.config.data.sources
    assert source.dataset == "td500"
    assert set(held_out) <= set(source.exclude)
    assert run.config.validation.protocol == "td500"
    for learnt in tables.train.values():
        for source in learnt.sources:
            assert source.part != "test"


def test_small_rows_begin_with_the_pretraining_of_their_own_kind_and_full_ones_with_published_weights():
    small = {row.row.name: row.runs[0] for row in plan_experiment("ablation", "small").rows}
    assert small["BSL"].begin.config.model.tcm is None
    assert small["full"].begin.config.model == small["full"].config.model
    assert small["full"].begin is not small["BSL"].begin
    assert all(run.config.start == f"run:{run.begin.key}" for run in small.values())
    assert all(row.runs[0].begin is None for row in plan_experiment("ablation", "full").rows)


def test_the_full_budget_is_the_presets_recipe():
    run = plan_experiment("ablation", "full").rows[-1].runs[0]
    assert run.config.start == "clip:openai"
    preset = resource("presets", "db-rn50.toml").read_text(encoding="utf-8")
    assert f"steps = {run.config.optim.steps}" in preset


def test_unknown_names_are_refused_in_words(tmp_path):
    with pytest.raises(BadConfig, match=r"no experiment is called 'abaltion'; there are ablation, aux-loss"):
        plan_experiment("abaltion", "small")
    from tcm_core.experiments.grid import Row

    with pytest.raises(BadConfig, match="no variant is called 'plane'"):
        made_plan(tmp_path, rows=(Row(name="x", variants=("plane",)),))
