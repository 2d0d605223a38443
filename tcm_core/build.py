"""From a ModelConfig to a TextDetector: constructor calls in reading order."""

import open_clip

from tcm_core.config.model import (
    CLIP_SIZES,
    ClipEncoder,
    ClipText,
    ModelConfig,
    PromptDecoder,
    SmallText,
    TcmModules,
    TimmEncoder,
)
from tcm_core.families import FAMILIES
from tcm_core.models.detector import TextDetector
from tcm_core.models.encoders.clip import ClipImageEncoder
from tcm_core.models.encoders.timm import TimmImageEncoder
from tcm_core.models.language_branch import LanguageBranch
from tcm_core.models.matching import Matching
from tcm_core.models.norms import with_group_norms
from tcm_core.models.prompts.context import ContextDecoder
from tcm_core.models.prompts.decoder import CrossDecoder
from tcm_core.models.prompts.language import LanguagePromptGenerator
from tcm_core.models.prompts.visual import VisualPromptGenerator
from tcm_core.models.text_encoder import TextEncoder


def build_detector(config: ModelConfig) -> TextDetector:
    """The detector of a configuration, with fresh weights, in training mode.

    Raises:
        BadConfig: there is no encoder of that name, or it has other strides.
    """
    encoder = build_encoder(config.encoder, with_embedding=config.tcm is not None)
    language = build_language(config.tcm, config.embedding) if config.tcm else None
    score_channel = config.tcm is not None and config.tcm.matching.score_channel
    channels = (*encoder.channels[:-1], encoder.channels[-1] + score_channel)
    neck, head = FAMILIES[config.head.name].build(config.head, channels)
    detector = TextDetector(encoder, language, neck, head, score_channel=score_channel)
    return with_group_norms(detector) if config.norm == "group" else detector


def build_encoder(
    config: TimmEncoder | ClipEncoder, *, with_embedding: bool
) -> TimmImageEncoder | ClipImageEncoder:
    """The image encoder of a configuration; the plain detector needs no joint embedding."""
    if isinstance(config, ClipEncoder):
        return ClipImageEncoder(
            config.name, attention_pool=with_embedding, position_side=config.position_side
        )
    return TimmImageEncoder(
        config.name,
        config.embedding if with_embedding else None,
        deep_stem=config.deep_stem,
        stride_in=config.stride_in,
    )


def build_language(config: TcmModules, embedding: int) -> LanguageBranch:
    """The language side of TCM for an embedding of so many channels."""
    text = build_text_encoder(config, embedding)
    return LanguageBranch(
        LanguagePromptGenerator(
            embedding,
            text.width,
            context_vectors=config.language.context_vectors,
            context_std=config.language.context_std,
            cue=config.language.cue,
            activation=config.language.activation,
        ),
        text,
        VisualPromptGenerator(_decoder(config.visual, embedding), config.visual.gate)
        if config.visual
        else None,
        ContextDecoder(_decoder(config.context, embedding), embedding, config.context.gate)
        if config.context
        else None,
        Matching(
            temperature=config.matching.temperature,
            learned=config.matching.learned_temperature,
            bimodal=config.matching.bimodal,
        ),
    )


def build_text_encoder(config: TcmModules, embedding: int) -> TextEncoder:
    """The text encoder over the configuration's words."""
    tokens, context_vectors = prompt_tokens(config.language.words), config.language.context_vectors
    if isinstance(config.text, ClipText):
        sizes = CLIP_SIZES[config.text.name]
        return TextEncoder(
            tokens,
            context_vectors=context_vectors,
            width=sizes.text_width,
            layers=sizes.text_layers,
            heads=sizes.text_heads,
            embedding=sizes.embedding,
            quick_gelu=True,
            frozen=config.text.frozen,
        )
    small: SmallText = config.text
    return TextEncoder(
        tokens,
        context_vectors=context_vectors,
        width=small.width,
        layers=small.layers,
        heads=small.heads,
        embedding=embedding,
    )


def prompt_tokens(words: str) -> list[int]:
    """The words in CLIP's byte pairs, between its start and its end token."""
    tokenizer = open_clip.SimpleTokenizer()
    return [tokenizer.sot_token_id, *tokenizer.encode(words), tokenizer.eot_token_id]


def _decoder(config: PromptDecoder, embedding: int) -> CrossDecoder:
    return CrossDecoder(
        embedding,
        layers=config.layers,
        heads=config.heads,
        width=config.width,
        self_attention=config.self_attention,
        dropout=config.dropout,
    )
