"""The export dialog: which frame the coordinates are in is a choice, and the project keeps it."""

import pytest

from app.domain.edits import AddRegions
from app.domain.region import new_region
from app.services.export import ExportService
from app.services.workspace import Workspace
from app.views.dialogs.export import FRAMES, ExportDialog
from tcm_core.data.formats.icdar import read_icdar
from tests.helpers.turned_photos import TEXT, text_in_view, write_turned


@pytest.fixture
def service(qtbot, tmp_path):
    write_turned(tmp_path / "photos" / "a.jpg", 6)
    workspace = Workspace(tmp_path / "data home")
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(tmp_path / "photos")
    workspace.session.apply_to("a.jpg", AddRegions((new_region(text_in_view(6), text="EXIT"),)))
    service = ExportService(workspace)
    yield service
    service.shutdown()
    workspace.close()


def dialog_for(qtbot, service, out):
    dialog = ExportDialog(service, [("All images", lambda: None)], out)
    qtbot.addWidget(dialog)
    return dialog


def export(qtbot, dialog, service):
    with qtbot.waitSignal(service.written):
        dialog.export_button.click()


def test_the_frame_is_chosen_in_the_dialog_and_offered_again(qtbot, service, tmp_path):
    dialog = dialog_for(qtbot, service, tmp_path / "gt")
    assert FRAMES[dialog.frame.currentIndex()][1] == "stored"
    assert "as it is stored" in dialog.report.toPlainText()
    export(qtbot, dialog, service)
    assert read_icdar(tmp_path / "gt" / "gt_a.txt")[0].polygon.tolist() == TEXT.tolist()

    dialog.frame.setCurrentIndex([frame for _, frame in FRAMES].index("view"))
    assert "as it is shown" in dialog.report.toPlainText()
    export(qtbot, dialog, service)
    assert read_icdar(tmp_path / "gt" / "gt_a.txt")[0].polygon.tolist() == text_in_view(6).tolist()
    again = dialog_for(qtbot, service, tmp_path)
    assert FRAMES[again.frame.currentIndex()][1] == "view"
