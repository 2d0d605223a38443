"""Where commands write: results to stdout, progress and messages to stderr."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)


def output() -> Console:
    """For results; made anew, so that it writes to what stdout is now."""
    return Console()


def errors() -> Console:
    """For progress and messages, which do not belong into a pipe."""
    return Console(stderr=True)


def progress_bar(console: Console) -> Progress:
    """A bar with count and remaining time, gone when it is done."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
