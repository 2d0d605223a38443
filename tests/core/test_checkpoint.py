import json
import struct

import pytest
import safetensors.torch
import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint, save_checkpoint
from tcm_core.checkpoint_decode import write_decode
from tcm_core.checkpoint_file import (
    FORMAT,
    check_seal,
    file_sha256,
    list_checkpoints,
    read_metadata,
    resolve_checkpoint,
    seal_place,
)
from tcm_core.checkpoint_tensors import check_tensors
from tcm_core.config.decode import DbDecode
from tcm_core.errors import BadCheckpoint
from tests.helpers.tiny_model import TINY, tiny_checkpoint, tiny_metadata


def test_saved_weights_come_back_within_half_precision(tmp_path):
    detector = build_detector(TINY)
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, detector.state_dict(), tiny_metadata())
    loaded = load_checkpoint(path)
    assert loaded.metadata == tiny_metadata()
    assert not loaded.detector.training
    for name, tensor in detector.state_dict().items():
        assert torch.allclose(loaded.detector.state_dict()[name], tensor, rtol=1e-3, atol=1e-6), name


def test_without_half_they_come_back_exactly(tmp_path):
    detector = build_detector(TINY)
    save_checkpoint(tmp_path / "a.safetensors", detector.state_dict(), tiny_metadata(), half=False)
    loaded = load_checkpoint(tmp_path / "a.safetensors").detector.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in detector.state_dict().items())


def test_statistics_too_large_for_half_precision_come_back(tmp_path):
    detector = build_detector(TINY)
    detector.head.probability[1].running_var[0] = 1e6
    save_checkpoint(tmp_path / "a.safetensors", detector.state_dict(), tiny_metadata())
    assert load_checkpoint(tmp_path / "a.safetensors").detector.head.probability[1].running_var[0] == 1e6


def test_saving_leaves_no_partial_file(tmp_path):
    tiny_checkpoint(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.safetensors"]


@pytest.mark.parametrize("keep", [0, 4, 100, 100_000])
def test_a_file_cut_off_is_refused_in_words(tmp_path, keep):
    path = tiny_checkpoint(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadCheckpoint, match=r"tiny\.safetensors: .*(whole|again|choose)"):
        read_metadata(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "photo.safetensors"
    path.write_bytes(b"\xff\xd8\xff\xe0 not weights at all" * 100)
    with pytest.raises(BadCheckpoint, match="not a safetensors file"):
        load_checkpoint(path)


def test_weights_of_another_program_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.torch.save_file({"weight": torch.zeros(3)}, path, {"format": "pt"})
    with pytest.raises(BadCheckpoint, match="not a TCM checkpoint"):
        read_metadata(path)
    safetensors.torch.save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(BadCheckpoint, match="another program"):
        read_metadata(path)


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    path = tmp_path / "new.safetensors"
    newer = {**json.loads(tiny_metadata().model_dump_json()), "unheard_of": 1}
    metadata = {"format": FORMAT, "checkpoint": json.dumps(newer)}
    safetensors.torch.save_file({"weight": torch.zeros(3)}, path, metadata)
    with pytest.raises(BadCheckpoint, match="another version"):
        read_metadata(path)


def test_weights_that_do_not_fit_their_configuration_are_refused(tmp_path):
    path = tmp_path / "short.safetensors"
    state = build_detector(TINY).state_dict()
    state.pop("neck.smooth.0.weight")
    save_checkpoint(path, state, tiny_metadata())
    with pytest.raises(BadCheckpoint, match=r"do not fit(.|\n)*neck\.smooth\.0"):
        load_checkpoint(path)


def test_an_absurd_header_length_is_refused_without_reading_it(tmp_path):
    path = tmp_path / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")
    with pytest.raises(BadCheckpoint, match="not a safetensors file"):
        read_metadata(path)


def test_a_missing_checkpoint_names_the_shipped_ones():
    names = [path.stem for path in list_checkpoints()]
    with pytest.raises(BadCheckpoint, match=f"one of: {', '.join(names) or 'none'}"):
        resolve_checkpoint("no-such-model")


def test_a_path_is_taken_as_it_is(tmp_path):
    path = tiny_checkpoint(tmp_path)
    assert resolve_checkpoint(path) == path
    assert len(file_sha256(path)) == 64


def test_a_checkpoint_of_the_first_format_is_read_as_todays(tmp_path):
    path = tmp_path / "first.safetensors"
    torch.manual_seed(0)
    state = build_detector(TINY).state_dict()
    old = {
        ".decoder.read_memory.": ".read_text.",
        ".decoder.read_queries.": ".read_pixels.",
        ".decoder.layers.": ".layers.",
        ".decoder.output.": ".output.",
    }
    tensors = {}
    for name, tensor in state.items():
        for new, former in old.items():
            name = name.replace("visual_prompt" + new, "visual_prompt" + former)
        tensors[name] = tensor
    values = json.loads(tiny_metadata().model_dump_json())
    model = values["model"]
    first = {
        "encoder": {"name": model["encoder"]["name"]},
        "embedding": 32,
        "neck_width": 32,
        "head_width": 8,
        "head": "db",
        "mean": model["mean"],
        "std": model["std"],
        "tcm": {
            "text": {"width": 32, "layers": 1, "heads": 2},
            "visual": {"layers": 1, "heads": 2, "width": 32, "gate": 0.001},
        },
    }
    decode = {"threshold": 0.3, "score_threshold": 0.3, "unclip_ratio": 1.6}
    metadata = {
        "format": "tcm-checkpoint-1",
        "checkpoint": json.dumps({**values, "model": first, "decode": decode}),
    }
    safetensors.torch.save_file(tensors, path, metadata)
    loaded = load_checkpoint(path)
    assert loaded.metadata == tiny_metadata()
    assert all(torch.equal(tensor, state[name]) for name, tensor in loaded.detector.state_dict().items())


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9, 0.999])
def test_a_byte_that_changed_is_noticed_before_the_weights_are_used(tmp_path, place):
    path = tiny_checkpoint(tmp_path)
    content = bytearray(path.read_bytes())
    at = int(len(content) * place)
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match=r"tiny\.safetensors.*"):
        load_checkpoint(path)
    with pytest.raises(BadCheckpoint, match=r"tiny\.safetensors.*"):
        check_tensors(path)


def test_other_decode_settings_leave_a_file_that_is_what_was_written(tmp_path):
    path = tiny_checkpoint(tmp_path)
    write_decode(path, DbDecode(threshold=0.5))
    check_seal(path)
    assert load_checkpoint(path).metadata.decode.threshold == 0.5
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="checksum"):
        write_decode(path, DbDecode(threshold=0.4))  # which would make a new one for what is damaged


def test_a_file_of_before_there_were_checksums_is_read(tmp_path):
    path = tiny_checkpoint(tmp_path)
    content = path.read_bytes()
    place = seal_place(content)
    assert place is not None
    unsealed = content.replace(b'"sha256":"' + content[place] + b'"', b'"others":"' + content[place] + b'"')
    path.write_bytes(unsealed)
    check_seal(path)
    assert load_checkpoint(path).metadata.name == "tiny"
