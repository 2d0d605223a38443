"""A run over many images, and the panes as they are now: whether they still show what was judged."""

from collections.abc import Sequence

from app.i18n.translation import tr
from app.services.comparison_run import RunResult
from app.views.compare.pane import Pane


def pane_of(result: RunResult, at: int, panes: Sequence[Pane]) -> Pane | None:
    """The pane that shows a source of a run, decoded as it was then but for the threshold; or None."""
    number, source, then = result.plan.numbers[at], result.plan.sources[at], result.settings[at]
    if number > len(panes):
        return None
    pane = panes[number - 1]
    shown, now = pane.source, pane.settings
    if shown is None or not shown.is_of(source) or shown.scale != source.scale:
        return None
    if now is None or then is None or now.head != then.head:
        return pane if now is then else None
    same = now.model_copy(update={"score_threshold": then.score_threshold}) == then
    return pane if same else None


def thresholds(result: RunResult, panes: Sequence[Pane]) -> list[float]:
    """Of each source of a run, the threshold of its pane, or the one it was run with."""
    found = []
    for at, settings in enumerate(result.settings):
        pane = pane_of(result, at, panes)
        now = settings if pane is None else pane.settings
        found.append(0.0 if now is None else now.score_threshold)
    return found


def summary(result: RunResult, panes: Sequence[Pane]) -> str:
    """What is said of a run."""
    parts = [tr(f"{result.pages} images judged in {result.seconds:.1f} s")]
    if result.stopped:
        parts.append(tr("Stopped: press the button again to go on"))
    left = max(result.without, default=0)
    if left:
        parts.append(tr(f"{left} images left out: not all panes have looked at them"))
    if result.failed:
        parts.append(tr(f"{len(result.failed)} images failed, see the remarks"))
    if result.foreign:
        parts.append(tr(f"Labels of {len(result.foreign)} images lie outside: of other images?"))
    if any(pane_of(result, at, panes) is None for at in range(len(result.plan.sources))):
        parts.append(tr("The panes show something else now: compare again"))
    return "  \u00b7  ".join(parts)
