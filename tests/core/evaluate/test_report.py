import csv
import io
import json

from tcm_core.evaluate.confidence import SweepRow
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.evaluate.report import COLUMNS, polygons_csv, result_json
from tcm_core.evaluate.totaltext import evaluate_totaltext
from tests.helpers.evaluation import box, ignored, word

GT = {"a, b": [word(0, 0, 10, 10), ignored(50, 0, 60, 10), word(90, 0, 99, 9)], "c": []}
DET = {"a, b": [box(0, 0, 10, 8), box(50, 0, 60, 10), box(0, 50, 9, 59)]}


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_one_row_a_polygon_with_its_verdict_and_its_match():
    found = rows(polygons_csv(evaluate_icdar15(GT, DET), GT, DET))
    assert [(r["image"], r["side"], r["index"], r["verdict"], r["matches"], r["ious"]) for r in found] == [
        ("a, b", "gt", "0", "tp", "0", "0.8000"),
        ("a, b", "gt", "1", "ignored", "", ""),
        ("a, b", "gt", "2", "fn", "", ""),
        ("a, b", "det", "0", "tp", "0", "0.8000"),
        ("a, b", "det", "1", "ignored", "", ""),
        ("a, b", "det", "2", "fp", "", ""),
    ]
    assert tuple(found[0]) == COLUMNS
    assert found[3]["polygon"] == "0 0 10 0 10 8 0 8"


def test_a_text_found_in_parts_names_them_all():
    gt, det = {"1": [word(0, 0, 100, 10)]}, {"1": [box(0, 0, 50, 10), box(50, 0, 100, 10)]}
    found = rows(polygons_csv(evaluate_totaltext(gt, det), gt, det))
    assert [(r["matches"], r["ious"], r["credit"]) for r in found] == [
        ("0 1", "0.5000 0.5000", "0.8"),
        ("0", "0.5000", "0.8"),
        ("0", "0.5000", "0.8"),
    ]


def test_the_json_holds_what_was_asked_for():
    result = evaluate_icdar15(GT, DET)
    plain = json.loads(result_json(result, protocol="icdar2015", iou=None))
    assert plain == {
        "protocol": "icdar2015",
        "precision": 1 / 2,
        "recall": 1 / 2,
        "hmean": 1 / 2,
        "matched": 1,
        "care_gt": 2,
        "care_det": 2,
    }
    more = json.loads(result_json(result, average_precision=0.25, sweep=[SweepRow(0.5, 1, 0, 0)]))
    assert more["average_precision"] == 0.25
    assert more["sweep"] == [{"threshold": 0.5, "precision": 1, "recall": 0, "hmean": 0}]
