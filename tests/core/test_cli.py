import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from PIL import Image

from tcm_core.cli.detect import find_images
from tcm_core.cli.main import main
from tcm_core.errors import BadImage
from tcm_core.evaluate import run
from tcm_core.evaluate.run import read_detections
from tests.helpers.tiny_model import tiny_checkpoint


@pytest.fixture
def tcm(monkeypatch, capsys):
    """Runs the command line in this process and gives (exit status, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tcm", *map(str, arguments)])
        try:
            status = main()
        except SystemExit as stop:
            status = stop.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def photos(tmp_path, samples):
    folder = tmp_path / "photos"
    folder.mkdir()
    for source in sorted((samples / "images").iterdir())[:2]:
        shutil.copy(source, folder)
    return folder


def test_results_with_scores_can_be_swept(tcm, photos, checkpoint, samples, tmp_path):
    out = tmp_path / "out"
    status, _, log = tcm(
        "detect", photos, "--out", out, "--checkpoint", checkpoint, "--device", "cpu", "--scores"
    )
    assert status == 0, log
    lines = [line for path in out.glob("res_*.txt") for line in path.read_text().splitlines()]
    assert lines
    assert all(len(line.split(",")) == 9 and 0 <= float(line.split(",")[8]) <= 1 for line in lines)
    status, _, log = tcm("evaluate", "--gt", samples / "gt", "--det", out, "--scores", "--sweep")
    assert status == 0, log


def test_detect_writes_results_that_evaluate_reads(tcm, photos, checkpoint, samples, tmp_path):
    out = tmp_path / "out"
    status, text, log = tcm(
        "detect", photos, "--out", out, "--checkpoint", checkpoint, "--device", "cpu", "--overlay"
    )
    assert status == 0, log
    assert "2 done, 0 skipped, 0 failed" in text
    stems = sorted(path.stem for path in photos.iterdir())
    assert sorted(read_detections(out)) == stems
    assert sorted(path.name for path in out.glob("*.overlay.jpg")) == [
        f"{stem}.overlay.jpg" for stem in stems
    ]

    status, text, _ = tcm("evaluate", "--protocol", "icdar2015", "--gt", samples / "gt", "--det", out)
    assert status == 0
    assert "8 images" in text

    status, text, _ = tcm(
        "detect", photos, "--out", out, "--checkpoint", checkpoint, "--device", "cpu", "--overlay"
    )
    assert (status, "0 done, 2 skipped" in text) == (0, True)


def test_one_bad_image_is_reported_and_the_status_is_1(tcm, photos, checkpoint, tmp_path):
    (photos / "bad.jpg").write_bytes(b"")
    status, text, log = tcm(
        "detect", photos, "--out", tmp_path / "out", "--checkpoint", checkpoint, "--device", "cpu"
    )
    assert status == 1
    assert "2 done, 0 skipped, 1 failed" in text
    assert "bad.jpg: the file is empty" in log


def test_evaluate_prints_the_figures_and_writes_json(tcm, samples, tmp_path):
    det = tmp_path / "det"
    det.mkdir()
    for labels in (samples / "gt").iterdir():
        lines = [
            ",".join(line.split(",", 8)[:8]) for line in labels.read_text("utf-8-sig").splitlines() if line
        ]
        (det / labels.name.replace("gt_", "res_", 1)).write_text("\n".join(lines))
    target = tmp_path / "made" / "figures.json"
    status, text, _ = tcm("evaluate", "--gt", samples / "gt", "--det", det, "--json", target)
    assert status == 0
    assert "1.0000" in text
    figures = json.loads(target.read_text())
    assert (figures.pop("protocol"), figures.pop("iou")) == ("icdar2015", 0.5)
    assert list(figures) == ["precision", "recall", "hmean", "matched", "care_gt", "care_det"]
    assert (figures["precision"], figures["recall"], figures["hmean"]) == (1.0, 1.0, 1.0)
    assert figures["matched"] == figures["care_gt"] == figures["care_det"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["detect", "none", "--out", "out"], "no such file or folder"),
        (["detect", "empty", "--out", "out"], "no image in it"),
        (["detect", "a.png", "--out", "out", "--checkpoint", "none"], "no such checkpoint"),
        (["evaluate", "--gt", "none", "--det", "empty"], "no such file or folder"),
        (["train", "--config", "none.toml", "--out", "out"], "none.toml"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(tcm, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    status, text, log = tcm(*arguments)
    assert status == 2
    assert text == ""
    assert log.startswith("error: ")
    assert message in log
    assert len(log.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["detect"],
        ["detect", "a.png"],
        ["detect", "a.png", "--out", "o", "--device", "abacus"],
        ["evaluate", "--protocol", "x", "--gt", "a", "--det", "b"],
        ["paint"],
    ],
)
def test_a_wrong_command_line_has_status_2_and_says_how_to_get_help(tcm, arguments):
    status, _, log = tcm(*arguments)
    assert status == 2
    assert "--help" in log or "Usage" in log


def test_an_interrupted_command_has_status_130(tcm, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "load_evaluation", interrupted)
    assert tcm("evaluate", "--gt", tmp_path, "--det", tmp_path)[0] == 130


def test_doctor_reports_and_its_status_follows_what_is_required(tcm):
    status, text, _ = tcm("doctor")
    assert "Python" in text
    assert "data folder" in text
    assert status == (1 if "bad" in text else 0)


def test_doctor_writes_a_report_of_what_it_found(tcm, tmp_path, monkeypatch):
    monkeypatch.setenv("TCM_STUDIO_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "logs").mkdir(parents=True)
    entry = "2026-01-02 03:04:05,678 INFO app.compose: problem: secret.jpg"
    (tmp_path / "home" / "logs" / "studio.log").write_text(f"{entry}\n")
    assert tcm("doctor", "--messages")[0] == 2
    _, text, _ = tcm("doctor", "--report", tmp_path / "r.zip")
    assert "r.zip: findings.txt, studio.log" in text
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        held = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "texts on a shipped photograph" in held["findings.txt"]
    assert held["studio.log"].startswith("2026-01-02 03:04:05,678 INFO app.compose\n")
    assert "secret" not in "".join(held.values())
    assert str(tmp_path) not in "".join(held.values())


def test_the_package_can_be_run_as_a_module_and_help_imports_no_torch():
    program = (
        "import sys, runpy; sys.argv = ['tcm', '--help']\n"
        "try: runpy.run_module('tcm_core', run_name='__main__')\n"
        "finally: print('torch' in sys.modules, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    for verb in ("detect", "evaluate", "train", "doctor"):
        assert verb in result.stdout
    assert result.stderr.strip() == "False"


def test_images_are_found_once_with_the_folder_they_share(tmp_path):
    for name in ("a/1.jpg", "a/x/2.png", "a/1.overlay.jpg", "b/3.jpg", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    a, b = tmp_path / "a", tmp_path / "b"
    assert find_images([a]) == ([a / "1.jpg", a / "x" / "2.png"], a)
    assert find_images([a / "1.jpg"]) == ([a / "1.jpg"], a)
    assert find_images([a, b]) == ([a / "1.jpg", a / "x" / "2.png", b / "3.jpg"], tmp_path)
    assert find_images([a / "1.jpg", a]) == ([a / "1.jpg", a / "x" / "2.png"], a)
    (tmp_path / "without").mkdir()
    with pytest.raises(BadImage, match="no image in it"):
        find_images([tmp_path / "without"])
