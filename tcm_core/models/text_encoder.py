"""A CLIP text transformer that reads learned context vectors and a conditional cue beside its words."""

from collections.abc import Sequence

import torch
from open_clip.transformer import LayerNorm, Transformer
from torch import Tensor, nn


class TextEncoder(nn.Module):
    """CLIP's text tower over one fixed prompt: SOT, n learned vectors, the prompt's words, EOT.

    The token table holds the prompt's own tokens only, in their order, so a small tower stays small; a full
    CLIP table is cut to the same rows when it is loaded.

    Args:
        tokens: the prompt's token ids, SOT first and EOT last.
        context_vectors: n, how many learned vectors stand behind SOT.
        width: channels W of the transformer.
        layers: transformer blocks.
        heads: attention heads.
        embedding: channels E of the joint embedding.
    """

    def __init__(
        self,
        tokens: Sequence[int],
        *,
        context_vectors: int,
        width: int,
        layers: int,
        heads: int,
        embedding: int,
    ) -> None:
        super().__init__()
        length = len(tokens) + context_vectors
        self.width = width
        self.register_buffer("tokens", torch.tensor(tokens, dtype=torch.int64))
        self.token_embedding = nn.Parameter(torch.empty(len(tokens), width).normal_(std=0.02))
        self.positional_embedding = nn.Parameter(torch.empty(length, width).normal_(std=0.01))
        self.transformer = Transformer(width, layers, heads)
        self.ln_final = LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, embedding).normal_(std=width**-0.5))
        causal = torch.full((length, length), float("-inf")).triu(1)
        self.register_buffer("causal_mask", causal, persistent=False)

    def forward(self, context: Tensor, cue: Tensor) -> Tensor:
        """The text embedding at EOT.

        Args:
            context: (n, W), the learned vectors.
            cue: (B, W), added to every row, SOT and EOT included, before the position embedding.

        Returns:
            (B, E), not normalised.

        Source: Yu et al. 2023, equations 2 to 4.
        """
        words = self.token_embedding
        rows = torch.cat([words[:1], context.to(words.dtype), words[1:]])
        rows = rows[None] + cue[:, None] + self.positional_embedding
        hidden = self.transformer(rows, attn_mask=self.get_buffer("causal_mask"))
        return self.ln_final(hidden[:, -1]) @ self.text_projection
