"""JSON label files: parsing that cannot be led astray, values taken from what may hold anything, and writing.

Python's JSON knows NaN, Infinity and numbers of any length; what becomes a coordinate is checked here. Deep
nesting is refused by the parser, the size of a file before it is read (source.label_files).
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

import numpy as np

from tcm_core.data.formats.labelled import LabelChange, LabelledImage, LabelProblem, OnProblem
from tcm_core.data.formats.lines import Malformed, decode_labels, polygon_of
from tcm_core.data.formats.source import LabelFile, is_contained
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points

CORRECT_ENTRY: Final = "Correct the entry, or take it out."
MAX_SIDE: Final = 1_000_000
"""Pixels of an image side; a larger one, or one below 1, is taken for unknown."""

_DRIVE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_Entry = TypeVar("_Entry")


def json_object(file: LabelFile, on_problem: OnProblem) -> dict[str, Any] | None:
    """The JSON object that a file holds; None, and a problem, when it holds something else."""
    try:
        value = parsed(decode_labels(file.content))
        if isinstance(value, dict):
            return value
        what = f"holds {described(value)}, expected an object {{...}}"
        raise Malformed(what, "Check that this is the format that was named.")
    except Malformed as error:
        on_problem(LabelProblem(file.where, None, error.what, error.remedy))
        return None


def parsed(text: str) -> object:
    """The value that a JSON text stands for; NaN and Infinity become floats, for those who check.

    Raises:
        Malformed: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        what = "nested too deeply for labels"
    except (ValueError, MemoryError) as error:
        what = f"not JSON ({error})"
    raise Malformed(what[:200], "Save it again with the program that made it.")


def described(value: object) -> str:
    """A value for messages, short whatever it is."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    words = {None: "nothing", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return f"{value!r:.40}" if isinstance(value, str) else f"{value!s:.40}"


def list_value(value: object, name: str) -> list[object]:
    """A list of anything.

    Raises:
        Malformed: something else.
    """
    if not isinstance(value, list):
        remedy = "Check that this is the format that was named."
        raise Malformed(f"{name}: {described(value)} instead of a list", remedy)
    return value


def entries(
    values: Sequence[object],
    name: str,
    where: str,
    on_problem: OnProblem,
    read: Callable[[dict[str, Any]], _Entry],
    line: int | None = None,
) -> Iterator[_Entry]:
    """The entries of a list of objects, those left out, with a problem each, that cannot be read.

    Args:
        values: what should be objects.
        name: of one entry for messages, "shape"; entries are counted from 1.
        where: the file for messages.
        on_problem: told of the entries that are left out.
        read: makes something of one entry; may raise Malformed.
        line: of the file for messages, where the format has lines.
    """
    for number, value in enumerate(values, 1):
        try:
            if not isinstance(value, dict):
                raise Malformed(f"{described(value)} instead of an object", CORRECT_ENTRY)
            entry = read(value)
        except Malformed as error:
            on_problem(LabelProblem(where, line, f"{name} {number}: {error.what}", error.remedy))
        else:
            yield entry


def number_value(value: object, name: str) -> float:
    """A finite number.

    Raises:
        Malformed: something else, true and "12" included.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Malformed(f"{name} is {described(value)}, not a number", CORRECT_ENTRY)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Malformed(f"{name} is {described(value)}, not a finite number", CORRECT_ENTRY)
    return number


def points_value(value: object) -> Points:
    """(N, 2) from [[x, y], ...] or from [x1, y1, ...], with N at least 3; see lines.polygon_of.

    Raises:
        Malformed: anything else.
    """
    return polygon_of(pairs_value(value))


