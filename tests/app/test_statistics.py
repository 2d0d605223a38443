"""Statistics: sizes and angles of regions, characters, speed without pauses, untouched polygons."""

import numpy as np
import pytest

from app.domain.page import Page
from app.domain.region import new_region
from app.domain.statistics import (
    ANGLE_ENDS,
    HEIGHT_ENDS,
    Tally,
    bin_names,
    height_and_angle,
    speeds,
)


def turned_box(degrees: float, width: float = 100, height: float = 20) -> np.ndarray:
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (width / 2, height / 2)
    angle = np.radians(degrees)
    return corners @ np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))]) + 300


@pytest.mark.parametrize("degrees", [0, 10, 44, 80, -80, -30])
def test_height_and_angle_are_those_of_the_box(degrees):
    height, angle = height_and_angle(turned_box(degrees))
    assert height == pytest.approx(20, abs=1e-3)
    assert angle == pytest.approx(degrees, abs=1e-3)


def test_a_page_is_counted():
    tally = Tally()
    tally.add(
        "a.jpg",
        Page(
            (
                new_region(turned_box(0), text="EXIT 出口"),
                new_region(turned_box(30), text="E", ignore=True),
                new_region(turned_box(90), origin="model"),
            ),
            "approved",
        ),
    )
    tally.add("b.jpg", Page((new_region(turned_box(0), origin="model"),), "detected"))
    tally.add("c.jpg", Page((new_region(turned_box(0), origin="both"),), "approved"))
    assert (tally.pages, tally.regions, tally.ignored, tally.with_text) == (3, 5, 1, 1)
    assert tally.origins == {"person": 2, "model": 2, "both": 1}
    assert tally.vertices == {4: 5}
    assert tally.characters == {"E": 1, "X": 1, "I": 1, "T": 1, "出": 1, "口": 1}
    names = bin_names(HEIGHT_ENDS, " px")
    assert {names[at]: count for at, count in tally.heights.items()} == {"16 to 24 px": 5}
    names = bin_names(ANGLE_ENDS, "°")
    assert {names[at]: count for at, count in tally.angles.items()} == {
        "-5 to 5°": 3,
        "15 to 45°": 1,
        "below -75°": 1,
    }
    assert tally.untouched == [("a.jpg", 1, 3)]  # only approved images


def test_pauses_are_no_work():
    hour = 3600.0
    times = [(0.0, "a"), (60.0, "a"), (240.0, "b"), (2 * hour, "c"), (2 * hour + 120, "d")]
    (everything, day) = speeds(times)
    assert everything.hours == pytest.approx(360 / hour)
    assert (everything.pages, everything.edits) == (4, 5)
    assert everything.pages_per_hour == pytest.approx(40)
    assert day.day == 0


def test_days_are_those_of_the_clock_on_the_wall():
    times = [(86_000.0, "a"), (86_100.0, "b")]
    assert [speed.day for speed in speeds(times)] == [None, 0]
    assert [speed.day for speed in speeds(times, 3600)] == [None, 1]
    assert [speed.day for speed in speeds([*times, (200_000.0, "c")])] == [None, 2, 0]


def test_without_work_there_is_no_speed():
    assert speeds([])[0].pages_per_hour == 0
    assert speeds([(5.0, "a")])[0].pages_per_hour == 0
