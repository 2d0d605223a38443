"""Checkpoints as a person sees them: where each is from, what its card says, and what may be done with it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Origin = Literal["shipped", "own", "run", "elsewhere"]
Verb = Literal["rename", "delete", "use", "compare", "export"]

ORIGINS: Final[dict[Origin, str]] = {
    "shipped": "Shipped",
    "own": "Your own",
    "run": "Run of this folder",
    "elsewhere": "Another folder",
}
NAME_LIMIT: Final = 80
TAG_LIMIT: Final = 12
_NAME: Final = re.compile(r"[\w][\w .()+-]*", re.UNICODE)
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LICENCE_ROW: Final = re.compile(r"^\|\s*licen[cs]e\s*\|\s*(.+?)\s*\|\s*$", re.IGNORECASE | re.MULTILINE)
_LICENCE_WORDS: Final = re.compile(r"CC BY(?:-[A-Z]+)* \d\.\d|Apache[ -](?:License )?2\.0|MIT License")


@dataclass(frozen=True)
class CheckpointEntry:
    """A checkpoint file in the list.

    Attributes:
        path: the file.
        origin: where it is from.
        name: what the list calls it: the file's name, or that of the run.
        exported: whether it is an ONNX file.
        title: what the checkpoint calls itself.
        head: such as "db"; empty when it cannot be read.
        encoder: the image encoder's name.
        words: the prompt's words; None: a plain detector.
        sides: shorter and longest side that it looks at, network pixels.
        size: bytes.
        mtime_ns: of the file.
        note: what the file says of where its weights come from.
        card: the Markdown beside it; empty: there is none.
        figures: the best figures known, in words.
        problem: why it cannot be used, in words.
    """

    path: Path
    origin: Origin
    name: str
    exported: bool = False
    title: str = ""
    head: str = ""
    encoder: str = ""
    words: str | None = None
    sides: tuple[int, int] = (0, 0)
    size: int = 0
    mtime_ns: int = 0
    note: str = ""
    card: str = ""
    figures: str = ""
    problem: str = ""

    @property
    def value(self) -> str:
        """How the settings name it: shipped ones by name, others by their file."""
        return self.path.stem if self.origin == "shipped" else str(self.path)

    @property
    def licence(self) -> str:
        """What card or note say; empty when they say nothing."""
        found = _LICENCE_ROW.search(self.card)
        if found is not None:
            return found[1].strip("* ")
        named = _LICENCE_WORDS.search(f"{self.note}\n{self.card}")
        return "" if named is None else named[0]


def card_figures(card: str) -> str:
    """The figures of a card: of its tables' rows with an hmean the one in bold, else the last."""
    best = ""
    column: int | None = None
    for line in card.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|"):
            column = None
        elif "hmean" in [cell.lower() for cell in cells]:
            column = [cell.lower() for cell in cells].index("hmean")
        elif column is not None and column < len(cells) and re.search(r"\d", cells[column]):
            bold = cells[column].startswith("**")
            if bold or not best.startswith("*"):
                best = f"{'*' if bold else ''}hmean {cells[column].strip('* ')} ({cells[0].strip('* ')})"
    return best.lstrip("*")


def refusal(entry: CheckpointEntry, verb: Verb, *, in_use: bool) -> str:
    """Why something cannot be done with a checkpoint, in words; empty when it can."""
    if verb == "delete" and in_use:
        return f"{entry.name} is in use. Use another checkpoint first, then delete it."
    if verb in ("rename", "delete"):
        return _not_ours(entry)
    if entry.problem:
        return entry.problem
    if verb == "export" and entry.exported:
        return f"{entry.name} is an exported file already."
    return ""


def _not_ours(entry: CheckpointEntry) -> str:
    if entry.origin == "shipped":
        return f"{entry.name} is shipped with the program: it stays, under its name."
    if entry.origin == "run":
        return f"{entry.name} belongs to a training. Promote or discard it in Train > Trainings."
    if entry.origin == "elsewhere":
        return f"{entry.name} is not in your folder of checkpoints. Import it, or change it where it lies."
    return ""


def bad_name(name: str) -> str:
    """What is wrong with a new name, in words; empty: nothing."""
    if not name or len(name) > NAME_LIMIT:
        return f"A name has 1 to {NAME_LIMIT} characters."
    if not _NAME.fullmatch(name) or name.endswith((" ", ".")) or _RESERVED.fullmatch(name):
        return "A name has letters, digits, spaces and . _ - + ( ), and begins with a letter or a digit."
    return ""


def parse_tags(text: str) -> tuple[str, ...]:
    """The tags of a line, with commas between them; each once, at most TAG_LIMIT."""
    tags = (" ".join(tag.split())[:40] for tag in text.split(","))
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:TAG_LIMIT]


def size_words(size: int) -> str:
    """Bytes for people."""
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1e6:.1f} MB" if size < 1_000_000_000 else f"{size / 1e9:.2f} GB"
