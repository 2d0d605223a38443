"""`tcm words`."""

from pathlib import Path
from typing import Annotated

import typer

from tcm_core.cli.console import errors, output
from tcm_core.errors import TcmError


def words(
    checkpoint: Annotated[str, typer.Argument(help="Name of a shipped checkpoint, or a .safetensors file.")],
    prompt: Annotated[
        str | None, typer.Option("--words", help='Other words for its prompt; "": none at all.')
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The .safetensors file to write, with other words.")
    ] = None,
) -> None:
    """Show which words a checkpoint's text tower knows, or write a checkpoint with other words.

    CLIP's own text tower knows every word when its weights are in the store (`tcm weights`).
    """
    if (prompt is None) != (out is None):
        raise TcmError("Give both --words and --out, or neither.")
    if out is not None and out.suffix != ".safetensors":
        raise TcmError(f"{out}: the result is a safetensors file. Give a name that ends in .safetensors.")
    with errors().status("loading"):
        from tcm_core.checkpoint import load_checkpoint
        from tcm_core.checkpoint_file import resolve_checkpoint
        from tcm_core.infer.words import find_table, no_tower, save_with_words
        from tcm_core.onnx_file import is_onnx

        path = resolve_checkpoint(checkpoint)
        if is_onnx(path):
            raise TcmError(no_tower(path, exported=True))
        loaded = load_checkpoint(path)
        language, modules = loaded.detector.language, loaded.metadata.model.tcm
        if language is None or modules is None:
            raise TcmError(no_tower(path, exported=False))
        table = find_table(language, modules)
    if prompt is None or out is None:
        known = "every word" if table.whole else ", ".join(table.words) or "no word"
        said = f'{loaded.metadata.name}: "{modules.language.words}"; it knows {known} (from {table.origin})'
    else:
        save_with_words(path, out, prompt, table, out.stem)
        said = f'{out}: {loaded.metadata.name} with the words "{prompt}"'
    output().print(said, highlight=False, markup=False, soft_wrap=True)
