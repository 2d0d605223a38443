"""The order in which a person reads the regions of a page: lines from the top, words from the left."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.region import Region
from tcm_core.geometry.polygon import bounds


@dataclass(frozen=True)
class _Word:
    region_id: str
    left: float
    middle: float
    height: float


@dataclass
class _Line:
    words: list[_Word] = field(default_factory=list)

    def takes(self, word: _Word) -> bool:
        """Whether the word's middle is within half the lower height of the last word's middle."""
        last = self.words[-1]
        return abs(word.middle - last.middle) <= 0.5 * min(word.height, last.height)


def reading_order(regions: Sequence[Region]) -> list[str]:
    """The ids of the regions in reading order: lines by their height on the page, in a line from the left."""
    words = []
    for region in regions:
        left, top, _, bottom = bounds(region.polygon)
        words.append(_Word(region.id, left, (top + bottom) / 2, bottom - top))
    lines: list[_Line] = []
    for word in sorted(words, key=lambda word: (word.middle, word.left)):
        for line in reversed(lines):
            if line.takes(word):
                line.words.append(word)
                break
        else:
            lines.append(_Line([word]))
    return [word.region_id for line in lines for word in sorted(line.words, key=lambda word: word.left)]
