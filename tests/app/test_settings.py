"""Settings: sparse, atomic, strict; a file that cannot be used is set aside and said."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings.schema import DetectionSettings, Settings, ViewSettings
from app.settings.store import SettingsStore, find_home


def test_without_a_file_the_defaults_hold_and_nothing_is_written(tmp_path: Path):
    store = SettingsStore(tmp_path / "settings.toml")
    assert store.settings == Settings()
    assert store.notice is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_saved_is_read_back(tmp_path: Path):
    file = tmp_path / "deeper" / "settings.toml"
    wanted = Settings(
        view=ViewSettings(theme="dark", map_opacity=0.25),
        detection=DetectionSettings(
            checkpoint="文字 model.safetensors", decode={"db": {"score_threshold": 0.4}}
        ),
        recent_folders=("/photos/with, comma", "/фото"),
    )
    SettingsStore(file).save(wanted)
    assert SettingsStore(file).settings == wanted


def test_only_what_differs_from_the_defaults_is_written(tmp_path: Path):
    file = tmp_path / "settings.toml"
    SettingsStore(file).save(Settings(view=ViewSettings(theme="dark")))
    assert file.read_text(encoding="utf-8").split() == ["[view]", "theme", "=", '"dark"']
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[view]\nthemes = 'dark'\n", "view.themes"),
        ("[view]\nmap_opacity = 7\n", "view.map_opacity"),
        ("[view\n", "line 1"),
    ],
)
def test_an_unusable_file_is_set_aside_and_named(tmp_path: Path, text: str, named: str):
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    store = SettingsStore(file)
    assert store.settings == Settings()
    assert store.notice is not None
    assert named in store.notice
    assert str(file) in store.notice
    assert (tmp_path / "settings.toml.unusable").read_text(encoding="utf-8") == text


def test_bytes_that_are_no_text_do_not_stop_the_start(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xff\xfe\x00")
    assert SettingsStore(file).settings == Settings()


def test_the_recent_list_has_no_double_and_ten_at_most():
    settings = Settings()
    for number in range(12):
        settings = settings.with_recent(f"/f{number}")
    settings = settings.with_recent("/f5")
    assert settings.recent_folders[:3] == ("/f5", "/f11", "/f10")
    assert len(settings.recent_folders) == 10
    assert len(set(settings.recent_folders)) == 10


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValidationError):
        Settings().view.theme = "dark"


def test_the_home_is_the_argument_then_the_environment(private_home: Path, tmp_path: Path):
    assert find_home().settings_file == private_home / "settings.toml"
    assert find_home(tmp_path).data == tmp_path
