"""The whole journey with models: the real main(), the shipped detector, the bundled photographs.

With ten photographs that the detector has not learnt from, minutes of training, and in the folder `pictures`
a picture of every step and the notes of the journey, on a screen (Xvfb):

    TCM_JOURNEY_EPOCHS=60 QT_QPA_PLATFORM=xcb xvfb-run -s "-screen 0 1440x900x24" \\
        python -m pytest -p no:xdist tests/gui/test_models_journey.py -k ten --basetemp FOLDER
"""

import json
import os
import shutil
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from app.settings.store import find_home
from app.storage.finetune_runs import read_records
from tcm_core.checkpoint_file import read_metadata
from tcm_core.data.formats.icdar import read_icdar
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.resources import resource
from tests.helpers.app_robot import AppRobot, run_main
from tests.helpers.finetuned import end_runs
from tests.helpers.models_journey import ENOUGH, Journey, Steps

NAME = "my-photos"
EPOCHS = os.environ.get("TCM_JOURNEY_EPOCHS")


@pytest.mark.timeout(1800)
def test_detect_correct_fine_tune_re_check_promote_compare_and_export(
    qapp, tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, gt = tmp_path / "photos", samples / "gt"
    shutil.copytree(samples / "images", folder, ignore=shutil.ignore_patterns(".*"))
    monkeypatch.setattr("tests.helpers.app_robot.PATIENCE_S", 240.0)
    journey = Journey(gt, tmp_path / "labels", epochs=4.0, stop_at=1, patience_s=600.0)
    travel(journey, folder)
    truth = {file.name: read_icdar(file) for file in gt.glob("*.txt")}
    assert len(truth) == 8
    assert journey.notes["pages"] == "8 pages: 6 to learn from, 2 to judge by."
    assert 1 <= journey.notes["stopped_at"] <= journey.notes["steps"] == 3
    assert journey.notes["moments"] == [0, 1, 2, 3]
    check(journey, folder, truth)


@pytest.mark.skipif(EPOCHS is None, reason="minutes of training: set TCM_JOURNEY_EPOCHS")
@pytest.mark.timeout(7200)
def test_ten_photographs_and_minutes_of_training(
    qapp, tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
):
    known = data_root / "icdar2015" / "train"
    recipe = tomllib.loads(resource("presets", "db-small.toml").read_text(encoding="utf-8"))
    names = recipe["data"]["validation"][:10]
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in names:
        shutil.copy(known / "images" / f"{name}.jpg", folder)
    monkeypatch.setattr("tests.helpers.app_robot.PATIENCE_S", 600.0)
    pictures = tmp_path / "pictures"
    pictures.mkdir()

    def camera(name: str, of: QWidget) -> Steps:
        end = time.monotonic() + 2.0
        yield lambda: time.monotonic() > end
        assert of.grab().save(str(pictures / f"{name}.png"))

    journey = Journey(
        known / "gt",
        tmp_path / "labels",
        epochs=float(EPOCHS or 0),
        stop_at=10,
        camera=camera,
        patience_s=3600.0,
        estimate=True,
    )
    travel(journey, folder)
    check(journey, folder, {f"gt_{name}.txt": read_icdar(known / "gt" / f"gt_{name}.txt") for name in names})
    (pictures / "notes.json").write_text(json.dumps(journey.notes, indent=1), encoding="utf-8")


def travel(journey: Journey, folder: Path) -> None:
    """The journey through a folder of photographs, in the real program."""
    labels: dict[str, object] = {}

    def script(robot: AppRobot):
        yield from journey(robot)
        labels["now"] = robot.page.regions

    try:
        assert run_main([str(folder), "--checkpoint", "db-small", "--device", "cpu"], script) == 0
    finally:
        end_runs(folder)
    assert labels["now"], "the labels are gone"


def check(journey: Journey, folder: Path, truth: dict[str, list[TextInstance]]) -> None:
    """What was said is what is written, and the new checkpoint is kept."""
    notes = journey.notes
    counts = notes["corrected"]
    assert counts["kept"] + counts["drawn"] == sum(map(len, truth.values()))
    assert counts["kept"] > 0
    assert counts["drawn"] > 0
    assert (
        f"{sum(map(len, truth.values()))} regions of {len(truth)} images, before (db-small) and now ({NAME})"
        in notes["recheck"]
    )
    assert "Of these, the 2 images that it did not learn from" in notes["recheck"]
    assert {"db-small", NAME, "Labels"} <= set(notes["panes"])
    for name, texts in truth.items():  # what was said is what is written
        written = read_icdar(journey.out / name)
        shares = iou_matrix([text.polygon for text in texts], [text.polygon for text in written])
        partner = shares.argmax(axis=1)
        assert len(written) == len(texts)
        assert (shares[np.arange(len(texts)), partner] >= ENOUGH - 0.02).all()  # whole pixels
        assert [written[at].ignore for at in partner] == [text.ignore for text in texts]
        assert [written[at].text for at in partner] == [text.text for text in texts]
    (record,) = read_records(folder / ".tcm-studio" / "runs").values()
    assert record.decision == "promoted"
    kept = find_home(None).data / "checkpoints" / f"{NAME}.safetensors"
    assert read_metadata(kept).name == NAME
