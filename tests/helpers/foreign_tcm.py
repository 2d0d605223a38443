"""TCM under the names of its released checkpoints, made of torch's layers; no code of ours runs in it."""

import torch
from torch import nn
from torch.nn import functional as f

from tests.helpers.foreign_models import CHANNELS, ClipResNet, method_parts, randomised

VOCABULARY = 49408


class Pool(nn.Module):
    """The attention pool with every pixel as a query and a position table of any side."""

    def __init__(self, side):
        super().__init__()
        self.side = side
        self.positional_embedding = nn.Parameter(torch.empty(1 + side * side, 2048))
        for name in ("k_proj", "q_proj", "v_proj"):
            setattr(self, name, nn.Linear(2048, 2048))
        self.c_proj = nn.Linear(2048, 1024)

    def forward(self, x):
        batch, _, height, width = x.shape
        rows = x.flatten(2).permute(2, 0, 1)
        rows = torch.cat([rows.mean(0, keepdim=True), rows])
        table = self.positional_embedding[1:].reshape(1, self.side, self.side, 2048).permute(0, 3, 1, 2)
        table = f.interpolate(table, size=(height, width), mode="bilinear")
        rows = rows + torch.cat([self.positional_embedding[:1], table.flatten(2)[0].T])[:, None]
        answers, _ = f.multi_head_attention_forward(
            rows, rows, rows, 2048, 32, None,
            torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias]), None, None, False, 0.0,
            self.c_proj.weight, self.c_proj.bias, training=False, need_weights=False,
            use_separate_proj_weight=True, q_proj_weight=self.q_proj.weight,
            k_proj_weight=self.k_proj.weight, v_proj_weight=self.v_proj.weight,
        )  # fmt: skip
        return answers[0], answers[1:].permute(1, 2, 0).reshape(batch, 1024, height, width)


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class TextBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(512, 8)
        self.ln_1, self.ln_2 = nn.LayerNorm(512), nn.LayerNorm(512)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(512, 2048))
        self.mlp.add_module("gelu", QuickGelu())
        self.mlp.add_module("c_proj", nn.Linear(2048, 512))

    def forward(self, x):
        mask = torch.full((len(x), len(x)), float("-inf")).triu(1)
        rows = self.ln_1(x)
        x = x + self.attn(rows, rows, rows, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.resblocks = nn.Sequential(*(TextBlock() for _ in range(layers)))


class TextEncoder(nn.Module):
    """CLIP's text tower over SOT, learnt vectors and words; or over learnt vectors only."""

    def __init__(self, length):
        super().__init__()
        self.transformer = Transformer(12)
        self.token_embedding = nn.Embedding(VOCABULARY, 512)
        self.positional_embedding = nn.Parameter(torch.empty(length, 512))
        self.ln_final = nn.LayerNorm(512)
        self.text_projection = nn.Parameter(torch.empty(512, 1024))

    def forward(self, tokens, contexts, cue, only_vectors):
        words = self.token_embedding(tokens)
        rows = contexts[0] if only_vectors else torch.cat([words[:1], contexts[0], words[1:]])
        end = len(rows) - 1 if only_vectors else int(tokens.argmax()) + contexts.shape[1]
        rows = rows[None] if cue is None else rows[None] + cue[:, None]
        x = (rows + self.positional_embedding[: rows.shape[1]]).permute(1, 0, 2)
        x = self.transformer.resblocks(x).permute(1, 0, 2)
        return self.ln_final(x)[:, end] @ self.text_projection


class CrossAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        for name in ("q_proj", "k_proj", "v_proj"):
            setattr(self, name, nn.Linear(width, width, bias=False))
        self.proj = nn.Linear(width, width)

    def forward(self, queries, memory):
        def heads(rows):
            return rows.reshape(*rows.shape[:2], 4, -1)

        q, k, v = heads(self.q_proj(queries)), heads(self.k_proj(memory)), heads(self.v_proj(memory))
        weights = torch.einsum("bnhc,bmhc->bhnm", q, k) * q.shape[-1] ** -0.5
        mixed = torch.einsum("bhnm,bmhc->bnhc", weights.softmax(-1), v)
        return self.proj(mixed.reshape(queries.shape))


class DecoderLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.self_attn, self.cross_attn = CrossAttention(width), CrossAttention(width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(0.1), nn.Linear(4 * width, width)
        )

    def forward(self, x, memory):
        rows = self.norm1(x)
        x = x + self.self_attn(rows, rows)
        x = x + self.cross_attn(self.norm2(x), memory)
        return x + self.mlp(self.norm3(x))


class Decoder(nn.Module):
    """Both decoders have this class."""

    def __init__(self, width=256, layers=3):
        super().__init__()
        self.memory_proj = nn.Sequential(nn.LayerNorm(1024), nn.Linear(1024, width), nn.LayerNorm(width))
        self.text_proj = nn.Sequential(nn.LayerNorm(1024), nn.Linear(1024, width))
        self.decoder = nn.ModuleList(DecoderLayer(width) for _ in range(layers))
        self.out_proj = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 1024))

    def forward(self, queries, memory):
        x, read = self.text_proj(queries), self.memory_proj(memory)
        for layer in self.decoder:
            x = layer(x, read)
        return self.out_proj(x)


class PromptGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.prompt_proj = nn.Sequential(
            nn.LayerNorm(1024), nn.Linear(1024, 1024), nn.ReLU(), nn.LayerNorm(1024), nn.Linear(1024, 512)
        )

    def forward(self, x):
        return self.prompt_proj(x)


class Tcm(nn.Module):
    """The whole detector.

    Args:
        method: db, pan or fce.
        tokens: of the predefined words.
        vectors: learnt vectors.
        side: of the position table.
        rows: of the text encoder's position table; None: as many as are read.
        generator: whether there is a language prompt generator.
        visual: whether there is a visual prompt generator.
        context: whether the context decoder is used; its weights are there in any case.
        only_vectors: whether learnt vectors fill the whole context.
        learnt_scale: whether the score map is scaled by a learnt temperature, also as a channel.
    """

    def __init__(
        self, method, tokens, *, vectors=4, side=20, rows=None, generator=True, visual=True, context=True,
        only_vectors=False, learnt_scale=False,
    ):  # fmt: skip
        super().__init__()
        self.tokens, self.only_vectors, self.use_context = torch.tensor(tokens), only_vectors, context
        self.backbone = ClipResNet(mmocr_names=False)
        self.backbone.attnpool = Pool(side)
        self.text_encoder = TextEncoder(rows or (vectors if only_vectors else len(tokens) + vectors))
        self.context_decoder = Decoder()
        if generator:
            self.prompt_generator = PromptGenerator()
        if visual:
            self.visual_prompt_generator = Decoder()
        channels = CHANNELS[50]
        self.neck, self.bbox_head = method_parts(method, (*channels[:3], channels[3] + 1))
        self.contexts = nn.Parameter(torch.empty(1, vectors, 512))
        self.gamma, self.vis_gamma = nn.Parameter(torch.empty(1024)), nn.Parameter(torch.empty(()))
        if learnt_scale:
            self.logit_scale = nn.Parameter(torch.empty(()))

    def forward(self, images):
        """The head's maps and the score map."""
        stages = self.backbone(images)
        pooled, dense = self.backbone.attnpool(stages[-1])
        pixels = dense.flatten(2).permute(0, 2, 1)
        cue = self.prompt_generator(pooled) if hasattr(self, "prompt_generator") else None
        text = self.text_encoder(self.tokens, self.contexts, cue, self.only_vectors)
        text = text.expand(len(images), -1)[:, None]
        seen = pixels
        if hasattr(self, "visual_prompt_generator"):
            seen = pixels + self.vis_gamma * self.visual_prompt_generator(pixels, text)
        if self.use_context:
            memory = torch.cat([pooled[:, None], pixels], 1)
            text = text + self.gamma * self.context_decoder(text, memory)
        score = (f.normalize(seen, dim=2) * f.normalize(text, dim=2)).sum(2)
        score = score.reshape(len(images), 1, *dense.shape[2:])
        if hasattr(self, "logit_scale"):
            score = score * self.logit_scale.exp()
        stages[-1] = torch.cat([stages[-1], score], 1)
        return self.bbox_head(self.neck(stages)), score


def tcm_detector(method, tokens, **options):
    """TCM with random weights.

    Pixels attend to few others, so that the dense map varies, and the neck hears the score map, one channel
    of 2049, as loud as the rest.
    """
    model = randomised(Tcm(method, tokens, **options))
    readers = {"db": "lateral_convs.3.conv", "pan": "reduce_conv_c5.0", "fce": "lateral_convs.2.conv"}
    with torch.no_grad():
        model.backbone.attnpool.positional_embedding *= 45
        model.backbone.attnpool.q_proj.weight *= 4
        model.neck.get_submodule(readers[method]).weight[:, -1] *= 100
    return model
