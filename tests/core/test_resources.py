import sys
from pathlib import Path

import pytest

from tcm_core.errors import TcmError
from tcm_core.resources import resource, resource_root


def test_the_source_tree_has_its_resources_beside_the_packages():
    assert resource("samples", "images").is_dir()
    assert resource_root() == Path(__file__).resolve().parents[2] / "resources"


def test_a_missing_resource_is_named_with_its_folder():
    with pytest.raises(TcmError, match=r"checkpoints/none\.safetensors: not among") as caught:
        resource("checkpoints", "none.safetensors")
    assert str(resource_root()) in str(caught.value)


def test_a_frozen_program_looks_into_its_own_folder(tmp_path, monkeypatch):
    (tmp_path / "resources" / "icons").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resource("icons") == tmp_path / "resources" / "icons"
