"""kill -9 at any moment: the resumed run ends with the very same bits."""

import multiprocessing
import random
import signal
import time

import pytest
import torch

from tcm_core.checkpoint import load_checkpoint
from tcm_core.errors import BadCheckpoint
from tcm_core.train.run import run_training
from tcm_core.train.state import former_state, read_state
from tests.helpers.tiny_run import events, write_run

STEPS = 24
KILLS = 5
STAGES = [
    {"name": "first", "steps": 10, "augment": {"flip": 0.5}},
    {"name": "second", "steps": STEPS - 10, "optim": {"schedule": "cosine", "freeze": ["encoder.backbone"]}},
]


# children of a server that has imported everything: a kill must not cost an import each time
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tcm_core.train.run"])


def train_in_a_process(config, run):
    """A real run in a process of its own, resumed where there is something to resume."""
    child = SERVER.Process(target=run_training, args=(config, run), kwargs={"resume": True})
    child.start()
    return child


def kill_in_the_middle(config, run, wait):
    """Starts or resumes the run, waits until it has begun and then for a moment, and kills it."""
    file = run / "events.jsonl"
    before = file.stat().st_size if file.exists() else 0
    child = train_in_a_process(config, run)
    while not file.exists() or file.stat().st_size == before:
        child.join(0.02)
        assert child.is_alive()
    child.join(wait)
    child.kill()
    child.join()
    return child.exitcode


def test_killed_at_five_random_moments_and_resumed_it_ends_with_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    config = write_run(
        tmp_path,
        save_every=2,
        data={"root": "data", "validation": ["img_4"]},
        validation={"every": 9, "short_side": 64},
        stages=STAGES,
    )
    began = time.monotonic()
    unbroken = train_in_a_process(config, tmp_path / "whole")
    unbroken.join()
    assert unbroken.exitcode == 0
    log = events(tmp_path / "whole")
    seconds = log[-1]["time"] - log[0]["time"]
    assert 0 < seconds < time.monotonic() - began
    broken, chance = tmp_path / "broken", random.Random(5)
    for _ in range(KILLS):
        assert kill_in_the_middle(config, broken, chance.uniform(0.0, seconds / KILLS)) == -signal.SIGKILL
    last = train_in_a_process(config, broken)
    last.join()
    assert last.exitcode == 0
    begun = [event["step"] for event in events(broken, "start")]
    assert len(begun) == KILLS + 1
    assert begun[-1] > 0  # the kills met a run that was under way
    states = [read_state(tmp_path / run / "state.pt", pytest.fail) for run in ("whole", "broken")]
    assert states[0]["step"] == STEPS
    assert_same(*states)
    for name in ("last.safetensors", "best.safetensors"):
        files = [load_checkpoint(tmp_path / run / name) for run in ("whole", "broken")]
        assert files[0].metadata == files[1].metadata
        assert_same(*(dict(file.detector.state_dict()) for file in files))


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


def test_a_byte_that_changed_in_a_state_is_noticed_though_the_file_can_still_be_unpickled(tmp_path):
    torch.save({"step": 5, "weights": torch.zeros(1000)}, tmp_path / "state.pt")
    content = bytearray((tmp_path / "state.pt").read_bytes())
    content[content.find(bytes(4000)) + 2000] ^= 1  # among the weights
    write_states(tmp_path, bytes(content))
    said = []
    assert read_state(tmp_path / "state.pt", said.append)["step"] == 3
    assert "checksum" in said[0] or "CRC" in said[0]
