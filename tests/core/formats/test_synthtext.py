import gc
import tracemalloc

import numpy as np
import pytest

from tcm_core.data.formats.mat5 import MatFile
from tcm_core.data.formats.table import FORMATS
from tests.helpers.labels import CURVED, QUAD, box, findings, plain, put, read

scipy_io = pytest.importorskip("scipy.io")


def column(values):
    cells = np.empty((1, len(values)), dtype=object)
    cells[0, :] = values
    return cells


def boxes(*polygons):
    return np.stack([polygon.T for polygon in polygons], axis=2)


def save(path, images, packed=False):
    """A gt.mat of (name, wordBB, lines)."""
    names, word_boxes, texts = zip(*images, strict=True)
    variables = {
        "charBB": column([np.zeros((2, 4, 3)) for _ in names]),
        "imnames": column(names),
        "wordBB": column(word_boxes),
        "txt": column([np.array(lines) for lines in texts]),
    }
    scipy_io.savemat(path, variables, do_compression=packed)
    return path


GOOD = (
    "8/ballet_1.jpg",
    boxes(QUAD, box(1, 2, 9, 8), QUAD + 0.25),
    ["two words   ", "third"],
)


@pytest.mark.parametrize("packed", [False, True])
def test_words_are_split_at_white_space_and_one_word_needs_no_third_dimension(tmp_path, packed):
    one = ("9/b.jpg", QUAD.T, ["Harbour"])
    several = ("8/ballet_1.jpg", boxes(QUAD, box(1, 2, 9, 8), QUAD + 0.25), ["two \nwords   ", "third"])
    path = save(tmp_path / "gt.mat", [several, one], packed)
    images, problems = read("synthtext", path)
    assert problems == []
    assert [plain(image) for image in images] == [
        (
            "8/ballet_1.jpg",
            [
                (QUAD.tolist(), "two", False, ""),
                (box(1, 2, 9, 8).tolist(), "words", False, ""),
                ((QUAD + 0.25).tolist(), "third", False, ""),
            ],
        ),
        ("9/b.jpg", [(QUAD.tolist(), "Harbour", False, "")]),
    ]
    assert [image.image for image in read("synthtext", tmp_path)[0]] == ["8/ballet_1.jpg", "9/b.jpg"]


def test_images_whose_words_and_boxes_do_not_fit_are_named_and_the_known_ones_left_out(tmp_path):
    nan = QUAD * np.nan
    path = save(
        tmp_path / "gt.mat",
        [
            ("a.jpg", boxes(QUAD, QUAD), ["one"]),
            ("67/fruits_129_18.jpg", boxes(QUAD, QUAD), ["one"]),
            ("../b.jpg", QUAD.T, ["one"]),
            ("c.jpg", boxes(nan), ["one"]),
            ("d.jpg", np.zeros((3, 4)), ["one"]),
            ("e.jpg", np.array(["letters"]), ["one"]),
            ("f.jpg", boxes(QUAD * 1e9), ["one"]),
            (7.0, QUAD.T, ["one"]),
            ("g.jpg", QUAD.T, ["good"]),
        ],
    )
    images, problems = read("synthtext", path)
    assert [image.image for image in images] == ["g.jpg"]
    assert [problem.removeprefix(f"{path}: image ").split(".")[0] for problem in problems] == [
        "1: 2 boxes but 1 words",
        "3: the path '",
        "4: a coordinate is too large or not a number",
        "5: its boxes have the sizes (3, 4), expected 2 x 4 x n",
        "6: its boxes are not numbers",
        "7: a coordinate is too large or not a number",
        "8: its name is not one text",
    ]


def test_columns_of_different_lengths_missing_variables_and_damage_are_named(tmp_path):
    path = tmp_path / "gt.mat"
    names, quads, texts = column(["a", "b"]), column([QUAD.T] * 2), column([np.array(["x"])] * 2)
    scipy_io.savemat(path, {"imnames": names, "wordBB": quads, "txt": texts[:, :1]})
    images, problems = read("synthtext", path)
    assert len(images) == 1
    assert "imnames, wordBB and txt differ in length" in problems[0]
    scipy_io.savemat(path, {"imnames": names, "wordBB": quads})
    assert "no variable 'txt' in it" in read("synthtext", path)[1][0]
    scipy_io.savemat(path, {"imnames": np.zeros(3), "wordBB": quads, "txt": texts})
    assert "variable 'imnames' is no cell array" in read("synthtext", path)[1][0]
    whole = save(path, [GOOD, GOOD]).read_bytes()
    put(path, whole[:-200])
    assert "damaged or cut off" in read("synthtext", path)[1][0]
    packed = save(path, [GOOD] * 50, packed=True).read_bytes()
    put(path, packed[:400] + b"\x00" * 40 + packed[440:])
    images, problems = read("synthtext", path)
    assert len(problems) == 1


def test_crossing_and_flat_words_are_found_by_the_check(tmp_path):
    flat = np.array([[1.0, 1], [5, 5], [9, 9], [7, 7]])
    path = save(tmp_path / "gt.mat", [("a.jpg", boxes(QUAD[[0, 2, 1, 3]], flat, QUAD - 300), ["a b c"])])
    assert [finding.split(": ")[2].split(".")[0] for finding in findings("synthtext", path)] == [
        "the polygon crosses itself",
        "the polygon has no area",
        "a corner has a negative coordinate",
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_memory_does_not_grow_with_the_number_of_images(tmp_path, packed):
    def peak(count):
        path = save(tmp_path / "gt.mat", [(f"{number}.jpg", *GOOD[1:]) for number in range(count)], packed)
        gc.collect()
        tracemalloc.start()
        try:
            found = sum(1 for _ in FORMATS["synthtext"].read(path))
            return found, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(400), peak(4000)
    assert (few[0], many[0]) == (400, 4000)
    assert many[1] < few[1] + 1_000_000  # all together take 7 million


def test_every_kind_of_value_is_read_as_scipy_wrote_it(tmp_path):
    values = {
        **{
            str(np.dtype(kind)): np.arange(6, dtype=kind).reshape(2, 3)
            for kind in ("i1", "u2", "i8", "f4", "f8")
        },
        "rows": np.array(["one", "second "]),
        "nested": column([column(["x", np.zeros((0, 0))]), CURVED]),
        "structure": {"a": 1.0},
        "complex": np.array([1 + 2j]),
    }
    scipy_io.savemat(tmp_path / "a.mat", values)
    file = MatFile(tmp_path / "a.mat")
    assert file.names == frozenset(values)
    for name in ("int8", "uint16", "int64", "float32", "float64"):
        assert file.value(name).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert file.value("rows") == ("one", "second")
    nested = file.value("nested")
    assert nested.shape == (1, 2)
    assert nested.entries[0].entries[0] == ("x",)
    assert nested.entries[0].entries[1].size == 0
    assert nested.entries[1].tolist() == CURVED.tolist()
    assert file.value("structure") is None
    assert file.value("complex") is None
