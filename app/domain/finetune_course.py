"""The course of a run, put together from its events as they come: curves, validations, pictures, its end."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

Event = Mapping[str, Any]
Outcome = Literal["", "end", "stopped", "error"]
RunState = Literal[
    "queued", "preparing", "starting", "going", "paused", "silent", "stopped", "finished", "failed", "killed",
    "promoted", "discarded",
]  # fmt: skip

GOING: Final = frozenset[RunState](("preparing", "starting", "going", "paused", "silent"))
"""States of a run that has not ended."""
ENDED: Final = frozenset[RunState](("stopped", "finished", "failed", "killed"))
"""States of a run that has ended and is to be decided on."""

_MOST: Final = 2**31 - 1


class StepPoint(NamedTuple):
    """Figures of one step."""

    step: int
    total: float
    losses: dict[str, float]
    rate: float


class ValidationPoint(NamedTuple):
    """Figures of one validation."""

    step: int
    precision: float
    recall: float
    hmean: float


class PicturePoint(NamedTuple):
    """A page as the detector saw it at a validation."""

    step: int
    file: str  # from the run's folder
    image: str  # name of the frozen image


@dataclass
class Course:
    """What has become of a run so far. `add` takes events in the order of the file.

    Attributes:
        seen: events taken.
        first_step: that the last start began with.
        steps: that the run is long; 0 while it is not known.
        step: done so far, by the events.
        outcome: how it ended; "" while it goes on, and again after a later start.
        message: why, in the run's own words.
        device: where it runs, as it says itself.
        notes: things that a person should know: skipped steps, advice, memory.
    """

    seen: int = 0
    first_step: int = 0
    steps: int = 0
    step: int = 0
    outcome: Outcome = ""
    ended_at: int = 0  # the number of the event that ended it
    message: str = ""
    device: str = ""
    learnt: int = 0
    validated: int = 0
    best_hmean: float | None = None
    points: list[StepPoint] = field(default_factory=list)
    validations: list[ValidationPoint] = field(default_factory=list)
    pictures: list[PicturePoint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _worked_s: float = 0.0  # since the last start, without pauses
    _clock: float = 0.0  # of the last event

    def add(self, events: Iterable[Event]) -> None:
        """Takes more events; a repeated start makes void what was done after its step."""
        for event in events:
            self.seen += 1
            kind = str(event.get("event", ""))
            self.step = max(self.step, _whole(event.get("step"))) if kind != "start" else self.step
            self._tell_time(kind, _number(event.get("time")))
            take = _TAKERS.get(kind)
            if take is not None:
                take(self, event)

    @property
    def left_s(self) -> float | None:
        """Seconds that it will take from here, validations and all; None where nothing is known of it."""
        done, left = self.step - self.first_step, self.steps - self.step
        if self.outcome or done <= 0 or left < 0 or self._worked_s <= 0:
            return None
        return self._worked_s / done * left

    def _tell_time(self, kind: str, now: float) -> None:
        if kind == "start":
            self._worked_s = 0.0
        elif kind != "resumed" and now > self._clock > 0:
            self._worked_s += now - self._clock
        if now == now:
            self._clock = now

    @property
    def picture_steps(self) -> list[int]:
        """Steps with pictures, rising."""
        return sorted({picture.step for picture in self.pictures})

    @property
    def picture_images(self) -> list[str]:
        """The pages that pictures are made of, in the order of their coming."""
        return list(dict.fromkeys(picture.image for picture in self.pictures))

    def picture(self, step: int, image: str) -> PicturePoint | None:
        """The picture of a page at a step."""
        return next((p for p in reversed(self.pictures) if (p.step, p.image) == (step, image)), None)

    def _start(self, event: Event) -> None:
        first = _whole(event.get("step"))
        self.points = [point for point in self.points if point.step <= first]
        self.validations = [point for point in self.validations if point.step <= first]
        self.pictures = [picture for picture in self.pictures if picture.step <= first]
        self.first_step = self.step = first
        self.steps = _whole(event.get("steps"))
        self.device = str(event.get("device", ""))
        self.learnt, self.validated = _whole(event.get("learnt")), _whole(event.get("validation"))
        self.outcome, self.message = "", ""

    def _step(self, event: Event) -> None:
        losses = event.get("losses")
        terms = {str(k): _number(v) for k, v in losses.items()} if isinstance(losses, Mapping) else {}
        self.points.append(
            StepPoint(
                _whole(event.get("step")), _number(event.get("total")), terms,
                _number(event.get("learning_rate")),
            )
        )  # fmt: skip

    def _validation(self, event: Event) -> None:
        figures = [_number(event.get(name)) for name in ("precision", "recall", "hmean")]
        point = ValidationPoint(_whole(event.get("step")), *figures)
        self.validations = [other for other in self.validations if other.step != point.step] + [point]
        best = [point.hmean for point in self.validations if point.hmean == point.hmean]
        self.best_hmean = max(best) if best else None

    def _picture(self, event: Event) -> None:
        name = str(event.get("image", "")).replace("\\", "/").rsplit("/", 1)[-1]
        self.pictures.append(PicturePoint(_whole(event.get("step")), str(event.get("file", "")), name))

    def _end(self, event: Event) -> None:
        self.outcome = "error" if event["event"] == "error" else event["event"]
        self.message = str(event.get("message", ""))
        self.ended_at = self.seen

    def _note(self, event: Event) -> None:
        step = _whole(event.get("step"))
        what = {
            "skipped": f"step {step}: skipped, {event.get('reason', '')}",
            "advice": str(event.get("message", "")),
            "image_skipped": str(event.get("reason", "")),
            "out_of_memory": f"out of memory: now {event.get('batch')} images at once",
            "events_lost": f"{event.get('count')} events are lost: the disk was full",
        }[str(event["event"])]
        self.notes.append(what)


_TAKERS: Final = {
    "start": Course._start,
    "step": Course._step,
    "validation": Course._validation,
    "picture": Course._picture,
    "end": Course._end,
    "stopped": Course._end,
    "error": Course._end,
    "skipped": Course._note,
    "advice": Course._note,
    "image_skipped": Course._note,
    "out_of_memory": Course._note,
    "events_lost": Course._note,
}


def state_words(state: RunState, course: Course, silent_s: float = 0.0) -> str:
    """What is said of a run in one line."""
    of = f"step {course.step} of {course.steps}" if course.steps else "before the first step"
    left = course.left_s
    going = of if left is None else f"{of}, about {_span(left)} left"
    words: dict[RunState, str] = {
        "queued": "Waits for the run before it",
        "preparing": "Is being prepared",
        "starting": "Is starting: loading images and weights",
        "going": f"Goes on, {going}",
        "paused": f"Paused, {of}",
        "silent": f"Silent: no sign of life for {_span(silent_s)}, {of}",
        "stopped": f"Stopped and saved, {of}",
        "finished": f"Finished, {of}",
        "failed": f"Failed, {of}",
        "killed": f"Ended without a word, {of}",
        "promoted": "Promoted: its checkpoint is in use",
        "discarded": "Discarded",
    }
    return words[state]


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _whole(value: object) -> int:
    """A count of JSON, in the range of Qt's numbers; what is none becomes 0."""
    number = _number(value)
    return int(min(max(number, 0.0), _MOST)) if math.isfinite(number) else 0


def _number(value: object) -> float:
    """A number of JSON; null, which stands for one that is not finite, becomes NaN."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan
