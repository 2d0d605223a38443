"""Every reader, fed with damaged and made-up files, ends with BadLabels or a result and nothing else.

A few cases of each reader run with the other tests. The long run, 10,000 cases of each reader:

    TCM_FUZZ_CASES=10000 python -m pytest -p no:xdist --timeout=0 tests/core/formats/test_fuzz.py
"""

import io
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.source import is_contained
from tcm_core.data.formats.table import FORMATS
from tcm_core.errors import BadLabels
from tests.helpers.labels import CURVED, QUAD, text

CASES = int(os.environ.get("TCM_FUZZ_CASES", "25"))
SLANTED = np.array([[210.0, 220], [310, 230], [306, 270], [206, 260]])
IMAGES = [
    LabelledImage("a.png", (text(QUAD, "Harbour, 茶", language="Latin"), text(SLANTED, '"Tea"')), (480, 640)),
    LabelledImage("b.png", (text(CURVED, "it's"), text(QUAD, "", ignore=True)), (480, 640)),
]
TOKENS = [
    b"", b",", b" ", b'"', b"'", b"\\", b"\n", b"\r", b"\t", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe",
    b"-", b"\x1c", b"\x85", b".", b"#", b"###", b"####", b"nan", b"NaN", b"Infinity", b"1e999", b"-1", b"0",
    b"9" * 20, b"9" * 5000, b"null", b"true", b"{", b"}", b"[", b"]", b"[[", b":", b"x:", b"[]", b"{}",
    b"<", b">", b"</", b"&", b"&#0;", b"&a;", b"<!DOCTYPE a>", b"..", b"../", b"/",
    b"\xe2\x80\xa8", b"\\ud800", b"\x0e\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80",
]  # fmt: skip


def matlab(variables, packed):
    scipy_io = pytest.importorskip("scipy.io")
    buffer = io.BytesIO()
    scipy_io.savemat(buffer, variables, do_compression=packed)
    return buffer.getvalue()


def cells(*values):
    column = np.empty((1, len(values)), dtype=object)
    column[0, :] = values
    return column


def seeds_of(name, folder):
    """Good files of a format: file name and content."""
    if name == "synthtext":
        quads = np.stack([QUAD.T, SLANTED.T], axis=2)
        variables = {
            "imnames": cells("8/a.jpg", "b.jpg"), "wordBB": cells(quads, QUAD.T),
            "txt": cells(np.array(["two words"]), np.array(["one"])),
        }  # fmt: skip
        return [("gt.mat", matlab(variables, packed)) for packed in (False, True)]
    row = FORMATS[name]
    assert row.write is not None
    row.write(IMAGES, folder)
    found = [
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    ]
    numbers = ",".join(str(int(value)) for value in np.ravel(np.concatenate([QUAD, CURVED, SLANTED])[:14]))
    found += {
        "icdar2013": [("gt_100.txt", b'158 128 411 181 "Footway"\r\n1 2 3 4 "a b"\r\n')],
        "icdar2015": [("gt_9.txt", "\ufeff1,2,9,2,9,9,1,9,a\r\n".encode("utf-16-le"))],
        "td500": [("IMG_1.JPG.txt", b"10,20,110,20,110,60,10,60,0\n1,2,9,2,5,8,1\n")],
        "ctw1500": [("0200.xml", f"<a><image><box><segs>{numbers}</segs></box></image></a>".encode())],
        "totaltext": [("gt_7.mat", totaltext_mat(packed)) for packed in (False, True)],
        "cvat": [
            ("annotations.xml", cvat_xml(folder)),
            ("default/c_GT.txt", b'1 2 3 20 40 10 20 30 60 "H"\n4 5 6 - - 30 20 50 60 "i"\n\n#7 8 9\n'),
        ],
        "ppocrlabel": [
            ("Cache.cach", b'a/a.png\t[{"transcription": "a", "points": [[1, 2], [3, 2], [3, 4]]}]\n'),
        ],
        "labelme": [
            ("c.json", b'{"imagePath": "..\\\\c.png", "shapes": [{"label": "a", "points": [[1, 2]]}]}'),
        ],
    }.get(name, [])  # fmt: skip
    return found


