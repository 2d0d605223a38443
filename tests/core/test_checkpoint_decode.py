"""Decode settings written into a checkpoint file: weights and hash stay, refused where they may not be."""

import hashlib
from pathlib import Path

import pytest
import torch

from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_decode import why_not_written, write_decode
from tcm_core.checkpoint_file import checkpoint_hash, file_sha256, list_checkpoints, read_metadata
from tcm_core.config.decode import DbDecode, PanDecode
from tcm_core.errors import BadCheckpoint, TcmError
from tcm_core.infer.predictor import Predictor
from tests.helpers.full_disk import largest_file
from tests.helpers.tiny_model import tiny_checkpoint, tiny_metadata

OTHER = DbDecode(threshold=0.41, score_threshold=0.22, unclip_ratio=2.0, output="polygon")


def test_the_settings_are_the_files_own_and_all_else_stays(tmp_path: Path):
    path = tiny_checkpoint(tmp_path)
    before = load_checkpoint(path)
    write_decode(path, OTHER)
    after = load_checkpoint(path)
    assert after.metadata == before.metadata.model_copy(update={"decode": OTHER})
    assert before.metadata.decode != OTHER
    old, new = before.detector.state_dict(), after.detector.state_dict()
    assert old.keys() == new.keys()
    assert all(torch.equal(old[name], new[name]) for name in old)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_the_checkpoint_is_known_by_stays_however_often_it_is_written(tmp_path: Path):
    path = tiny_checkpoint(tmp_path)
    known = file_sha256(path)
    assert checkpoint_hash(path) == known
    for threshold in (0.1, 0.2, 0.3):
        write_decode(path, OTHER.model_copy(update={"threshold": threshold}))
        assert checkpoint_hash(path) == known != file_sha256(path)
    predictor = Predictor.load(path, "cpu")
    assert (predictor.checkpoint_hash, predictor.decode_settings.threshold) == (known, 0.3)


def test_settings_of_another_head_are_refused(tmp_path: Path):
    path = tiny_checkpoint(tmp_path)
    before = path.read_bytes()
    with pytest.raises(BadCheckpoint, match="of the head 'db', the settings are for 'pan'"):
        write_decode(path, PanDecode())
    assert path.read_bytes() == before


def test_shipped_checkpoints_are_left_as_they_are():
    for path in list_checkpoints():
        before = hashlib.sha256(path.read_bytes()).digest()
        assert why_not_written(path) == "it is shipped with the program"
        with pytest.raises(BadCheckpoint, match="copy the file first"):
            write_decode(path, read_metadata(path).decode)
        assert hashlib.sha256(path.read_bytes()).digest() == before


def test_a_file_that_may_not_be_written_is_left_as_it_is(tmp_path: Path):
    path = tiny_checkpoint(tmp_path)
    path.chmod(0o444)
    before = path.read_bytes()
    assert "may not be written" in str(why_not_written(path))
    with pytest.raises(BadCheckpoint, match="may not be written"):
        write_decode(path, OTHER)
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_former_file(tmp_path: Path):
    path = tiny_checkpoint(tmp_path)
    before = path.read_bytes()
    with largest_file(len(before) // 2), pytest.raises(TcmError, match="cannot be written"):
        write_decode(path, OTHER)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"", b"\x10\0\0\0\0\0\0\0{}", b"no checkpoint at all" * 10])
def test_a_damaged_file_is_refused_in_words(tmp_path: Path, content: bytes):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match=r"a\.safetensors"):
        write_decode(path, tiny_metadata().decode)
    with pytest.raises(BadCheckpoint, match=r"a\.safetensors"):
        checkpoint_hash(path)
    assert path.read_bytes() == content


def test_the_hash_of_a_file_that_is_gone_says_so(tmp_path):
    with pytest.raises(BadCheckpoint, match="no such checkpoint"):
        checkpoint_hash(tmp_path / "gone.safetensors")
