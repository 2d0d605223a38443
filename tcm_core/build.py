"""From a ModelConfig to a TextDetector: constructor calls in reading order."""

import open_clip

from tcm_core.config.model import ModelConfig, TcmModules
from tcm_core.families import FAMILIES
from tcm_core.models.detector import TextDetector
from tcm_core.models.encoders.timm import TimmImageEncoder
from tcm_core.models.language_branch import LanguageBranch
from tcm_core.models.prompts.language import LanguagePromptGenerator
from tcm_core.models.prompts.visual import VisualPromptGenerator
from tcm_core.models.text_encoder import TextEncoder


def build_detector(config: ModelConfig) -> TextDetector:
    """The detector of a configuration, with fresh weights, in training mode."""
    encoder = TimmImageEncoder(config.encoder.name, config.embedding)
    language = build_language(config.tcm, config.embedding) if config.tcm else None
    score_channels = 0 if language is None else 1
    family = FAMILIES[config.head]
    neck = family.neck((*encoder.channels[:-1], encoder.channels[-1] + score_channels), config.neck_width)
    return TextDetector(encoder, language, neck, family.head(config.neck_width, config.head_width))


def build_language(config: TcmModules, embedding: int) -> LanguageBranch:
    """The language side of TCM for an embedding of so many channels."""
    tokenizer = open_clip.SimpleTokenizer()
    tokens = [tokenizer.sot_token_id, *tokenizer.encode(config.language.words), tokenizer.eot_token_id]
    return LanguageBranch(
        LanguagePromptGenerator(
            embedding,
            config.text.width,
            context_vectors=config.language.context_vectors,
            context_std=config.language.context_std,
            meta_query=config.language.cue == "meta_query",
        ),
        TextEncoder(
            tokens,
            context_vectors=config.language.context_vectors,
            width=config.text.width,
            layers=config.text.layers,
            heads=config.text.heads,
            embedding=embedding,
        ),
        VisualPromptGenerator(
            embedding,
            layers=config.visual.layers,
            heads=config.visual.heads,
            width=config.visual.width,
            gate=config.visual.gate,
        ),
        temperature=config.matching.temperature,
        bimodal=config.matching.bimodal,
    )
