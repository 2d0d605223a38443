"""Whatever is detected, cancelled and loaded meanwhile: what a person made stays as it was made."""

import random
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.accept import regions_from_detections
from app.domain.edits import AddRegions, DeleteRegions, MoveRegions, SetText
from app.domain.page import Page
from app.domain.region import new_region
from app.services.detection import DetectionService
from tests.helpers.detection_studio import (
    Studio,
    build,
    load,
    make_folder,
    tear_down,
)
from tests.helpers.fake_predictor import OutOfMemoryError


class Step(NamedTuple):
    """One thing that happens: what, to which page, by which numbers, and how long the program has then."""

    what: str
    page: int
    choice: int
    wait_ms: int


DETECTING = (
    "page",
    "all",
    "with",
    "cancel",
    "pause",
    "seen",
    "ahead",
    "retry",
    "load",
    "threshold",
    "unload",
)
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(("add", "move", "text", "delete", "accept", "open", *DETECTING)),
        st.integers(1, 4),
        st.integers(0, 1000),
        st.sampled_from((0, 0, 0, 2, 10)),
    ),
    min_size=10,
    max_size=60,
)


def edit_of(step: Step, page: Page, service: DetectionService, key: str):
    """The edit that a step means, or None where it does not fit the page."""
    if step.what == "add":
        x, y = step.choice % 200, step.choice % 120
        return AddRegions((new_region(((x, y), (x + 30, y), (x + 30, y + 12), (x, y + 12))),))
    if step.what == "accept":
        found = service.predictions(key)
        new = regions_from_detections(found.detections, page.regions) if found else []
        return AddRegions(tuple(new)) if new else None
    if not page.regions:
        return None
    chosen = page.regions[step.choice % len(page.regions)].id
    match step.what:
        case "move":
            return MoveRegions((chosen,), step.choice % 7 - 3.0, step.choice % 5 - 2.0)
        case "text":
            return SetText(chosen, f"text {step.choice}")
        case "delete":
            return DeleteRegions((chosen,))
    return None


def detect_step(step: Step, studio: Studio, key: str) -> None:
    """Something a person, or the list, can do to the detector; labels are not meant."""
    service, keys = studio.service, list(studio.workspace.keys)
    threshold = (0.2, 0.7, 0.95)[step.choice % 3]
    named = ("a", "b", "c", "broken")[step.choice % 4]
    actions = {
        "page": lambda: service.detect_page(key),
        "all": lambda: service.detect_all(),
        "with": lambda: service.detect_with(named, keys[: step.page], urgent=step.choice % 2 == 0),
        "cancel": service.cancel,
        "pause": lambda: service.pause(step.choice % 2 == 0),
        "seen": lambda: service.prioritise(keys[step.page :]),
        "ahead": lambda: service.prefetch([key]),
        "retry": service.retry_failed,
        "load": lambda: service.load_checkpoint(named),
        "threshold": lambda: service.set_settings(
            service.settings.model_copy(update={"score_threshold": threshold})
        ),
        "unload": service.unload,
        "open": lambda: studio.workspace.session.open_page(key),
    }
    actions.get(step.what, lambda: None)()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_no_interleaving_of_detection_and_edits_changes_what_a_person_made(qtbot, tmp_path, steps, seed):
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    accidents = random.Random(seed)
    studio = build(qtbot, place, make_folder(place / "photos", 4))
    (studio.folder / "p2.png").write_bytes(b"no picture")
    studio.detector.refuse, studio.detector.gpu = frozenset({"broken"}), "cuda:0 fake, fp16"
    load(qtbot, studio)
    session = studio.workspace.session
    errors = (RuntimeError("!"), OutOfMemoryError("full"), None, None, None, None)
    studio.detector.raises = lambda device, image: accidents.choice(errors)
    expected = {key: Page() for key in studio.workspace.keys}
    for step in steps:
        key = f"p{step.page}.png"
        edit = edit_of(step, expected[key], studio.service, key)
        if edit is not None:
            session.apply_to(key, edit)
            expected[key] = edit.apply(expected[key])
        else:
            detect_step(step, studio, key)
        qtbot.wait(step.wait_ms)
    studio.service.cancel()
    qtbot.wait(20)
    for key, page in expected.items():
        assert studio.workspace.db.load_page(key) == page
        assert studio.workspace.summary(key).region_count == len(page.regions)
    assert session.page == expected.get(session.key, Page())
    tear_down(studio)
    again = build(qtbot, place, studio.folder)
    assert {key: again.workspace.db.load_page(key) for key in expected} == expected
    tear_down(again)
