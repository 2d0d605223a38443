"""What goes wrong in the steps of a run, and how it is said."""

import errno
import json

import pytest
import torch

from tcm_core.data.atomic_file import save_atomic
from tcm_core.errors import TcmError
from tcm_core.train.events import all_events
from tcm_core.train.folder import RunFolder
from tcm_core.train.trouble import (
    Share,
    TrainingFailed,
    Trouble,
    is_compile_error,
    is_device_lost,
    is_disk_full,
    is_out_of_memory,
    load_batch,
    not_finite,
)
from tests.helpers.full_disk import largest_file

NAN = float("nan")


@pytest.fixture
def folder(tmp_path):
    with RunFolder(tmp_path) as opened:
        yield opened


@pytest.fixture
def batch():
    images = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    return images.to(memory_format=torch.channels_last), (
        torch.rand(2, 1, 4, 4),
        torch.ones(2, 1, 2, 2).bool(),
    )


def test_a_batch_without_a_finite_loss_is_kept_and_said(folder, batch):
    trouble = Trouble(folder)
    trouble.loss_not_finite(41, batch, {"text": NAN, "kernel": 0.5})
    (event,) = all_events(folder.events_file)
    assert (event["event"], event["step"], event["reason"]) == ("skipped", 41, "not finite: text")
    assert event["losses"] == {"text": None, "kernel": 0.5}
    kept = load_batch((folder.path / event["batch"]).read_bytes())
    assert torch.equal(kept[0], batch[0])
    assert all(torch.equal(mine, given) for mine, given in zip(kept[1], batch[1], strict=True))
    assert "step 41: skipped, not finite: text" in folder.log_file.read_text(encoding="utf-8")


def test_too_many_steps_in_a_row_end_the_run_with_the_reason(folder, batch):
    trouble = Trouble(folder, skip_in_a_row=3)
    model = torch.nn.Linear(2, 2)
    for step in (1, 2):
        trouble.loss_not_finite(step, batch, {"text": float("inf")}, model)
    trouble.step_went_well()
    assert (trouble.in_a_row, trouble.skipped) == (0, 2)
    trouble.loss_not_finite(4, batch, {"text": 1.0}, model)
    trouble.loss_not_finite(5, batch, {"text": 1.0}, model)
    with torch.no_grad():
        model.bias[1] = NAN
    assert not_finite(model) == ["bias"]
    with pytest.raises(TrainingFailed) as caught:
        trouble.loss_not_finite(6, batch, {"text": NAN}, model)
    message = str(caught.value)
    assert "3 steps in a row were skipped, the last is step 6: not finite: text." in message
    assert "The weights themselves are not finite any more, first bias." in message
    assert "Lower optim.learning_rate" in message
    assert [e["reason"] for e in all_events(folder.events_file)][2] == "not finite: the gradients"


def test_only_so_many_batches_are_kept_and_a_full_disk_loses_them_only(folder, batch, monkeypatch):
    monkeypatch.setattr("tcm_core.train.trouble._MOST_BATCHES", 2)
    trouble = Trouble(folder, skip_in_a_row=100)
    with largest_file(0):
        trouble.loss_not_finite(0, batch, {"text": NAN})
    for step in range(1, 5):
        trouble.loss_not_finite(step, batch, {"text": NAN})
    assert [event["batch"] for event in all_events(folder.events_file)] == [
        "",
        "trouble/step_000001.safetensors",
        "trouble/step_000002.safetensors",
        "",
        "",
    ]
    assert len(list(folder.trouble_dir.iterdir())) == 2


def test_a_process_that_does_not_write_counts_all_the_same(tmp_path, batch):
    trouble = Trouble(RunFolder(tmp_path, writes=False), skip_in_a_row=2)
    trouble.loss_not_finite(1, batch, {"text": NAN})
    with pytest.raises(TrainingFailed):
        trouble.loss_not_finite(2, batch, {"text": NAN})
    assert list(tmp_path.iterdir()) == []


def test_out_of_memory_halves_the_batch_until_it_cannot(folder):
    trouble = Trouble(folder)
    error = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried\nmore lines")
    assert trouble.out_of_memory(error, Share(8, 1)) == Share(4, 2)
    assert trouble.out_of_memory(error, Share(2, 4)) == Share(1, 8)
    for share in (Share(1, 8), Share(3, 1)):
        with pytest.raises(TrainingFailed, match=r"(?s)out of memory with \d images at once.*augment\.size"):
            trouble.out_of_memory(error, share)
    with pytest.raises(TrainingFailed, match=r"optim\.batch_size"):
        Trouble(folder, halve_batch=False).out_of_memory(error, Share(8, 1))
    events = all_events(folder.events_file)
    assert [(event["batch"], event["accumulate"]) for event in events] == [(4, 2), (1, 8)]
    assert "more lines" not in folder.log_file.read_text(encoding="utf-8")


def test_kinds_of_errors_are_told_apart(tmp_path):
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"))
    assert not is_out_of_memory(RuntimeError("shapes differ"))
    assert is_device_lost(RuntimeError("CUDA error: unspecified launch failure"))
    assert not is_device_lost(RuntimeError("shapes differ"))
    assert not is_device_lost(ValueError("CUDA error"))
    assert not is_disk_full(OSError(errno.EACCES, "denied"))
    assert not is_disk_full(None)
    with largest_file(10), pytest.raises(TcmError) as caught:
        save_atomic(tmp_path / "x", lambda file: file.write(b"0" * 100))
    assert is_disk_full(caught.value)
    with (tmp_path / "y").open("wb") as file, largest_file(10), pytest.raises(RuntimeError) as hidden:
        torch.save(torch.zeros(1000), file)
    assert is_disk_full(hidden.value)


def test_a_real_lack_of_memory_is_recognised():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_the_ends_of_a_run_say_what_to_do(folder):
    trouble = Trouble(folder)
    full = str(trouble.disk_full(OSError(errno.ENOSPC, "No space left on device")))
    assert "No space left on device" in full
    assert "--resume" in full
    lost = str(trouble.device_lost(RuntimeError("CUDA error: ECC"), 40))
    assert "CUDA error: ECC" in lost
    assert "step 40" in lost
    assert json.dumps(full)


def test_a_network_that_cannot_be_compiled_ends_the_run_in_words(folder):
    from torch._inductor.exc import CppCompileError

    error = CppCompileError(["g++", "main.cpp"], "fatal error: Python.h: No such file")
    assert is_compile_error(error)
    assert not is_compile_error(RuntimeError("g++"))
    assert "compile = false" in str(Trouble(folder).not_compiled(error))
