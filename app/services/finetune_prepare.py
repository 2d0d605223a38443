"""What comes before a fine-tuning: pages looked at, labels frozen, a configuration, and an estimate."""

import json
import math
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from app.command_line import tcm_environment, tcm_words
from app.domain.finetune import HASH_SIDE, Draw, FinetuneWish, page_hash
from app.domain.page import Page
from app.services.format_export import labelled_images
from app.storage.finetune_runs import CONFIG_FILE, DATA_FOLDER, PAGES_FILE
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import BadConfig, BadImage, TcmError

if TYPE_CHECKING:
    from tcm_core.config.train import TrainConfig

LABEL_FORMAT: Final = "labelme"
"""Holds every polygon and transcription as it is, in the frame that is shown."""
CHECK_S: Final = 600
_LOOK_S: Final = 0.2  # how soon a trial that nobody waits for is ended
_VALIDATIONS: Final = 6
_POINTS: Final = 100  # of a curve, where there are so many steps
_OFTEN: Final = 5  # a pause or a kill loses so many steps at most, where steps are few


@dataclass(frozen=True)
class Estimate:
    """What a run would be like, as three steps of it have shown.

    Attributes:
        device: where it would run.
        step_s: seconds of a step.
        steps: of the run.
        minutes: of the whole run, validations and all.
        memory: in words, as `tcm train --check` says it.
    """

    device: str
    step_s: float
    steps: int
    minutes: float
    memory: str


def hash_of(path: Path) -> NDArray[np.uint8] | None:
    """The hash of an image by which it is compared with others; None when it cannot be read."""
    import cv2

    from tcm_core.data.image_io import read_stored

    try:
        pixels = read_stored(path, 4).pixels
    except BadImage:
        return None
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (HASH_SIDE + 1, HASH_SIDE), interpolation=cv2.INTER_AREA)
    return page_hash(np.asarray(small, dtype=np.uint8))


def freeze_pages(folder: Path, pages: Sequence[tuple[str, Page]], out: Path) -> dict[str, str]:
    """Copies the labels of pages as they are now, and links the images; later edits change nothing there.

    Args:
        folder: of the images.
        pages: key and page.
        out: made; gets labels/, images/ and pages.json, which says which page each image is.

    Returns:
        The frozen image's stem by key. Pages whose image cannot be read are left out.

    Raises:
        BadConfig: no image can be read.
        TcmError: something cannot be written.
    """
    from dataclasses import replace

    from tcm_core.data.formats.table import format_named

    write = format_named(LABEL_FORMAT).write
    assert write is not None
    images, _, unread = labelled_images(pages, folder, "view")
    names: dict[str, str] = {}
    frozen = []
    for number, image in enumerate(images, 1):
        if image.image not in unread:
            name = f"{number:05d}-{PurePosixPath(image.image).name}"
            names[image.image] = name
            frozen.append(replace(image, image=name))
    if not frozen:
        raise BadConfig("none of these images can be read, so there is nothing to learn from")
    try:
        (out / "images").mkdir(parents=True, exist_ok=True)
        for key, name in names.items():
            _link(folder / key, out / "images" / name)
    except OSError as error:
        raise TcmError(f"{out}: images cannot be linked there ({error.strerror or error})") from error
    write(frozen, out / "labels")
    listed = [{"image": f"images/{name}", "page": key} for key, name in names.items()]
    text = json.dumps({"folder": str(folder), "left_out": unread, "images": listed}, ensure_ascii=False)
    write_text_atomic(out / PAGES_FILE, text + "\n")
    return {key: PurePosixPath(name).stem for key, name in names.items()}


