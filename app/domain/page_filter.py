"""The grammar of the list's filter: words of the name, and fields such as `state:edited score:[0.2,0.6]`.

    state:approved          one of the review states, or several: state:edited,rejected
    text:exit               a transcription has it; text: any transcription at all
    count:0  count:>5       how many regions; also >=, <, <= and [from,to]
    score:[0.2,0.6]         a region, or where there is none a detection, has such a score
    size:<12                a region's height across its reading direction, in pixels
    comment:blurred         a comment has it; comment: any comment at all

Terms are separated by blanks and all of them must hold; a minus before a term turns it round. Quotes keep
blanks together and take the meaning off a colon. Letters match in any case.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.domain.review import REVIEW_STATES, ReviewState
from tcm_core.errors import TcmError

_TERM: Final = re.compile(r'(-?)(?:([A-Za-z_]+):)?((?:"[^"]*"|[^\s"])*)')
_NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_RANGE: Final = re.compile(rf"\[\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\]")
_COMPARED: Final = re.compile(rf"(>=|<=|>|<|=)?\s*({_NUMBER})")
_BLANK_IN_BRACKETS: Final = re.compile(r"\[[^\]\"]*\]")


class FilterError(TcmError):
    """What was typed is no filter; the message says what is wrong and what is possible."""


@dataclass(frozen=True)
class PageContent:
    """What a filter may ask about a page beyond its name, state and number of regions.

    Attributes:
        texts: all transcriptions, one a line, casefolded.
        scores: of the regions that have one; where there is no region, of the detections.
        sizes: heights of the regions, pixels.
        comments: all comments, one a line, casefolded.
        uncertainty: how many detections are as likely wrong as right; 0 where all are certain.
        edited_at: when it was edited last, seconds since 1970; 0 when it never was.
    """

    texts: str = ""
    scores: Sequence[float] = ()
    sizes: Sequence[float] = ()
    comments: str = ""
    uncertainty: float = 0.0
    edited_at: float = 0.0


class PageFacts(NamedTuple):
    """A page as a filter sees it."""

    name: str  # the key, casefolded
    review: ReviewState
    region_count: int
    content: PageContent


_Test = Callable[[PageFacts], bool]


@dataclass(frozen=True)
class PageFilter:
    """What `parse` makes.

    Attributes:
        tests: all must hold.
        needs_content: whether `matches` looks at PageFacts.content.
    """

    tests: tuple[_Test, ...] = ()
    needs_content: bool = False

    def matches(self, facts: PageFacts) -> bool:
        """Whether the page is one of those asked for."""
        for test in self.tests:  # noqa: SIM110 all() takes twice as long, and there may be 100,000 pages
            if not test(facts):
                return False
        return True


def parse(text: str) -> PageFilter:
    """The filter that was typed; an empty text lets every page through.

    Raises:
        FilterError: an unknown field or state, or something that is no number or range.
    """
    if text.count('"') % 2:
        raise FilterError('A quotation mark is open. Close it with another ".')
    tests: list[_Test] = []
    needs_content = False
    for match in _TERM.finditer(_BLANK_IN_BRACKETS.sub(lambda found: found[0].replace(" ", ""), text)):
        if not match[0] or match[0] == "-":
            continue
        minus, field, raw = match.groups()
        value = raw.replace('"', "")
        if field is None:
            test = _named(value)
        elif field.lower() in _FIELDS:
            test = _FIELDS[field.lower()](value)
            needs_content |= field.lower() in _OF_CONTENT
        else:
            raise FilterError(
                f"There is no field {field!r}. Fields: {', '.join(f'{name}:' for name in _FIELDS)} - "
                'Put a name with a colon into quotation marks: "a:b".'
            )
        tests.append(_negated(test) if minus else test)
    return PageFilter(tuple(tests), needs_content)


def text_height(points: Sequence[Sequence[float]]) -> float:
    """The short side of the rectangle with the same area and circumference, in pixels.

    That is the height of a line of text, level, turned or bent: both are kept when a band is bent.

    Args:
        points: x and y of three vertices or more; lists, because there may be millions of short ones.
    """
    area = around = 0.0
    x0, y0 = points[-1]
    for x, y in points:
        area += x0 * y - x * y0
        around += math.hypot(x - x0, y - y0)
        x0, y0 = x, y
    quarter = around / 4
    return quarter - math.sqrt(max(quarter * quarter - abs(area) / 2, 0.0))


def uncertainty(scores: Sequence[float]) -> float:
    """How uncertain a detector is of a picture: each detection counts 1 at score 0.5 and 0 at 0 and 1."""
    return sum(max(0.0, 1 - abs(2 * score - 1)) for score in scores)


def _negated(test: _Test) -> _Test:
    return lambda facts: not test(facts)


def _named(value: str) -> _Test:
    word = value.casefold()
    return lambda facts: word in facts.name


def _in_state(value: str) -> _Test:
    wanted: set[ReviewState] = set()
    for part in value.casefold().split(","):
        found = [state for state in REVIEW_STATES if part and state.startswith(part)]
        if not found:
            raise FilterError(f"There is no state {part!r}. States: {', '.join(REVIEW_STATES)}.")
        wanted.update(found)
    return lambda facts: facts.review in wanted


def _with_text(value: str) -> _Test:
    word = value.casefold()
    return lambda facts: bool(facts.content.texts) and word in facts.content.texts


def _with_comment(value: str) -> _Test:
    word = value.casefold()
    return lambda facts: bool(facts.content.comments) and word in facts.content.comments


def _counted(value: str) -> _Test:
    fits = _numbers("count", value)
    return lambda facts: fits(facts.region_count)


def _with_score(value: str) -> _Test:
    fits = _numbers("score", value)
    return lambda facts: any(fits(score) for score in facts.content.scores)


def _with_size(value: str) -> _Test:
    fits = _numbers("size", value)
    return lambda facts: any(fits(size) for size in facts.content.sizes)


def _numbers(field: str, value: str) -> Callable[[float], bool]:
    """Whether a number is one of those meant.

    Raises:
        FilterError: the value means no numbers.
    """
    if found := _RANGE.fullmatch(value):
        low, high = float(found[1]), float(found[2])
        if low > high:
            raise FilterError(f"{field}: the range {value} is empty. The smaller number goes first.")
        return lambda number: low <= number <= high
    if found := _COMPARED.fullmatch(value):
        sign, limit = found[1], float(found[2])
        match sign:
            case ">":
                return lambda number: number > limit
            case ">=":
                return lambda number: number >= limit
            case "<":
                return lambda number: number < limit
            case "<=":
                return lambda number: number <= limit
        return lambda number: number == limit
    raise FilterError(f"{field}: {value!r} is no number. Write {field}:5, {field}:>5 or {field}:[1,5].")


_FIELDS: Final[dict[str, Callable[[str], _Test]]] = {
    "state": _in_state,
    "text": _with_text,
    "count": _counted,
    "score": _with_score,
    "size": _with_size,
    "comment": _with_comment,
}
_OF_CONTENT: Final = frozenset(("text", "score", "size", "comment"))
