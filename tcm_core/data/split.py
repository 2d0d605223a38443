"""Which images of a data set are learnt from and which are kept for validation: the same ones every time.

What is drawn depends on the seed and on each image's own name, so images that come or go later move no other
image from one side to the other.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tcm_core.config.data import LeaveOut, SourceConfig
from tcm_core.data.formats.source import image_stem
from tcm_core.data.image_io import list_images
from tcm_core.data.night import within_luminance
from tcm_core.data.packed import PackedSamples
from tcm_core.errors import BadConfig, BadImage


class Split(NamedTuple):
    """Names of images, in natural order."""

    learnt: tuple[str, ...]
    validation: tuple[str, ...]


def draw_split(
    samples: PackedSamples,
    source: SourceConfig,
    on_unreadable: Callable[[BadImage], None] | None = None,
) -> Split:
    """The images of a source to learn from and those kept for validation.

    Args:
        samples: of the whole data set.
        source: says what is left out, kept and taken; its keys apply in their order.
        on_unreadable: told of images whose luminance cannot be measured, which are left out; None: raise.

    Raises:
        BadConfig: a stem or list names no image, or a list cannot be read.
        BadImage: see on_unreadable.
    """
    names = [samples.name(index) for index in range(len(samples))]
    _check_stems((*source.exclude, *source.validation), names, source)
    gone = {*source.exclude, *(stem for lists in source.leave_out for stem in _listed(lists, names))}
    names = [name for name in names if _stem(name) not in gone]
    if source.luminance != SourceConfig.model_fields["luminance"].default:
        images = [samples.root / name for name in names]
        names = [names[index] for index in within_luminance(images, source.luminance, on_unreadable)]
    kept = _validation(names, source)
    learnt = few([name for name in names if name not in kept], source.share, source.seed)
    return Split(tuple(learnt), tuple(name for name in names if name in kept))


def few(names: Sequence[str], share: float, seed: int) -> list[str]:
    """That share of the names, at least one, in their order; a smaller share is part of a larger one."""
    count = math.ceil(share * len(names) - 1e-9)
    chosen = set(sorted(names, key=lambda name: _rank(name, seed, "few"))[:count])
    return [name for name in names if name in chosen]


def listed_stems(path: Path, only: Path | None = None) -> list[str]:
    """The images that a list names: the last word of each line, without its ending.

    Args:
        path: the list, such as Total_Text_ID_vs_ArT_ID.list or CTW1500_ID_vs_ArT_ID.txt.
        only: a folder of images; of lines with two words, only those whose first is one of them count.

    Raises:
        BadConfig: the list or the folder cannot be read, or the list is empty.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
        there = None if only is None else {image.stem for image in list_images(only)}
    except (OSError, BadImage) as error:
        raise BadConfig(f"data: the list of images to leave out cannot be read: {error}") from error
    stems = [
        _stem(words[-1])
        for words in (line.split() for line in lines)
        if words and (there is None or len(words) == 1 or _other_stem(words[0]) in there)
    ]
    if not stems:
        raise BadConfig(
            f"data: {path} names no image to leave out; give the list that came with the data set"
        )
    return stems


def _listed(lists: LeaveOut, names: Iterable[str]) -> list[str]:
    stems = listed_stems(lists.list, lists.only)
    if not {_stem(name) for name in names}.intersection(stems):
        raise BadConfig(f"data: none of the {len(stems)} images in {lists.list} is in this data set")
    return stems


def _validation(names: Sequence[str], source: SourceConfig) -> set[str]:
    if source.validation:
        stems = set(source.validation)
        return {name for name in names if _stem(name) in stems}
    if source.validation_every:
        return set(names[source.validation_every - 1 :: source.validation_every])
    count = math.floor(source.validation_share * len(names) + 0.5)
    return set(sorted(names, key=lambda name: _rank(name, source.seed, "validation"))[:count])


def _check_stems(stems: Sequence[str], names: Sequence[str], source: SourceConfig) -> None:
    known = {_stem(name) for name in names}
    unknown = [stem for stem in stems if stem not in known]
    if unknown:
        raise BadConfig(f"data: {source.root} has no images called {', '.join(unknown[:5])}")


def _rank(name: str, seed: int, purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose} {seed} {name}".encode("utf-8", "surrogatepass")).digest()


def _stem(name: str) -> str:
    last = PurePosixPath(name).name
    return last.removesuffix(".txt") if last.endswith(".txt") else image_stem(last)


def _other_stem(word: str) -> str:
    """The image that a label file of the other data set belongs to: poly_gt_img651.txt -> img651."""
    return _stem(word).removeprefix("poly_").removeprefix("gt_")
