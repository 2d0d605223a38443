"""The language prompt generator: learnable context vectors and the conditional cue."""

import torch
from torch import Tensor, nn


class LanguagePromptGenerator(nn.Module):
    """Two normalised linear layers from a global vector to a cue for the text encoder; the learned context.

    Args:
        embedding: channels E of the global vector.
        width: channels W of the text encoder.
        context_vectors: n learned vectors.
        context_std: standard deviation of their start.
        meta_query: whether a learned vector stands in for the image's global vector (FastTCM); then the text
            embedding does not depend on the image and can be kept.

    Source: Yu et al. 2023, section 3.3 (ReLU as in the released code); FastTCM: Yu et al. 2024, section 3.3.
    """

    def __init__(
        self, embedding: int, width: int, *, context_vectors: int, context_std: float, meta_query: bool
    ) -> None:
        super().__init__()
        self.context = nn.Parameter(
            nn.init.trunc_normal_(torch.empty(context_vectors, width), std=context_std)
        )
        self.meta_query = nn.Parameter(torch.empty(1, embedding).normal_()) if meta_query else None
        self.layers = nn.Sequential(
            nn.LayerNorm(embedding),
            nn.Linear(embedding, embedding),
            nn.ReLU(),
            nn.LayerNorm(embedding),
            nn.Linear(embedding, width),
        )
        for module in self.layers:
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, pooled: Tensor) -> Tensor:
        """The cue (B, W) for global vectors (B, E); one row whatever the batch when a meta query is used."""
        return self.layers(pooled if self.meta_query is None else self.meta_query)
