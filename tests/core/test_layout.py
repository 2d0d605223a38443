from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from tcm_core.config.data import DatasetName
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS
from tcm_core.data.layout import DATASETS, load_samples
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels
from tcm_core.geometry.polygon import as_points

LINE = "1,1,9,1,9,5,1,5,"


@pytest.fixture
def root(tmp_path):
    """Two images with labels, one of them in a sub-folder."""
    for folder in ("images/b", "gt/b"):
        (tmp_path / folder).mkdir(parents=True)
    for name, text in (("img_10", "ten"), ("img_2", "two"), ("b/img_1", "###")):
        Image.new("RGB", (20, 10)).save(tmp_path / "images" / f"{name}.png")
        folder, _, stem = name.rpartition("/")
        (tmp_path / "gt" / folder / f"gt_{stem}.txt").write_text(LINE + text)
    return tmp_path


def test_every_image_comes_with_its_own_labels_in_natural_order(root):
    samples = load_samples("icdar2015", root)
    found = [(s.image.relative_to(root / "images").as_posix(), s.instances[0].text) for s in samples]
    assert found == [("b/img_1.png", "###"), ("img_2.png", "two"), ("img_10.png", "ten")]
    assert samples[0].instances[0].ignore
    assert np.array_equal(samples[1].instances[0].polygon, [[1, 1], [9, 1], [9, 5], [1, 5]])


def test_a_plain_folder_has_images_and_no_labels(root):
    samples = load_samples("images", root / "images")
    assert len(samples) == 3
    assert all(sample.instances == () for sample in samples)


def test_an_unknown_data_set_is_named_with_the_known_ones(root):
    with pytest.raises(BadLabels, match="unknown data set 'icdar2051'; known: icdar2013, icdar2015, mlt2017"):
        load_samples("icdar2051", root)


def test_a_part_that_has_no_labels_is_refused(root):
    with pytest.raises(BadLabels, match="synthtext has no part 'test' with labels; it has train"):
        load_samples("synthtext", root, part="test")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadLabels, match=r"none: no such folder.*icdar2015"):
        load_samples("icdar2015", tmp_path / "none")


def test_an_empty_folder_gets_every_layout_that_would_do_and_where_the_data_can_be_had(tmp_path):
    with pytest.raises(BadLabels) as caught:
        load_samples("icdar2015", tmp_path, part="test")
    words = str(caught.value)
    assert "images and gt" in words
    assert "ch4_test_images and Challenge4_Test_Task1_GT" in words
    assert "https://rrc.cvc.uab.es/?ch=4" in words


@pytest.mark.parametrize(("there", "missing"), [("images", "gt"), ("gt", "images")])
def test_the_half_that_is_missing_is_named(tmp_path, there, missing):
    (tmp_path / there).mkdir()
    with pytest.raises(BadLabels, match=rf"/{missing}: no such folder or file.*; {there} is there"):
        load_samples("icdar2015", tmp_path)


def test_a_folder_without_images_is_named(root):
    for image in (root / "images").rglob("*.png"):
        image.unlink()
    with pytest.raises(BadLabels, match="images: no image in it"):
        load_samples("icdar2015", root)


def test_an_image_without_labels_is_named(root):
    (root / "gt" / "gt_img_2.txt").unlink()
    with pytest.raises(BadLabels, match=r"img_2\.png: no labels for it .* \(1 of 3 images have none\)"):
        load_samples("icdar2015", root)


def test_images_without_labels_are_left_out_and_listed_when_somebody_listens(root):
    (root / "gt" / "gt_img_2.txt").unlink()
    skipped = []
    samples = load_samples("icdar2015", root, on_skipped=skipped.append)
    assert [sample.image.name for sample in samples] == ["img_1.png", "img_10.png"]
    assert [Path(problem.file).name for problem in skipped] == ["img_2.png"]


def test_labels_that_fit_no_image_at_all_are_refused_even_then(root):
    for image in list((root / "images").rglob("*.png")):
        image.rename(image.with_stem(f"photo{image.stem}"))
    with pytest.raises(BadLabels, match="3 of 3 images have none"):
        load_samples("icdar2015", root, on_skipped=lambda _problem: None)


def test_labels_of_images_that_are_not_there_are_passed_over(root):
    (root / "gt" / "gt_img_99.txt").write_text(LINE)
    assert len(load_samples("icdar2015", root)) == 3


def test_two_images_that_would_share_labels_are_refused(root):
    Image.new("RGB", (20, 10)).save(root / "images" / "img_2.jpg")
    with pytest.raises(BadLabels, match=r"img_2\.(png|jpg) would share the labels of 'img_2'"):
        load_samples("icdar2015", root)


def test_a_broken_label_file_is_named_by_line(root):
    (root / "gt" / "gt_img_2.txt").write_text(f"{LINE}a\n1,2,3\n")
    with pytest.raises(BadLabels, match=r"gt_img_2\.txt line 2: 3 numbers"):
        load_samples("icdar2015", root)


def test_the_table_names_what_configurations_may_name():
    assert {*DATASETS, "synthetic"} == set(get_args(DatasetName))


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_names_formats_that_exist_and_their_frame(name):
    dataset = DATASETS[name]
    for places in dataset.parts.values():
        for place in places:
            if place.labels and place.format != "auto":
                assert FORMATS[place.format].frame == dataset.frame
    assert set(dataset.images) <= set(dataset.parts)


