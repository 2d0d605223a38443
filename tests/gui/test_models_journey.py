"""The whole journey with models: the real main(), the shipped detector, the bundled photographs."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.settings.store import find_home
from app.storage.finetune_runs import read_records
from tcm_core.checkpoint_file import read_metadata
from tcm_core.data.formats.icdar import read_icdar
from tcm_core.geometry.overlap import iou_matrix
from tests.helpers.app_robot import AppRobot, run_main
from tests.helpers.finetuned import end_runs
from tests.helpers.models_journey import ENOUGH, Journey

NAME = "my-photos"


@pytest.mark.timeout(1800)
def test_detect_correct_fine_tune_re_check_promote_compare_and_export(
    qapp, tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, gt = tmp_path / "photos", samples / "gt"
    shutil.copytree(samples / "images", folder, ignore=shutil.ignore_patterns(".*"))
    monkeypatch.setattr("tests.helpers.app_robot.PATIENCE_S", 240.0)
    journey = Journey(gt, tmp_path / "labels", epochs=4.0, stop_at=1, patience_s=600.0)
    labels: dict[str, object] = {}

    def script(robot: AppRobot):
        yield from journey(robot)
        labels["now"] = robot.page.regions

    try:
        assert run_main([str(folder), "--checkpoint", "db-small", "--device", "cpu"], script) == 0
    finally:
        end_runs(folder)
    notes = journey.notes
    counts = notes["corrected"]
    truth = {file.name: read_icdar(file) for file in gt.glob("*.txt")}
    assert len(truth) == 8
    assert counts["kept"] + counts["drawn"] == sum(map(len, truth.values()))
    assert counts["kept"] > 0
    assert counts["drawn"] > 0
    assert notes["pages"] == "8 pages: 6 to learn from, 2 to judge by."
    assert 1 <= notes["stopped_at"] <= notes["steps"] == 3
    assert notes["moments"] == [0, 1, 2, 3]
    assert (
        f"{sum(map(len, truth.values()))} regions of 8 images, before (db-small) and now ({NAME})"
        in notes["recheck"]
    )
    assert "Of these, the 2 images that it did not learn from" in notes["recheck"]
    assert {"db-small", NAME, "Labels"} <= set(notes["panes"])
    assert labels["now"], "the labels are gone"
    for name, texts in truth.items():  # what was said is what is written
        written = read_icdar(tmp_path / "labels" / name)
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
