"""What a person asks of a fine-tuning, which pages it takes, and which of them it is judged by."""

import hashlib
import math
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

DeviceChoice = Literal["auto", "cpu", "cuda"]
Precision = Literal["no", "bf16", "fp16"]
HeadChoice = Literal["", "db", "pan", "fce"]

HASH_SIDE: Final = 16
"""A page's hash has HASH_SIDE x HASH_SIDE bits."""
NEAR_BITS: Final = 26
"""Pages whose hashes differ in at most so many of 256 bits look alike; unrelated ones differ in half."""

_PLACE: Final = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True)
class FinetuneWish:
    """What a person wants.

    Attributes:
        name: of the run and of the new checkpoint.
        start: a shipped checkpoint's name, or a file.
        head: another head than the checkpoint's, which begins from nothing; "": the same one.
        fraction: of the pages; the rest is left out.
        validation: share of the taken pages that is not learnt.
        apart: pages that look alike stay together on one side of the split.
        freeze: modules that keep their weights, "*" for any characters.
        start_share: what the new checkpoint keeps of the starting one's weights; another head keeps nothing.
        epochs: how often each page is drawn from; not used when minutes are given.
        minutes: how long to learn, validation not counted; 0: by epochs.
        device: where it learns.
        precision: of the network's numbers.
        strength: of the changes to the pages' crops; 1: the preset's, 0: none but size and place.
        replay: folder of labelled images, or a run's TOML, that the checkpoint learnt from before; "": none.
        launcher: words of a command that starts the run elsewhere, see launch_words; (): on this computer.
        there: the project's folder as the other computer calls it; "": the same.
        seed: of everything that is drawn.
    """

    name: str
    start: str = "db-small"
    head: HeadChoice = ""
    fraction: float = 1.0
    validation: float = 0.2
    apart: bool = True
    freeze: tuple[str, ...] = ("encoder",)
    start_share: float = 0.5
    epochs: float = 24.0
    minutes: float = 0.0
    device: DeviceChoice = "auto"
    precision: Precision = "bf16"
    strength: float = 1.0
    replay: str = ""
    launcher: tuple[str, ...] = ()
    there: str = ""
    seed: int = 0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "FinetuneWish":
        """The wish of a file; what is not known is passed over.

        Raises:
            TypeError: the name is missing.
        """
        known = {field.name for field in fields(cls)}
        given = {key: value for key, value in values.items() if key in known}
        for key in ("freeze", "launcher"):
            if key in given:
                given[key] = tuple(given[key])
        return cls(**given)


class Pair(NamedTuple):
    """Two pages that look alike."""

    first: str
    second: str
    bits: int  # in which their hashes differ


class Draw(NamedTuple):
    """Which pages a run takes.

    Attributes:
        learnt: keys of the pages to learn from.
        validation: keys of the pages that choose checkpoint and thresholds.
        alike: pairs of taken pages that look alike.
        leaks: those of them that lie on both sides of the split.
    """

    learnt: tuple[str, ...]
    validation: tuple[str, ...]
    alike: tuple[Pair, ...]
    leaks: tuple[Pair, ...]


def draw_pages(keys: Sequence[str], wish: FinetuneWish, hashes: Mapping[str, NDArray[np.uint8]]) -> Draw:
    """Takes pages by the wish and splits them; the same wish draws the same, in whatever order pages come.

    Args:
        keys: of the pages to choose from.
        wish: fraction, validation, apart and seed count.
        hashes: of pages, from `page_hash`; those without one look like nothing else.
    """
    taken = _first_by_rank(keys, math.ceil(wish.fraction * len(keys) - 1e-9), wish.seed, "few")
    alike = look_alikes({key: hashes[key] for key in taken if key in hashes})
    groups = _groups(taken, alike) if wish.apart else [(key,) for key in taken]
    wanted = min(math.floor(wish.validation * len(taken) + 0.5), len(taken) - 1)
    kept: set[str] = set()
    for group in sorted(groups, key=lambda group: _rank(min(group), wish.seed, "validation")):
        if len(kept) + len(group) <= wanted:
            kept.update(group)
    leaks = tuple(pair for pair in alike if (pair.first in kept) != (pair.second in kept))
    return Draw(
        tuple(key for key in taken if key not in kept),
        tuple(key for key in taken if key in kept),
        tuple(alike),
        leaks,
    )


def page_hash(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """256 bits that nearly stay when a picture is scaled, compressed or lit otherwise.

    The difference hash: whether each place of a small picture is brighter than its right neighbour
    (Krawetz, "Kind of Like That", 2013).

    Args:
        grey: (HASH_SIDE, HASH_SIDE + 1), the picture scaled down by averaging.

    Returns:
        (HASH_SIDE * HASH_SIDE / 8,) packed bits.
    """
    return np.packbits(grey[:, 1:] > grey[:, :-1])


def look_alikes(hashes: Mapping[str, NDArray[np.uint8]], most: int = NEAR_BITS) -> list[Pair]:
    """All pairs of pages whose hashes differ in few bits.

    A picture with nearly no bit set is an even ground, which says nothing; it pairs with equal ones only.
    """
    keys = list(hashes)
    if len(keys) < 2:
        return []
    bits = np.unpackbits(np.stack([hashes[key] for key in keys]), axis=1).astype(np.int32)
    pairs = []
    for place in range(len(keys) - 1):
        differing = np.count_nonzero(bits[place + 1 :] != bits[place], axis=1)
        said = np.minimum(bits[place].sum(), bits[place + 1 :].sum(axis=1))
        near = np.flatnonzero((differing <= most) & ((said > most) | (differing == 0)))
        pairs += [Pair(keys[place], keys[place + 1 + other], int(differing[other])) for other in near]
    return pairs


def launch_words(template: Sequence[str], values: Mapping[str, str], *, resume: bool) -> list[str]:
    """The command of a template, word by word; no shell ever sees it here.

    Where a shell elsewhere will split the words once more, what stands for a place is quoted for it: in all
    words of ssh, and in a word with blanks, such as what `sbatch --wrap` is given.

    Args:
        template: words with the places {config} and {run}; {resume} is --resume or nothing.
        values: of the places.
        resume: whether the run goes on from its saved state.
    """
    elsewhere = bool(template) and PurePath(template[0]).stem == "ssh"
    words = []
    for word in template:
        if word == "{resume}":
            words += ["--resume"] if resume else []
            continue
        again = elsewhere or any(letter.isspace() for letter in word)
        known = {name: shlex.quote(value) if again else value for name, value in values.items()}
        known["resume"] = "--resume" if resume else ""
        words.append(_filled(word, known))
    return words


def _filled(word: str, values: Mapping[str, str]) -> str:
    """A word with what stands for its places; a place that is not known stays."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), word)


def _groups(keys: Sequence[str], alike: Iterable[Pair]) -> list[tuple[str, ...]]:
    """The pages that hang together by pairs."""
    group_of = {key: [key] for key in keys}
    for pair in alike:
        first, second = group_of[pair.first], group_of[pair.second]
        if first is not second:
            first += second
            for key in second:
                group_of[key] = first
    return [tuple(group) for key, group in group_of.items() if group[0] == key]


def _first_by_rank(keys: Sequence[str], count: int, seed: int, purpose: str) -> list[str]:
    chosen = set(sorted(keys, key=lambda key: _rank(key, seed, purpose))[:count])
    return [key for key in keys if key in chosen]


def _rank(key: str, seed: int, purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose} {seed} {key}".encode("utf-8", "surrogatepass")).digest()