WORD = TextInstance(as_points([[2, 2], [12, 2], [12, 8], [2, 8]]), "word")
STRIP = TextInstance(
    as_points([*([x, 2 + x % 2] for x in range(2, 16, 2)), *([x, 8 + x % 2] for x in range(14, 0, -2))]),
    "strip",
)
PLACES = [
    (name, part, index)
    for name, dataset in DATASETS.items()
    for part, places in dataset.parts.items()
    for index, place in enumerate(places)
    if place.labels and FORMATS.get(place.format) and FORMATS[place.format].write
]


@pytest.mark.parametrize(("name", "part", "index"), PLACES)
def test_a_data_set_is_found_in_every_layout_that_the_table_names(tmp_path, name, part, index):
    """Images and labels written into the folders of a row come back as samples."""
    place = DATASETS[name].parts[part][index]
    images = tmp_path / place.images.replace("*", "_1")
    images.mkdir(parents=True, exist_ok=True)
    for stem in ("img_2", "img_10"):
        Image.new("RGB", (20, 10)).save(images / f"{stem}.jpg")
    instance = STRIP if place.format.startswith("ctw1500") else WORD
    labelled = [LabelledImage(f"{stem}.jpg", (instance,), (10, 20)) for stem in ("img_2", "img_10")]
    FORMATS[place.format].write(labelled, tmp_path / place.labels)
    samples = load_samples(name, tmp_path, part=part)
    assert [sample.image.name for sample in samples] == ["img_2.jpg", "img_10.jpg"]
    assert [sample.instances[0].text for sample in samples] in ([instance.text] * 2, ["", ""])
    assert np.abs(samples[0].instances[0].polygon.mean(axis=0) - instance.polygon.mean(axis=0)).max() <= 1
    assert samples[0].frame == "stored"


@pytest.mark.parametrize("root", [".", "SynthText"])
def test_synthtext_is_found_by_its_gt_mat(tmp_path, root):
    scipy_io = pytest.importorskip("scipy.io")
    names = ["8/ballet_1.jpg", "67/fruits_2.jpg"]
    boxes, texts, images = np.empty((1, 2), object), np.empty((1, 2), object), np.empty((1, 2), object)
    for column, name in enumerate(names):
        path = tmp_path / root / name
        path.parent.mkdir(parents=True)
        Image.new("RGB", (40, 30)).save(path)
        corners = WORD.polygon.T[:, :, None] + np.array([0, 10])
        images[0, column], boxes[0, column] = name, corners
        texts[0, column] = np.array([f"two words{column}"])
    scipy_io.savemat(tmp_path / root / "gt.mat", {"imnames": images, "wordBB": boxes, "txt": texts})
    samples = load_samples("synthtext", tmp_path)
    assert [sample.image.relative_to(tmp_path / root).as_posix() for sample in samples] == sorted(names)[::-1]
    assert [text.text for text in samples[0].instances] == ["two", "words0"]
    assert samples[0].instances[1].polygon.tolist() == (WORD.polygon + 10).tolist()


def test_several_folders_of_images_belong_together(tmp_path):
    for number in (1, 2):
        folder = tmp_path / f"ch8_training_images_{number}"
        folder.mkdir()
        Image.new("RGB", (20, 10)).save(folder / f"img_{number}.jpg")
    labels = tmp_path / "ch8_training_localization_transcription_gt_v2"
    labels.mkdir()
    for number in (1, 2):
        (labels / f"gt_img_{number}.txt").write_text(f"{LINE}Latin,word\n")
    samples = load_samples("mlt2017", tmp_path)
    assert [sample.image.name for sample in samples] == ["img_1.jpg", "img_2.jpg"]
    assert samples[0].instances[0].language == "Latin"


@pytest.mark.parametrize("label_format", ["auto", "labelme"])
def test_a_plain_folder_of_any_format_is_read_in_that_formats_frame(tmp_path, label_format):
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg")
    FORMATS["labelme"].write([LabelledImage("a.jpg", (WORD,), (10, 20))], tmp_path)
    (sample,) = load_samples("folder", tmp_path, label_format=label_format)
    assert sample.instances[0].polygon.tolist() == WORD.polygon.tolist()
    assert sample.frame == FORMATS["labelme"].frame


def test_an_unknown_label_format_is_refused(root):
    with pytest.raises(BadLabels, match="unknown label format 'labelmi'; known: "):
        load_samples("folder", root, label_format="labelmi")


def test_the_public_data_set_is_complete(data_root):
    samples = load_samples("icdar2015", data_root / "icdar2015", part="test")
    assert len(samples) == DATASETS["icdar2015"].images["test"]
    instances = [instance for sample in samples for instance in sample.instances]
    assert len(instances) == 5230
    assert sum(not instance.ignore for instance in instances) == samples.legible_texts() == 2077
    assert samples[0].image.name == "img_1.jpg"


def test_text_lines_at_any_angle_are_complete(data_root):
    samples = load_samples("td500", data_root / "msra_td500")
    instances = [instance for sample in samples for instance in sample.instances]
    assert (len(samples), len(instances), sum(i.ignore for i in instances)) == (300, 1068, 101)
    assert sum(not sample.instances for sample in samples) == 6
