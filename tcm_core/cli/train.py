"""`tcm train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tcm_core.cli.console import errors, output
from tcm_core.errors import BadConfig

if TYPE_CHECKING:
    from tcm_core.config.train import TrainConfig


def train(
    config: Annotated[Path, typer.Option(help="Settings of the run, a TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run: events, states, checkpoints.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set, instead of the settings' own.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last state in the folder.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only try: load everything, do three steps, write nothing.")
    ] = False,
) -> None:
    """Train a detector.

    The same on several devices: `accelerate launch -m tcm_core train ...` or
    `torchrun --nproc-per-node N -m tcm_core train ...`.
    """
    with errors().status("loading"):
        from tcm_core.train.resolve import load_run
        from tcm_core.train.run import run_training
    if check:
        _check(load_run(config, data))
        return
    if out is None:
        raise BadConfig("--out is missing: the folder of the run")
    run_training(config, out, resume=resume, data_root=data)


def _check(config: "TrainConfig") -> None:
    """Prints what the run would be like."""
    from tcm_core.train.rehearsal import rehearse

    found = rehearse(config, lambda message: errors().print(message, markup=False, highlight=False))
    memory = f"{found.memory_mb} MB" + (f", GPU {found.gpu_memory_mb} MB" if found.gpu_memory_mb else "")
    losses = ", ".join(f"{name} {value:.3f}" for name, value in found.losses.items())
    for line in (
        f"device      {found.device}",
        f"images      {found.learnt} to learn from, {found.validation} to choose by",
        f"weights     {found.loaded}",
        f"losses      {losses}",
        f"memory      {memory}",
        f"a step      {found.step_seconds:.2f} s, of which {found.data_seconds:.2f} s wait for images",
        f"validation  {found.validation_seconds:.2f} s, {found.validations} times",
        f"the run     about {found.hours:.1f} hours for {found.steps} steps, validations and all",
    ):
        output().print(line, markup=False, highlight=False)
