"""The transformer decoder of both refinements: pixels that read the text, and the text that reads pixels."""

from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention without bias on queries, keys and values."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """Attention of (B, N, W) queries over a (B, M, W) memory: (B, N, W)."""

        def split(rows: Tensor) -> Tensor:
            return rows.unflatten(2, (self.heads, -1)).transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(
            split(self.query(queries)), split(self.key(memory)), split(self.value(memory))
        )
        return self.dropout(self.output(mixed.transpose(1, 2).flatten(2)))


class DecoderLayer(nn.Module):
    """Self-attention among queries, cross-attention to the memory, an MLP; each behind a norm and added."""

    def __init__(self, width: int, heads: int, *, self_attention: bool, dropout: float) -> None:
        super().__init__()
        self.norm_self = nn.LayerNorm(width) if self_attention else None
        self.norm_cross, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attention = Attention(width, heads, dropout) if self_attention else None
        self.cross_attention = Attention(width, heads, dropout)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
        )

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """(B, N, W) queries after one layer over a (B, M, W) memory."""
        if self.self_attention is not None and self.norm_self is not None:
            normed = self.norm_self(queries)
            queries = queries + self.self_attention(normed, normed)
        queries = queries + self.cross_attention(self.norm_cross(queries), memory)
        return queries + self.mlp(self.norm_mlp(queries))


class CrossDecoder(nn.Module):
    """Queries that read a memory, both in the joint embedding.

    Args:
        embedding: channels E of queries, memory and result.
        layers: decoder layers.
        heads: attention heads.
        width: channels W inside.
        self_attention: whether queries read each other first.
        dropout: on projections and MLPs.

    Source: Yu et al. 2023, section 3.3, and DenseCLIP (Rao et al. 2022), section 3.3; layer plan as in the
    released code.
    """

    def __init__(
        self, embedding: int, *, layers: int, heads: int, width: int, self_attention: bool, dropout: float
    ) -> None:
        super().__init__()
        self.read_memory = nn.Sequential(
            nn.LayerNorm(embedding), nn.Linear(embedding, width), nn.LayerNorm(width)
        )
        self.read_queries = nn.Sequential(nn.LayerNorm(embedding), nn.Linear(embedding, width))
        self.layers = nn.ModuleList(
            DecoderLayer(width, heads, self_attention=self_attention, dropout=dropout) for _ in range(layers)
        )
        self.output = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, embedding))

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """What (B, N, E) queries read in a (B, M, E) memory: (B, N, E)."""
        rows, read = self.read_queries(queries), self.read_memory(memory)
        for layer in self.layers:
            rows = layer(rows, read)
        return self.output(rows)
