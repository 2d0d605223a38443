"""The visual prompt generator: a transformer decoder that lets every pixel read the text embedding."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention without bias on queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """Attention of (B, N, W) queries over a (B, M, W) memory: (B, N, W)."""

        def split(rows: Tensor) -> Tensor:
            return rows.unflatten(2, (self.heads, -1)).transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(
            split(self.query(queries)), split(self.key(memory)), split(self.value(memory))
        )
        return self.output(mixed.transpose(1, 2).flatten(2))


class DecoderLayer(nn.Module):
    """Self-attention among pixels, cross-attention to the memory, an MLP; each behind a norm and added."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_self, self.norm_cross, self.norm_mlp = (
            nn.LayerNorm(width),
            nn.LayerNorm(width),
            nn.LayerNorm(width),
        )
        self.self_attention = Attention(width, heads)
        self.cross_attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, pixels: Tensor, memory: Tensor) -> Tensor:
        """(B, N, W) pixels after one layer over a (B, M, W) memory."""
        normed = self.norm_self(pixels)
        pixels = pixels + self.self_attention(normed, normed)
        pixels = pixels + self.cross_attention(self.norm_cross(pixels), memory)
        return pixels + self.mlp(self.norm_mlp(pixels))


class VisualPromptGenerator(nn.Module):
    """What is added to the image embedding so that it carries the text: gate * decoder(pixels, text).

    Args:
        embedding: channels E of both embeddings.
        layers: decoder layers.
        heads: attention heads.
        width: channels inside the decoder.
        gate: start of the scalar in front.

    Source: Yu et al. 2023, equation 6; layer plan and gate as in the released code.
    """

    def __init__(self, embedding: int, *, layers: int, heads: int, width: int, gate: float) -> None:
        super().__init__()
        self.read_text = nn.Sequential(
            nn.LayerNorm(embedding), nn.Linear(embedding, width), nn.LayerNorm(width)
        )
        self.read_pixels = nn.Sequential(nn.LayerNorm(embedding), nn.Linear(embedding, width))
        self.layers = nn.ModuleList(DecoderLayer(width, heads) for _ in range(layers))
        self.output = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, embedding))
        self.gate = nn.Parameter(torch.tensor(gate))

    def forward(self, dense: Tensor, text: Tensor) -> Tensor:
        """The refined image embedding, (B, E, h, w) like the dense one, for a text embedding (B, E)."""
        memory = self.read_text(text)[:, None]
        pixels = self.read_pixels(dense.flatten(2).transpose(1, 2))
        for layer in self.layers:
            pixels = layer(pixels, memory)
        prompt = self.output(pixels).transpose(1, 2).unflatten(2, dense.shape[2:])
        return dense + self.gate * prompt
