from contextlib import suppress

import numpy as np
import pytest
from fontTools import subset
from fontTools.ttLib import TTFont

from tcm_core.config.synth import FontConfig
from tcm_core.data.synth import fonts
from tcm_core.data.synth.fonts import find_fonts, load_font, read_face, system_folders
from tcm_core.data.synth.scripts import SCRIPTS
from tcm_core.errors import TcmError


@pytest.fixture
def digits_only(font_folder, tmp_path):
    """The built-in font without its letters."""
    path = tmp_path / "Digits-Regular.ttf"
    font = TTFont(font_folder / "Builtin-Regular.ttf")
    cutter = subset.Subsetter(subset.Options(drop_tables=["FFTM"]))
    cutter.populate(text="0123456789")
    cutter.subset(font)
    font.save(path)
    return path


def test_a_face_knows_its_characters(font_folder):
    face = read_face(font_folder / "Builtin-Regular.ttf")
    assert face.family == "Builtin"
    assert face.draws("Harbour 12 (x)!")
    assert not face.draws("Harbour 中")
    with TTFont(face.path) as font:
        known = font.getBestCmap()
    assert all(
        face.draws(chr(code)) == (code in known) for code in range(0x21, 0x3000) if not chr(code).isspace()
    )


@pytest.mark.parametrize("content", [b"", b"no font at all", b"\x00\x01\x00\x00\xff\xff" + bytes(60)])
def test_damaged_files_are_passed_over(tmp_path, font_folder, content):
    (tmp_path / "bad.ttf").write_bytes(content)
    (tmp_path / "good.ttf").write_bytes((font_folder / "Builtin-Regular.ttf").read_bytes())
    shelf = find_fonts(FontConfig(folders=(tmp_path,)), ["Latin"])
    assert [face.path for family in shelf.families["Latin"] for face in family] == [
        str(tmp_path / "good.ttf")
    ]


def test_a_cut_off_file_is_passed_over(tmp_path, font_folder):
    whole = (font_folder / "Builtin-Regular.ttf").read_bytes()
    for size in (20, 200, len(whole) // 2):
        (tmp_path / "cut.ttf").write_bytes(whole[:size])
        face = read_face(tmp_path / "cut.ttf")
        assert face is None or face.draws("a")


def test_a_font_of_digits_is_no_font_for_latin_text(digits_only, font_folder):
    with pytest.raises(TcmError, match=r"no font for Latin in .*apt install fonts-dejavu-core"):
        find_fonts(FontConfig(folders=(digits_only.parent,)), ["Latin"])
    shelf = find_fonts(FontConfig(folders=(digits_only.parent, font_folder)), ["Latin"])
    assert [family[0].family for family in shelf.families["Latin"]] == ["Builtin"]


def test_without_fonts_the_packages_are_named(tmp_path):
    with pytest.raises(TcmError, match="apt install fonts-noto-cjk"):
        find_fonts(FontConfig(folders=(tmp_path,)), ["Chinese"])


def test_a_missing_folder_of_fonts_is_named(tmp_path):
    with pytest.raises(TcmError, match=r"nowhere: no such folder of fonts"):
        find_fonts(FontConfig(folders=(tmp_path / "nowhere",)), ["Latin"])


def test_scripts_with_joined_letters_need_a_shaping_engine(font_folder, monkeypatch):
    monkeypatch.setattr(fonts.features, "check", lambda name: name != "raqm")
    with pytest.raises(TcmError, match="Arabic needs a shaping engine"):
        find_fonts(FontConfig(folders=(font_folder,)), ["Arabic"])


def test_symbol_fonts_are_left_out_and_faces_are_bounded(tmp_path, font_folder):
    content = (font_folder / "Builtin-Regular.ttf").read_bytes()
    for name in ("A-Bold", "A-Regular", "B-Regular", "NotoColorEmoji", "OpenSymbol"):
        (tmp_path / f"{name}.ttf").write_bytes(content)
    config = FontConfig(folders=(tmp_path,), per_script=2)
    families = find_fonts(config, ["Latin"]).families["Latin"]
    assert [[face.family for face in family] for family in families] == [["A"], ["B"]]


def test_a_text_gets_a_font_that_draws_all_of_it(tmp_path, font_folder, digits_only):
    (tmp_path / "Full-Regular.ttf").write_bytes((font_folder / "Builtin-Regular.ttf").read_bytes())
    shelf = find_fonts(FontConfig(folders=(tmp_path,)), ["Latin"])
    random = np.random.default_rng(0)
    assert shelf.draw("Latin", "Quay 7", random).family == "Full"
    assert shelf.draw("Latin", "Quay 七", random) is None


def test_fonts_are_kept_once_loaded(font_folder):
    path = str(font_folder / "Builtin-Regular.ttf")
    assert load_font(path, 31, False) is load_font(path, 31, False)


def test_system_fonts_are_found_for_the_scripts_that_they_have():
    found = {}
    for name in SCRIPTS:
        with suppress(TcmError):
            found |= find_fonts(FontConfig(), [name]).families
    if not found:
        pytest.skip(f"no font for any script in {system_folders()}")
    for name, families in found.items():
        assert all(face.share_of(SCRIPTS[name].alphabet()) >= 0.9 for (face, *_) in families)
