"""A CLIP text transformer that reads learned context vectors and a conditional cue beside its words."""

import copy
from collections.abc import Sequence

import torch
from open_clip.transformer import LayerNorm, QuickGELU, Transformer
from torch import Tensor, nn


class TextEncoder(nn.Module):
    """CLIP's text tower over one fixed prompt: SOT, n learned vectors, the prompt's words, EOT.

    The token table holds the prompt's own tokens only, in their order, so a small tower stays small; a full
    CLIP table is cut to the same rows when it is loaded, and the position table to the first len(tokens) + n.

    Args:
        tokens: the prompt's token ids, SOT first and EOT last.
        context_vectors: n, how many learned vectors stand behind SOT.
        width: channels W of the transformer.
        layers: transformer blocks.
        heads: attention heads.
        embedding: channels E of the joint embedding.
        quick_gelu: x * sigmoid(1.702 x) in place of GELU; OpenAI's weights were trained with it.
        frozen: no parameter asks for a gradient, and the encoder stays in evaluation mode whatever the
            detector around it is put into. Gradients still pass through it to context and cue.
    """

    def __init__(  # noqa: PLR0913 - one parameter a dimension of the tower
        self,
        tokens: Sequence[int],
        *,
        context_vectors: int,
        width: int,
        layers: int,
        heads: int,
        embedding: int,
        quick_gelu: bool = False,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        length = len(tokens) + context_vectors
        self.width = width
        self.heads = heads
        self.embedding = embedding
        self.quick_gelu = quick_gelu
        self.frozen = frozen
        self.register_buffer("tokens", torch.tensor(tokens, dtype=torch.int64))
        self.token_embedding = nn.Parameter(torch.empty(len(tokens), width).normal_(std=0.02))
        self.positional_embedding = nn.Parameter(torch.empty(length, width).normal_(std=0.01))
        self.transformer = Transformer(width, layers, heads, act_layer=QuickGELU if quick_gelu else nn.GELU)
        self.ln_final = LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, embedding).normal_(std=width**-0.5))
        causal = torch.full((length, length), float("-inf")).triu(1)
        self.register_buffer("causal_mask", causal, persistent=False)
        if frozen:
            self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "TextEncoder":
        """Either mode; a frozen encoder stays in evaluation mode."""
        return super().train(mode and not self.frozen)

    def with_words(self, tokens: Sequence[int], rows: Tensor, positions: Tensor) -> "TextEncoder":
        """This encoder over other words; its transformer is shared, not copied.

        Args:
            tokens: the new prompt's token ids, SOT first and EOT last.
            rows: (len(tokens), W), their embeddings.
            positions: (len(tokens) + n, W), the first of the position table.

        Raises:
            ValueError: the tables have other shapes.
        """
        length = len(tokens) + len(self.positional_embedding) - len(self.token_embedding)
        if rows.shape != (len(tokens), self.width) or positions.shape != (length, self.width):
            raise ValueError(
                f"rows {tuple(rows.shape)} and positions {tuple(positions.shape)} for {len(tokens)} tokens "
                f"and {length} places of width {self.width}"
            )
        changed = copy.copy(self)
        changed._parameters, changed._buffers = dict(self._parameters), dict(self._buffers)
        changed._modules = dict(self._modules)
        old = self.token_embedding
        changed.register_buffer("tokens", torch.tensor(tokens, dtype=torch.int64, device=old.device))
        changed.token_embedding = nn.Parameter(rows.to(old), requires_grad=old.requires_grad)
        changed.positional_embedding = nn.Parameter(positions.to(old), requires_grad=old.requires_grad)
        causal = torch.full((length, length), float("-inf"), device=old.device).triu(1)
        changed.register_buffer("causal_mask", causal, persistent=False)
        return changed

    def forward(self, context: Tensor, cue: Tensor | None) -> Tensor:
        """The text embedding at EOT.

        Args:
            context: (n, W), the learned vectors.
            cue: (B, W), added to every row, SOT and EOT included, before the position embedding; None: no
                cue, and B = 1.

        Returns:
            (B, E), not normalised.

        Source: Yu et al. 2023, equations 2 to 4.
        """
        words = self.token_embedding
        rows = torch.cat([words[:1], context.to(words.dtype), words[1:]])[None]
        if cue is not None:
            rows = rows + cue[:, None]
        hidden = self.transformer(rows + self.positional_embedding, attn_mask=self.get_buffer("causal_mask"))
        return self.ln_final(hidden[:, -1]) @ self.text_projection
