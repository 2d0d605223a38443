"""`tcm evaluate` in full."""

import csv
import json
import sys

import pytest

from tcm_core.cli.evaluate import ProtocolChoice
from tcm_core.cli.main import main
from tcm_core.evaluate.protocols import PROTOCOLS


@pytest.fixture
def tcm(capsys, monkeypatch):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tcm", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        try:
            status = main()
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def files(tmp_path):
    (tmp_path / "gt").mkdir()
    (tmp_path / "det").mkdir()
    (tmp_path / "gt" / "gt_1.txt").write_text(
        "0,0,40,0,40,20,0,20,a\n60,0,99,0,99,9,60,9,###\n0,50,9,50,9,59,0,59,b"
    )
    (tmp_path / "det" / "res_1.txt").write_text("0,0,40,0,40,14,0,14,0.9\n200,0,240,0,240,20,200,20,0.3\n")
    return ["evaluate", "--gt", tmp_path / "gt", "--det", tmp_path / "det"]


def test_the_choices_are_the_table():
    assert [choice.value for choice in ProtocolChoice] == list(PROTOCOLS)


def test_everything_at_once(tcm, files, tmp_path):
    status, text, log = tcm(
        *files, "--iou", "0.65", "--sweep", "--by", "size, curvature",
        "--json", tmp_path / "figures.json", "--per-image", tmp_path / "rows.csv",
    )  # fmt: skip
    assert status == 0, log
    assert "ICDAR 2015, IoU at 0.65, 1 images" in text
    assert "best" in text
    assert "20 px" in text
    content = json.loads((tmp_path / "figures.json").read_text())
    assert (content["protocol"], content["iou"]) == ("icdar2015", 0.65)
    assert (content["precision"], content["recall"]) == (0.5, 0.5)
    assert content["average_precision"] == 0.5  # the right one is the most certain; one of two texts
    assert content["sweep"][6] == {"threshold": 0.3, "precision": 0.5, "recall": 0.5, "hmean": 0.5}
    assert content["sweep"][7]["precision"] == 1
    assert {group["measure"] for group in content["groups"]} == {"size", "curvature"}
    with (tmp_path / "rows.csv").open(encoding="utf-8") as file:
        verdicts = [row["verdict"] for row in csv.DictReader(file)]
    assert verdicts == ["tp", "ignored", "fn", "tp", "fp"]


def test_a_higher_limit_loses_the_match(tcm, files):
    status, text, _ = tcm(*files, "--scores", "--iou", "0.75")
    assert status == 0
    assert "0.0000" in text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "the results are refused"),  # there are confidences that were not asked for
        (["--scores", "--iou", "2"], "between 0 and 1"),
        (["--scores", "--by", "colour"], "no such measure"),
        (["--protocol", "icdar2013", "--scores", "--iou", "0.5"], "has no limit"),
        (["--protocol", "art"], ".json"),
    ],
)
def test_what_cannot_be_done_is_one_message_and_status_2(tcm, files, more, message):
    status, text, log = tcm(*files, *more)
    assert (status, text) == (2, "")
    assert log.startswith("error: ")
    assert message in log
