"""Results as the official evaluations take them; what they refuse is refused, with the reason.

A reader gives the polygons as they stand in the files. With confidences every entry must have one, in [0, 1];
the evaluations of the Robust Reading Competition then go through the detections from the most to the least
confident, the others keep the order of the file.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from tcm_core.data.formats.labelled import LabelProblem, refuse
from tcm_core.data.formats.lines import Malformed, decode_labels, numbered_lines
from tcm_core.data.formats.source import MAX_DATASET_FILE_BYTES, LabelFile, is_zip, label_files
from tcm_core.errors import BadLabels
from tcm_core.evaluate.labels import EIGHT_INTEGERS, INTEGER, clockwise_quad, image_name
from tcm_core.geometry.polygon import Points

_CONFIDENCE: Final = r"\s*([01](?:\.[0-9]*)?)\s*"
_QUAD: Final = re.compile(EIGHT_INTEGERS)
_SCORED_QUAD: Final = re.compile(f"{EIGHT_INTEGERS},{_CONFIDENCE}")
_FOUR: Final = rf"{INTEGER},{INTEGER},\s*([0-9]{{1,9}})\s*,\s*([0-9]{{1,9}})\s*"
_BOX: Final = re.compile(_FOUR + r"(?:,\s*)?")
_SCORED_BOX: Final = re.compile(f"{_FOUR},{_CONFIDENCE}")
_WHOLE: Final = re.compile(r"\s*[-+]?[0-9]{1,9}\s*")
_NUMBER: Final = re.compile(r"\s*[-+]?(?:[0-9]{1,9}\.?[0-9]*|\.[0-9]+)\s*")


class ScoredPolygon(NamedTuple):
    """One detection of a file; the score is 1 where files have none."""

    polygon: Points
    score: float


@dataclass(frozen=True, eq=False)
class Submission:
    """The results for every image that has any, in the order in which they are evaluated."""

    found: dict[str, list[ScoredPolygon]]
    with_scores: bool

    def polygons(self, min_score: float = 0.0) -> dict[str, list[Points]]:
        """What was found with at least this score."""
        return {
            name: [detection.polygon for detection in detections if detection.score >= min_score]
            for name, detections in self.found.items()
        }

    def scores(self) -> dict[str, list[float]]:
        """Of each polygon of polygons()."""
        return {name: [d.score for d in detections] for name, detections in self.found.items()}


ReadSubmission: TypeAlias = Callable[[Path, bool], Submission]
"""(folder, zip or file, whether entries have confidences) -> the results; raises BadLabels."""
ParseLine: TypeAlias = Callable[[str, bool], ScoredPolygon]
"""(line, whether it ends with a confidence) -> the detection; raises Malformed."""


def rrc_reader(parse: ParseLine) -> ReadSubmission:
    """Of res_<name>.txt files in a folder or zip, as the Robust Reading Competition has them."""

    def read(source: Path, with_scores: bool) -> Submission:
        found = _read_lines(source, parse, with_scores, prefix_needed=True)
        if with_scores:
            found = {name: sorted(each, key=lambda d: -d.score) for name, each in found.items()}
        return Submission(found, with_scores)

    return read


def plain_reader(parse: ParseLine) -> ReadSubmission:
    """Of <name>.txt files in a folder or zip; a "res_" before the name is no part of it."""

    def read(source: Path, with_scores: bool) -> Submission:
        return Submission(_read_lines(source, parse, with_scores, prefix_needed=False), with_scores)

    return read


def parse_quad(line: str, with_score: bool) -> ScoredPolygon:
    """`x1,y1,...,x4,y4` in whole numbers, clockwise, and nothing else but the confidence.

    Raises:
        Malformed: it is otherwise.
    """
    match = (_SCORED_QUAD if with_score else _QUAD).fullmatch(line)
    if match is None:
        raise _unexpected("8 whole numbers", line, with_score)
    fields = match.groups()
    return ScoredPolygon(clockwise_quad(fields[:8]), _score(fields[8]) if with_score else 1.0)


def parse_box(line: str, with_score: bool) -> ScoredPolygon:
    """`left,top,right,bottom` in whole numbers, the last two not negative; a comma may follow.

    Raises:
        Malformed: it is otherwise.
    """
    match = (_SCORED_BOX if with_score else _BOX).fullmatch(line)
    if match is None:
        raise _unexpected("4 whole numbers (left,top,right,bottom)", line, with_score)
    left, top, right, bottom = (int(field) for field in match.groups()[:4])
    if right < left or bottom < top:
        raise Malformed(f"the right or bottom side lies before the left or top one; found {line[:80]!r}")
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return ScoredPolygon(np.array(corners, dtype=np.float64), _score(match[5]) if with_score else 1.0)


def parse_whole_polygon(line: str, with_score: bool) -> ScoredPolygon:
    """Pairs of whole numbers, at least three.

    Raises:
        Malformed: it is otherwise.
    """
    return _parse_pairs(line, with_score, _WHOLE, "3 or more pairs of whole numbers", least=3)


def parse_polygon(line: str, with_score: bool) -> ScoredPolygon:
    """Pairs of numbers; the evaluation says what becomes of one or two points.

    Raises:
        Malformed: it is otherwise.
    """
    return _parse_pairs(line, with_score, _NUMBER, "pairs of numbers", least=1)


def read_art_submission(source: Path, with_scores: bool) -> Submission:
    """One JSON object (a file, or alone in a zip): res_<image> -> list of {"points": [[x, y] ...]}.

    Raises:
        BadLabels: it is otherwise, or with_scores and an entry has no "confidence".
    """
    files = list(label_files(source, (".json",), refuse, MAX_DATASET_FILE_BYTES))
    if len(files) != 1:
        raise BadLabels(f"{source}: {len(files)} JSON files, one with all results was expected.")
    try:
        content = json.loads(decode_labels(files[0].content))
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadLabels(f"{files[0].where}: not JSON ({error}). Write it again.") from error
    if not isinstance(content, dict):
        raise BadLabels(f"{files[0].where}: expected an object with res_<image> for every image.")
    found: dict[str, list[ScoredPolygon]] = {}
    for key, entries in content.items():
        if not re.fullmatch(r"res_.+", key) or not isinstance(entries, list):
            raise BadLabels(f"{files[0].where}: expected res_<image> with a list; found {key[:80]!r}.")
        found[key.removeprefix("res_")] = [
            _parse_entry(entry, with_scores, f"{files[0].where}: {key} entry {number}")
            for number, entry in enumerate(entries, 1)
        ]
    return Submission(found, with_scores)


def _read_lines(
    source: Path, parse: ParseLine, with_scores: bool, *, prefix_needed: bool
) -> dict[str, list[ScoredPolygon]]:
    found: dict[str, list[ScoredPolygon]] = {}
    for file in _result_files(source):
        last = file.name.rpartition("/")[2]
        if not re.fullmatch(r"res_.+\.txt" if prefix_needed else r".+\.txt", last):
            pattern = "res_<name>.txt" if prefix_needed else "<name>.txt"
            raise BadLabels(f"{file.where}: a file named {pattern} was expected here. Rename or remove it.")
        stem = file.name.removesuffix(".txt")
        folder, slash, last = stem.rpartition("/")
        name = f"{folder}{slash}{last.removeprefix('res_')}" if prefix_needed else image_name(stem, "res_")
        if name in found:
            raise BadLabels(f"{file.where}: there are results for {name} already. Keep one of the files.")
        found[name] = list(_parse_file(file, parse, with_scores))
    return found


def _result_files(source: Path) -> Iterator[LabelFile]:
    """The files that the evaluation looks at: in a folder every .txt, in a zip every file.

    A folder or zip without any is a submission in which nothing was found.
    """
    empty = source.is_dir() and not any(source.rglob("*.txt"))
    if is_zip(source):
        with source.open("rb") as file:
            empty = file.read(4) == b"PK\x05\x06"  # begins with the end of the list of files
    return iter(()) if empty else label_files(source, ("",) if is_zip(source) else (".txt",), refuse)


def _parse_file(file: LabelFile, parse: ParseLine, with_scores: bool) -> Iterator[ScoredPolygon]:
    for number, line in numbered_lines(decode_labels(file.content)):
        try:
            yield parse(line, with_scores)
        except Malformed as error:
            refuse(LabelProblem(file.where, number, error.what, error.remedy))


def _parse_pairs(
    line: str, with_score: bool, number: re.Pattern[str], expected: str, *, least: int
) -> ScoredPolygon:
    fields = line.split(",")
    score = 1.0
    if with_score:
        if len(fields) % 2 == 0 or not re.fullmatch(_CONFIDENCE, fields[-1]):
            raise _unexpected(expected, line, with_score)
        score = _score(fields.pop())
    if len(fields) % 2 or len(fields) < 2 * least or not all(number.fullmatch(field) for field in fields):
        raise _unexpected(expected, line, with_score)
    return ScoredPolygon(np.array([float(field) for field in fields]).reshape(-1, 2), score)


def _parse_entry(entry: Any, with_score: bool, where: str) -> ScoredPolygon:
    points = entry.get("points") if isinstance(entry, dict) else None
    if not isinstance(points, list) or len(points) < 3 or not all(_is_pair(point) for point in points):
        raise BadLabels(f'{where}: expected {{"points": [[x, y], ...]}} with 3 or more points.')
    score = entry.get("confidence", None if with_score else 1.0)
    if with_score and not (_is_number(score) and 0 <= score <= 1):
        raise BadLabels(f'{where}: expected a "confidence" in [0, 1].')
    return ScoredPolygon(np.array(points, dtype=np.float64), float(score) if with_score else 1.0)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(part) for part in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _score(field: str) -> float:
    score = float(field)
    if score > 1:
        raise Malformed(f"the confidence must lie in [0, 1]; found {field.strip()}")
    return score


def _unexpected(expected: str, line: str, with_score: bool) -> Malformed:
    rest = "a confidence in [0, 1]" if with_score else "nothing else"
    return Malformed(f"expected {expected} and {rest}; found {line[:80]!r}")
