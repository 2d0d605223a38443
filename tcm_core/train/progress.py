"""What a person sees of a run while it goes on."""

from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

_PLAIN_STEPS: Final = 100  # between two lines where nobody sees the bar


class Progress(Protocol):
    """Is told how a run goes; open while the run is."""

    def __enter__(self) -> Self:
        """Opens it."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        ...

    def say(self, message: str) -> None:
        """A message to the person."""
        ...

    def begin(self, step: int, steps: int) -> None:
        """The run goes on from a step, of so many."""
        ...

    def step(self, step: int, losses: dict[str, float], rate: float) -> None:
        """A step is done."""
        ...

    def note(self, summary: str) -> None:
        """The last validation in short."""
        ...


class Silence:
    """Nobody is watching."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def say(self, message: str) -> None:
        """See Progress."""

    def begin(self, step: int, steps: int) -> None:
        """See Progress."""

    def step(self, step: int, losses: dict[str, float], rate: float) -> None:
        """See Progress."""

    def note(self, summary: str) -> None:
        """See Progress."""


class ConsoleProgress:
    """Messages and a bar with the losses on stderr; without a terminal, a line every hundred steps."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Bar(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=1)
        self._summary = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, message: str) -> None:
        """A message, above the bar."""
        self._console.print(escape(message), soft_wrap=True, highlight=False)

    def begin(self, step: int, steps: int) -> None:
        """See Progress."""
        self._bar.update(self._task, total=steps, completed=step)

    def step(self, step: int, losses: dict[str, float], rate: float) -> None:
        """Moves the bar, with the losses beside it."""
        terms = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        text = f"loss {sum(losses.values()):.3f} ({terms}), rate {rate:.2g}"
        self._bar.update(self._task, completed=step, description=f"{text}  {self._summary}")
        if not self._console.is_terminal and step % _PLAIN_STEPS == 0:
            self.say(f"step {step}: {text}")

    def note(self, summary: str) -> None:
        """Shows the validation beside the losses and, as a line, above the bar."""
        self._summary = summary
        if summary:
            self.say(summary)
