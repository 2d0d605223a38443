"""Export through the dialog: any format with its report first, the choice kept, approved pages live."""

import json

import pytest

from app.domain.edits import AddRegions, SetReview, SetText
from app.domain.region import new_region
from app.services.export import ExportService
from app.services.live_export import LiveExport
from app.services.workspace import Workspace
from app.views.dialogs.export import ExportDialog
from tests.helpers.photos import write_photos

QUAD = ((10, 10), (60, 10), (60, 30), (10, 30))
CURVED = ((10, 40), (30, 35), (60, 40), (60, 60), (30, 55), (10, 60))


@pytest.fixture
def workspace(qtbot, tmp_path):
    write_photos(tmp_path / "photos", ("a.jpg", "b.png", "c.jpg"))
    workspace = Workspace(tmp_path / "data home")
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(tmp_path / "photos")
    regions = new_region(QUAD, text="EXIT"), new_region(CURVED, text="curved")
    workspace.session.apply_to("a.jpg", AddRegions(regions))
    yield workspace
    workspace.close()


@pytest.fixture
def service(workspace):
    service = ExportService(workspace)
    yield service
    service.shutdown()


@pytest.fixture
def live(workspace, service):
    live = LiveExport(workspace, service)
    session = workspace.session
    session.page_changed.connect(live._page_changed)  # the folder was open before
    yield live
    live.shutdown()


def dialog_for(qtbot, service, out):
    scopes = [("All images", lambda: None), ("This image", lambda: ["a.jpg"])]
    dialog = ExportDialog(service, scopes, out)
    qtbot.addWidget(dialog)
    return dialog


def choose(qtbot, dialog, service, name):
    with qtbot.waitSignal(service.planned):
        dialog.format.setCurrentIndex(dialog.format.findData(name))


def test_the_report_says_what_the_format_cannot_hold_before_anything_is_written(qtbot, service, tmp_path):
    dialog = dialog_for(qtbot, service, tmp_path / "gt")
    choose(qtbot, dialog, service, "icdar2013")
    report = dialog.report.toPlainText()
    assert "2 regions of 1 image" in report
    assert "What this format cannot hold" in report
    assert "a.jpg: region 2: the polygon became its bounding box" in report
    assert not (tmp_path / "gt").exists()
    choose(qtbot, dialog, service, "labelme")
    assert "cannot hold" not in dialog.report.toPlainText()
    choose(qtbot, dialog, service, "coco")
    assert not dialog.zip.isEnabled()


def test_format_scope_and_folder_are_offered_again(qtbot, service, tmp_path):
    dialog = dialog_for(qtbot, service, tmp_path / "gt")
    choose(qtbot, dialog, service, "labelme")
    with qtbot.waitSignal(service.planned):
        dialog.scope.setCurrentIndex(1)
    dialog.folder.setText(str(tmp_path / "elsewhere"))
    with qtbot.waitSignal(service.written):
        dialog.export_button.click()
    written = json.loads((tmp_path / "elsewhere" / "a.json").read_text(encoding="utf-8"))
    assert [shape["description"] for shape in written["shapes"]] == ["EXIT", "curved"]
    again = dialog_for(qtbot, service, tmp_path / "gt")
    assert again.format.currentData() == "labelme"
    assert again.scope.currentText() == "This image"
    assert again.folder.text() == str(tmp_path / "elsewhere")


def test_a_folder_that_cannot_be_written_is_said_and_the_labels_are_safe(qtbot, service, tmp_path):
    (tmp_path / "file").write_text("in the way")
    dialog = dialog_for(qtbot, service, tmp_path / "file" / "gt")
    choose(qtbot, dialog, service, "totaltext")
    with qtbot.waitSignal(service.failed):
        dialog.export_button.click()
    assert "safe in the project" in dialog.outcome.text()
    assert dialog.export_button.isEnabled()


@pytest.mark.parametrize(("name", "file"), [("totaltext", "poly_gt_a.txt"), ("coco", "annotations.json")])
def test_an_approved_page_is_written_again_at_once(qtbot, service, live, workspace, tmp_path, name, file):
    dialog = dialog_for(qtbot, service, tmp_path / "gt")
    choose(qtbot, dialog, service, name)
    dialog.live.setChecked(True)
    session = workspace.session
    session.open_page("a.jpg")
    with qtbot.waitSignal(live.written) as written:
        session.apply(SetReview("approved"))
    assert written.args == [1]
    assert "EXIT" in (tmp_path / "gt" / file).read_text(encoding="utf-8")
    with qtbot.waitSignal(live.written):  # still approved, with another text
        session.apply(SetText(session.page.regions[0].id, "AUSGANG"))
    assert "AUSGANG" in (tmp_path / "gt" / file).read_text(encoding="utf-8")
    session.open_page("b.png")
    session.apply_to("b.png", SetReview("rejected"))
    dialog.live.setChecked(False)
    session.apply_to("a.jpg", SetReview("rejected"))
    session.apply_to("a.jpg", SetReview("approved"))
    live.write_now()
    live.shutdown()
    assert "AUSGANG" in (tmp_path / "gt" / file).read_text(encoding="utf-8")


def test_two_images_of_one_label_file_are_not_exported_over_each_other(
    qtbot, tmp_path, service, live, workspace
):
    folder = write_photos(tmp_path / "photos", ("a.png",))
    workspace._keys.append("a.png")  # found after the folder was opened
    assert (folder / "a.png").exists()
    dialog = dialog_for(qtbot, service, tmp_path / "gt")
    dialog.live.setChecked(True)
    workspace.session.open_page("a.jpg")
    with qtbot.waitSignal(live.failed) as failed:
        workspace.session.apply(SetReview("approved"))
    assert "would share one label file" in failed.args[0].what
    assert not (tmp_path / "gt").exists()
