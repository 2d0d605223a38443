import numpy as np
import pytest
from PIL import Image

from tcm_core.config.synth import BackgroundConfig
from tcm_core.data.synth.backgrounds import Backgrounds
from tcm_core.errors import BadImage, BadLabels

MAGENTA = (255, 0, 255)


@pytest.fixture
def labelled(tmp_path):
    """A data set whose texts, ignored ones too, are magenta boxes on green ground."""
    root, random = tmp_path / "set", np.random.default_rng(0)
    for name in ("images", "gt"):
        (root / name).mkdir(parents=True)
    for index in range(1, 5):
        image, lines = np.full((480, 640, 3), (40, 160, 60), np.uint8), []
        for number in range(5):
            x, y = random.integers(0, (560, 440))
            image[y : y + 40, x : x + 80] = MAGENTA
            text = "###" if number % 2 else "text"
            lines.append(f"{x},{y},{x + 80},{y},{x + 80},{y + 40},{x},{y + 40},{text}")
        Image.fromarray(image).save(root / "images" / f"img_{index}.png")
        (root / "gt" / f"gt_img_{index}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def draw(config, count=20):
    backgrounds = Backgrounds.find(config)
    return [backgrounds.draw(np.random.default_rng(seed)) for seed in range(count)]


def test_cuts_hold_no_labelled_text_legible_or_not(labelled):
    config = BackgroundConfig(
        folder=labelled, dataset="icdar2015", short_side=128, min_cut=64, zoom=(0.8, 1.0)
    )
    for background in draw(config):
        assert min(background.image.shape[:2]) == 128
        assert background.image[..., 0].max() < 80  # no red: no magenta


def test_without_the_labels_the_texts_would_be_in_the_cuts(labelled):
    config = BackgroundConfig(folder=labelled / "images", short_side=128, zoom=(0.8, 1.0))
    assert any(background.image[..., 0].max() > 200 for background in draw(config))


def test_scenes_have_the_short_side_and_at_most_the_aspect_asked_for(tmp_path):
    Image.new("RGB", (900, 200), (10, 20, 30)).save(tmp_path / "wide.png")
    for background in draw(BackgroundConfig(folder=tmp_path, short_side=160, max_aspect=1.5)):
        height, width = background.image.shape[:2]
        assert height == 160
        assert width <= 1.5 * 160 + 2


def test_a_damaged_photograph_is_passed_over_and_reported(tmp_path):
    Image.new("RGB", (300, 200), (10, 20, 30)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    backgrounds = draw(BackgroundConfig(folder=tmp_path, short_side=128))
    assert all((background.image[0, 0] == (10, 20, 30)).all() for background in backgrounds)
    problems = [problem for background in backgrounds for problem in background.problems]
    assert problems
    assert all("bad.png" in problem for problem in problems)


def test_a_folder_of_damaged_photographs_is_an_error(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"")
    with pytest.raises(BadImage, match=r"bad\.jpg: the file is empty"):
        draw(BackgroundConfig(folder=tmp_path), 1)


def test_photographs_full_of_text_are_replaced_by_textures(labelled):
    config = BackgroundConfig(folder=labelled, dataset="icdar2015", short_side=128, min_cut=400)
    for background in draw(config, 4):
        assert not background.problems
        assert background.image.shape[2] == 3


def test_missing_and_empty_folders_and_unknown_data_sets_are_named(tmp_path):
    with pytest.raises(BadImage, match="no such folder"):
        Backgrounds.find(BackgroundConfig(folder=tmp_path / "nowhere"))
    with pytest.raises(BadImage, match="no image in it"):
        Backgrounds.find(BackgroundConfig(folder=tmp_path))
    with pytest.raises(BadLabels, match="unknown data set 'icdar1815'"):
        Backgrounds.find(BackgroundConfig(folder=tmp_path, dataset="icdar1815"))


def test_textures_differ_and_are_the_same_for_the_same_random_numbers():
    one, again = draw(BackgroundConfig(short_side=128), 8), draw(BackgroundConfig(short_side=128), 8)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, again, strict=True))
    means = {tuple(background.image.mean(axis=(0, 1)).round(1)) for background in one}
    assert len(means) == 8
    assert all(background.image.std() > 2 for background in one)