def page_of(run: Path) -> dict[str, str]:
    """The page's key by the name of its frozen image; empty when that cannot be read."""
    try:
        content = json.loads((run / DATA_FOLDER / PAGES_FILE).read_text(encoding="utf-8"))
        return {PurePosixPath(row["image"]).name: str(row["page"]) for row in content["images"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def make_config(wish: FinetuneWish, data: Path, learnt: int, validation: Sequence[str]) -> "TrainConfig":
    """The run that a wish comes to.

    Args:
        wish: as it was asked for.
        data: from freeze_pages.
        learnt: pages to learn from.
        validation: stems of the frozen images that are not learnt.

    Raises:
        BadConfig, BadCheckpoint, BadLabels: see tcm_core.train.finetune.finetune_config.
    """
    from tcm_core.train.finetune import Wish, finetune_config

    total = learnt + len(validation)
    config = finetune_config(
        Wish(
            pages=data,
            start=wish.start,
            label_format=LABEL_FORMAT,
            replay=Path(wish.replay).expanduser() if wish.replay else None,
            epochs=(wish.epochs if wish.minutes == 0 else 1.0) * learnt / total,
            freeze=_freezable(wish),
            start_share=None if wish.head else wish.start_share,
            head=wish.head or None,
            validation_share=0.0,
            name=wish.name,
            seed=wish.seed,
        )
    )
    own = config.data.sources[0]
    own = own.model_copy(update={"validation": tuple(validation), "validation_share": 0.0})
    changes = {
        "data": config.data.model_copy(update={"sources": (own, *config.data.sources[1:])}),
        "augment": config.augment.model_copy(update=_strength(config.augment.model_dump(), wish.strength)),
        "device": wish.device,
        "precision": wish.precision,
    }
    return with_steps(config.model_copy(update=changes), config.optim.steps)


def with_steps(config: "TrainConfig", steps: int) -> "TrainConfig":
    """The same run with another length: its warm-up and way down in proportion, and six validations."""
    longer = steps / config.optim.steps
    optim = {
        "steps": steps,
        "warmup_steps": round(config.optim.warmup_steps * longer),
        "cooldown_steps": round(config.optim.cooldown_steps * longer),
    }
    every = max(1, math.ceil(steps / _VALIDATIONS))
    return config.model_copy(
        update={
            "optim": config.optim.model_copy(update=optim),
            "validation": config.validation.model_copy(update={"every": every, "at_start": True}),
            "save_every": min(50, max(_OFTEN, every)),
            "report_every": min(10, max(1, steps // _POINTS)),
        }
    )


def write_config(config: "TrainConfig", folder: Path) -> Path:
    """Writes run.toml into a run's folder, whose own data is named by a path from there.

    Raises:
        TcmError: it cannot be written.
    """
    import tomlkit

    values: dict[str, Any] = config.model_dump(mode="json", exclude_none=True)
    if values["data"].get("sources"):
        values["data"] = {"sources": values["data"]["sources"]}
        values["data"]["sources"][0]["root"] = DATA_FOLDER
    if not values.get("stages"):
        values.pop("stages", None)
    path = folder / CONFIG_FILE
    write_text_atomic(path, tomlkit.dumps(values))
    return path


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


def estimate(config: Path, steps: int, stop: Callable[[], bool] = lambda: False) -> Estimate:
    """Does three steps of a run in a process of its own; takes some time.

    Args:
        config: of the run.
        steps: that it will be long.
        stop: when it says so the process is ended.

    Raises:
        TcmError: the run would fail; the message is its own.
        GivenUp: `stop` said so.
    """
    done = _trial([*tcm_words(), "train", "--check", "--config", str(config)], config.parent, stop)
    said = done.stdout.decode("utf-8", errors="replace")
    rows = {line.split(maxsplit=1)[0]: line for line in said.splitlines() if line.strip()}
    if done.returncode or not {"device", "memory", "a", "validation"} <= set(rows):
        words = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        raise TcmError(" ".join(words[-4:]) or f"The trial of the run ended with status {done.returncode}.")
    step_s = float(rows["a"].split()[2])
    validation_s, validations = float(rows["validation"].split()[1]), int(rows["validation"].split()[3])
    return Estimate(
        device=rows["device"].split(maxsplit=1)[1].strip(),
        step_s=step_s,
        steps=steps,
        minutes=(steps * step_s + validations * validation_s) / 60,
        memory=rows["memory"].split(maxsplit=1)[1].strip(),
    )


def _trial(
    command: Sequence[str], folder: Path, stop: Callable[[], bool]
) -> "subprocess.CompletedProcess[bytes]":
    """What a command says, unless it takes too long or nobody waits for it."""
    pipe, end = subprocess.PIPE, time.monotonic() + CHECK_S
    try:
        process = subprocess.Popen(
            command, env=tcm_environment(), stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, cwd=folder
        )
        with process:
            while True:
                try:
                    said, complained = process.communicate(timeout=_LOOK_S)
                    return subprocess.CompletedProcess(command, process.returncode, said, complained)
                except subprocess.TimeoutExpired:
                    if stop() or time.monotonic() > end:
                        process.kill()
                        process.communicate()
                        if stop():
                            raise GivenUp from None
                        raise
    except (OSError, subprocess.SubprocessError) as error:
        raise TcmError(f"The trial of the run did not end well: {error}") from error


@dataclass(frozen=True)
class Job:
    """What a run is made of: taken in the window's thread, worked off in another.

    Attributes:
        folder: of the images.
        pages: that were drawn, with their labels.
        draw: which side each is on.
    """

    wish: FinetuneWish
    folder: Path
    pages: tuple[tuple[str, Page], ...]
    draw: Draw


def prepare(job: Job, run: Path, stop: Callable[[], bool] = lambda: False) -> int:
    """Freezes the labels and writes the configuration; a length in minutes needs a trial first.

    Args:
        job: what it is made of.
        run: its folder.
        stop: ends the trial.

    Returns:
        The steps of the run.

    Raises:
        TcmError: in words for a person.
        GivenUp: `stop` said so.
    """
    stems = freeze_pages(job.folder, job.pages, run / DATA_FOLDER)
    validation = [stems[key] for key in job.draw.validation if key in stems]
    config = make_config(job.wish, run / DATA_FOLDER, len(stems) - len(validation), validation)
    path = write_config(config, run)
    if job.wish.minutes:
        trial = estimate(path, config.optim.steps, stop)
        steps = max(1, round(job.wish.minutes * 60 / max(trial.step_s, 1e-3)))
        config = with_steps(config, steps)
        write_config(config, run)
    return config.optim.steps


def try_out(job: Job, stop: Callable[[], bool]) -> Estimate:
    """What the run would be like; everything that it needs is made in a temporary folder.

    Raises:
        TcmError: in words for a person.
        GivenUp: `stop` said so.
    """
    with tempfile.TemporaryDirectory(prefix="tcm-studio-", ignore_cleanup_errors=True) as folder:
        steps = prepare(job, Path(folder), stop)
        return estimate(Path(folder) / CONFIG_FILE, steps, stop)


def hash_pages(
    folder: Path, keys: Sequence[str], known: Mapping[str, NDArray[np.uint8]], stop: Callable[[], bool]
) -> dict[str, NDArray[np.uint8]]:
    """The hashes of pages that are not known yet; ends early when told to."""
    found: dict[str, NDArray[np.uint8]] = {}
    for key in keys:
        if stop():
            break
        if key not in known and (value := hash_of(folder / key)) is not None:
            found[key] = value
    return found


def _freezable(wish: FinetuneWish) -> tuple[str, ...]:
    """The modules to freeze of those that come from the checkpoint: another head and its neck are new."""
    from tcm_core.checkpoint_file import read_metadata, resolve_checkpoint

    model = read_metadata(resolve_checkpoint(wish.start)).model
    new = {"neck", "head"} if wish.head not in ("", model.head.name) else set()
    if model.tcm is None:
        new.add("language")
    return tuple(name for name in wish.freeze if name.split(".")[0] not in new)


def unlearnt_pages(run: Path) -> frozenset[str]:
    """Keys of the pages that a run was judged by and did not learn from; empty when that is not known."""
    pages = page_of(run)
    try:
        split = json.loads((run / "split.json").read_text(encoding="utf-8"))
        names = [PurePosixPath(name).name for name in split["sources"][0]["validation"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return frozenset()
    return frozenset(pages[name] for name in names if name in pages)


def _strength(augment: Mapping[str, Any], strength: float) -> dict[str, Any]:
    """The preset's changes to crops, weaker or stronger; where and how large they are cut stays."""
    odds = {key: min(1.0, augment[key] * strength) for key in ("colour", "blur", "noise", "jpeg", "night")}
    return {
        **odds,
        "rotation_degrees": min(180.0, augment["rotation_degrees"] * strength),
        "stretch": 1 + (augment["stretch"] - 1) * strength,
        "perspective": min(0.5, augment["perspective"] * strength),
    }


def _link(image: Path, place: Path) -> None:
    """A link by a path from here, so that it holds where the folder is called otherwise; else a copy."""
    place.unlink(missing_ok=True)
    try:
        place.symlink_to(os.path.relpath(image.resolve(), place.parent.resolve()))
    except (OSError, ValueError):  # no right to make links, or another drive
        shutil.copyfile(image, place)
