"""Export: the report comes first, the files hold the labels, failures are in words and lose nothing."""

import zipfile
from pathlib import Path

import pytest

from app.domain.edits import AddRegions, SetReview
from app.domain.region import new_region
from app.services.export import ExportPlan, ExportService, write_plan
from app.services.workspace import Workspace
from app.workers.messages import Problem
from tcm_core.data.formats.icdar import read_icdar

QUAD = ((10, 10), (60, 10), (60, 30), (10, 30))
CURVED = ((10, 40), (30, 35), (60, 40), (60, 60), (30, 55), (10, 60))
LINE = ((5, 5), (50, 5), (90, 5))


@pytest.fixture
def workspace(qtbot, tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg", "3.jpg", "sub/1.jpg"):
        (folder / name).touch()
    workspace = Workspace(tmp_path / "data home")
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(folder)
    yield workspace
    workspace.close()


@pytest.fixture
def service(workspace):
    service = ExportService(workspace)
    yield service
    service.shutdown()


def label(workspace: Workspace) -> None:
    session = workspace.session
    session.apply_to(
        "1.jpg", AddRegions((new_region(QUAD, text="EXIT, 5"), new_region(CURVED, text="curved")))
    )
    session.apply_to("2.jpg", SetReview("approved"))
    session.open_page("sub/1.jpg")
    session.apply(AddRegions((new_region(QUAD, ignore=True), new_region(LINE))))


def files(folder: Path) -> list[str]:
    """All but backups, which a thread makes after the folder was opened."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if "backups" not in path.parts)


def test_the_plan_says_what_will_be_changed_and_writes_nothing(service, workspace, tmp_path):
    label(workspace)
    before = files(tmp_path)
    plan = service.plan()
    assert isinstance(plan, ExportPlan)
    assert [item.key for item in plan.items] == ["1.jpg", "2.jpg", "sub/1.jpg"]
    assert plan.region_count == 3
    assert plan.changes == 2
    assert plan.untouched == 1
    report = plan.report()
    assert "3 regions of 3 images" in report
    assert "no regions and are not approved: 1 image." in report
    assert "turned into the smallest rectangle: 1 region." in report
    assert "they cannot be written: 1 region." in report
    assert "1.jpg: 1 region does not have four corners (2)" in report
    assert "sub/1.jpg: region 2 will be left out" in report
    assert files(tmp_path) == before


def test_a_rejected_page_without_regions_does_not_say_that_there_is_no_text(service, workspace):
    label(workspace)
    workspace.session.apply_to("3.jpg", SetReview("rejected"))
    plan = service.plan()
    assert [item.key for item in plan.items] == ["1.jpg", "2.jpg", "sub/1.jpg"]


def test_the_files_hold_the_labels(qtbot, service, workspace, tmp_path):
    label(workspace)
    out = tmp_path / "out"
    with qtbot.waitSignal(service.written) as written:
        service.write(service.plan(), out)
    assert files(out) == ["gt_1.txt", "gt_2.txt", "sub/gt_1.txt"]
    assert sorted(written.args[0]) == sorted(out / name for name in files(out))
    first, second = read_icdar(out / "gt_1.txt")
    assert first.polygon.tolist() == [list(point) for point in QUAD]
    assert (first.text, first.ignore) == ("EXIT, 5", False)
    assert second.text == "curved"
    assert len(second.polygon) == 4
    assert (out / "gt_2.txt").read_text() == ""
    (ignored,) = read_icdar(out / "sub" / "gt_1.txt")
    assert ignored.ignore
    assert not service.writing


def test_a_zip_holds_the_same_side_by_side(qtbot, service, workspace, tmp_path):
    label(workspace)
    target = tmp_path / "labels.zip"
    with qtbot.waitSignal(service.written):
        service.write(service.plan(), target, as_zip=True)
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names)) == 3
        assert all("/" not in name for name in names)
    assert "another image would give" in service.plan().report(as_zip=True)


def test_only_chosen_pages_are_planned(service, workspace):
    label(workspace)
    assert [item.key for item in service.plan(["1.jpg", "3.jpg"]).items] == ["1.jpg"]


def test_the_open_page_is_exported_as_it_is_shown(service, workspace):
    label(workspace)
    workspace.session.apply(AddRegions((new_region(QUAD),)))
    (item,) = service.plan(["sub/1.jpg"]).items
    assert item.report.written == 2


def test_a_place_that_cannot_be_written_is_a_problem_in_words(qtbot, service, workspace, tmp_path):
    label(workspace)
    (tmp_path / "file").write_text("in the way")
    with qtbot.waitSignal(service.failed) as failed:
        service.write(service.plan(), tmp_path / "file" / "out")
    problem = failed.args[0]
    assert isinstance(problem, Problem)
    assert str(tmp_path / "file" / "out") in problem.where
    assert "safe" in problem.remedy
    assert not service.writing
    assert (tmp_path / "file").read_text() == "in the way"


def test_two_exports_at_once_are_refused(qtbot, service, workspace, tmp_path):
    label(workspace)
    plan = service.plan()
    with qtbot.waitSignals([service.written, service.failed]):
        service.write(plan, tmp_path / "out")
        service.write(plan, tmp_path / "out 2")
    assert not (tmp_path / "out 2").exists()


def test_without_a_window_writing_waits_and_tells(workspace, service, tmp_path):
    label(workspace)
    written = write_plan(service.plan(), tmp_path / "out")
    assert [path.name for path in written] == ["gt_1.txt", "gt_2.txt", "gt_1.txt"]


def test_without_a_folder_there_is_nothing_to_export(qtbot, tmp_path):
    service = ExportService(Workspace(tmp_path))
    problem = service.plan()
    assert isinstance(problem, Problem)
    assert "No folder" in problem.what
    service.shutdown()
