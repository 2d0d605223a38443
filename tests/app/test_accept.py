"""From detections to regions."""

from dataclasses import replace

import numpy as np

from app.domain.accept import regions_from_detections
from app.domain.region import frozen_polygon
from tcm_core.detection import Detection

SQUARE = np.array(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))


def test_a_detection_becomes_a_region_of_the_model_with_its_score():
    (region,) = regions_from_detections([Detection(SQUARE, 0.75)], [])
    assert region.polygon.tolist() == SQUARE.tolist()
    assert (region.origin, region.score, region.text, region.ignore) == ("model", 0.75, "", False)


def test_accepting_twice_adds_nothing():
    detections = [Detection(SQUARE, 0.75), Detection(SQUARE + 50, 0.5)]
    first = regions_from_detections(detections, [])
    assert len(first) == 2
    assert regions_from_detections(detections, first) == []


def test_a_detection_over_a_corrected_region_is_left_out_and_the_others_stay_in_order():
    existing = regions_from_detections([Detection(SQUARE + np.array((2, 0)), 0.9)], [])  # IoU 80 / 120
    detections = [Detection(SQUARE + 40, 0.1), Detection(SQUARE, 0.2), Detection(SQUARE + 80, 0.3)]
    assert [region.score for region in regions_from_detections(detections, existing)] == [0.1, 0.3]


def test_a_detection_that_overlaps_a_little_is_accepted():
    existing = regions_from_detections([Detection(SQUARE + np.array((5, 0)), 0.9)], [])  # IoU 50 / 150
    assert len(regions_from_detections([Detection(SQUARE, 0.2)], existing)) == 1


def test_the_limit_counts_as_overlapping():
    existing = regions_from_detections([Detection(SQUARE * (1, 0.5), 0.9)], [])  # IoU exactly one half
    assert regions_from_detections([Detection(SQUARE, 0.2)], existing) == []
    less = regions_from_detections([Detection(SQUARE * (1, 0.49), 0.9)], [])
    assert len(regions_from_detections([Detection(SQUARE, 0.2)], less)) == 1


def test_a_region_corrected_far_from_its_detection_is_not_accepted_again():
    detections = [Detection(SQUARE, 0.75), Detection(SQUARE + np.array((0, 5)), 0.6)]
    (first,) = regions_from_detections(detections[:1], [])
    corrected = replace(first, polygon=frozen_polygon(SQUARE * (4, 1)), origin="both")  # IoU one quarter
    assert [region.score for region in regions_from_detections(detections, [corrected])] == [0.6]


def test_detections_without_area_are_left_out():
    assert regions_from_detections([Detection(SQUARE * (1, 0), 0.9), Detection(SQUARE[:2], 0.9)], []) == []
