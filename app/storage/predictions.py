"""What a checkpoint found on an image, as it is kept in the project file."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tcm_core.detection import Detection
from tcm_core.geometry.polygon import as_points


@dataclass(frozen=True, eq=False)
class PredictionRow:
    """The detections of one checkpoint on one image, and the decode settings that made them.

    Attributes:
        seconds: that the detector spent on it; 0 where it is not known.
        aside: made to be compared, by another checkpoint than the one in use; lists do not count it.
        doubt_json: how unsure the detector is, numbers by name; None where it is not known.
    """

    checkpoint_hash: str
    checkpoint_name: str
    settings_json: str
    detections: tuple[Detection, ...]
    seconds: float = 0.0
    aside: bool = False
    doubt_json: str | None = None


def with_doubt(doubt_json: str | None, name: str, value: float) -> str:
    """The doubt with one more number in it."""
    try:
        known = json.loads(doubt_json or "{}")
    except (ValueError, RecursionError):
        known = {}
    return json.dumps({**(known if isinstance(known, dict) else {}), name: value})


def values_of(row: PredictionRow) -> tuple[str | int | float | None, ...]:
    """The row as the table has it, without the key and the state of the image."""
    return (
        row.checkpoint_hash,
        row.checkpoint_name,
        row.settings_json,
        len(row.detections),
        encode_detections(row.detections),
        row.seconds,
        int(row.aside),
        row.doubt_json,
    )


def encode_detections(detections: Iterable[Detection]) -> str:
    """The detections as a JSON list; coordinates with all their digits."""
    return json.dumps(
        [
            {"polygon": detection.polygon.tolist(), "score": float(detection.score), "kind": detection.kind}
            for detection in detections
        ],
        separators=(",", ":"),
    )


def decode_detections(text: str) -> tuple[Detection, ...]:
    """The detections of a JSON list.

    Raises:
        ValueError: the text is not what `encode_detections` writes.
    """
    try:
        return tuple(
            Detection(
                as_points(value["polygon"]),
                float(value["score"]),
                "quad" if value["kind"] == "quad" else "polygon",
            )
            for value in json.loads(text)
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("not a list of detections") from error
