"""Runs in several processes do what one process does; real processes, joined by gloo."""

import json
from itertools import pairwise

import pytest
import torch

from tcm_core.checkpoint import load_checkpoint
from tests.helpers.tiny_run import events, finish, start, write_run

OPTIM = {"steps": 20, "batch_size": 4, "batch_norm": "frozen", "learning_rate": 0.00001}
# without dropout: its random numbers are drawn by each process for itself
MODEL = {
    "encoder": {"embedding": 32},
    "head": {"neck_width": 16, "width": 8},
    "tcm": {
        "text": {"width": 32, "layers": 1, "heads": 2},
        "visual": {"layers": 1, "heads": 2, "width": 32},
    },
}


def recorded(tmp_path, config, name, processes):
    losses = tmp_path / f"{name}.json"
    finish(start("tests.helpers.recorded_run", config, tmp_path / name, losses, processes=processes))
    return json.loads(losses.read_text(encoding="utf-8"))


def test_two_processes_in_two_passes_each_learn_what_one_does_in_one_step_by_step(tmp_path):
    """With statistics of batches, each process would have its own; here they are frozen."""
    config = write_run(tmp_path, model=MODEL, optim=OPTIM)
    one = recorded(tmp_path, config, "one", 0)
    config = write_run(tmp_path, model=MODEL, optim={**OPTIM, "accumulate": 2})
    two = recorded(tmp_path, config, "two", 2)
    assert len(one) == len(two) == 20
    for alone, together in zip(one, two, strict=True):
        assert alone.keys() == together.keys()
        for name in alone:
            assert together[name] == pytest.approx(alone[name], abs=1e-4)
    assert any(before != after for before, after in pairwise(one))
    weights = [load_checkpoint(tmp_path / run / "last.safetensors").detector for run in ("one", "two")]
    for a, b in zip(*(detector.parameters() for detector in weights), strict=True):
        assert torch.allclose(a, b, atol=2e-3)
    assert events(tmp_path / "two", "start")[0]["processes"] == 2
