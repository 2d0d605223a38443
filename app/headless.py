"""The same work without a window: find the text of all images of a folder and say where the results are."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tcm_core.data.image_io import list_images
from tcm_core.errors import TcmError

if TYPE_CHECKING:
    from tcm_core.infer.folder import Outcome

DEFAULT_OUT: Final = Path("out")
NO_FOLDER: Final = (
    "There is no display, so no window can be opened.\n"
    "Name a folder of images to work without one:  tcm-studio FOLDER [--out DIR]"
)


def run_headless(folder: Path | None, out: Path | None, checkpoint: str | None, device: str | None) -> int:
    """Detect every image of `folder` and write `res_<name>.txt` and a picture of the result for each.

    Args:
        folder: of images; None: nothing can be done, and that is said.
        out: folder of the results; None: `out/` and the folder's name below the current directory.
        checkpoint: name or file; None: the shipped one.
        device: "auto", "cpu" or "cuda"; None: "auto".

    Returns:
        0 when every image was done, 1 when some failed, 2 when nothing could be done.
    """
    console = Console(stderr=True)
    if folder is None:
        _say(console, NO_FOLDER)
        return 2
    try:
        return _detect(folder, out, checkpoint or "db-small", device or "auto", console)
    except TcmError as error:
        _say(console, f"error: {error}")
        return 2


def default_out(folder: Path) -> Path:
    """Where results go when nobody says: below the current directory, never among the images."""
    named = DEFAULT_OUT / folder.absolute().name
    inside = named.absolute().is_relative_to(folder.absolute())
    return folder.absolute().parent / f"{folder.absolute().name}_out" if inside else named


def _detect(folder: Path, out: Path | None, checkpoint: str, device: str, console: Console) -> int:
    if not folder.is_dir():
        raise TcmError(f"{folder}: no such folder; name a folder of images")
    if out is not None and out.absolute().is_relative_to(folder.absolute()):
        raise TcmError(f"{out} lies among the images; name another folder for the results with --out")
    out = out or default_out(folder)
    images = list_images(folder)
    if not images:
        raise TcmError(f"{folder}: there are no images in this folder; name one with JPEG, PNG or TIFF files")
    _say(console, "Working without a window.")
    with console.status("loading the detector"):
        from tcm_core.infer.folder import detect_folder
        from tcm_core.infer.load import load_predictor

        predictor = load_predictor(checkpoint, device)
    _say(console, f"{len(images)} images, {predictor.checkpoint_name} on {predictor.device_text}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    outcomes: list[Outcome] = []
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("finding text", total=len(images))
        for outcome in detect_folder(predictor, images, out, root=folder, overlay=True):
            outcomes.append(outcome)
            if outcome.status == "failed":
                _say(console, f"failed: {outcome.message}")
            progress.advance(task)
    return _report(folder, out, outcomes, Console())


def _report(folder: Path, out: Path, outcomes: "list[Outcome]", console: Console) -> int:
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    texts = sum(outcome.texts for outcome in outcomes)
    _say(console, f"{texts} texts found on {len(outcomes) - failed} images; {failed} images failed.")
    _say(console, f"The results are in {out.absolute()}")
    _say(console, "  res_<name>.txt        the outlines of the texts, ICDAR 2015 form")
    _say(console, "  <name>.overlay.jpg    the image with outlines and score map")
    gt = folder.absolute().parent / "gt"
    if gt.is_dir():
        _say_figures(gt, out, console)
    return 1 if failed else 0


def _say_figures(gt: Path, out: Path, console: Console) -> None:
    """How right the results are, where labels lie beside the images."""
    from tcm_core.evaluate.run import evaluate_files

    try:
        result = evaluate_files(gt, out)
    except TcmError as error:
        _say(console, f"The labels in {gt} could not be compared: {error}")
        return
    _say(
        console,
        f"Compared with the labels in {gt}: precision {result.precision:.4f}, recall {result.recall:.4f}, "
        f"F {result.hmean:.4f}",
    )


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
