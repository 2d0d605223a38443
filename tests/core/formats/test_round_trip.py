"""What a format can hold comes back exactly as it was written, to the precision of the format."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS
from tcm_core.data.formats.td500 import parse_line
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import is_simple
from tests.helpers.labels import box, plain, read

CASES = int(os.environ.get("TCM_FUZZ_CASES", "20"))


def star(values):
    """A polygon of whole pixels, clockwise on the screen: a corner in each of n directions."""
    x, y, radii = values
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return np.rint([x, y] + np.array(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def stars(least, most):
    radii = st.lists(st.floats(5, 400), min_size=least, max_size=most)
    return st.tuples(st.integers(-50, 2000), st.integers(-50, 2000), radii).map(star).filter(is_simple)


place, length = st.integers(-100, 3000), st.integers(1, 900)
boxes = st.tuples(place, place, length, length).map(lambda v: box(v[0], v[1], v[0] + v[2], v[1] + v[3]))
turned = st.tuples(place, place, length, length, st.floats(-1.57, 1.57)).map(
    lambda v: parse_line(f"0 0 {v[0]} {v[1]} {v[2]} {v[3]} {v[4]:.6f}").polygon
)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
signs = st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")
one_line = st.text(signs, max_size=12) | st.sampled_from(
    ['"', '""', '"a"', "a,b", "'", "\\", "\\'", "]", "[u'a']", " a ", "####", "1,2,3", "##", "\x1c", "\u2028"]
)  # fmt: skip
field = one_line.map(lambda text: text.replace(",", "").strip())
languages = st.sampled_from(["", "Latin", "Chinese", "Mixed"])


def instances(polygons, texts, *, mark="###", keeps_text=False, languages=languages):
    """Texts as a format can hold them: ignored ones say nothing but the mark, and no other text says it."""
    counted = st.builds(
        TextInstance, polygons, texts.filter(lambda text: text != mark), st.just(False), languages
    )
    ignored = st.builds(
        TextInstance, polygons, texts if keeps_text else st.just(mark), st.just(True), languages
    )
    return st.lists(counted | ignored, max_size=4)


nothing, none = st.just(""), st.just("")
HELD = {
    "icdar2013": instances(boxes, one_line, languages=none),
    "icdar2015": instances(stars(4, 4), one_line, languages=none),
    "mlt2017": instances(stars(4, 4), one_line),
    "mlt2019": instances(stars(4, 4), one_line),
    "art": instances(stars(3, 20), any_text, keeps_text=True),
    "totaltext": instances(stars(3, 20), one_line, mark="#", languages=none),
    "ctw1500": instances(stars(14, 14), one_line, languages=none),
    "ctw1500-legacy": st.lists(st.builds(TextInstance, stars(14, 14)), max_size=4),
    "td500": st.lists(st.builds(TextInstance, turned, nothing, st.booleans()), max_size=4),
    "polygon-list": instances(stars(3, 20), field, languages=none),
}


WAYS = [(name, zipped) for name in HELD for zipped in (False, True) if (name, zipped) != ("art", True)]


@pytest.mark.parametrize(("name", "zipped"), WAYS)
@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_what_a_format_holds_comes_back(tmp_path_factory, name, zipped, data):
    texts = data.draw(st.lists(HELD[name], min_size=1, max_size=3))
    images = [LabelledImage(f"sub/img_{number}", tuple(found)) for number, found in enumerate(texts)]
    out = tmp_path_factory.mktemp("labels") / ("labels.zip" if zipped else "labels")
    report = FORMATS[name].write(images, out)
    assert report.changed == ()
    again, problems = read(name, out)
    assert problems == []
    expected = [plain(image) for image in images]
    if zipped:  # a folder around everything does not count
        expected = [(image.removeprefix("sub/"), found) for image, found in expected]
    found = [plain(image) for image in again]
    if name == "td500":  # angles have six decimals
        assert same_to_a_hundredth(found, expected)
    else:
        assert found == expected


def same_to_a_hundredth(images, others):
    assert [(image, [entry[1:] for entry in found]) for image, found in images] == [
        (image, [entry[1:] for entry in found]) for image, found in others
    ]
    pairs = zip(
        [entry[0] for _, found in images for entry in found],
        [entry[0] for _, found in others for entry in found],
        strict=True,
    )
    return all(np.abs(np.subtract(one, other)).max() < 0.01 for one, other in pairs)
