"""kill -9 at any moment: the resumed run ends with the very same bits."""

import random
import signal
import time

import pytest
import torch

from tcm_core.errors import BadCheckpoint
from tcm_core.train.state import former_state, read_state
from tests.helpers.tiny_run import events, finish, start, write_run

STEPS = 24
KILLS = 5
STAGES = [
    {"name": "first", "steps": 10, "augment": {"flip": 0.5}},
    {"name": "second", "steps": STEPS - 10, "optim": {"schedule": "cosine", "freeze": ["encoder.backbone"]}},
]


def killed_in_the_middle(config, run, wait):
    """Starts the run, waits for a step and then a moment more, and kills it."""
    before = len(events(run)) if run.exists() else 0
    process = start("tcm_core", "train", "--config", config, "--out", run, "--resume")
    deadline = time.monotonic() + 120
    while len(events(run)) <= before if (run / "events.jsonl").exists() else True:
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode


def test_killed_at_five_random_moments_and_resumed_it_ends_with_the_same_bits(tmp_path):
    config = write_run(
        tmp_path,
        save_every=1,
        data={"root": "data", "validation": ["img_4"]},
        validation={"every": 6, "short_side": 64},
        stages=STAGES,
    )
    finish(start("tcm_core", "train", "--config", config, "--out", tmp_path / "whole"))
    broken = tmp_path / "broken"
    waits = random.Random(5)
    kills = [killed_in_the_middle(config, broken, waits.uniform(0.0, 0.7)) for _ in range(KILLS)]
    assert kills.count(-signal.SIGKILL) == KILLS
    finish(start("tcm_core", "train", "--config", config, "--out", broken, "--resume"))
    begun = [event["step"] for event in events(broken, "start")]
    assert len(begun) == KILLS + 1
    assert begun[-1] > 0  # the kills met a run that was under way
    states = [read_state(tmp_path / run / "state.pt", pytest.fail) for run in ("whole", "broken")]
    assert states[0]["step"] == STEPS
    assert_same(*states)
    for file in ("last.safetensors", "best.safetensors"):
        assert (tmp_path / "whole" / file).read_bytes() == (broken / file).read_bytes()


def assert_same(one, other, where=""):
    """Both hold the same, to the last bit."""
    assert type(one) is type(other), where
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for place, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}.{place}")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    else:
        assert one == other, where


def write_states(folder, last):
    torch.save({"step": 3}, former_state(folder / "state.pt"))
    (folder / "state.pt").write_bytes(last)


def test_of_a_damaged_state_the_one_before_is_taken_with_a_message(tmp_path):
    torch.save({"step": 5, "weights": torch.zeros(1000)}, tmp_path / "state.pt")
    whole = (tmp_path / "state.pt").read_bytes()
    said = []
    write_states(tmp_path, whole)
    assert read_state(tmp_path / "state.pt", said.append)["step"] == 5
    assert said == []
    for damaged in (b"", whole[: len(whole) // 2], b"not a state at all"):
        write_states(tmp_path, damaged)
        said.clear()
        assert read_state(tmp_path / "state.pt", said.append)["step"] == 3
        (message,) = said
        assert "state.pt: cannot be resumed from" in message
        assert "the state before it, of step 3, is taken" in message


def test_between_the_two_moves_of_a_save_the_former_state_counts(tmp_path):
    torch.save({"step": 3}, former_state(tmp_path / "state.pt"))
    assert read_state(tmp_path / "state.pt", pytest.fail)["step"] == 3


def test_two_damaged_states_are_refused(tmp_path):
    former_state(tmp_path / "state.pt").write_bytes(b"nothing")
    (tmp_path / "state.pt").write_bytes(b"nothing")
    with pytest.raises(BadCheckpoint, match=r"state\.pt: .*; .*state\.former\.pt: .*new folder"):
        read_state(tmp_path / "state.pt", pytest.fail)
