"""Photographs with an EXIF orientation, all eight: shown, labelled, exported and imported."""

import numpy as np
import pytest
from PySide6.QtGui import QImage

from app.domain.edits import AddRegions
from app.domain.region import new_region
from app.services.export import ExportService
from app.services.workspace import Workspace
from app.storage.export_profile import PROFILE_FILE, ExportProfile, load_profile, save_profile
from app.storage.label_io import regions_of
from app.workers.image_pool import ImagePool
from tcm_core.config.data import AugmentConfig
from tcm_core.data.dataset import make_crop
from tcm_core.data.formats.icdar import read_icdar
from tcm_core.data.image_io import read_header
from tcm_core.data.layout import load_samples
from tests.helpers.turned_photos import (
    ORIENTATIONS,
    STORED_SIZE,
    TEXT,
    assert_same_quad,
    bright_quad,
    text_in_view,
    write_turned,
)

NAMES = [f"{orientation}.jpg" for orientation in ORIENTATIONS]


@pytest.fixture
def folder(tmp_path):
    for orientation in ORIENTATIONS:
        write_turned(tmp_path / "photos" / f"{orientation}.jpg", orientation)
    return tmp_path / "photos"


@pytest.fixture
def workspace(qtbot, folder, tmp_path):
    workspace = Workspace(tmp_path / "data home")
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(folder)
    for orientation in ORIENTATIONS:  # drawn on what is shown
        region = new_region(text_in_view(orientation), text=f"word {orientation}")
        workspace.session.apply_to(f"{orientation}.jpg", AddRegions((region,)))
    yield workspace
    workspace.close()


@pytest.fixture
def service(workspace):
    service = ExportService(workspace)
    yield service
    service.shutdown()


def pixels_of(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def exported(qtbot, service, out, frame=None):
    with qtbot.waitSignal(service.written):
        service.write(service.plan(frame=frame), out)
    return {orientation: read_icdar(out / f"gt_{orientation}.txt")[0] for orientation in ORIENTATIONS}


def test_pictures_are_shown_turned_and_regions_lie_on_them(qtbot, folder):
    pool = ImagePool()
    shown = {}
    pool.image_ready.connect(lambda key, image: shown.__setitem__(key, image))
    for orientation in ORIENTATIONS:
        key = f"{orientation}.jpg"
        pool.request(key, folder / key)
        qtbot.waitUntil(lambda key=key: key in shown)
        assert_same_quad(bright_quad(pixels_of(shown[key])), text_in_view(orientation))
    pool.shutdown()


def test_labels_are_exported_in_the_stored_frame_as_benchmarks_and_training_have_them(
    qtbot, service, tmp_path
):
    labels = exported(qtbot, service, tmp_path / "gt")
    for orientation in ORIENTATIONS:
        assert labels[orientation].polygon.tolist() == TEXT.tolist()
        assert labels[orientation].text == f"word {orientation}"


def test_labels_can_be_exported_as_the_pictures_are_shown(qtbot, service, tmp_path):
    labels = exported(qtbot, service, tmp_path / "gt", "view")
    for orientation in ORIENTATIONS:
        assert labels[orientation].polygon.tolist() == text_in_view(orientation).tolist()


def test_what_is_exported_can_be_trained_on(qtbot, service, folder, tmp_path):
    exported(qtbot, service, tmp_path / "gt")
    folder.rename(tmp_path / "images")
    samples = load_samples("icdar2015", tmp_path)
    assert len(samples) == 8
    for sample in samples:
        crop = make_crop(
            sample,
            AugmentConfig(size=224, scale=(0.9, 1.1), stretch=1, colour=0, blur=0, noise=0),
            (50, 50, 50),
            np.random.default_rng(0),
        )
        assert_same_quad(bright_quad(crop.image), crop.instances[0].polygon)


@pytest.mark.parametrize("frame", ["stored", "view"])
def test_what_is_imported_lies_on_the_picture_that_is_shown(qtbot, service, folder, tmp_path, frame):
    exported(qtbot, service, tmp_path / "gt", frame)
    for orientation in ORIENTATIONS:
        header = read_header(folder / f"{orientation}.jpg") if frame == "stored" else None
        (region,) = regions_of(read_icdar(tmp_path / "gt" / f"gt_{orientation}.txt"), header)
        assert region.polygon.tolist() == text_in_view(orientation).tolist()


def test_the_project_remembers_the_frame_of_its_exported_labels(qtbot, service, workspace, folder, tmp_path):
    assert service.frame == "stored"
    exported(qtbot, service, tmp_path / "one", "view")
    assert service.frame == "view"
    assert service.plan().frame == "view"
    workspace.close()
    again = Workspace(tmp_path / "data home")
    with qtbot.waitSignal(again.scan_finished):
        again.open_folder(folder)
    other = ExportService(again)
    assert other.plan().frame == "view"
    other.shutdown()
    again.close()


def test_planning_alone_remembers_nothing(service, workspace):
    service.plan(frame="view")
    assert service.frame == "stored"


@pytest.mark.parametrize("content", ["", "{", '{"frame": "sideways"}'])
def test_a_damaged_profile_counts_as_none(workspace, content):
    save_profile(workspace.db, ExportProfile(frame="view"))
    assert load_profile(workspace.db)[0].frame == "view"
    workspace.db.path.with_name(PROFILE_FILE).write_text(content, encoding="utf-8")
    profile, notice = load_profile(workspace.db)
    assert profile == ExportProfile()
    assert "kept as export.json.unusable" in (notice or "")
    assert workspace.db.path.with_name("export.json.unusable").read_text(encoding="utf-8") == content
    assert load_profile(workspace.db) == (ExportProfile(), None)


def test_the_report_says_that_pictures_are_turned_and_which_frame_is_written(service):
    stored, view = service.plan(frame="stored"), service.plan(frame="view")
    assert "Shown in another orientation than stored (EXIF): 7 images." in stored.report()
    assert "picture as it is stored." in stored.report()
    assert "picture as it is shown." in view.report()


def test_an_image_that_cannot_be_read_is_named_in_the_report(service, folder):
    (folder / "6.jpg").write_bytes(b"")
    plan = service.plan(frame="stored")
    assert plan.unread == ("6.jpg",)
    assert "6.jpg: the image cannot be read, so its orientation is not known" in plan.report()


def test_the_stored_size_is_what_the_file_says(folder):
    assert all(read_header(folder / name).stored_size == STORED_SIZE for name in NAMES)