def cvat_xml(folder):
    FORMATS["cvat"].write(IMAGES, folder / "a.xml")
    content = (folder / "a.xml").read_bytes()
    return content.replace(b"</image>", b'<box xtl="1" ytl="2" xbr="3" ybr="4" rotation="30"/></image>')


def totaltext_mat(packed):
    table = np.empty((2, 6), dtype=object)
    for number, polygon in enumerate((QUAD, CURVED)):
        table[number] = "x:", polygon[:, 0][None].astype(np.int16), "y:", polygon[:, 1][None], "word", "c"
    return matlab({"polygt": table}, packed)


@pytest.fixture(scope="module", params=list(FORMATS))
def seeds(request, tmp_path_factory):
    """(format, its good files, a folder to write damaged ones into, with images beside)."""
    folder = tmp_path_factory.mktemp("fuzz")
    images = folder / "case" / "images"
    images.mkdir(parents=True)
    for image in ("a.png", "b.png"):
        Image.new("RGB", (640, 480)).save(images / image)
    good = seeds_of(request.param, folder / "good")
    return request.param, [seed for seed in good if not seed[0].endswith(".png")], folder / "case"


programs = st.binary(max_size=24)  # four bytes a change: what, where (two), and what with


def changed(content, program):
    """The content with the changes of a program made one after another."""
    for start in range(0, len(program) - 3, 4):
        what, high, low, other = program[start : start + 4]
        at = (high * 256 + low) * len(content) >> 16
        token = TOKENS[other] if other < len(TOKENS) else bytes([other])
        length = 1 + other % 64
        match what % 5:
            case 0:
                content = content[:at] + token + content[at:]
            case 1:
                content = content[:at] + token + content[at + len(token) :]
            case 2:
                content = content[:at] + content[at + length :]
            case 3:
                content = content[: at + length] + content[at:]
            case 4:
                content = content[:at]
    return content


def check(name, source):
    """Reads a source in both ways and looks at what comes out."""
    problems = []
    images = list(FORMATS[name].read(source, problems.append))
    for image in images:
        assert image.image
        assert is_contained(image.image)
        for instance in image.instances:
            assert instance.polygon.dtype == np.float64
            assert instance.polygon.ndim == 2
            assert instance.polygon.shape[0] >= 3
            assert instance.polygon.shape[1] == 2
            assert np.isfinite(instance.polygon).all()
            assert isinstance(instance.text, str)
            instance.text.encode()
            assert isinstance(instance.language, str)
    assert all(problem.what and problem.remedy and problem.file for problem in problems)
    strict = strictly(name, source)
    assert strict == (str(problems[0]) if problems else [image.image for image in images])
    if source.is_file():
        FORMATS[name].recognise(source)


def strictly(name, source):
    """The names of the images, or the message of BadLabels."""
    try:
        return [image.image for image in FORMATS[name].read(source)]
    except BadLabels as error:
        return str(error)


@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(which=st.integers(0, 99), alone=st.booleans(), program=programs, made_up=st.binary(max_size=200))
def test_damaged_and_made_up_files(seeds, which, alone, program, made_up):
    name, good, folder = seeds
    file, content = good[which % len(good)]
    content = changed(content, program) if which >= 8 else made_up
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        check(name, path if alone else folder)
    finally:
        path.unlink()


@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(
        st.text(max_size=12) | st.sampled_from(["gt_a.txt", "../a.txt", "a/gt_..txt"]), max_size=3
    ),
    program=programs,
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_damaged_zips(tmp_path_factory, names, program):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"10,20,110,20,110,60,10,60,Harbour\n" * 3)
    content = changed(buffer.getvalue(), program)
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(content)
    problems = []
    for image in FORMATS["icdar2015"].read(path, problems.append):
        assert is_contained(image.image)
