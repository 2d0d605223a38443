"""Import of labels: read, matched by path or stem, turned, then put on pages as edits or kept as truth."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.domain.edits import AddRegions
from app.domain.region import new_region
from app.services.export import ExportService
from app.services.format_export import FormatPlan, plan_format, usual_frame, writable_formats, write_format
from app.services.importing import ImportOutcome, ImportPlan, ImportService, plan_import
from app.services.workspace import Workspace
from app.storage.project_db import ProjectDb
from app.workers.messages import Problem
from tests.helpers.photos import write_photo
from tests.helpers.turned_photos import TEXT, text_in_view, write_turned

QUAD = ((10, 10), (60, 10), (60, 30), (10, 30))
CURVED = ((10, 40), (30, 35), (60, 40), (60, 60), (30, 55), (10, 60))


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "photos"
    write_turned(folder / "a.jpg", 6)
    write_photo(folder / "b.png", (120, 200))
    write_photo(folder / "sub" / "c.jpg", (120, 200))
    return folder


@pytest.fixture
def workspace(qtbot, tmp_path, folder):
    workspace = Workspace(tmp_path / "data home")
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(folder)
    yield workspace
    workspace.close()


@pytest.fixture
def service(workspace):
    service = ImportService(workspace)
    yield service
    service.shutdown()


def label_file(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def line(points, text) -> str:
    return ",".join(str(int(value)) for point in points for value in point) + f",{text}"


@pytest.fixture
def labels(tmp_path) -> Path:
    gt = tmp_path / "gt"
    label_file(gt / "gt_a.txt", line(TEXT, "EXIT"))
    label_file(gt / "gt_b.txt", line(QUAD, "one, two"), line(QUAD, "###"), "1,2,3,broken")
    label_file(gt / "gt_elsewhere.txt", line(QUAD, "no such image"))
    return gt


def planned(service, source, *arguments) -> ImportPlan:
    workspace = service._workspace
    plan = plan_import(source, *arguments, workspace.folder, list(workspace.keys))
    assert isinstance(plan, ImportPlan), plan
    return plan


def run(qtbot, service, plan, mode) -> ImportOutcome:
    with qtbot.waitSignal(service.finished) as ended:
        service.start_import(plan, mode)
    return ended.args[0]


def test_the_plan_finds_pages_and_lists_what_fits_none_and_what_cannot_be_read(service, labels):
    plan = planned(service, labels, "icdar2015", None)
    assert (plan.format, plan.frame) == ("icdar2015", "stored")
    assert [key for key, _ in plan.pages] == ["a.jpg", "b.png"]
    assert plan.unmatched == ("elsewhere",)
    assert len(plan.problems) == 1
    assert "gt_b.txt line 3" in plan.problems[0]
    first, second = plan.pages[1][1]
    assert (first.text, first.ignore, second.text, second.ignore) == ("one, two", False, "", True)
    report = plan.report(labelled=1)
    for words in (
        "ICDAR 2015",
        "3 regions for 2 images",
        "not in this folder: 1\n  elsewhere",
        "left out: 1",
        "orientation than stored (EXIF): 1",
        "already: 1 image",
    ):
        assert words in report


def test_labels_in_the_stored_frame_lie_on_the_picture_that_is_shown(service, labels):
    stored = planned(service, labels, "icdar2015", None)
    assert stored.pages[0][1][0].polygon.tolist() == text_in_view(6).tolist()
    assert stored.turned == 1
    shown = planned(service, labels, "icdar2015", "view")
    assert shown.pages[0][1][0].polygon.tolist() == TEXT.tolist()


def test_the_format_is_told_by_the_content(service, tmp_path):
    label_file(tmp_path / "gt" / "gt_b.txt", line(QUAD, "EXIT"))
    assert planned(service, tmp_path / "gt", "auto", None).format == "icdar2015"
    broken = label_file(tmp_path / "broken" / "gt_b.txt", "1,2,3")
    workspace = service._workspace
    problem = plan_import(broken.parent, "auto", None, workspace.folder, list(workspace.keys))
    assert "no known label format" in problem.what


def test_reading_in_the_thread_gives_the_same_and_only_the_newest_counts(qtbot, service, labels):
    heard = []
    service.read.connect(heard.append)
    service.start_reading(labels, "coco")
    with qtbot.waitSignal(service.read):
        service.start_reading(labels, "icdar2015")
    assert [plan.report() for plan in heard] == [planned(service, labels, "icdar2015", None).report()]


def test_imported_labels_are_edits_that_can_be_undone(qtbot, service, workspace, labels):
    plan = planned(service, labels, "icdar2015", None)
    assert run(qtbot, service, plan, "add") == ImportOutcome(2, 0)
    workspace.session.open_page("b.png")
    assert [region.text for region in workspace.session.page.regions] == ["one, two", ""]
    assert workspace.session.undo_stack.undoText() == "Import 2 regions"
    workspace.session.undo()
    assert workspace.session.page.regions == ()


def test_importing_twice_adds_nothing_twice(qtbot, service, workspace, labels):
    run(qtbot, service, planned(service, labels, "icdar2015", None), "add")
    assert run(qtbot, service, planned(service, labels, "icdar2015", None), "add") == ImportOutcome(0, 2)
    assert workspace.summary("b.png").region_count == 2


def test_the_three_ways_to_import_labels(qtbot, service, workspace, labels):
    mine = new_region(CURVED, text="mine")
    for mode, expected in (
        ("empty", {"mine"}),
        ("add", {"mine", "one, two", ""}),
        ("replace", {"one, two", ""}),
    ):
        workspace.session.apply_to("b.png", AddRegions([new_region(CURVED, text="mine")]))
        run(qtbot, service, planned(service, labels, "icdar2015", None), mode)
        db = ProjectDb.open(workspace.folder)
        assert {region.text for region in db.load_page("b.png").regions} == expected, mode
        db.close()
        workspace.session.open_page("b.png")
        while workspace.session.undo_stack.canUndo():
            workspace.session.undo()
        workspace.session.open_page("a.jpg")
    assert mine.text == "mine"


def test_ground_truth_is_kept_apart_from_the_labels(qtbot, service, workspace, labels):
    plan = planned(service, labels, "icdar2015", None)
    assert run(qtbot, service, plan, "truth") == ImportOutcome(2, 0)
    assert workspace.summary("b.png").region_count == 0
    truth = workspace.db.truth
    assert truth.count() == 2
    assert truth.load("a.jpg") == plan.pages[0][1]
    assert truth.load("sub/c.jpg") is None
    truth.clear()
    assert truth.count() == 0


def test_labels_that_fit_several_images_are_listed_and_given_to_none(tmp_path, labels):
    folder = tmp_path / "twins"
    for name in ("a.jpg", "a.png"):
        write_photo(folder / name)
    plan = plan_import(labels, "icdar2015", None, folder, ["a.jpg", "a.png"])
    assert plan.pages == ()
    assert len(plan.ambiguous) == 1
    assert "a.png" in plan.ambiguous[0]


def test_labels_of_an_image_named_twice_are_not_mixed(tmp_path, service):
    gt = tmp_path / "gt"
    label_file(gt / "gt_b.txt", line(QUAD, "first"))
    label_file(gt / "x" / "gt_b.txt", line(QUAD, "second"))
    plan = planned(service, gt, "icdar2015", None)
    assert [region.text for region in dict(plan.pages)["b.png"]] == ["first"]
    assert "twice" in plan.ambiguous[0]


def test_nothing_to_import_is_said(tmp_path, service):
    (tmp_path / "empty").mkdir()
    for source, name in ((tmp_path / "empty", "auto"), (tmp_path / "empty", "icdar2015")):
        problem = plan_import(source, name, None, service._workspace.folder, list(service._workspace.keys))
        assert isinstance(problem, Problem)
        assert problem.remedy


def test_an_import_stops_when_it_is_told_to_and_says_how_far_it_came(qtbot, service, labels):
    plan = planned(service, labels, "icdar2015", None)
    long = ImportPlan(plan.source, plan.format, plan.frame, plan.pages * 30)
    outcomes = []
    service.finished.connect(outcomes.append)
    with qtbot.waitSignal(service.progress):
        service.start_import(long, "add")
    service.cancel()
    assert outcomes[0].cancelled
    assert outcomes[0].pages == 2
    assert not service.running


def close(first, second, pixels):
    return len(first) == len(second) and np.abs(first - second).max() <= pixels


@pytest.mark.parametrize("name", [name for _, name in writable_formats()])
def test_what_is_exported_in_any_format_is_imported_again(qtbot, workspace, service, tmp_path, name):
    """Quads come back within a pixel in every format but the box format, in whatever orientation."""
    session = workspace.session
    session.apply_to("a.jpg", AddRegions([new_region(text_in_view(6), text="EXIT")]))
    session.apply_to("b.png", AddRegions([new_region(QUAD, text="ONE"), new_region(CURVED, text="two")]))
    export = ExportService(workspace)
    frame = usual_frame(name)
    if name == "icdar2015":
        plan = export.plan(None, frame)
        out = tmp_path / "out"
        with qtbot.waitSignal(export.written):
            export.write(plan, out)
    else:
        pages, untouched = export.gather(None)
        plan = plan_format(pages, workspace.folder, name, frame, untouched)
        assert isinstance(plan, FormatPlan)
        assert "1 image" in plan.report()
        out = tmp_path / "b"  # named as a folder of images for the format that writes folder names
        write_format(plan, out)
        if name == "yolo-obb":  # labels in parts of the size: it is read with the images beside it
            shutil.copytree(workspace.folder, out / "images", ignore=shutil.ignore_patterns(".*"))
    export.shutdown()
    assert plan.image_count == 2
    found = plan_import(out, name, None, workspace.folder, list(workspace.keys))
    assert isinstance(found, ImportPlan), found
    pages = dict(found.pages)
    assert set(pages) == {"a.jpg", "b.png"}
    assert found.unmatched == ()
    exact = name not in ("icdar2013", "ctw1500", "ctw1500-legacy", "td500")
    if exact:
        assert close(pages["a.jpg"][0].polygon, text_in_view(6), 1.0)
        assert close(pages["b.png"][0].polygon, np.array(QUAD, float), 1.0)
    centres = [region.polygon.mean(axis=0) for region in (*pages["a.jpg"], *pages["b.png"])]
    wanted = [np.mean(points, axis=0) for points in (text_in_view(6), QUAD, CURVED)]
    assert np.abs(np.array(centres) - np.array(wanted)).max() < 6
