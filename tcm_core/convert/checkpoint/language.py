"""The language side of the released TCM checkpoints."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import open_clip
import torch
from torch import Tensor

from tcm_core.build import prompt_tokens
from tcm_core.config.model import (
    ClipName,
    ClipText,
    LanguagePrompt,
    Matching,
    PromptDecoder,
    TcmModules,
)
from tcm_core.convert.checkpoint.rows import Row, Source, copied
from tcm_core.errors import BadConfig

RELEASED_TOKENS: Final = (518, 34099, 539, 1346, 22702, 856, 268, 6448, 4160, 1264, 3515, 269)
"""CLIP's byte pairs of the sentence that the released checkpoints were trained with."""
DECODER_HEADS: Final = 4
"""Of both decoders in every released configuration; the shapes do not tell."""

_TEXT: Final = "language.text_encoder."
_TOKENS: Final = "text_encoder.token_embedding.weight"
_POSITIONS: Final = "text_encoder.positional_embedding"
_GATE_START: Final = 1e-3

_DECODER_PARTS: Final = {
    "read_memory": "memory_proj",
    "read_queries": "text_proj",
    "output": "out_proj",
    "norm_self": "norm1",
    "norm_cross": "norm2",
    "norm_mlp": "norm3",
    "self_attention": "self_attn",
    "cross_attention": "cross_attn",
    "query": "q_proj",
    "key": "k_proj",
    "value": "v_proj",
    "layers": "decoder",
}


class Prompt(NamedTuple):
    """What the text encoder of a checkpoint reads."""

    words: str
    vectors: int
    """Learnt vectors in the file."""
    only_vectors: bool
    """They fill the whole context, SOT and EOT included; the words are not read."""

    @property
    def between(self) -> int:
        """Learnt vectors between our first and our last row."""
        return self.vectors - 2 if self.only_vectors else self.vectors


def released_words() -> str:
    """The sentence of the released checkpoints, as its byte pairs spell it."""
    return open_clip.SimpleTokenizer().decode(list(RELEASED_TOKENS)).strip()


def read_prompt(source: Source, words: str | None) -> Prompt:
    """The prompt of a checkpoint.

    Args:
        source: the checkpoint.
        words: what it was trained with; None: the sentence of the released ones.

    Raises:
        BadCheckpoint: the tables of the text encoder are missing.
        BadConfig: the words do not fit into its context.
    """
    vectors, rows = source.size("contexts", 1), source.size(_POSITIONS, 0)
    if vectors == rows and vectors >= 2:
        return Prompt("", vectors, only_vectors=True)
    chosen = released_words() if words is None else words
    tokens = len(prompt_tokens(chosen))
    if tokens + vectors > rows:
        raise BadConfig(
            f'{source.path}: "{chosen}" takes {tokens} rows with its start and end, and with the {vectors} '
            f"learnt vectors there is room for {rows - vectors}. Give the words of its training (--words)."
        )
    return Prompt(chosen, vectors, only_vectors=False)


def language_config(source: Source, clip: ClipName, prompt: Prompt) -> TcmModules:
    """The settings of the language side, from the names and shapes of its tensors."""
    visual = _decoder_config(source, "visual_prompt_generator.")
    context = None if context_decoder_idle(source) else _decoder_config(source, "context_decoder.")
    return TcmModules(
        text=ClipText(name=clip),
        language=LanguagePrompt(
            words=prompt.words,
            context_vectors=prompt.between,
            context_std=1.0,
            cue="image" if source.has("prompt_generator.") else "none",
        ),
        visual=visual,
        context=context,
        matching=Matching(
            temperature=0.07, learned_temperature=source.has("logit_scale"), bimodal=False, score_channel=True
        ),
    )


def context_decoder_idle(source: Source) -> bool:
    """Whether the file's context decoder was left out when it was trained.

    The released configuration without learnt vectors turns it off, and its tensors are in the file all the
    same; the gate then stands where it started.
    """
    gate = source.tensors.get("gamma")
    at_start = gate is not None and bool((gate.float() - _GATE_START).abs().max() < 1e-6)
    return source.size("contexts", 1) == 0 and at_start


