"""Real grids of overfit-size models: end to end, killed and resumed, with rows that cannot run."""

import json
import os
import subprocess
import sys
import time

import pytest
import torch

from tcm_core.checkpoint import load_checkpoint
from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.data.image_io import read_image
from tcm_core.experiments.figures import gather
from tcm_core.experiments.grid import Choice, Row
from tcm_core.experiments.report import write_report
from tcm_core.experiments.results import RunFiles
from tcm_core.experiments.runner import Runner, RunStopped
from tcm_core.train.start import start_detector
from tests.core.experiments.made_grid import made_plan


def run(plan, tmp_path, only=""):
    said = []
    Runner(plan, tmp_path / "out", tmp_path / "data", said.append).run(
        only, lambda: write_report(plan, tmp_path / "out")
    )
    return said


def test_a_grid_from_end_to_end(tmp_path):
    plan = made_plan(tmp_path, steps=70, speed={"size": (128, 160), "repeats": 1})
    run(plan, tmp_path)
    rows = gather(plan, tmp_path / "out")
    assert [row.spread("made").mean > 0.6 for row in rows] == [True, True]
    (seed,) = rows[0].seeds
    assert (seed.result.learnt, seed.result.validation_pages, seed.result.steps) == (3, 1, 70)
    assert seed.result.parameters < rows[1].seeds[0].result.parameters
    assert len(seed.tests["made"].pages) == 2
    report = (tmp_path / "out" / "made-small.md").read_text(encoding="utf-8")
    assert f"| plain |  | 1 | {seed.tests['made'].precision:.3f} |" in report
    assert "## Speed" in report
    table = (tmp_path / "out" / "made-small.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 3
    plot = read_image(tmp_path / "out" / "made-small.png", "stored")
    assert plot.min() < 200 < plot.max()

    before = RunFiles(tmp_path / "out", seed.run.key).checkpoint.stat().st_mtime_ns
    assert run(plan, tmp_path) == []
    assert RunFiles(tmp_path / "out", seed.run.key).checkpoint.stat().st_mtime_ns == before


KILLED = """
import sys
from pathlib import Path
from tests.core.experiments.made_grid import made_plan
from tcm_core.experiments.runner import Runner
folder = Path(sys.argv[1])
Runner(made_plan(folder, steps=12), folder / "out", folder / "data", print).run("TCM")
"""


def test_a_row_whose_process_was_killed_goes_on_where_it_was(tmp_path):
    plan = made_plan(tmp_path, steps=12)
    files = RunFiles(tmp_path / "out", plan.rows[1].runs[0].key)
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], env=dict(os.environ))
    deadline = time.monotonic() + 120
    state = files.training / "state.pt"  # renamed into place after the first step
    while not state.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert files.result() is None
    run(plan, tmp_path, only="TCM")
    events = [json.loads(line) for line in (files.training / "events.jsonl").read_text().splitlines()]
    starts = [event["step"] for event in events if event["event"] == "start"]
    assert len(starts) == 2
    assert 0 < starts[1] < 12
    assert files.result().steps == 12
    assert RunFiles(tmp_path / "out", plan.rows[0].runs[0].key).result() is None


def test_rows_that_fail_or_lack_something_are_reported_and_the_others_go_on(tmp_path):
    rows = (
        Row(name="no weights", set={"start": str(tmp_path / "gone.safetensors")}),
        Row(name="no CLIP", set={"start": "clip:openai", "model": {"tcm": {"text": {"kind": "clip"}},
            "encoder": {"kind": "timm", "embedding": 1024}}}),
        Row(name="broken", set={"optim": {"freeze": ["encoder.nothing"]}}),
        Row(name="plain", variants=("plain",)),
    )  # fmt: skip
    plan = made_plan(tmp_path, rows=rows)
    said = run(plan, tmp_path)
    found = {row.name: row for row in gather(plan, tmp_path / "out")}
    assert "not run: " in found["no weights"].reasons[0]
    assert "gone.safetensors" in found["no weights"].reasons[0]
    assert found["no CLIP"].reasons == [
        "not run: CLIP's weights RN50-openai are not in the weights store; `tcm weights pull RN50-openai` "
        "fetches them"
    ]
    assert found["broken"].reasons[0].startswith("failed: ")
    assert "encoder.nothing" in found["broken"].reasons[0]
    assert found["plain"].reasons == []
    assert found["plain"].spread("made") is not None
    assert any("broken, seed 1" in line and "failed" in line for line in said)
    report = (tmp_path / "out" / "made-small.md").read_text(encoding="utf-8")
    assert "## Rows without figures" in report
    assert "| no CLIP |  | 0 | | | not run | |" in report


def test_absent_data_are_named_and_nothing_is_trained(tmp_path):
    plan = made_plan(tmp_path)
    Runner(plan, tmp_path / "out", tmp_path / "elsewhere", lambda _: None).run()
    for row in gather(plan, tmp_path / "out"):
        assert "elsewhere/made: no such folder" in row.reasons[0]
        assert not RunFiles(tmp_path / "out", row.seeds[0].run.key).training.exists()


def test_a_training_that_is_asked_to_stop_stops_the_grid_and_keeps_its_state(tmp_path):
    plan = made_plan(tmp_path)
    files = RunFiles(tmp_path / "out", plan.rows[0].runs[0].key)
    files.training.mkdir(parents=True)
    (files.training / "stop").touch()
    with pytest.raises(RunStopped, match="stopped at step 1 of 3; the same command goes on from there"):
        run(plan, tmp_path)
    assert files.result() is None
    assert not RunFiles(tmp_path / "out", plan.rows[1].runs[0].key).training.exists()
    run(plan, tmp_path)
    assert files.result().steps == 3


def test_rows_begin_with_the_weights_of_one_pretraining_as_far_as_they_fit(tmp_path):
    begin = Choice(begin="made")
    plan = made_plan(
        tmp_path, rows=(Row(name="plain", variants=("plain",), small=begin), Row(name="TCM", small=begin))
    )
    said = run(plan, tmp_path)
    assert sum("pretraining made" in line and line.endswith("training") for line in said) == 1
    assert len({row.runs[0].begin.key for row in plan.rows}) == 1
    base = RunFiles(tmp_path / "out", plan.rows[0].runs[0].begin.key)
    config = load_config(RunFiles(tmp_path / "out", plan.rows[0].runs[0].key).config, TrainConfig)
    assert config.start == str(base.checkpoint)
    learnt = start_detector(config).detector.state_dict()["encoder.backbone.conv_stem.weight"]
    assert torch.equal(learnt, load_checkpoint(base.checkpoint).detector.encoder.backbone.conv_stem.weight)
    report = (tmp_path / "out" / "made-small.md").read_text(encoding="utf-8")
    assert f"Begun with: pretraining made, seed 0 (`{plan.rows[0].runs[0].begin.key}`), 1 steps" in report
