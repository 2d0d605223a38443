"""`tcm detect`."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer
from rich.markup import escape

from tcm_core.cli.console import errors, output, progress_bar
from tcm_core.data.image_io import list_images
from tcm_core.errors import BadImage
from tcm_core.onnx_file import is_onnx

if TYPE_CHECKING:
    from tcm_core.export.backend import BackendName
    from tcm_core.infer.folder import Outcome
    from tcm_core.infer.load import AnyPredictor
    from tcm_core.infer.manifest import Share

TRIAL_IMAGES: Final = 32
"""From so many images on, it pays to try which backend is the fastest, if that is not known yet."""


class LabelFormat(StrEnum):
    """Formats that results can be written in."""

    ICDAR2015 = "icdar2015"


class DeviceChoice(StrEnum):
    """Where the detector runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class BackendChoice(StrEnum):
    """What runs the checkpoint."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"
    OPENVINO = "openvino"


class TilesChoice(StrEnum):
    """Whether long and huge pictures are cut."""

    AUTO = "auto"
    NEVER = "never"


class FrameChoice(StrEnum):
    """What coordinates refer to."""

    VIEW = "view"
    STORED = "stored"


def detect(  # noqa: PLR0913 - one parameter an option
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Images and folders of images.")],
    out: Annotated[Path, typer.Option(help="Folder of the results res_<name>.txt.")],
    checkpoint: Annotated[
        str, typer.Option(help="Name of a shipped checkpoint, or a file: .safetensors, .onnx.")
    ] = "db-small",
    device: Annotated[DeviceChoice, typer.Option(help="Where the detector runs.")] = DeviceChoice.AUTO,
    label_format: Annotated[
        LabelFormat, typer.Option("--format", help="Format of the results.")
    ] = LabelFormat.ICDAR2015,
    overlay: Annotated[bool, typer.Option("--overlay", help="Also write <name>.overlay.jpg.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Detect again what is done.")] = False,
    scores: Annotated[
        bool, typer.Option("--scores", help="Write the score as a ninth field of each line.")
    ] = False,
    frame: Annotated[
        FrameChoice,
        typer.Option(help="Coordinates of the picture as viewers turn it, or as it is stored (benchmarks)."),
    ] = FrameChoice.VIEW,
    backend: Annotated[
        BackendChoice,
        typer.Option(help="What runs the checkpoint; auto: the fastest here, tried once for long runs."),
    ] = BackendChoice.AUTO,
    tiles: Annotated[
        TilesChoice,
        typer.Option(help="Cut pictures that one pass would show too small: receipts, panoramas."),
    ] = TilesChoice.AUTO,
    smallest_scale: Annotated[
        float,
        typer.Option(min=0.01, max=8.0, help="With tiles: network pixels per image pixel, at the least."),
    ] = 0.25,
) -> None:
    """Find the text on images: one result file an image; what is done already is skipped.

    Started by torchrun, every process takes its share of the images.
    """
    images, root = find_images(paths)
    predictor, share = _begin(checkpoint, device, backend, len(images))
    from tcm_core.infer.folder import detect_folder

    outcomes = detect_folder(
        predictor,
        images,
        out,
        root=root,
        overlay=overlay,
        force=force,
        frame="view" if frame is FrameChoice.VIEW else "stored",
        scores=scores,
        smallest_scale=smallest_scale if tiles is TilesChoice.AUTO else None,
        share=share,
    )
    _report(outcomes, len(images[share.rank :: share.processes]), f"{out} ({label_format.value})")


def _begin(
    checkpoint: str, device: DeviceChoice, backend: BackendChoice, images: int
) -> tuple["AnyPredictor", "Share"]:
    """The detector, and this process's share of the images; says what runs where."""
    console = errors()
    with console.status("loading the detector"):
        from tcm_core.infer.threads import wait_without_spinning

        wait_without_spinning()
        from tcm_core.infer.manifest import Share
        from tcm_core.infer.memory import keep_large_maps

        keep_large_maps()
        share = Share.of_environment()
        predictor = _load(checkpoint, own_device(device.value), backend, images)
    console.print(f"{predictor.checkpoint_name} on {predictor.device_text}{share.text}", highlight=False)
    return predictor, share


def _report(outcomes: Iterable["Outcome"], images: int, place: str) -> None:
    """Says what becomes of each image, and how many there were of each kind; any failure is status 1."""
    console, texts, counts = errors(), 0, Counter[str]()
    with progress_bar(console) as progress:
        task = progress.add_task("detecting", total=images)
        for outcome in outcomes:
            counts[outcome.status] += 1
            texts += outcome.texts
            if outcome.message:
                colour = "red" if outcome.status == "failed" else "yellow"
                console.print(f"[{colour}]{outcome.status}:[/] {escape(outcome.message)}", soft_wrap=True)
            progress.advance(task)
    output().print(
        f"{counts['done']} done, {counts['skipped']} skipped, {counts['failed']} failed; "
        f"{texts} texts in {place}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if counts["failed"]:
        raise typer.Exit(1)


def _load(checkpoint: str, device: str, backend: BackendChoice, images: int) -> "AnyPredictor":
    if backend is BackendChoice.TORCH or is_onnx(Path(checkpoint)):  # onnxruntime runs without torch
        from tcm_core.infer.load import load_predictor

        return load_predictor(checkpoint, device)
    from tcm_core.export.backend import load_backend

    return load_backend(checkpoint, device, cast("BackendName", backend.value), trial=images >= TRIAL_IMAGES)


def own_device(device: str) -> str:
    """The device of this process: of those that torchrun started on a machine, each has its own GPU."""
    local = os.environ.get("LOCAL_RANK", "")
    if device == DeviceChoice.CPU or not local.isdecimal():
        return device
    import torch

    if not torch.cuda.is_available():
        return device
    return f"cuda:{int(local) % torch.cuda.device_count()}"


def find_images(paths: Sequence[Path]) -> tuple[list[Path], Path]:
    """The images named or lying in the folders named, each once, and the folder that all of them lie below.

    A folder alone is its own root. Pictures that an earlier run drew (.overlay.jpg) are left out of folders.

    Raises:
        BadImage: a path does not exist, the paths share no folder, or there is no image at all.
    """
    roots: list[str] = []
    found: dict[Path, None] = {}
    for path in (path.absolute() for path in paths):
        if path.is_dir():
            roots.append(str(path))
            found.update(
                dict.fromkeys(image for image in list_images(path) if not image.name.endswith(".overlay.jpg"))
            )
        elif path.exists():
            roots.append(str(path.parent))
            found[path] = None
        else:
            raise BadImage(f"{path}: no such file or folder. Check the path.")
    if not found:
        raise BadImage(
            f"{paths[0]}: no image in it. Choose a folder with JPEG, PNG, TIFF, BMP, WebP or GIF files."
        )
    try:
        return list(found), Path(os.path.commonpath(roots))
    except ValueError as error:
        raise BadImage(f"the paths lie on different drives ({error}). Detect each drive alone.") from error
