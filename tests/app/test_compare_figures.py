"""Figures of detectors over many pages: curves, groups, the worst pages, tables and reports."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from app.domain.compare import Shape, by_score, instances
from app.domain.compare_figures import (
    CURVE_STEPS,
    JudgedFolder,
    JudgedPage,
    PagePair,
    at_threshold,
    best_point,
    figures_at,
    nearest,
    page_curve,
)
from app.services.comparison import LABELS, Source
from app.services.comparison_report import ReportMaterial, html_report, write_report
from app.services.comparison_run import Plan, RunResult
from app.services.comparison_tables import EVERYTHING, figures_table, images_table
from tcm_core.config.decode import DbDecode
from tcm_core.errors import TcmError
from tcm_core.evaluate.breakdown import breakdown
from tcm_core.evaluate.protocols import PROTOCOLS
from tests.helpers.photos import write_photo
from tests.helpers.shapes import box

PAGES = {
    "good.jpg": PagePair((box(0, 0),), (box(0, 0, score=0.9), box(0, 300, score=0.3)), 0.2),
    "bad.jpg": PagePair((box(0, 0), box(0, 50, height=60)), (box(0, 200, score=0.7),), 0.4),
    "empty.jpg": PagePair((), (), None),
}


def judged(pages=PAGES, protocol: str = "icdar2015") -> JudgedFolder:
    folder = JudgedFolder(protocol)
    for key, pair in pages.items():
        folder.add(key, JudgedPage(pair, protocol))
    return folder


def drawn_pages() -> dict[str, PagePair]:
    draw, pages = np.random.default_rng(5), {}
    for number in range(6):
        truth = [
            box(*draw.uniform(0, 400, 2), *draw.uniform(15, 120, 2), ignore=draw.random() < 0.2)
            for _ in range(draw.integers(0, 7))
        ]
        found = [
            Shape(shape.polygon + draw.uniform(-12, 12, 2), float(draw.uniform(0, 1)))
            for shape in truth
            if draw.random() < 0.8
        ]
        found += [box(*draw.uniform(0, 400, 2), score=float(draw.uniform(0, 1))) for _ in range(2)]
        pages[f"{number}.jpg"] = PagePair(truth, found)
    return pages


def test_figures_of_a_folder_are_those_of_its_pages_together():
    figures = figures_at(judged(), 0.5)
    assert (figures.result.matched, figures.result.care_gt, figures.result.care_det) == (1, 3, 2)
    assert [page.key for page in figures.pages] == ["bad.jpg", "good.jpg", "empty.jpg"]
    assert (figures.pages[0].missed, figures.pages[0].wrong) == (2, 1)
    assert figures.seconds == pytest.approx(0.3)
    assert [(group.care_gt, group.recall) for group in figures.groups["size"] if group.care_gt] == [
        (2, 0.5),
        (1, 0.0),
    ]
    assert set(figures.groups) == {"size", "angle", "curvature"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_point_of_the_curve_is_the_evaluation_of_all_pages_at_its_threshold(protocol: str):
    pages, rules = drawn_pages(), PROTOCOLS[protocol]
    folder = judged(pages, protocol)
    curve = folder.curve()
    assert len(curve) == CURVE_STEPS
    truth = {key: instances(pair.truth) for key, pair in pages.items()}
    for point in curve[::9]:
        found = {
            key: [
                pair.found[at].polygon
                for at in by_score(pair.found)
                if pair.found[at].score >= point.threshold
            ]
            for key, pair in pages.items()
        }
        whole = rules.evaluate(truth, found, rules.iou or 0.0)
        assert (point.precision, point.recall) == pytest.approx((whole.precision, whole.recall))
        groups = folder.groups(point.threshold)["size"]
        assert groups == breakdown(whole, truth, found, "size")
    recalls = [point.recall for point in curve]
    assert recalls[0] >= recalls[-1]


def test_points_are_found_by_threshold_by_figure_and_by_place():
    curve = judged().curve()
    assert [point.threshold for point in curve[:3]] == [0.0, 0.01, 0.02]
    assert at_threshold(curve, 0.5).precision == pytest.approx(0.5)
    assert best_point(curve).threshold == pytest.approx(0.71)
    assert at_threshold(curve, 0.97).recall == 0.0
    assert curve[nearest(curve, 0.34, 0.52)].threshold == pytest.approx(0.31)


def test_a_score_at_the_threshold_counts_and_what_has_no_score_always_does():
    pair = PagePair((box(0, 0), box(0, 100)), (box(0, 0, score=0.5), box(0, 100)))
    recalls = {round(point.threshold, 2): point.recall for point in page_curve(pair, "icdar2015")}
    assert (recalls[0.5], recalls[0.51], recalls[0.99]) == (1.0, 0.5, 0.5)


# --- tables and reports ---


def made_result(against: str = "labels") -> RunResult:
    sources = (Source("checkpoint", "<db> & co", "abc", "/somewhere/<db>.safetensors"), LABELS)
    plan = Plan(tuple(PAGES), sources, (1, 3), against, "icdar2015")
    same = {key: PagePair(pair.truth, pair.truth) for key, pair in PAGES.items()}
    result = RunResult(plan, (judged(), judged(same)), ("abc", ""), (DbDecode(), None), [0, 0])
    result.failed["broken <i>.jpg"] = "cannot be read: <nothing>"
    result.foreign.append("good.jpg")
    return result


def figures_of(result: RunResult):
    return [figures_at(folder, 0.5) for folder in result.folders]


def test_the_table_has_a_row_for_each_pane_and_each_group_and_reads_back_from_csv():
    result = made_result()
    table = figures_table(result.plan.names, figures_of(result))
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    assert len(rows) == 2 * (1 + 5 + 4 + 4)
    assert rows[0]["Pane"] == "1 <db> & co"
    assert (rows[0]["P"], rows[0]["R"], float(rows[0]["F"])) == ("0.5", "0.333333", pytest.approx(0.4))
    assert [row["Texts"] for row in rows[:3]] == ["All texts", "Height", "Height"]
    assert rows[1]["R"] == ""  # no text below 10 px: nothing to be found
    assert len(figures_table(result.plan.names, figures_of(result), EVERYTHING).rows) == 2
    assert len(figures_table(result.plan.names, figures_of(result), "angle").rows) == 8


def test_the_table_of_images_has_the_worst_first_and_what_failed_last():
    result = made_result()
    table = images_table(figures_of(result), result)
    assert table.columns[:4] == ("Image", "F 1", "Missed 1", "Wrong 1")
    assert "F 3" in table.columns
    assert table.keys == ("bad.jpg", "good.jpg", "empty.jpg", "broken <i>.jpg")
    assert table.rows[0][:4] == ("bad.jpg", 0.0, 2, 1)
    assert table.rows[1][-1].startswith("Labels outside")
    assert table.rows[3][1] is None
    assert table.rows[3][-1] == "cannot be read: <nothing>"


def material(folder: Path) -> ReportMaterial:
    result = made_result()
    made_at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    votes = [("<b>me</b>", 2), ("", 1)]
    return ReportMaterial(folder, result, figures_of(result), [736, None], votes, made_at)


def test_a_report_is_one_html_file_with_pictures_inside_and_all_text_escaped(qapp, tmp_path: Path):
    for key in ("good.jpg", "bad.jpg"):
        write_photo(tmp_path / key)
    write_report(tmp_path / "report.html", material(tmp_path))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 1
    assert text.count("data:image/jpeg;base64,") == 4  # two images that can be read, two panes
    assert "empty.jpg" in text  # not there: its place says why
    for raw in ("<script", "http:", "https:", "<db>", "<i>", "<nothing>", "<b>me"):
        assert raw not in text, raw
    for said in ("&lt;db&gt; &amp; co", "SHA-256: abc", "736 px", "score_threshold 0.5", "ICDAR 2015, IoU"):
        assert said in text, said
    assert str(tmp_path.parent) not in text


def test_a_report_is_a_pdf_where_the_name_says_so(qapp, tmp_path: Path):
    write_photo(tmp_path / "bad.jpg")
    write_report(tmp_path / "report.PDF", material(tmp_path))
    content = (tmp_path / "report.PDF").read_bytes()
    assert content.startswith(b"%PDF-1.")
    assert content.count(b"/Subtype /Image") >= 3


def test_a_report_that_cannot_be_written_says_so_and_pictures_are_named_by_whoever_adds_them(
    qapp, tmp_path: Path
):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TcmError, match="cannot be written"):
        write_report(tmp_path / "file" / "report.html", material(tmp_path))
    write_photo(tmp_path / "bad.jpg")
    named = html_report(material(tmp_path), lambda picture, kind: f"{kind}{picture.width()}")
    assert 'src="PNG720"' in named
    assert 'src="JPEG640"' in named
