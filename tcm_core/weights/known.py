"""The CLIP weights that are published: a view of open_clip's own table."""

import re
from functools import cache
from typing import Final, NamedTuple

MODELS: Final = ("RN50", "RN101", "RN50x4")
TAGS: Final = ("openai", "yfcc15m", "cc12m")

_WHOLE_DIGEST = re.compile(r"/([0-9a-f]{64})/")
_LEADING_DIGITS = re.compile(r"-([0-9a-f]{8,64})\.[a-z]+$")


class KnownWeights(NamedTuple):
    """One published file."""

    name: str
    """`MODEL-TAG`, its name in the store."""
    model: str
    tag: str
    url: str
    sha256: str
    """Its SHA-256 in hexadecimal, or the leading digits of it: as much as the publisher tells."""
    quick_gelu: bool
    """Whether the text tower was trained with QuickGELU."""
    hub: str
    """A repository of the Hugging Face hub with the same weights in another file; empty: none."""


@cache
def known_weights() -> dict[str, KnownWeights]:
    """The published weights of the architectures that we build, by name."""
    import open_clip

    found: dict[str, KnownWeights] = {}
    for model in MODELS:
        for tag in TAGS:
            entry = open_clip.get_pretrained_cfg(model, tag)
            url = entry.get("url", "")
            if url:
                name = f"{model}-{tag}"
                found[name] = KnownWeights(
                    name,
                    model,
                    tag,
                    url,
                    published_digest(url),
                    entry["quick_gelu"],
                    entry["hf_hub"].strip("/"),
                )
    return found


def published_digest(url: str) -> str:
    """The SHA-256 that an address carries: whole as a folder, or leading digits at the end of the name.

    Raises:
        ValueError: it carries none.
    """
    match = _WHOLE_DIGEST.search(url) or _LEADING_DIGITS.search(url)
    if match is None:
        raise ValueError(f"{url}: no checksum in the address")
    return match[1]
