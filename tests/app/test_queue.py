"""Queues: what makes a page doubtful, what two heads or head and labels disagree on, and a stable order."""

import numpy as np
import pytest

from app.domain.level_set import KeptMaps
from app.domain.queue import agreed, contradictions, disagreement, doubt_of, in_queue, missed_places
from app.domain.region import new_region
from tcm_core.config.decode import DbDecode
from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection
from tcm_core.geometry.frame import ImageFrame


def box(x: float, y: float, width: float = 40, height: float = 20) -> np.ndarray:
    return np.array(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), dtype=np.float64)


def found(*places, score: float = 0.9) -> list[Detection]:
    return [Detection(box(*place), score) for place in places]


def kept(probability, language=None, content=(320, 640)) -> KeptMaps:
    """Maps of an image of 640 x 320 seen 1:1; what lies outside of content is padding."""
    plane = np.zeros((80, 160), np.uint8)
    for (top, bottom, left, right), value in probability:
        plane[top:bottom, left:right] = value
    cells = np.zeros((10, 20), np.uint8)
    for (top, bottom, left, right), value in language or ():
        cells[top:bottom, left:right] = value
    frame = ImageFrame(content, content, (320, 640))
    return KeptMaps(ImageMaps("db", frame, cells, {"probability": plane}), DbDecode(threshold=0.4))


def test_doubt_counts_the_share_of_pixels_that_are_neither_text_nor_none():
    doubt = doubt_of(kept([((0, 8, 0, 16), 128), ((40, 48, 0, 16), 255), ((60, 64, 0, 16), 102)]))
    assert doubt.mass == pytest.approx((8 * 16 + 4 * 16) / (80 * 160))
    assert doubt.edge == pytest.approx(4 * 16 / (80 * 160))  # 102/255 is the threshold itself
    entropy_of_102 = -(0.4 * np.log2(0.4) + 0.6 * np.log2(0.6))
    assert doubt.entropy == pytest.approx((8 * 16 + 4 * 16 * entropy_of_102) / (80 * 160), abs=1e-5)


def test_a_page_that_the_detector_is_sure_of_has_no_doubt():
    assert doubt_of(kept([((0, 80, 0, 80), 255)])) == (0.0, 0.0, 0.0, 0.0)


def test_padding_is_no_part_of_the_image():
    inside = kept([((0, 8, 0, 16), 128), ((40, 80, 0, 160), 128)], content=(160, 640))
    assert doubt_of(inside).mass == pytest.approx(8 * 16 / (40 * 160))


def test_text_that_the_language_map_sees_and_the_head_does_not_is_a_likely_miss():
    maps = kept([((8, 16, 16, 32), 255)], [((1, 2, 2, 4), 255), ((6, 8, 10, 14), 255), ((8, 9, 0, 1), 200)])
    first, second = missed_places(maps)
    assert first.tolist() == box(320, 192, 128, 64).tolist()
    assert second.tolist() == box(0, 256, 32, 32).tolist()
    assert doubt_of(maps).missed == 2


def test_the_rim_of_a_text_that_was_found_is_no_miss():
    assert missed_places(kept([((8, 16, 16, 32), 255)], [((0, 3, 1, 5), 255)])) == []


def test_heads_disagree_by_what_one_alone_found_and_by_their_outlines():
    one = found((0, 0), (100, 0), (200, 0))
    other = found((0, 0), (110, 0))
    assert disagreement(one, one) == 0
    assert disagreement(one, other) == pytest.approx(1 + 1 - 30 / 50)
    assert disagreement(other, one) == disagreement(one, other)
    assert disagreement(one, []) == 3


def test_both_heads_agree_on_texts_with_nearly_the_same_outline():
    one = found((0, 0), (100, 0), (200, 0))
    assert agreed(one, found((202, 0), (110, 0))) == [2]
    assert agreed(one, []) == []


def test_one_outline_cannot_be_agreed_on_twice():
    assert agreed(found((0, 0), (1, 0)), found((0, 0))) == [0]


def test_sure_detections_without_a_label_contradict_it_and_unsure_ones_do_not():
    labels = [new_region(box(0, 0)), new_region(box(300, 0, 80, 80), ignore=True)]
    detections = [*found((0, 1), (100, 0)), *found((200, 0), score=0.99), *found((0, 100), score=0.5)]
    assert contradictions(labels, detections) == [2, 1]
    assert contradictions(labels, found((310, 20))) == []  # in an unreadable part
    assert contradictions([], found((0, 0))) == [0]


def test_pages_that_are_alike_stay_in_their_order():
    keys = [f"p{n}" for n in range(6)]
    scores = {"p4": 2.0, "p1": 1.0, "p3": 1.0}
    assert in_queue(keys, scores) == ["p4", "p1", "p3", "p0", "p2", "p5"]
