"""`tcm finetune`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tcm_core.cli.console import errors


class Head(StrEnum):
    """The heads."""

    DB = "db"
    PAN = "pan"
    FCE = "fce"


Replay = Annotated[
    Path | None,
    typer.Option(help="What it learnt before: a folder of labelled images, or that training's TOML."),
]
ReplayData = Annotated[
    Path | None, typer.Option(help="Folder of the data of --replay TOML, instead of where it says.")
]
Freeze = Annotated[
    list[str] | None,
    typer.Option(help="Module that keeps its weights, * for any characters; may be given several times."),
]


def finetune(  # noqa: PLR0913 - one parameter an option
    pages: Annotated[Path, typer.Argument(metavar="PAGES", help="Folder of labelled images.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: events, states, checkpoint.")],
    start: Annotated[
        str, typer.Option("--from", help="Checkpoint: a shipped one's name, or a file.")
    ] = "db-small",
    label_format: Annotated[
        str, typer.Option("--format", help="Format of the labels; auto: told by the content.")
    ] = "auto",
    epochs: Annotated[float, typer.Option(help="How often each page is drawn from.")] = 24.0,
    replay: Replay = None,
    replay_data: ReplayData = None,
    replay_share: Annotated[float, typer.Option(help="Share of the replayed crops.")] = 1 / 3,
    freeze: Freeze = None,
    start_share: Annotated[
        float | None,
        typer.Option(help="What the new checkpoint keeps of the start's weights, 0 to 1; without it a half."),
    ] = None,
    head: Annotated[
        Head | None, typer.Option(help="Another head than the checkpoint's; it begins from nothing.")
    ] = None,
    validation: Annotated[
        float, typer.Option(help="Share of the pages kept to choose checkpoint and thresholds by.")
    ] = 0.2,
    short_side: Annotated[
        int | None, typer.Option(help="Input size at detection; without it, by the height of the texts.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last state in the folder.")
    ] = False,
) -> None:
    """Fine-tune a checkpoint on your own pages."""
    with errors().status("loading"):
        from tcm_core.train.finetune import Wish, finetune_config
        from tcm_core.train.progress import ConsoleProgress
        from tcm_core.train.run import train_config

        config = finetune_config(
            Wish(
                pages,
                start,
                label_format=label_format,
                replay=replay,
                replay_root=replay_data,
                replay_share=replay_share,
                epochs=epochs,
                freeze=tuple(freeze) if freeze else None,
                start_share=start_share,
                head=None if head is None else head.value,
                validation_share=validation,
                short_side=short_side,
                name=out.resolve().name,
                seed=seed,
            )
        )
    train_config(config, out, resume=resume, progress=ConsoleProgress())