def language_rows(source: Source, prompt: Prompt, wanted: Iterable[str]) -> list[Row]:
    """Where the language side comes from."""
    rows = _prompt_rows(prompt)
    for target in wanted:
        if target.startswith("language.prompt.layers."):
            rows.append(
                copied(target, target.replace("language.prompt.layers.", "prompt_generator.prompt_proj."))
            )
        elif target.startswith((f"{_TEXT}transformer.", f"{_TEXT}ln_final.", f"{_TEXT}text_projection")):
            rows.append(copied(target, target.removeprefix("language.")))
        elif target.startswith("language.visual_prompt.decoder."):
            rows.append(copied(target, _decoder_name(target, "visual_prompt_generator.")))
        elif target.startswith("language.context_decoder.decoder."):
            rows.append(copied(target, _decoder_name(target, "context_decoder.")))
    embedding = source.size("text_encoder.text_projection", 1)
    return [
        *rows,
        Row("language.visual_prompt.gate", ("vis_gamma",), lambda gate: gate.reshape(())),
        Row(
            "language.context_decoder.gate",
            ("gamma",),
            lambda gate: gate.expand(embedding) if gate.numel() == 1 else gate,
        ),
        copied("language.matching.log_scale", "logit_scale"),
    ]


def scaled_score(row: Row) -> Row:
    """A layer that reads the last stage and the score map, when the file scales the score by its learnt
    temperature before it is read: the factor goes into the layer's last input channel.
    """
    return row._replace(sources=(*row.sources, "logit_scale"), make=_scale_last_input)


def _scale_last_input(weight: Tensor, log_scale: Tensor) -> Tensor:
    return torch.cat([weight[:, :-1], weight[:, -1:] * log_scale.exp()], dim=1)


def _decoder_config(source: Source, prefix: str) -> PromptDecoder | None:
    if not source.has(prefix):
        return None
    return PromptDecoder(
        layers=max(1, source.count(f"{prefix}decoder.")),
        heads=DECODER_HEADS,
        width=source.size(f"{prefix}text_proj.1.weight", 0),
        self_attention=source.has(f"{prefix}decoder.0.self_attn."),
        dropout=0.1,
    )


def _decoder_name(target: str, prefix: str) -> str:
    """The released name of one of our decoders' tensors."""
    parts = target.partition(".decoder.")[2].split(".")
    if "mlp" in parts and parts[-2] == "2":
        parts[-2] = "3"  # a dropout stands between the two layers there
    elif parts[-2] == "output" and len(parts) > 3:
        parts[-2] = "proj"  # of an attention
    return prefix + ".".join(_DECODER_PARTS.get(part, part) for part in parts)


def _prompt_rows(prompt: Prompt) -> list[Row]:
    """Tokens, their table cut to the prompt, the positions cut to its length, and the learnt vectors."""
    tokens = torch.tensor(prompt_tokens(prompt.words), dtype=torch.int64)
    length = len(tokens) + prompt.between
    rows = [
        Row(f"{_TEXT}tokens", (), lambda: tokens),
        Row(f"{_TEXT}positional_embedding", (_POSITIONS,), lambda table: table[:length]),
    ]
    if prompt.only_vectors:  # the first and the last stand where others have SOT and EOT
        return [
            *rows,
            Row(f"{_TEXT}token_embedding", ("contexts",), lambda vectors: vectors[0, [0, -1]]),
            Row("language.prompt.context", ("contexts",), lambda vectors: vectors[0, 1:-1]),
        ]
    return [
        *rows,
        Row(f"{_TEXT}token_embedding", (_TOKENS,), lambda table: table[tokens]),
        Row("language.prompt.context", ("contexts",), lambda vectors: vectors[0]),
    ]
