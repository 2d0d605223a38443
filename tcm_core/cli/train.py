"""`tcm train`."""

from pathlib import Path
from typing import Annotated

import typer

from tcm_core.cli.console import errors


def train(
    config: Annotated[Path, typer.Option(help="Settings of the run, a TOML file.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: events, states, checkpoint.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set, instead of the settings' own.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last state in the folder.")
    ] = False,
) -> None:
    """Train a detector."""
    with errors().status("loading"):
        from tcm_core.train.run import run_training

    run_training(config, out, resume=resume, data_root=data)
