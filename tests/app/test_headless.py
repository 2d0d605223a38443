"""Without a display the same command finds the text, writes results outside the images, and says where."""

import shutil
from pathlib import Path

import pytest

from app.__main__ import main, no_display, qt_unusable
from app.headless import default_out
from tests.helpers.made_photos import made_dataset
from tests.helpers.photos import write_nonsense, write_photos
from tests.helpers.tiny_model import tiny_checkpoint


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    return str(tiny_checkpoint(tmp_path))


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def test_all_images_are_done_and_the_place_of_the_results_is_said(tmp_path: Path, checkpoint: str, capfd):
    folder = write_photos(tmp_path / "street")
    before = sorted(path.name for path in folder.rglob("*"))
    assert main([str(folder), "--headless", "--checkpoint", checkpoint, "--device", "cpu"]) == 0
    out = tmp_path / "here" / "out" / "street"
    assert sorted(path.name for path in out.glob("res_*.txt")) == ["res_a.txt", "res_b.txt", "res_c.txt"]
    assert len(list(out.glob("*.overlay.jpg"))) == 3
    assert str(out) in capfd.readouterr().out
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_without_a_display_the_same_command_works_headless(
    tmp_path: Path, checkpoint: str, monkeypatch: pytest.MonkeyPatch, capfd
):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert no_display()
    folder = write_photos(tmp_path / "street", ("a.jpg",))
    assert main([str(folder), "--out", str(tmp_path / "res"), "--checkpoint", checkpoint]) == 0
    assert (tmp_path / "res" / "res_a.txt").is_file()
    assert str(tmp_path / "res") in capfd.readouterr().out


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_a_display_or_a_named_platform_means_a_window(name: str, monkeypatch: pytest.MonkeyPatch):
    for other in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, ":7")
    assert not no_display()


def test_labels_beside_the_images_give_figures(tmp_path: Path, checkpoint: str, capfd):
    root = made_dataset(tmp_path / "set")
    assert main([str(root / "images"), "--headless", "--checkpoint", checkpoint]) == 0
    output = capfd.readouterr().out
    assert "precision" in output
    assert "recall" in output
    assert str(root / "gt") in output


def test_one_bad_image_is_named_and_the_others_are_done(tmp_path: Path, checkpoint: str, capfd):
    folder = write_photos(tmp_path / "street")
    write_nonsense(folder / "not a picture.jpg")
    assert main([str(folder), "--headless", "--checkpoint", checkpoint]) == 1
    captured = capfd.readouterr()
    assert "not a picture.jpg" in captured.err
    assert len(list((tmp_path / "here" / "out" / "street").glob("res_*.txt"))) == 3


def test_results_never_lie_among_the_images(tmp_path: Path, checkpoint: str, capfd, monkeypatch):
    folder = write_photos(tmp_path / "street", ("a.jpg",))
    inside = folder / "results"
    assert main([str(folder), "--headless", "--out", str(inside), "--checkpoint", checkpoint]) == 2
    assert str(inside) in capfd.readouterr().err
    assert not inside.exists()
    monkeypatch.chdir(folder)
    assert not default_out(folder).absolute().is_relative_to(folder)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda root: root / "nowhere", "no such folder"),
        (lambda root: root / "here", "no images"),
    ],
)
def test_a_folder_that_cannot_be_worked_on_is_said_in_words(
    tmp_path: Path, checkpoint: str, capfd, make, said
):
    assert main([str(make(tmp_path)), "--headless", "--checkpoint", checkpoint]) == 2
    assert said in capfd.readouterr().err


def test_without_a_folder_the_way_on_is_said(capfd):
    assert main(["--headless"]) == 2
    assert "tcm-studio FOLDER" in capfd.readouterr().err


def test_a_missing_checkpoint_is_said_in_words(tmp_path: Path, capfd):
    folder = write_photos(tmp_path / "street", ("a.jpg",))
    assert main([str(folder), "--headless", "--checkpoint", "no-such"]) == 2
    assert "no-such" in capfd.readouterr().err


def test_a_second_run_skips_what_is_done(tmp_path: Path, checkpoint: str):
    folder = write_photos(tmp_path / "street", ("a.jpg",))
    arguments = [str(folder), "--headless", "--out", str(tmp_path / "res"), "--checkpoint", checkpoint]
    assert main(arguments) == 0
    first = (tmp_path / "res" / "res_a.txt").stat().st_mtime_ns
    assert main(arguments) == 0
    assert (tmp_path / "res" / "res_a.txt").stat().st_mtime_ns == first


def test_missing_system_libraries_are_named_with_the_line_that_installs_them(monkeypatch: pytest.MonkeyPatch):
    from tcm_core.system_libraries import MissingLibrary

    missing = [
        MissingLibrary("libxcb-cursor.so.0", "libxcb-cursor0"),
        MissingLibrary("libEGL.so.1", "libegl1"),
    ]
    monkeypatch.setattr("app.__main__.missing_qt_libraries", lambda window: missing)
    reason = qt_unusable()
    assert reason is not None
    assert "libxcb-cursor.so.0, libEGL.so.1" in reason
    assert "sudo apt-get install libegl1 libxcb-cursor0" in reason
    assert "--headless" in reason


def test_the_broken_release_of_qt_for_python_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "6.12.0")
    monkeypatch.setattr("sys.version_info", (3, 11, 7))
    reason = qt_unusable()
    assert reason is not None
    assert "6.12.0" in reason
    assert "<6.12" in reason


def test_the_version_is_said(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("TCM Studio")


def test_images_of_sub_folders_keep_their_places(tmp_path: Path, checkpoint: str):
    folder = write_photos(tmp_path / "street", ("a.jpg", "night/a.jpg"))
    assert main([str(folder), "--headless", "--out", str(tmp_path / "res"), "--checkpoint", checkpoint]) == 0
    assert (tmp_path / "res" / "res_a.txt").is_file()
    assert (tmp_path / "res" / "night" / "res_a.txt").is_file()
    shutil.rmtree(tmp_path / "res")
