"""The visual prompt generator: every pixel of the image embedding reads the text embedding."""

import torch
from torch import Tensor, nn

from tcm_core.models.prompts.decoder import CrossDecoder


class VisualPromptGenerator(nn.Module):
    """Refines the image embedding so that it carries the text: dense + gate * decoder(dense, text).

    Args:
        decoder: pixels as queries, the text as memory.
        gate: start of the scalar in front.

    Source: Yu et al. 2023, equation 6; the gate as in the released code.
    """

    def __init__(self, decoder: CrossDecoder, gate: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.gate = nn.Parameter(torch.tensor(gate))

    def forward(self, dense: Tensor, text: Tensor) -> Tensor:
        """The refined image embedding, (B, E, h, w) like the dense one, for a text embedding (B, E)."""
        prompt = self.decoder(dense.flatten(2).transpose(1, 2), text[:, None])
        return dense + self.gate * prompt.transpose(1, 2).unflatten(2, dense.shape[2:])