def pairs_value(value: object) -> list[list[float]]:
    """The points of [[x, y], ...] or of [x1, y1, ...], however many.

    Raises:
        Malformed: no list, a point that is no pair, an odd count of numbers, or one that is not finite.
    """
    if not isinstance(value, list):
        raise Malformed(f"the points are {described(value)}, expected a list", CORRECT_ENTRY)
    if value and not isinstance(value[0], list):
        if len(value) % 2:
            raise Malformed(f"{len(value)} coordinates, expected an even number", CORRECT_ENTRY)
        value = [value[start : start + 2] for start in range(0, len(value), 2)]
    pairs = []
    for number, pair in enumerate(value, 1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise Malformed(f"point {number} is {described(pair)}, expected [x, y]", CORRECT_ENTRY)
        pairs.append([number_value(coordinate, f"point {number}") for coordinate in pair])
    return pairs


def box_value(value: object) -> Points:
    """(4, 2) clockwise from [x, y, width, height].

    Raises:
        Malformed: no four numbers.
    """
    if not isinstance(value, list) or len(value) != 4:
        raise Malformed(f"the box is {described(value)}, expected [x, y, width, height]", CORRECT_ENTRY)
    x, y, width, height = (number_value(side, "the box") for side in value)
    return rectangle(x, y, x + width, y + height)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Points:
    """(4, 2) clockwise from the top-left corner, whichever two opposite corners are given.

    Raises:
        Malformed: a coordinate is too large.
    """
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    return polygon_of([[left, top], [right, top], [right, bottom], [left, bottom]])


def text_value(value: object, name: str) -> str:
    """A text; empty for null, the digits of a number; half characters become the replacement character.

    Raises:
        Malformed: a list, an object, true or false.
    """
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        raise Malformed(f"{name} is {described(value)}, expected a text", CORRECT_ENTRY)
    return str(value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def flag_value(value: object, name: str) -> bool:
    """A flag, also as 0 and 1 or as a word; null is false.

    Raises:
        Malformed: anything else.
    """
    known = {"": False, "0": False, "false": False, "none": False, "1": True, "true": True}
    flag = known.get(str(value).lower()) if isinstance(value, str | int | None) else None
    if flag is None:
        raise Malformed(f"{name} is {described(value)}, expected true or false", CORRECT_ENTRY)
    return flag


def size_value(height: object, width: object) -> tuple[int, int] | None:
    """(height, width) of an image, None when they are missing or cannot be true."""
    if isinstance(height, bool) or isinstance(width, bool):
        return None
    if isinstance(height, int) and isinstance(width, int) and min(height, width) >= 1:
        return (height, width) if max(height, width) <= MAX_SIDE else None
    return None


def image_value(value: object, name: str, folder: str = "") -> str:
    """The path of an image as labels name it, relative to the source and inside it.

    Some tools write where the image was on somebody's computer, a path upwards from a folder of labels, or an
    address: then only the file name counts, in the folder of the label file.

    Args:
        value: what stands in the labels.
        name: of the field for messages.
        folder: of the label file, relative to the source; the path is meant from there.

    Raises:
        Malformed: no text, or nothing that could be the name of a file.
    """
    if not isinstance(value, str):
        raise Malformed(f"{name} is {described(value)}, expected the path of the image", CORRECT_ENTRY)
    path = value.replace("\\", "/")
    parts = list(PurePosixPath(folder).parts)
    outside = path.startswith("/") or _DRIVE.match(path) is not None
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == "..":
            outside = True
        elif part not in ("", "."):
            parts.append(part)
    last = PurePosixPath(path).name
    image = f"{folder}/{last}".removeprefix("/") if outside else "/".join(parts)
    named = last not in ("", ".", "..") and not _CONTROL.search(image)
    if not named or not is_contained(image) or text_value(image, name) != image:
        raise Malformed(f"{name} is {described(value)}, which names no file", CORRECT_ENTRY)
    return image


def holdable(image: LabelledImage, changes: list[LabelChange]) -> Iterator[tuple[int, TextInstance]]:
    """The instances, each with its index, that a format with float coordinates can hold.

    Any number of points from three on can be held, crossing and flat ones too.

    Args:
        image: to be written.
        changes: gets an entry for each instance that is left out.
    """
    for index, instance in enumerate(image.instances):
        reason = unholdable(instance.polygon)
        if reason:
            changes.append(LabelChange(image.image, index, f"dropped: {reason}"))
        else:
            yield index, instance


def unholdable(polygon: Points) -> str:
    """Why a format with float coordinates cannot hold a polygon; empty when it can."""
    if len(polygon) < 3:
        return f"{len(polygon)} points, at least 3 are needed"
    return "" if np.isfinite(polygon).all() else "a coordinate is not a finite number"


def json_content(value: object, indent: int | None = None) -> bytes:
    """A value as a JSON file in UTF-8; what UTF-8 cannot hold becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return f"{text}\n".encode("utf-8", errors="replace")
