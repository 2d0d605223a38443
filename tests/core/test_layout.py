import numpy as np
import pytest
from PIL import Image

from tcm_core.data.layout import load_samples
from tcm_core.errors import BadLabels

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
    with pytest.raises(BadLabels, match="unknown data set 'icdar2051'; known: icdar2015, images"):
        load_samples("icdar2051", root)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadLabels, match=r"images.*no such folder"):
        load_samples("icdar2015", tmp_path)


def test_a_folder_without_images_is_named(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(BadLabels, match="no image in it"):
        load_samples("icdar2015", tmp_path)


def test_a_missing_label_file_is_named_with_its_image(root):
    (root / "gt" / "gt_img_2.txt").unlink()
    with pytest.raises(BadLabels, match=r"gt_img_2\.txt: no such label file, for img_2\.png \(1 of 3 images"):
        load_samples("icdar2015", root)


def test_two_images_that_would_share_labels_are_refused(root):
    Image.new("RGB", (20, 10)).save(root / "images" / "img_2.jpg")
    with pytest.raises(BadLabels, match=r"would share the labels .*gt_img_2\.txt"):
        load_samples("icdar2015", root)


def test_a_broken_label_file_is_named_by_line(root):
    (root / "gt" / "gt_img_2.txt").write_text(f"{LINE}a\n1,2,3\n")
    with pytest.raises(BadLabels, match=r"gt_img_2\.txt line 2: 3 numbers"):
        load_samples("icdar2015", root)


def test_the_public_data_set_is_complete(data_root):
    samples = load_samples("icdar2015", data_root / "icdar2015" / "test")
    assert len(samples) == 500
    instances = [instance for sample in samples for instance in sample.instances]
    assert len(instances) == 5230
    assert sum(not instance.ignore for instance in instances) == 2077
    assert samples[0].image.name == "img_1.jpg"
