"""Checkpoint files looked at without torch: sound ones pass, everything else is said in words."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from tcm_core.checkpoint_file import read_metadata
from tcm_core.checkpoint_tensors import check_tensors, list_tensors
from tcm_core.errors import BadCheckpoint
from tests.helpers.tiny_model import tiny_checkpoint


def write(path, header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def tensor(kind="F32", shape=(2,), place=(0, 8)):
    return {"dtype": kind, "shape": list(shape), "data_offsets": list(place)}


def test_a_sound_checkpoint_is_counted_to_its_last_number(tmp_path):
    path, told = tiny_checkpoint(tmp_path), []
    entries = list_tensors(path)
    assert {"language.text_encoder.token_embedding", "head.probability.0.weight"} & {e.name for e in entries}
    assert check_tensors(path, lambda *step: told.append(step)) == sum(
        np.prod(e.shape, dtype=int) for e in entries
    )
    assert told[-1][0] == told[-1][1] == entries[-1].end - entries[0].start


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_none_is_found_in_any_precision(kind, value, tmp_path):
    values = np.zeros(3_000_000, kind)
    values[-1] = value
    save_file({"fine": np.ones(3, np.int64), "neck.weight": values}, tmp_path / "x.safetensors")
    with pytest.raises(BadCheckpoint, match=r"neck\.weight has values that are not finite"):
        check_tensors(tmp_path / "x.safetensors")


def test_bfloat16_is_read_as_what_it_is(tmp_path):
    sound = write(
        tmp_path / "a.safetensors", {"w": tensor("BF16", (2,), (0, 4))}, struct.pack("<2H", 0x3F80, 0xC000)
    )
    assert check_tensors(sound) == 2
    broken = write(
        tmp_path / "b.safetensors", {"w": tensor("BF16", (2,), (0, 4))}, struct.pack("<2H", 0x3F80, 0x7FC0)
    )
    with pytest.raises(BadCheckpoint, match="w has values that are not finite"):
        check_tensors(broken)


def test_a_variance_below_zero_is_damage(tmp_path):
    save_file({"norm.running_var": np.array([1.0, -0.5], np.float32)}, tmp_path / "x.safetensors")
    with pytest.raises(BadCheckpoint, match="variances below zero"):
        check_tensors(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("header", "body", "said"),
    [
        ({"w": tensor()}, b"1234", "12 bytes long|its header promises"),
        ({"w": tensor(shape=(3,))}, b"12345678", "the shape of w does not fill its bytes"),
        ({"w": tensor(kind="F8")}, b"12345678", "unknown kind"),
        ({"w": tensor(place=(8, 16))}, b"12345678" * 2, "overlap others or leave a gap"),
        ({"a": tensor(), "b": tensor(place=(4, 12))}, b"12345678" * 2, "overlap"),
        ({"w": tensor(shape=(-2,), place=(8, 0))}, b"12345678", "no shape or no place"),
        ({"w": tensor(shape=(True, 2))}, b"12345678", "no shape or no place"),
        ({"w": tensor(place=(0, 2**70))}, b"12345678", "does not fill"),
        ({"w": 7}, b"", "unknown kind"),
        ([1, 2], b"", "it is no list of tensors"),
        (b"{" * 50, b"", "its header is damaged"),
        (b'{"a":' * 200_000, b"", "its header is damaged"),
        (b"\xff\xfe{}", b"", "its header is damaged"),
    ],
)
def test_a_header_that_lies_is_said_in_words(header, body, said, tmp_path):
    path = write(tmp_path / "x.safetensors", header, body)
    with pytest.raises(BadCheckpoint, match=said):
        list_tensors(path)
    with pytest.raises(BadCheckpoint):
        read_metadata(path)


@pytest.mark.parametrize(
    "content", [b"", b"abc", struct.pack("<Q", 2**60), struct.pack("<Q", 0), b"PK\x03\x04" * 9]
)
def test_what_is_no_safetensors_file_is_said(content, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="not a safetensors file"):
        list_tensors(path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BadCheckpoint, match="No such file"):
        check_tensors(tmp_path / "none.safetensors")


def test_looking_imports_no_torch():
    code = "import sys, tcm_core.checkpoint_tensors; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
