"""Detections that lie under regions."""

from dataclasses import replace

import numpy as np

from app.domain.covered import Covered
from app.domain.region import frozen_polygon, new_region
from tcm_core.detection import Detection
from tests.helpers.text_shapes import text_outline


def detection(x):
    return Detection(text_outline(4, at=(x, 100.0)), 0.9, "quad")


def test_a_detection_under_a_region_is_covered_and_comes_back_when_the_region_leaves():
    covered = Covered()
    covered.set_detections([detection(100), detection(400), detection(700)])
    region = new_region(text_outline(4, at=(402.0, 101.0)))
    assert covered.under([region]) == {1}
    assert covered.under([region]) == {1}
    moved = replace(region, polygon=region.polygon + np.array((300.0, 0.0)))
    assert covered.under([moved]) == {2}
    assert covered.under([]) == frozenset()


def test_half_an_overlap_decides():
    covered = Covered()
    covered.set_detections([detection(100)])
    assert covered.under([new_region(text_outline(4, at=(139.0, 100.0)))]) == {0}
    assert covered.under([new_region(text_outline(4, at=(142.0, 100.0)))]) == frozenset()


def test_other_detections_forget_the_old_ones():
    covered = Covered()
    covered.set_detections([detection(100)])
    region = new_region(text_outline(4, at=(100.0, 100.0)))
    assert covered.under([region]) == {0}
    covered.set_detections([detection(500), detection(100)])
    assert covered.under([region]) == {1}
    covered.set_detections([Detection(np.zeros((4, 2)), 0.9, "quad")])
    assert covered.under([region]) == frozenset()


def test_the_detection_that_a_region_was_accepted_from_stays_covered_however_it_is_corrected():
    source, neighbour = Detection(text_outline(4), 0.75, "quad"), Detection(text_outline(4), 0.5, "quad")
    covered = Covered()
    covered.set_detections([neighbour, source])
    accepted = new_region(source.polygon, origin="model", score=source.score)
    assert covered.under([accepted]) == {0, 1}  # both lie under it
    wide = source.polygon.mean(axis=0) + (source.polygon - source.polygon.mean(axis=0)) * 3
    corrected = replace(accepted, polygon=frozen_polygon(wide), origin="both")  # IoU one ninth
    assert covered.under([corrected]) == {1}
    assert covered.under([replace(corrected, origin="person")]) == frozenset()
    away = replace(corrected, polygon=frozen_polygon(wide + 10_000.0))
    assert covered.under([away]) == frozenset()
