"""Checkpoints of the first format, read as the present one."""

from typing import Any

FIRST_FORMAT = "tcm-checkpoint-1"

_RENAMED = {
    "language.visual_prompt.read_text.": "language.visual_prompt.decoder.read_memory.",
    "language.visual_prompt.read_pixels.": "language.visual_prompt.decoder.read_queries.",
    "language.visual_prompt.layers.": "language.visual_prompt.decoder.layers.",
    "language.visual_prompt.output.": "language.visual_prompt.decoder.output.",
}


def upgrade_metadata(values: dict[str, Any]) -> dict[str, Any]:
    """The metadata of the first format (one head, one kind of encoder and text tower) as today's.

    Raises:
        KeyError: a setting of the first format is missing.
    """
    model = dict(values["model"])
    encoder = {"kind": "timm", **model["encoder"], "embedding": model.pop("embedding")}
    head = {"name": model["head"], "neck_width": model.pop("neck_width"), "width": model.pop("head_width")}
    tcm = model["tcm"]
    if tcm is not None:
        tcm = {**tcm, "text": {"kind": "small", **tcm["text"]}}
    return {
        **values,
        "model": {**model, "encoder": encoder, "head": head, "tcm": tcm},
        "decode": {"head": model["head"], **values["decode"]},
    }


def upgrade_name(name: str) -> str:
    """The present name of a tensor; present names stay."""
    for old, new in _RENAMED.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name
