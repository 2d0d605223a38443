"""`tcm weights`."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from tcm_core.cli.console import errors, output

weights = typer.Typer(help="Pretrained CLIP weights on this computer.", no_args_is_help=True)


@weights.command("list")
def list_command(
    verify: Annotated[bool, typer.Option("--verify", help="Also compare every file's checksum.")] = False,
) -> None:
    """Show what is here and what can be pulled."""
    with errors().status("looking"):
        from tcm_core.weights.known import known_weights
        from tcm_core.weights.store import is_intact, list_weights, weights_folder

        stored = {entry.name: entry for entry in list_weights()}
        known = known_weights()
        states = dict.fromkeys(stored, "here")
        if verify:
            states = {name: "intact" if is_intact(entry) else "damaged" for name, entry in stored.items()}
    table = Table(show_edge=False)
    for column in ("name", "state", "MB", "sha256", "from"):
        table.add_column(column, overflow="fold")
    for name in sorted({*known, *stored}):
        here = stored.get(name)
        if here is None:
            table.add_row(escape(name), "not here", "", known[name].sha256[:16], _host(known[name].url))
        else:
            megabytes = f"{here.size / 1e6:.1f}"
            table.add_row(escape(name), states[name], megabytes, here.sha256[:16], escape(_host(here.origin)))
    output().print(table)
    output().print(str(weights_folder()), highlight=False, markup=False, soft_wrap=True)
    if "damaged" in states.values():
        raise typer.Exit(1)


@weights.command()
def pull(
    name: Annotated[str, typer.Argument(help="A name of `tcm weights list`, RN50-openai for one.")],
) -> None:
    """Fetch published weights; a broken download is gone on with."""
    with errors().status("looking"):
        from tcm_core.weights.store import pull_weights
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors(), transient=True) as progress:
        task = progress.add_task(f"pulling {escape(name)}", total=None)
        entry = pull_weights(name, lambda here, total: progress.update(task, completed=here, total=total))
    output().print(
        f"{entry.name}: {entry.path}, sha256 {entry.sha256}", highlight=False, markup=False, soft_wrap=True
    )


@weights.command()
def add(
    file: Annotated[Path, typer.Argument(help="OpenAI's archive, a state dict (.pt) or a safetensors file.")],
    name: Annotated[str | None, typer.Option(help="Its name in the store.")] = None,
) -> None:
    """Copy a file of CLIP weights into the store, after a look at what it is."""
    with errors().status("reading"):
        from tcm_core.convert.clip import read_clip
        from tcm_core.weights.store import add_weights

        model = read_clip(file).model
        entry = add_weights(file, name)
    output().print(
        f"{entry.name}: CLIP {model}, {entry.size / 1e6:.1f} MB, {entry.path}, sha256 {entry.sha256}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _host(origin: str) -> str:
    """The server of an address, or the file name as it is."""
    return urlsplit(origin).netloc or origin
