"""What the board says and shows of one page, looked up."""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.compare import outside
from app.i18n.translation import tr
from app.services.comparison import LABELS, TRUTH, Comparison, Reference, Source
from app.storage.errors import StorageError


def kept_source(now: Source | None, choices: Sequence[Source], number: int) -> Source:
    """A pane's source as it is known on a page; at first a different one for every pane.

    Args:
        now: what the pane shows; None: nothing yet.
        choices: what can be shown.
        number: of the pane, from 1.
    """
    if now is None:
        checkpoints = [one for one in choices if one.kind == "checkpoint"]
        first = [*checkpoints[:1], LABELS, *checkpoints[1:], TRUTH, LABELS, LABELS, LABELS]
        return first[number - 1]
    for choice in choices:
        if choice.is_of(now):
            return replace(choice, settings=now.settings, scale=now.scale)
    return now


def why_nothing(source: Source) -> str:
    """What is said of a source that has nothing on a page, and is not looking at it."""
    if source.kind == "truth":
        return tr("There is no ground truth of this image")
    if source.file:
        return "This image has not been looked at."
    return "This checkpoint has not looked at the image, and its file is not known."


def remark_on(comparison: Comparison, key: str, against: Reference, size: tuple[int, int]) -> str:
    """What is odd about the labels of a page that count as right; empty when nothing is.

    Args:
        comparison: looks them up.
        key: of the page.
        against: which labels.
        size: (height, width) of its image.
    """
    try:
        truth = comparison.reference(key, against)
    except StorageError as error:
        return str(error)
    if truth is None:
        return tr("There is nothing to judge against on this image")
    out = outside(truth, size)
    if not out:
        return ""
    return tr(f"{out} of {len(truth)} labels lie outside of the image: are they of another one?")
