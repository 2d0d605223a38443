"""Damage every kind of file that the program writes, at random, and open it with the program's own reader.

    python -m tests.faults.corrupt --cases 300 [--seed 0] [--kind NAME ...]

Each kind is made once, by its writer. Of every case a fresh copy is damaged: bits flipped, bytes overwritten,
cut off, a block zeroed, two blocks swapped, a block doubled, something appended, emptied. Then it is read:

    same        the content is what was written (the damage met nothing that counts)
    refused     a TcmError in words
    recovered   other content, and the reader said so
    unnoticed   other content without a word, of a plain text where no reader could tell
    SILENT      other content without a word, where a checksum or the structure could have told
    CRASHED     another exception, or the process ended

Every kind runs in a process of its own. The last two are faults; each is printed with its seed.
"""

import argparse
import faulthandler
import multiprocessing
import random
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from tcm_core.errors import TcmError
from tests.faults.corrupt_kinds import KINDS, Kind

OUTCOMES = ("same", "refused", "recovered", "unnoticed", "SILENT", "CRASHED")
FAULTS = ("SILENT", "CRASHED")
WAYS = ("flip", "flip", "overwrite", "cut", "zero", "swap", "double", "append", "empty")
CASE_S = 120
SHOWN = 5


def damaged(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    """What was done, and what came of it; never what was there before."""
    while True:
        way = chance.choice(WAYS)
        found = _damaged(content, way, chance)
        if found != content:
            return way, found


def _damaged(content: bytes, way: str, chance: random.Random) -> bytes:
    size = len(content)
    at, length = chance.randrange(size), min(size, chance.choice((1, 4, 16, 64, 512, 4096)))
    start = chance.randrange(size - length + 1)
    match way:
        case "flip":
            changed = bytearray(content)
            for _ in range(chance.choice((1, 1, 1, 3))):
                changed[chance.randrange(size)] ^= 1 << chance.randrange(8)
            return bytes(changed)
        case "overwrite":
            return content[:start] + chance.randbytes(length) + content[start + length :]
        case "cut":
            return content[:at]
        case "zero":
            return content[:start] + bytes(length) + content[start + length :]
        case "swap":
            length = min(length, size // 2)
            first = chance.randrange(size - 2 * length + 1)
            second = chance.randrange(first + length, size - length + 1)
            one, other = content[first : first + length], content[second : second + length]
            middle = content[first + length : second]
            return content[:first] + other + middle + one + content[second + length :]
        case "double":
            return content[: start + length] + content[start:]
        case "append":
            return content + chance.randbytes(length)
    return b""


def outcome_of(kind: Kind, folder: Path, whole: str, usual: list[str]) -> tuple[str, str]:
    """How the reader takes what is in the folder, and the words for it; `usual` is said of a whole file."""
    try:
        content, said = kind.read(folder)
    except TcmError as error:
        return ("refused", str(error)) if str(error).strip() else ("CRASHED", "refused without a word")
    except Exception:  # noqa: BLE001 that is what is looked for
        return "CRASHED", traceback.format_exc(limit=-3)
    if content == whole:
        return "same", ""
    if said and said != usual:
        return "recovered", said[0]
    return ("SILENT" if kind.guarded else "unnoticed"), f"{_difference(whole, content)}"


def _difference(whole: str, content: str) -> str:
    at = next((n for n, pair in enumerate(zip(whole, content, strict=False)) if pair[0] != pair[1]), 0)
    return f"{whole[max(0, at - 40) : at + 40]!r} became {content[max(0, at - 40) : at + 40]!r}"


def run_kind(name: str, cases: int, seed: int, place: Path) -> tuple[Counter[str], list[str]]:
    """Damage one kind so often; counts by outcome, and the faults in words."""
    kind = KINDS[name]
    warnings.simplefilter("ignore")
    whole_folder, folder = place / "whole", place / "case"
    whole_folder.mkdir()
    files = [path.relative_to(whole_folder) for path in kind.make(whole_folder)]
    counts: Counter[str] = Counter()
    faults: list[str] = []
    shutil.copytree(whole_folder, folder)
    whole, usual = kind.read(folder)
    shutil.rmtree(folder)
    shutil.copytree(whole_folder, folder)
    for file in files:
        (folder / file).unlink()
    if outcome_of(kind, folder, whole, usual)[0] == "same":
        raise ValueError(f"{name}: the reader does not read these files")
    for number in range(cases):
        chance = random.Random(f"{seed} {name} {number}")
        shutil.rmtree(folder)
        shutil.copytree(whole_folder, folder)
        path = folder / chance.choice(files)
        way, content = damaged(path.read_bytes(), chance)
        path.write_bytes(content)
        faulthandler.dump_traceback_later(CASE_S, exit=True)
        outcome, words = outcome_of(kind, folder, whole, usual)
        if outcome == "SILENT" and way in ("cut", "empty") and path.name.endswith("-wal"):
            outcome = "unnoticed"  # as if the program had been killed earlier
        faulthandler.cancel_dump_traceback_later()
        counts[outcome] += 1
        if outcome in FAULTS:
            faults.append(f"{name}, seed {seed}, case {number}, {way} in {path.name}: {outcome}: {words}")
    return counts, faults


def run_apart(name: str, cases: int, seed: int) -> tuple[Counter[str], list[str]]:
    """As run_kind, in a process of its own, whose end is a fault too."""
    start = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(start)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, name, cases, seed))
    process.start()
    theirs.close()
    try:
        counts, faults = ours.recv()
    except EOFError:
        process.join()
        return Counter(CRASHED=1), [f"{name}: the process ended with {process.exitcode}, see above"]
    process.join()
    return counts, faults


def _send(pipe: Connection, name: str, cases: int, seed: int) -> None:
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as temporary:
        pipe.send(run_kind(name, cases, seed, Path(temporary)))


def row(name: str, counts: Counter[str]) -> str:
    """A row of the table, in Markdown."""
    return f"| {name} | {sum(counts.values())} | {' | '.join(str(counts[one]) for one in OUTCOMES)} |"


def main() -> int:
    """The command line; 1 when there is a fault."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=300, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="only this one (may be given several times)")
    arguments = parser.parse_args()
    sys.stdout.write(f"| file | cases | {' | '.join(OUTCOMES)} |\n|---|{'---|' * (len(OUTCOMES) + 1)}\n")
    total: Counter[str] = Counter()
    faults: list[str] = []
    for name in arguments.kind or KINDS:
        counts, more = run_apart(name, arguments.cases, arguments.seed)
        total += counts
        faults += more
        sys.stdout.write(row(name, counts) + "\n")
        sys.stdout.writelines(f"    {words}\n" for words in more[:SHOWN])
        sys.stdout.flush()
    sys.stdout.write(row("all", total) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
