"""The grammar of the list's filter."""

import numpy as np
import pytest

from app.domain.page import Page
from app.domain.page_filter import FilterError, PageContent, PageFacts, parse, text_height, uncertainty
from app.domain.region import new_region
from app.storage.contents import read_contents
from app.storage.project_db import PredictionRow, ProjectDb
from tcm_core.detection import Detection
from tcm_core.geometry.orientation import turn_polygon

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))
PAGES = {
    "empty": PageFacts("street/img_1.jpg", "unseen", 0, PageContent()),
    "found": PageFacts("street/img_2.jpg", "detected", 0, PageContent(scores=(0.3, 0.95))),
    "edited": PageFacts(
        "shop/sign one.png", "edited", 3,
        PageContent("exit\ncafé 24", (0.61,), (8.0, 30.0), "blurred\nask anna"),
    ),
    "approved": PageFacts("shop/a:b.png", "approved", 6, PageContent("straße".casefold(), (), (40.0,) * 6)),
}  # fmt: skip


def found(text):
    wanted = parse(text)
    return {name for name, facts in PAGES.items() if wanted.matches(facts)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set(PAGES)),
        ("   ", set(PAGES)),
        ("street", {"empty", "found"}),
        ("STREET 2", {"found"}),
        ("sign one", {"edited"}),
        ('"sign one"', {"edited"}),
        ('"one sign"', set()),
        ('"a:b"', {"approved"}),
        ("-street", {"edited", "approved"}),
        ("state:approved", {"approved"}),
        ("State:unseen,DETECTED", {"empty", "found"}),
        ("state:app", {"approved"}),
        ("-state:approved shop", {"edited"}),
        ("text:exit", {"edited"}),
        ("text:EXIT", {"edited"}),
        ('text:"café 24"', {"edited"}),
        ("text:STRASSE", {"approved"}),
        ("text:", {"edited", "approved"}),
        ("-text:", {"empty", "found"}),
        ("count:0", {"empty", "found"}),
        ("count:=3", {"edited"}),
        ("count:>3", {"approved"}),
        ("count:>=3", {"edited", "approved"}),
        ("count:<=3 count:>0", {"edited"}),
        ("count:[3,6]", {"edited", "approved"}),
        ("score:[0.2,0.6]", {"found"}),
        ("score:[0.2, 0.6] street", {"found"}),
        ("score:>.9", {"found"}),
        ("size:<12", {"edited"}),
        ("size:[30,40]", {"edited", "approved"}),
        ("comment:anna", {"edited"}),
        ("comment:", {"edited"}),
    ],
)
def test_pages_are_found(text, names):
    assert found(text) == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour:red", "no field 'colour'"),
        ("state:done", "no state 'done'"),
        ("state:", "no state ''"),
        ("state:edited,", "no state ''"),
        ("count:many", "is no number"),
        ("count:", "is no number"),
        ("count:5x", "is no number"),
        ("count:[1,2", "is no number"),
        ("score:[0.6,0.2]", "is empty"),
        ("score:[a,b]", "is no number"),
        ('text:"open', "quotation mark"),
    ],
)
def test_what_is_no_filter_is_said_with_what_is_possible(text, words):
    with pytest.raises(FilterError, match=words.replace("[", r"\[")):
        parse(text)


def test_only_filters_of_the_content_need_it():
    assert not parse("name state:edited count:>1").needs_content
    for text in ("text:a", "score:1", "size:1", "comment:a", "name -text:a"):
        assert parse(text).needs_content


@pytest.mark.parametrize("angle", [0, 17, 90, 133])
def test_the_height_of_a_text_does_not_depend_on_its_direction(angle):
    turn = np.array(
        ((np.cos(np.radians(angle)), -np.sin(np.radians(angle))),
         (np.sin(np.radians(angle)), np.cos(np.radians(angle))))
    )  # fmt: skip
    box = np.array(((0, 0), (90, 0), (90, 12), (0, 12)), float) @ turn.T
    assert text_height(box.tolist()) == pytest.approx(12)
    assert text_height(turn_polygon(box, (200, 300), 5, to="view").tolist()) == pytest.approx(12)


def test_the_height_of_a_bent_text_is_that_of_its_band():
    angles = np.linspace(0, np.pi / 2, 20)
    arc = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    assert text_height(np.concatenate((arc * 120, arc[::-1] * 100)).tolist()) == pytest.approx(20, rel=0.02)


def test_the_height_of_a_line_is_nothing():
    assert text_height([[0, 0], [5, 5], [9, 9]]) == pytest.approx(0, abs=1e-9)


def test_certain_detections_make_a_certain_picture():
    assert uncertainty(()) == uncertainty((0.0, 1.0)) == 0
    assert uncertainty((0.5,)) == 1
    assert uncertainty((0.6, 0.5)) == pytest.approx(1.8)


def test_what_the_project_file_says_is_what_the_pages_say(tmp_path):
    pages = {
        "a.jpg": Page((new_region(SQUARE, text="Exit", score=0.5), new_region(np.array(SQUARE) * 2))),
        "b.jpg": Page((), "approved"),
    }
    db = ProjectDb.open(tmp_path)
    for key, page in pages.items():
        db.save_edit(key, page, "Add", "edit")
    square = new_region(SQUARE).polygon
    for key in ("b.jpg", "c.jpg"):
        db.save_predictions(key, PredictionRow("h", "n", "{}", (Detection(square, 0.75),)))
    found = read_contents(db.path, lambda: True)
    assert found["a.jpg"].texts == "exit"
    assert found["a.jpg"].scores == (0.5,)
    assert found["a.jpg"].sizes == pytest.approx((10, 20))
    assert found["a.jpg"].edited_at > 0
    assert found["b.jpg"].scores == found["c.jpg"].scores == (0.75,)
    assert found["c.jpg"].uncertainty == pytest.approx(0.5)
    assert found["c.jpg"].edited_at == 0
    db._connection.execute("UPDATE pages SET regions = '[{}]' WHERE key = 'a.jpg'")
    assert read_contents(db.path, lambda: True)["a.jpg"].texts == ""
    db.close()
