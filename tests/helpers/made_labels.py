"""Labelled images made by hypothesis, and comparing what was written with what is read back."""

import numpy as np
from hypothesis import strategies as st

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.sample import TextInstance

NAMES = ("img_1.jpg", "img_2.jpg", "sub/a b.png", "sub/ünï.JPEG", "deep/er/c.webp", "dots.in.name.tif")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    st.sampled_from('"\\ ,#\ttrueflsn\n'), max_size=20
)
LINE_TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
LANGUAGES = st.sampled_from(["", "Latin", "Chinese"])


@st.composite
def polygons(draw, points=(3, 16), whole=False):
    """A star around a centre: simple, clockwise, at least some pixels large, partly outside of the image."""
    count = draw(st.integers(*points))
    reaches = draw(st.lists(st.floats(8, 300), min_size=count, max_size=count))
    centre = np.array([draw(st.floats(-50, 1000)), draw(st.floats(-50, 800))])
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False) + draw(st.floats(0, 1))
    polygon = centre + np.array(reaches)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.rint(polygon) if whole else polygon


@st.composite
def labelled_images(draw, outlines=None, texts=TEXTS, ignored_text=None, languages=LANGUAGES, names=NAMES):
    """A list of images, each name at most once.

    ignored_text: the transcription of ignored texts where a format leaves them none.
    """
    images = []
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=3)):
        instances = []
        for _ in range(draw(st.integers(0, 3))):
            ignore = draw(st.booleans())
            transcription = ignored_text if ignore and ignored_text is not None else draw(texts)
            polygon = draw(polygons() if outlines is None else outlines)
            instances.append(TextInstance(polygon, transcription, ignore, draw(languages)))
        size = (draw(st.integers(1, 5000)), draw(st.integers(1, 5000)))
        images.append(LabelledImage(name, tuple(instances), size))
    return images


def assert_same(found, expected, tolerance=0.0, names=str):
    """The same images with the same texts in the same order, polygons to the tolerance in pixels.

    names: what a format makes of the names of the images.
    """
    by_name = {image.image: image for image in found}
    assert len(by_name) == len(found)
    assert sorted(by_name) == sorted(names(image.image) for image in expected)
    for image in expected:
        other = by_name[names(image.image)]
        assert [facts(text) for text in other.instances] == [facts(text) for text in image.instances]
        for text, meant in zip(other.instances, image.instances, strict=True):
            assert text.polygon.shape == meant.polygon.shape
            assert np.abs(text.polygon - meant.polygon).max() <= tolerance


def facts(instance):
    """What an instance says apart from its polygon."""
    return instance.text, instance.ignore, instance.language
