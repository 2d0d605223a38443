"""Pages as JSON text: whole, or as what one edit changed, so that any earlier page can be made again.

Coordinates are written with all their digits; reading gives the same float64 values back. Behind the JSON, in
a line of its own, stands a CRC-32 of it: a database does not notice a digit that has become another one.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from app.domain.comment import Comment
from app.domain.page import Page
from app.domain.region import Origin, Region, frozen_polygon
from app.domain.review import REVIEW_STATES, ReviewState

StepKind = Literal["edit", "merged", "undo", "redo", "repair"]
"""merged: goes on with the edit before it, as one step of undo; repair: as read from a damaged project."""
_COMMENT_FIELDS: Final = {
    "id": int, "x": float, "y": float, "text": str, "author": str, "at": float, "resolved": bool,
}  # fmt: skip
_ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)


@dataclass(frozen=True)
class JournalRow:
    """One step in the history of a page."""

    revision: int  # 1 for the first step of the page
    kind: StepKind
    label: str
    at: float  # seconds since 1970, UTC
    whole: bool  # the body is the whole page, not a change
    body: str


def encode_regions(regions: Iterable[Region]) -> str:
    """The regions as a JSON list."""
    return _sealed([_encoded(region) for region in regions])


def decode_regions(text: str) -> tuple[Region, ...]:
    """The regions of a JSON list, equal to those encoded.

    Raises:
        ValueError: the text is not what `encode_regions` writes.
    """
    return _regions(_parsed(text, list))


def encode_page(page: Page) -> str:
    """The whole page as a JSON object."""
    regions = [_encoded(region) for region in page.regions]
    return _sealed({"review": page.review, "regions": regions, **_with_comments(page)})


def decode_page(text: str) -> Page:
    """The page of a JSON object, equal to the one encoded.

    Raises:
        ValueError: the text is not what `encode_page` writes.
    """
    body = _parsed(text, dict)
    return Page(_regions(body.get("regions")), review_state(body.get("review")), _comments(body))


def encode_change(before: Page, after: Page) -> str:
    """What turns `before` into `after`: review state, new and changed regions; order, comments if other."""
    known = {region.id: region for region in before.regions}
    changed = [_encoded(region) for region in after.regions if known.get(region.id) != region]
    body: dict[str, Any] = {"review": after.review, "regions": changed}
    if after.comments != before.comments:
        body.update(_with_comments(after))
    ids = [region.id for region in after.regions]
    if ids != list(known):
        body["ids"] = ids
    return _sealed(body)


def is_intact(text: bytes) -> bool:
    """Whether JSON text is what was written, as far as its checksum tells; older texts have none."""
    content, end, seal = text.rpartition(b"\n")
    if end:
        return seal == b"%08x" % zlib.crc32(content)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def json_of(text: str) -> str:
    """The JSON of a text without its checksum."""
    return text.partition("\n")[0]


def apply_change(before: Page, text: str) -> Page:
    """The page after a change.

    Raises:
        ValueError: the text is not what `encode_change` writes, or the change belongs to another page.
    """
    body = _parsed(text, dict)
    known = {region.id: region for region in before.regions}
    ids = body.get("ids", list(known))
    known.update({region.id: region for region in _regions(body.get("regions"))})
    try:
        regions = tuple(known[region_id] for region_id in ids)
    except (KeyError, TypeError) as error:
        raise ValueError("the change names a region that the page does not have") from error
    comments = _comments(body) if "comments" in body else before.comments
    return Page(regions, review_state(body.get("review")), comments)


def replay(rows: Iterable[JournalRow]) -> dict[int, Page]:
    """The page after every step that can be made again, by revision.

    Args:
        rows: of one page, by rising revision. After a gap or a broken row the steps up to the next whole page
            are left out.
    """
    pages: dict[int, Page] = {}
    for row in rows:
        try:
            if row.whole:
                pages[row.revision] = decode_page(row.body)
            elif row.revision - 1 in pages or row.revision == 1:
                pages[row.revision] = apply_change(pages.get(row.revision - 1, Page()), row.body)
        except ValueError:
            continue
    return pages


def review_state(value: object) -> ReviewState:
    """The value as a review state.

    Raises:
        ValueError: it is none.
    """
    for state in REVIEW_STATES:
        if value == state:
            return state
    raise ValueError(f"{value!r} is not a review state")


def _encoded(region: Region) -> dict[str, Any]:
    return {
        "id": region.id,
        "polygon": region.polygon.tolist(),
        "text": region.text,
        "ignore": region.ignore,
        "origin": region.origin,
        "score": region.score,
    }


def _with_comments(page: Page) -> dict[str, Any]:
    return {} if page.comments is None else {"comments": [asdict(comment) for comment in page.comments]}


def _comments(body: dict[str, Any]) -> tuple[Comment, ...] | None:
    values = body.get("comments")
    if values is None:
        return None
    if not isinstance(values, list):
        raise ValueError("the comments are not a list")
    return tuple(_comment(value) for value in values)


def _comment(value: object) -> Comment:
    if not isinstance(value, dict) or value.keys() != _COMMENT_FIELDS.keys():
        raise ValueError("a comment has other values than it should")
    for name, kind in _COMMENT_FIELDS.items():
        if not isinstance(value[name], kind):
            raise ValueError(f"a comment's {name} is {value[name]!r}")
    return Comment(**value)


def _sealed(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))  # ASCII in one line
    return f"{text}\n{zlib.crc32(text.encode()):08x}"


def _parsed(text: str, kind: type) -> Any:
    try:
        if not is_intact(text.encode("utf-8", "surrogatepass")):
            raise ValueError("its checksum is another one")
        value = json.loads(json_of(text))
    except (json.JSONDecodeError, RecursionError, TypeError, AttributeError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(value, kind):
        raise ValueError(f"expected a {kind.__name__}, got a {type(value).__name__}")
    return value


def _regions(values: object) -> tuple[Region, ...]:
    if not isinstance(values, list):
        raise ValueError("the regions are not a list")
    return tuple(_region(value) for value in values)


def _region(value: object) -> Region:
    if not isinstance(value, dict):
        raise ValueError("a region is not an object")
    name, text, ignore, score = (value.get(field) for field in ("id", "text", "ignore", "score"))
    if not (isinstance(name, str) and isinstance(text, str) and isinstance(ignore, bool)):
        raise ValueError("a region has a missing or wrong value")
    if score is not None and not isinstance(score, float | int):
        raise ValueError("a region's score is not a number")
    try:
        polygon = frozen_polygon(value.get("polygon", ()))
    except TypeError as error:
        raise ValueError("a region's polygon is not a list of points") from error
    return Region(name, polygon, text, ignore, _origin(value.get("origin")), score)


def _origin(value: object) -> Origin:
    for origin in _ORIGINS:
        if value == origin:
            return origin
    raise ValueError(f"{value!r} is not an origin")
