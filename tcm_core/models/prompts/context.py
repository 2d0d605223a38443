"""The text-side context decoder: the text embedding reads the image."""

import torch
from torch import Tensor, nn

from tcm_core.models.prompts.decoder import CrossDecoder


class ContextDecoder(nn.Module):
    """Refines the text embedding with the image: text + gate * decoder(text, [global vector, pixels]).

    Args:
        decoder: the text as query, the image as memory.
        embedding: channels E.
        gate: start of the vector in front.

    Source: not in the paper; the released code has it, after DenseCLIP (Rao et al. 2022, section 3.3).
    """

    def __init__(self, decoder: CrossDecoder, embedding: int, gate: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.gate = nn.Parameter(torch.full((embedding,), gate))

    def forward(self, text: Tensor, pooled: Tensor, dense: Tensor) -> Tensor:
        """The refined text embedding (B, E).

        Args:
            text: (B, E).
            pooled: (B, E), the images' global vectors.
            dense: (B, E, h, w), the image embedding before the visual prompt.
        """
        memory = torch.cat([pooled[:, None], dense.flatten(2).transpose(1, 2)], dim=1)
        return text + self.gate * self.decoder(text[:, None], memory)[:, 0]
