"""`tcm synth`."""

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape

from tcm_core.cli.console import errors, output, progress_bar
from tcm_core.errors import BadConfig

if TYPE_CHECKING:
    from tcm_core.config.synth import SynthConfig
    from tcm_core.data.formats.labelled import LabelReport

_SHEET_KINDS: Final = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


class Level(StrEnum):
    """What an instance is."""

    WORD = "word"
    LINE = "line"


def synth(  # noqa: PLR0913 - one parameter an option
    out: Annotated[Path, typer.Option(help="Folder for the images and their labels.")],
    backgrounds: Annotated[
        Path | None,
        typer.Option(help="Folder of photographs without text; textures are generated without it."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="--backgrounds is the root of this data set: its labelled texts are cut away."),
    ] = None,
    label_format: Annotated[str, typer.Option("--format", help="Format of the labels.")] = "icdar2015",
    count: Annotated[int, typer.Option(min=1, help="How many scenes.")] = 100,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed, other scenes.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that render.")] = 1,
    level: Annotated[Level | None, typer.Option(help="Whether an instance is a word or a line.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML of settings; see docs/synth.md.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Also draw the first 24 scenes with their polygons (.jpg or .png).")
    ] = None,
) -> None:
    """Render words and lines into photographs, with exact polygons: data to train on."""
    from tcm_core.data.formats.table import FORMATS
    from tcm_core.data.synth.folder import label_folder, write_scenes

    found = FORMATS.get(label_format)
    write = None if found is None else found.write
    if write is None:
        writable = ", ".join(name for name, row in FORMATS.items() if row.write is not None)
        raise BadConfig(f"--format {label_format}: cannot be written. Choose one of: {writable}.")
    if sheet is not None and sheet.suffix.lower() not in _SHEET_KINDS:
        raise BadConfig(f"--sheet {sheet}: give a name that ends with .jpg or .png.")
    settings = _settings(config, backgrounds, dataset, seed, None if level is None else level.value)
    console, scenes = errors(), []
    with progress_bar(console) as progress:
        task = progress.add_task("rendering", total=count)
        for scene in write_scenes(settings, out, count, workers):
            scenes.append(scene.labels)
            for problem in scene.problems:
                console.print(f"[yellow]skipped:[/] {escape(problem)}", soft_wrap=True)
            progress.advance(task)
    report = write(scenes, out / label_folder(label_format))
    if sheet is not None:
        _write_sheet(settings, min(24, count), sheet)
    ignored = sum(instance.ignore for scene in scenes for instance in scene.instances)
    output().print(
        f"{len(scenes)} scenes with {report.written} texts ({ignored} ignored) in {out} ({label_format})",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    _print_changes(report)


def _settings(
    config: Path | None, backgrounds: Path | None, dataset: str | None, seed: int | None, level: str | None
) -> "SynthConfig":
    """The configuration of a file, whose paths count from its folder, with what the options say instead."""
    from tcm_core.config.load import load_config
    from tcm_core.config.synth import SynthConfig

    settings = SynthConfig() if config is None else load_config(config, SynthConfig)
    if config is not None:
        settings = _from_folder(settings, config.parent)
    changed = {
        name: value for name, value in (("folder", backgrounds), ("dataset", dataset)) if value is not None
    }
    ground = settings.backgrounds.model_copy(update=changed)
    if ground.dataset and ground.folder is None:
        raise BadConfig("--dataset needs --backgrounds, the root of that data set.")
    own = {name: value for name, value in (("seed", seed), ("level", level)) if value is not None}
    return settings.model_copy(update={"backgrounds": ground, **own})


def _from_folder(settings: "SynthConfig", folder: Path) -> "SynthConfig":
    ground, fonts, words = settings.backgrounds, settings.fonts, settings.words
    return settings.model_copy(
        update={
            "backgrounds": ground.model_copy(
                update={"folder": None if ground.folder is None else folder / ground.folder}
            ),
            "fonts": fonts.model_copy(update={"folders": tuple(folder / path for path in fonts.folders)}),
            "words": words.model_copy(update={"lists": tuple(folder / path for path in words.lists)}),
        }
    )


def _write_sheet(settings: "SynthConfig", count: int, path: Path) -> None:
    import io

    from PIL import Image

    from tcm_core.data.atomic_file import write_atomic
    from tcm_core.data.synth.scene import SceneRenderer
    from tcm_core.data.synth.sheet import contact_sheet

    renderer = SceneRenderer(settings)
    scenes = [renderer.scene(index) for index in range(count)]
    buffer = io.BytesIO()
    sheet = Image.fromarray(contact_sheet(scenes, columns=4, cell=(300, 400)))
    sheet.save(buffer, _SHEET_KINDS[path.suffix.lower()], quality=85)
    write_atomic(path, buffer.getvalue())


def _print_changes(report: "LabelReport") -> None:
    """What the format could not hold, counted."""
    for what, times in Counter(change.what for change in report.changed).most_common():
        errors().print(f"[yellow]note:[/] {times} x {escape(what)}", highlight=False, soft_wrap=True)
