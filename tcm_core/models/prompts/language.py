"""The language prompt generator: learnable context vectors and the conditional cue."""

from typing import Literal

import torch
from torch import Tensor, nn

Cue = Literal["image", "meta_query", "none"]


class LanguagePromptGenerator(nn.Module):
    """Two normalised linear layers from a global vector to a cue for the text encoder; the learned context.

    Args:
        embedding: channels E of the global vector.
        width: channels W of the text encoder.
        context_vectors: n learned vectors.
        context_std: standard deviation of their start.
        cue: what the layers read: the image's global vector (TCM); a learned one (FastTCM), so that the text
            embedding does not depend on the image and can be kept; or "none": there are no layers.
        activation: between the two layers.

    Source: Yu et al. 2023, section 3.3; FastTCM: Yu et al. 2024, section 3.3.
    """

    context: Tensor

    def __init__(
        self,
        embedding: int,
        width: int,
        *,
        context_vectors: int,
        context_std: float,
        cue: Cue,
        activation: Literal["relu", "sigmoid"],
    ) -> None:
        super().__init__()
        self.cue: Cue = cue
        self._width = width
        if context_vectors:
            start = nn.init.trunc_normal_(torch.empty(context_vectors, width), std=context_std)
            self.context = nn.Parameter(start)
        else:
            self.register_buffer("context", torch.empty(0, width), persistent=False)
        self.meta_query = nn.Parameter(torch.empty(1, embedding).normal_()) if cue == "meta_query" else None
        self.layers = None if cue == "none" else _layers(embedding, width, activation)

    @property
    def reads_image(self) -> bool:
        """Whether the cue, and with it the text embedding, differs between images."""
        return self.cue == "image"

    def forward(self, pooled: Tensor) -> Tensor:
        """The cue (B, W) for global vectors (B, E); one row whatever the batch unless it reads the image."""
        if self.layers is None:
            return pooled.new_zeros(1, self._width)
        return self.layers(pooled if self.meta_query is None else self.meta_query)


def _layers(embedding: int, width: int, activation: Literal["relu", "sigmoid"]) -> nn.Sequential:
    layers = nn.Sequential(
        nn.LayerNorm(embedding),
        nn.Linear(embedding, embedding),
        nn.ReLU() if activation == "relu" else nn.Sigmoid(),
        nn.LayerNorm(embedding),
        nn.Linear(embedding, width),
    )
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
    return layers
