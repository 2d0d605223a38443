"""Which images are learnt from, and which never: by stem, list, light, seed and share."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from tcm_core.config.data import LeaveOut, SourceConfig
from tcm_core.data.image_io import list_images
from tcm_core.data.layout import load_samples
from tcm_core.data.night import NIGHT_LUMINANCE, mean_luminance, within_luminance
from tcm_core.data.packed import SamplePacker
from tcm_core.data.split import draw_split, few, listed_stems
from tcm_core.errors import BadConfig, BadImage

NAMES = [f"images/img_{number}.jpg" for number in range(1, 201)]


def samples_of(names, root):
    packer = SamplePacker(root, "stored")
    for name in names:
        packer.add(name, ())
    return packer.finish()


@pytest.fixture
def samples(tmp_path):
    return samples_of(NAMES, tmp_path)


def source(**values):
    return SourceConfig(root="x", **values)


def test_few_shot_subsets_lie_in_each_other_and_are_as_large_as_asked():
    subsets = [few(NAMES, share, seed=0) for share in (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)]
    assert [len(subset) for subset in subsets] == [2, 10, 20, 40, 100, 200]
    for smaller, larger in pairwise(subsets):
        assert set(smaller) < set(larger)
    assert subsets[-1] == NAMES


def test_few_shot_subsets_stay_the_same_when_images_come():
    more = [*NAMES, "images/img_201.jpg"]
    assert len(set(few(NAMES, 0.1, seed=0)) - set(few(more, 0.1, seed=0))) <= 1
    assert few(NAMES, 0.1, seed=0) != few(NAMES, 0.1, seed=1)


def test_a_few_shot_subset_is_the_published_one():
    """The draw is part of what is published: another one would make figures incomparable."""
    assert few(NAMES, 0.01, seed=0) == ["images/img_70.jpg", "images/img_155.jpg"]


def test_a_subset_is_never_empty():
    assert len(few(NAMES[:3], 0.01, seed=0)) == 1


def test_the_validation_images_do_not_depend_on_the_share(samples):
    whole = draw_split(samples, source(validation_share=0.1))
    tenth = draw_split(samples, source(validation_share=0.1, share=0.1))
    assert whole.validation == tenth.validation
    assert (len(whole.validation), len(whole.learnt), len(tenth.learnt)) == (20, 180, 18)
    assert not set(whole.learnt) & set(whole.validation)
    assert draw_split(samples, source(validation_share=0.1, seed=1)).validation != whole.validation


def test_stems_are_excluded_and_kept(samples):
    split = draw_split(samples, source(exclude=("img_1",), validation=("img_2", "img_3")))
    assert split.validation == ("images/img_2.jpg", "images/img_3.jpg")
    assert len(split.learnt) == 197
    assert "images/img_1.jpg" not in split.learnt


def test_every_nth_image_is_kept(tmp_path):
    six = samples_of(NAMES[:6], tmp_path)
    split = draw_split(six, source(exclude=("img_1",), validation_every=2))
    assert split.validation == ("images/img_3.jpg", "images/img_5.jpg")
    assert split.learnt == ("images/img_2.jpg", "images/img_4.jpg", "images/img_6.jpg")


def test_an_unknown_stem_is_refused(samples):
    with pytest.raises(BadConfig, match="no images called img_777"):
        draw_split(samples, source(validation=("img_777",)))


def test_the_list_of_total_text_names_the_images_of_art(tmp_path):
    path = tmp_path / "Total_Text_ID_vs_ArT_ID.list"
    path.write_text("poly_gt_img883.txt gt_3.txt\npoly_gt_img12.txt gt_34.txt\n\n", encoding="utf-8")
    assert listed_stems(path) == ["gt_3", "gt_34"]
    test_images = tmp_path / "Images" / "Test"
    test_images.mkdir(parents=True)
    (test_images / "img12.jpg").touch()
    assert listed_stems(path, test_images) == ["gt_34"]


def test_the_list_of_ctw1500_names_the_images_of_art(tmp_path):
    path = tmp_path / "CTW1500_ID_vs_ArT_ID.txt"
    path.write_bytes(b"gt_0\r\ngt_8\r\n")
    assert listed_stems(path) == ["gt_0", "gt_8"]


def test_listed_images_are_never_used(tmp_path):
    path = tmp_path / "CTW1500_ID_vs_ArT_ID.txt"
    path.write_text("gt_0\ngt_8\n", encoding="utf-8")
    art = samples_of([f"train_images/gt_{number}.jpg" for number in range(10)], tmp_path)
    split = draw_split(art, source(dataset="art", leave_out=(LeaveOut(list=path),), validation_every=4))
    used = {*split.learnt, *split.validation}
    assert len(used) == 8
    assert not used & {"train_images/gt_0.jpg", "train_images/gt_8.jpg"}


def test_a_list_of_another_data_set_an_empty_and_a_missing_one_are_refused(samples, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("gt_0\n", encoding="utf-8")
    with pytest.raises(BadConfig, match=r"none of the 1 images in .*list\.txt is in this data set"):
        draw_split(samples, source(leave_out=(LeaveOut(list=path),)))
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(BadConfig, match="names no image"):
        listed_stems(path)
    with pytest.raises(BadConfig, match="cannot be read"):
        listed_stems(tmp_path / "none.list")


def grey_photos(folder, *levels):
    (folder / "images").mkdir()
    for number, level in enumerate(levels, 1):
        Image.new("RGB", (8, 8), (level,) * 3).save(folder / "images" / f"img_{number}.png")
    return samples_of([f"images/img_{number}.png" for number in range(1, len(levels) + 1)], folder)


def test_the_night_slice_holds_the_dark_images(tmp_path):
    photos = grey_photos(tmp_path, 10, 59, 60, 200)
    assert draw_split(photos, source(luminance=(0, NIGHT_LUMINANCE))).learnt == (
        "images/img_1.png",
        "images/img_2.png",
    )
    assert draw_split(photos, source(luminance=(60, 256))).learnt == ("images/img_3.png", "images/img_4.png")


def test_luminance_is_that_of_the_grey_picture(tmp_path):
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "red.png")
    assert mean_luminance(tmp_path / "red.png") == 76


def test_an_image_that_cannot_be_measured_is_told_or_raised(tmp_path):
    photos = grey_photos(tmp_path, 10, 20)
    (tmp_path / "images" / "img_1.png").write_bytes(b"")
    told = []
    assert draw_split(photos, source(luminance=(0, 60)), told.append).learnt == ("images/img_2.png",)
    assert len(told) == 1
    with pytest.raises(BadImage, match="empty"):
        draw_split(photos, source(luminance=(0, 60)))


@pytest.mark.parametrize(
    ("folder", "count"),
    [
        ("icdar2015/train/images", 43),
        ("icdar2015/test/images", 19),
        ("msra_td500/train/images", 5),
        ("icdar2003/train/images", 1),
        ("backgrounds", 15),
    ],
)
def test_the_night_slices_of_the_public_sets_have_the_published_sizes(data_root, folder, count):
    assert len(within_luminance(list_images(data_root / folder), (0, NIGHT_LUMINANCE))) == count


def test_the_darkest_images_have_the_published_luminance(data_root):
    images = data_root / "icdar2015" / "train" / "images"
    found = [round(mean_luminance(images / f"img_{number}.jpg"), 1) for number in (217, 719, 199)]
    assert found == [9.0, 25.7, 27.9]


def test_packed_samples_are_the_samples_that_were_packed(data_root):
    samples = load_samples("td500", data_root / "msra_td500")
    packer = SamplePacker(samples.root, samples.frame)
    for index, sample in enumerate(samples):
        packer.add(samples.name(index), sample.instances)
    again = packer.finish()
    for one, other in zip(samples, again, strict=True):
        assert one.image == other.image
        for text, same in zip(one.instances, other.instances, strict=True):
            assert np.array_equal(text.polygon, same.polygon)
            assert (text.text, text.ignore, text.language) == (same.text, same.ignore, same.language)
    taken = samples.take([4, 2])
    assert [sample.image for sample in taken] == [samples[4].image, samples[2].image]
    assert [sample.image for sample in samples[1:3]] == [samples[1].image, samples[2].image]
