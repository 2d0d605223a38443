"""Pictures of validation pages, and what TensorBoard is given."""

import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tcm_core.config.decode import DbDecode
from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.data.sample import Sample
from tcm_core.infer.predictor import Predictor
from tcm_core.train.events import all_events
from tcm_core.train.folder import RunFolder
from tcm_core.train.pictures import PictureWriter
from tcm_core.train.tensorboard import open_tensorboard
from tests.helpers.made_photos import made_dataset
from tests.helpers.tiny_model import tiny_checkpoint


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    with RunFolder(tmp_path / "run") as opened:
        yield opened


@pytest.fixture
def samples(tmp_path):
    return list(load_samples("icdar2015", made_dataset(tmp_path / "data", count=5)))


def test_the_same_pages_are_drawn_with_texts_and_score_map_at_every_validation(tmp_path, folder, samples):
    predictor = Predictor.load(tiny_checkpoint(tmp_path), "cpu")
    writer = PictureWriter(samples, folder, count=2)
    for step in (2, 400):
        writer.write(step, predictor, DbDecode(score_threshold=0.3))
    events = all_events(folder.events_file)
    assert [(event["event"], event["step"], event["file"]) for event in events] == [
        ("picture", 2, "pictures/step_000002/img_1.jpg"),
        ("picture", 2, "pictures/step_000002/img_3.jpg"),
        ("picture", 400, "pictures/step_000400/img_1.jpg"),
        ("picture", 400, "pictures/step_000400/img_3.jpg"),
    ]
    picture = read_image(folder.path / events[0]["file"]).astype(int)
    page = read_image(samples[0].image).astype(int)
    assert picture.shape == page.shape
    PictureWriter([Sample(samples[0].image, ())], folder).write(9, predictor, DbDecode(score_threshold=0.3))
    unlabelled = read_image(folder.path / "pictures" / "step_000009" / "img_1.jpg").astype(int)
    assert np.abs(unlabelled - page).mean() > 5, "no score map over the page"
    x, y = samples[0].instances[0].polygon[0].astype(int)
    greener = (picture - unlabelled)[..., 1]
    assert greener[y, x + 10] > 20, "the labelled outline is not there"
    assert np.abs(greener[y + 16, x + 10]) < 10, "more than the outline was drawn"


def test_large_pages_are_reduced_and_pages_of_one_name_are_told_apart(tmp_path, folder, samples):
    import cv2

    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        cv2.imwrite(str(tmp_path / place / "page.png"), np.zeros((100, 2048, 3), np.uint8))
    pages = [Sample(tmp_path / place / "page.png", ()) for place in ("a", "b")]
    predictor = Predictor.load(tiny_checkpoint(tmp_path), "cpu")
    PictureWriter(pages, folder).write(1, predictor, DbDecode())
    names = [event["file"] for event in all_events(folder.events_file)]
    assert names == ["pictures/step_000001/page_1.jpg", "pictures/step_000001/page_2.jpg"]
    assert read_image(folder.path / names[0]).shape == (50, 1024, 3)


def test_a_page_that_cannot_be_read_is_passed_over(tmp_path, folder, samples):
    samples[0].image.write_bytes(b"no picture")
    PictureWriter(samples[:2], folder).write(
        1, Predictor.load(tiny_checkpoint(tmp_path), "cpu"), DbDecode(score_threshold=0.3)
    )
    assert [event["file"] for event in all_events(folder.events_file)] == ["pictures/step_000001/img_2.jpg"]
    assert "no picture of img_1.png" in folder.log_file.read_text(encoding="utf-8")


def test_without_pages_nothing_is_drawn(folder, samples):
    PictureWriter([], folder).write(1, None, DbDecode())
    PictureWriter(samples, folder, count=0).write(1, None, DbDecode())
    assert not (folder.path / "pictures").exists()


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_tensorboard_shows_numbers_and_pictures(tmp_path, folder, samples):
    sink = open_tensorboard(folder, 0)
    folder.events.write("start", step=0)
    folder.events.write("step", step=10, losses={"text": 0.5, "bad": float("nan")}, lr=0.1, stage="real")
    folder.events.write("validation", step=10, hmean=0.25, decode={"head": "db", "threshold": 0.3})
    PictureWriter(samples, folder, count=1).write(
        10, Predictor.load(tiny_checkpoint(tmp_path), "cpu"), DbDecode()
    )
    sink.close()
    read = EventAccumulator(str(folder.tensorboard_dir))
    read.Reload()
    values = {tag: read.Scalars(tag)[0].value for tag in read.Tags()["scalars"]}
    assert values == pytest.approx(
        {
            "step/losses/text": 0.5,
            "step/lr": 0.1,
            "validation/hmean": 0.25,
            "validation/decode/threshold": 0.3,
        }
    )
    assert read.Scalars("step/lr")[0].step == 10
    assert read.Tags()["images"] == ["picture/img_1"]


def test_without_its_package_tensorboard_is_one_message(folder, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert open_tensorboard(folder, 0) is None
    assert "tensorboard is not installed" in folder.log_file.read_text(encoding="utf-8")
    assert not folder.tensorboard_dir.exists()
