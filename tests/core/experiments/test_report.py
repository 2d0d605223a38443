"""The report's text, from stored results alone."""

import csv

import pytest

from tcm_core.config.decode import DbDecode
from tcm_core.errors import BadConfig
from tcm_core.experiments.grid import Choice, Row
from tcm_core.experiments.report import write_report
from tcm_core.experiments.results import Machine, RunFiles, RunResult, TestResult, save_record
from tests.core.experiments.made_grid import made_plan

MACHINE = Machine(device="cpu, 1 threads, fp32", processor="a processor", versions="Python 3")


def store(plan, out, row, hmeans):
    for run, hmean in zip(plan.rows[row].runs, hmeans, strict=True):
        files = RunFiles(out, run.key)
        files.save_result(
            RunResult(
                key=run.key, steps=3, seconds=90, learnt=3, validation_pages=1, validation_hmean=0.5,
                decode=DbDecode(threshold=0.4), parameters=1_500_000, machine=MACHINE,
            )
        )  # fmt: skip
        test = TestResult(
            test="made", protocol="icdar2015", pages=("img_2", "img_4"), precision=0.5, recall=0.25,
            hmean=hmean, seconds=1,
        )  # fmt: skip
        save_record(files.test_file(plan.tables.test["made"]), test)


@pytest.fixture
def stored(tmp_path):
    rows = (
        Row(name="plain", variants=("plain",), small=Choice(seeds=(1, 2, 3))),
        Row(name="TCM"),
        Row(name="near", set={"language": {"weight": 0.5}}),
        Row(name="later", set={"language": {"weight": 0.0}}),
    )
    plan = made_plan(tmp_path, rows=rows)
    store(plan, tmp_path, 0, (0.30, 0.34, 0.32))
    store(plan, tmp_path, 1, (0.50,))
    store(plan, tmp_path, 2, (0.33,))
    return plan, write_report(plan, tmp_path).read_text(encoding="utf-8"), tmp_path


def test_figures_differences_and_what_chance_can_do(stored):
    _, text, _ = stored
    assert "| plain |  | 3 | 0.500 | 0.250 | 0.320 (0.300 to 0.340) |  |" in text
    assert "| TCM |  | 1 | 0.500 | 0.250 | 0.500 | +0.180 plain |" in text
    assert (
        "another seed alone moves F by up to 0.040. Differences beyond that: TCM (+0.180 against plain). "
        "Within it: near (+0.010 against plain)." in text
    )
    assert "| later |  | 0 | | | not run yet | |" in text
    assert "next to nothing" in text


def test_protocol_pages_thresholds_and_hardware_are_named(stored):
    plan, text, _ = stored
    assert "made pages: 2 pages, protocol `icdar2015`" in text
    assert "Pages: img_2, img_4." in text
    assert "No choice was made on a test page" in text
    assert "cpu, 1 threads, fp32; a processor; Python 3" in text
    key = plan.rows[1].runs[0].key
    assert f"| TCM | 1 | `{key}` | made | 3 | 3 | 1.5 | 1.50 | 0.500 | threshold 0.4, " in text


def test_the_table_has_a_line_for_every_row_seed_and_test(stored):
    _, _, out = stored
    with (out / "made-small.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["row"], line["seed"], line["hmean"]) for line in lines] == [
        ("plain", "1", "0.3"),
        ("plain", "2", "0.34"),
        ("plain", "3", "0.32"),
        ("TCM", "1", "0.5"),
        ("near", "1", "0.33"),
        ("later", "1", ""),
    ]
    assert lines[-1]["remark"] == "not run yet"


def test_a_damaged_result_is_named(stored):
    plan, _, out = stored
    damaged = out / "runs" / plan.rows[1].runs[0].key / "result.json"
    damaged.write_text('{"key": ', encoding="utf-8")
    with pytest.raises(BadConfig, match=r"result\.json: cannot be read"):
        write_report(plan, out)
