"""Photographs with an EXIF orientation, all eight: read, detected in and trained on in either frame."""

import numpy as np
import pytest
from PIL import Image

from tcm_core.config.data import AugmentConfig
from tcm_core.data.dataset import make_crop
from tcm_core.data.image_io import read_image, read_stored
from tcm_core.data.layout import load_samples
from tcm_core.evaluate.run import read_detections
from tcm_core.geometry.overlap import iou
from tcm_core.infer.folder import detect_folder
from tcm_core.infer.predictor import Predictor
from tests.helpers.photos import scene
from tests.helpers.turned_photos import (
    ORIENTATIONS,
    STORED_SIZE,
    TEXT,
    BrightTextFinder,
    assert_same_quad,
    bright_quad,
    text_in_view,
    write_turned,
)

every_orientation = pytest.mark.parametrize("orientation", ORIENTATIONS)


@every_orientation
def test_reading_gives_the_text_where_the_frame_has_it(tmp_path, orientation):
    path = write_turned(tmp_path / "a.jpg", orientation)
    assert_same_quad(bright_quad(read_image(path, "stored")), TEXT)
    assert_same_quad(bright_quad(read_image(path, "view")), text_in_view(orientation))
    assert_same_quad(bright_quad(read_stored(path).pixels), TEXT)
    assert_same_quad(bright_quad(read_stored(path, 2).pixels) * 2, TEXT)


@every_orientation
@pytest.mark.parametrize("frame", ["stored", "view"])
def test_detection_writes_coordinates_of_the_frame_asked_for(tmp_path, orientation, frame):
    photo = write_turned(tmp_path / "in" / "a.jpg", orientation)
    (outcome,) = detect_folder(
        BrightTextFinder(), [photo], tmp_path / "out", root=tmp_path / "in", frame=frame
    )
    assert outcome.status == "done"
    (found,) = read_detections(tmp_path / "out")["a"]
    assert_same_quad(found, TEXT if frame == "stored" else text_in_view(orientation))


def test_the_detector_finds_the_same_in_a_picture_however_it_is_stored(tmp_path):
    """Eight files that look alike; the texts found are the same to a few pixels of recompression."""
    shown = Image.fromarray(scene((240, 320), seed=1))
    turn = Image.Transpose
    to_stored = {
        2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM, 5: turn.TRANSPOSE,
        6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270,
    }  # fmt: skip
    photos = []
    for orientation in ORIENTATIONS:
        stored = shown if orientation == 1 else shown.transpose(to_stored[orientation])
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.jpg"
        stored.save(path, quality=98, subsampling=0, exif=exif)
        assert np.abs(read_image(path).astype(int) - np.asarray(shown)).mean() < 2
        photos.append(path)
    predictor = Predictor.load("db-small", "cpu")
    found = [[d.polygon for d in predictor.predict(read_image(path)).detections] for path in photos]
    assert len(found[0]) >= 1
    for others in found[1:]:
        assert len(others) == len(found[0])
        for polygon in found[0]:
            assert max(iou(polygon, other) for other in others) > 0.8


@every_orientation
@pytest.mark.parametrize("frame", ["stored", "view"])
def test_training_crops_fit_labels_of_either_frame(tmp_path, orientation, frame):
    """A data set in the stored frame, a folder of labelme files in the view frame."""
    from tcm_core.data.formats.labelled import LabelledImage
    from tcm_core.data.formats.table import FORMATS
    from tcm_core.data.sample import TextInstance

    write_turned(tmp_path / "images" / "a.jpg", orientation)
    name = "icdar2015" if frame == "stored" else "labelme"
    assert FORMATS[name].frame == frame
    text = TextInstance(TEXT if frame == "stored" else text_in_view(orientation), "TEXT")
    size = STORED_SIZE if frame == "stored" or orientation < 5 else STORED_SIZE[::-1]
    FORMATS[name].write([LabelledImage("a.jpg", (text,), size)], tmp_path / "gt")
    (sample,) = load_samples("folder", tmp_path, label_format=name)
    assert sample.frame == frame
    config = AugmentConfig(size=224, scale=(0.8, 1.2), stretch=1, colour=0, blur=0, noise=0)
    for seed in range(3):
        crop = make_crop(sample, config, (50, 50, 50), np.random.default_rng(seed))
        assert_same_quad(bright_quad(crop.image), crop.instances[0].polygon)
