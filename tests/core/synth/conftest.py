"""A font that is everywhere, and settings that leave nothing to blur the ink."""

import pytest
from PIL import ImageFont

from tcm_core.config.synth import (
    BackgroundConfig,
    FontConfig,
    LookConfig,
    PhotoConfig,
    PlacementConfig,
    ShapeConfig,
    SynthConfig,
    WordConfig,
)


@pytest.fixture(scope="session")
def font_folder(tmp_path_factory):
    """A folder with the one font that Pillow brings along."""
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "Builtin-Regular.ttf").write_bytes(ImageFont.load_default(20).font_bytes)
    return folder


@pytest.fixture(scope="session")
def word_list(tmp_path_factory):
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("harbour\nlighthouse\ngarden\nquay\nTower\nmuseum\nby\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def plain(font_folder, word_list):
    """Small scenes on textures: no blur, no noise, no night, no shadow, nothing see-through."""
    return SynthConfig(
        seed=7,
        backgrounds=BackgroundConfig(short_side=320),
        fonts=FontConfig(folders=(font_folder,)),
        words=WordConfig(lists=(word_list,)),
        placement=PlacementConfig(height=(16, 48), max_clutter=60, max_unevenness=60, blocks=(5, 9)),
        shape=ShapeConfig(curved=0),
        look=LookConfig(
            outline=0, shadow=0, plate=0, low_contrast=0, opacity=(1, 1), softness=(0, 0), texture=(0, 0)
        ),
        photo=PhotoConfig(low_light=0, blur=0, noise=0),
    )
