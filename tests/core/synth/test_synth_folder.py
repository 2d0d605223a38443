"""`tcm synth` and what it leaves on disk."""

import re
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from tcm_core.cli.main import main
from tcm_core.config.load import load_config
from tcm_core.config.synth import SynthConfig
from tcm_core.data.formats.table import FORMATS
from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.data.synth.folder import label_folder, write_scenes
from tcm_core.data.synth.scene import SceneRenderer
from tcm_core.data.synth.sheet import contact_sheet
from tcm_core.errors import BadConfig, TcmError
from tests.conftest import REPOSITORY


@pytest.fixture
def small(plain):
    return plain.model_copy(
        update={
            "backgrounds": plain.backgrounds.model_copy(update={"short_side": 160}),
            "placement": plain.placement.model_copy(update={"height": (12.0, 24.0)}),
        }
    )


@pytest.fixture
def tcm(monkeypatch, capsys):
    """Runs the command line in this process and gives (exit status, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tcm", *map(str, arguments)])
        try:
            status = main()
        except SystemExit as stop:
            status = stop.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def settings(tmp_path, font_folder, word_list):
    """A configuration beside copies of the font and the words, which it names by relative paths."""
    (tmp_path / "in" / "fonts").mkdir(parents=True)
    (tmp_path / "in" / "fonts" / "A.ttf").write_bytes((font_folder / "Builtin-Regular.ttf").read_bytes())
    (tmp_path / "in" / "words").write_bytes(word_list.read_bytes())
    path = tmp_path / "in" / "synth.toml"
    path.write_text(
        "seed = 5\n[backgrounds]\nshort_side = 160\n[fonts]\nfolders = ['fonts']\n"
        "[words]\nlists = ['words']\n[shape]\ncurved = 0.5\n"
        "[placement]\nheight = [10, 24]\nblocks = [6, 9]\nmax_clutter = 60\nmax_unevenness = 60\n",
        encoding="utf-8",
    )
    return path


def test_any_number_of_workers_writes_the_same_files(small, tmp_path):
    one = list(write_scenes(small, tmp_path / "one", count=9, workers=1))
    two = list(write_scenes(small, tmp_path / "two", count=9, workers=2))
    assert [scene.labels.image for scene in one] == [f"img_{number}.jpg" for number in range(1, 10)]
    for a, b in zip(one, two, strict=True):
        assert (a.labels.image, a.labels.size) == (b.labels.image, b.labels.size)
        assert [text.text for text in a.labels.instances] == [text.text for text in b.labels.instances]
        for mine, other in zip(a.labels.instances, b.labels.instances, strict=True):
            np.testing.assert_array_equal(mine.polygon, other.polygon)
        files = [tmp_path / folder / "images" / a.labels.image for folder in ("one", "two")]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_what_is_written_is_what_streams(small, tmp_path):
    (written,) = write_scenes(small, tmp_path, count=1, workers=1)
    scene = SceneRenderer(small).scene(0)
    read = read_image(tmp_path / "images" / "img_1.jpg", "stored")
    assert read.shape == scene.image.shape
    assert written.labels.size == scene.image.shape[:2]
    assert np.abs(read.astype(int) - scene.image).mean() < 8  # JPEG
    assert len(written.labels.instances) == len(scene.instances) > 0


def test_a_folder_with_images_is_left_alone(small, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mine.jpg").write_bytes(b"precious")
    with pytest.raises(TcmError, match="there are files in it already"):
        list(write_scenes(small, tmp_path, count=1, workers=1))
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["mine.jpg"]


def test_the_command_writes_a_data_set_that_training_reads(tcm, settings, tmp_path):
    out = tmp_path / "out"
    status, text, log = tcm("synth", "--out", out, "--count", 3, "--config", settings)
    assert status == 0, log
    assert "3 scenes with " in text
    samples = load_samples("icdar2015", out)
    assert [sample.image.name for sample in samples] == ["img_1.jpg", "img_2.jpg", "img_3.jpg"]
    assert sum(len(sample.instances) for sample in samples) > 3
    assert f"with {sum(len(sample.instances) for sample in samples)} texts" in text


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.write is not None])
def test_every_format_that_can_be_written_is_read_back(tcm, settings, tmp_path, name):
    out = tmp_path / "out"
    status, _, log = tcm(
        "synth", "--out", out, "--format", name, "--count", 2, "--config", settings, "--level", "line"
    )
    assert status == 0, log
    read = {image.image: image for image in FORMATS[name].read(out / label_folder(name))}
    assert len(read) == 2
    renderer = SceneRenderer(_settings(settings))
    for index, stem in enumerate(("img_1", "img_2")):
        (labels,) = (image for key, image in read.items() if key.rsplit("/")[-1].split(".")[0] == stem)
        expected = renderer.scene(index).instances
        assert len(labels.instances) == len(expected) >= 2
        for mine, other in zip(labels.instances, expected, strict=True):
            # quad formats turn curves into rectangles; what all keep is where the text is
            middles = [
                polygon.min(axis=0) + np.ptp(polygon, axis=0) / 2 for polygon in (mine.polygon, other.polygon)
            ]
            np.testing.assert_allclose(*middles, atol=6)


def _settings(path):
    config = load_config(path, SynthConfig)
    fonts = config.fonts.model_copy(update={"folders": (path.parent / "fonts",)})
    words = config.words.model_copy(update={"lists": (path.parent / "words",)})
    return config.model_copy(update={"level": "line", "fonts": fonts, "words": words})


def test_the_sheet_shows_the_scenes_with_their_polygons(tcm, settings, tmp_path):
    out, sheet = tmp_path / "out", tmp_path / "sheet.png"
    status, _, log = tcm("synth", "--out", out, "--count", 2, "--config", settings, "--sheet", sheet)
    assert status == 0, log
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape == (312, 1630, 3)
    renderer = SceneRenderer(_settings(settings).model_copy(update={"level": "word"}))
    bare = [renderer.scene(index)._replace(instances=()) for index in range(2)]
    greener = pixels.astype(int) - contact_sheet(bare, columns=4, cell=(300, 400))[:, :1630]
    outlined = (greener[..., 1] > 40) | (greener[..., 0] < -40)
    assert 300 < outlined.sum() < 20_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "synthtext"), "--format synthtext: cannot be written. Choose one of: icdar2013"),
        (("--format", "nonsense"), "--format nonsense: cannot be written"),
        (("--dataset", "icdar2015"), "--dataset needs --backgrounds"),
        (("--backgrounds", "nowhere"), "nowhere: no such folder"),
        (("--config", "nowhere.toml"), "nowhere.toml: cannot be read"),
        (("--sheet", "sheet.pdf"), "give a name that ends with .jpg or .png"),
    ],
)
def test_bad_options_are_one_message_and_status_2(tcm, settings, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    default = () if "--config" in arguments else ("--config", settings)
    status, _, log = tcm("synth", "--out", tmp_path / "out", "--count", 1, *default, *arguments)
    assert status == 2
    assert message in log
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sede = 1", "unknown key sede; did you mean seed?"),
        ("[words]\nscripts = {Klingon = 1}", "words.scripts.Klingon"),
        ("[words]\nwords_per_line = [3, 2]", "expected 1 <= fewest <= most"),
        ("[placement]\nheight = [30, 10]", "the smaller value comes first"),
        ("[look]\nopacity = [0.5, 1.5]", "both values lie between 0 and 1"),
        ("[photo]\njpeg_quality = [0, 90]", "jpeg_quality"),
        ("[shape]\narc_degrees = [0, 90]", "both values are positive"),
        ("[look]\nsoftness = [-1, 0]", "no value is negative"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, message):
    (tmp_path / "synth.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig) as error:
        load_config(tmp_path / "synth.toml", SynthConfig)
    assert message in str(error.value)


def test_the_documented_configuration_renders(tcm, font_folder, tmp_path):
    """docs/synth/synth.toml, with one script and the one font that is everywhere."""
    documented = REPOSITORY / "docs" / "synth"
    shutil.copy(documented / "words.txt", tmp_path)
    text = (documented / "synth.toml").read_text(encoding="utf-8")
    changed = re.sub(r"(?m)^scripts = .*$", "", text).replace('dataset = "icdar2015"', 'dataset = ""')
    assert changed.count("\n") == text.count("\n")
    fonts = f"\n[fonts]\nfolders = [{str(font_folder)!r}]\n"
    (tmp_path / "synth.toml").write_text(changed + fonts, encoding="utf-8")
    assert load_config(documented / "synth.toml", SynthConfig).words.scripts["Chinese"] == 1
    status, _, log = tcm(
        "synth", "--config", tmp_path / "synth.toml", "--out", tmp_path / "out", "--count", 1
    )
    assert status == 0, log
