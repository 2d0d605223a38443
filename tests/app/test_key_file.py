"""Files of keys: what is written is read back, and what is no such file is refused with a reason."""

from pathlib import Path

import pytest

from app.settings.key_file import LIMIT_BYTES, PRESETS, preset_keys, read_key_file, write_key_file
from app.settings.schema import KeySettings
from tcm_core.errors import BadConfig, TcmError


def test_what_is_exported_is_imported(tmp_path: Path):
    keys = KeySettings(preset="cvat", changes={"next": ("Ctrl+Right", "F"), "quit": ()})
    write_key_file(tmp_path / "kéys 鍵.json", keys)
    assert read_key_file(tmp_path / "kéys 鍵.json") == keys


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "Invalid JSON"),
        (b"[1, 2]", "keys.json"),
        (b'{"tcm_studio_keys": 2, "preset": "cvat", "changes": {}}', "tcm_studio_keys"),
        (b'{"tcm_studio_keys": 1, "preset": "vim", "changes": {}}', "preset"),
        (b'{"tcm_studio_keys": 1, "preset": "cvat", "changes": {"next": "F"}}', "changes.next"),
        (b'{"tcm_studio_keys": 1, "preset": "cvat", "changes": {}, "more": 1}', "more"),
        (b"\xff\xfe\x00", "keys.json"),
        (b"[" * 100_000, "keys.json"),
        (b" " * (LIMIT_BYTES + 1), "larger"),
    ],
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes, named: str):
    file = tmp_path / "keys.json"
    file.write_bytes(content)
    with pytest.raises(BadConfig, match=named):
        read_key_file(file)


def test_a_file_that_is_not_there_and_a_folder_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(BadConfig, match="cannot be read"):
        read_key_file(tmp_path / "no.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(TcmError, match="cannot be written"):
        write_key_file(tmp_path / "file" / "keys.json", KeySettings())


def test_every_preset_is_shipped():
    assert preset_keys("studio") == {}
    for name, _ in PRESETS[1:]:
        assert len(preset_keys(name)) > 10
