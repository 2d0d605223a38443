"""The command `tcm`. Exit status 1: some work failed; 2: bad input."""

from collections.abc import Sequence

import typer
from rich.markup import escape

from tcm_core.cli.check_data import check_data
from tcm_core.cli.console import errors
from tcm_core.cli.convert import convert
from tcm_core.cli.describe import describe
from tcm_core.cli.detect import detect
from tcm_core.cli.doctor import doctor
from tcm_core.cli.evaluate import evaluate
from tcm_core.cli.experiment import experiment
from tcm_core.cli.export import export
from tcm_core.cli.finetune import finetune
from tcm_core.cli.synth import synth
from tcm_core.cli.train import train
from tcm_core.cli.weights import weights
from tcm_core.cli.words import words
from tcm_core.errors import TcmError

app = typer.Typer(
    name="tcm",
    help="Find, evaluate and learn text in photographs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(detect)
app.command()(evaluate)
app.command()(train)
app.command()(finetune)
app.command()(doctor)
app.command()(synth)
app.command()(export)
app.command()(experiment)
app.command()(describe)
app.command()(check_data)
app.command()(words)
app.add_typer(convert, name="convert")
app.add_typer(weights, name="weights")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; an error that a person can mend is one message on stderr and status 2.

    Args:
        arguments: without the program's name; None: those of the process.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="tcm")
    except TcmError as error:
        errors().print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        return 2
    return 0
