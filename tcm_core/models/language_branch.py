"""The language side of TCM in one module: prompts, text encoder, visual prompts, matching."""

from typing import NamedTuple

from torch import Tensor, nn

from tcm_core.models.matching import bimodal_text, cosine_map
from tcm_core.models.outputs import ImageFeatures
from tcm_core.models.prompts.language import LanguagePromptGenerator
from tcm_core.models.prompts.visual import VisualPromptGenerator
from tcm_core.models.text_encoder import TextEncoder


class LanguageOutput(NamedTuple):
    """What the language side says about a batch."""

    cosine: Tensor  # (B, 1, H/32, W/32) in [-1, 1]: one more channel for the neck
    logits: Tensor  # (B, 1, H/32, W/32) cosine / temperature


class LanguageBranch(nn.Module):
    """From image features to the instance-language score map.

    Args:
        prompt: makes the cue and holds the learned context.
        text_encoder: reads both.
        visual_prompt: refines the image embedding with the text.
        temperature: divides the cosine.
        bimodal: whether the text vector leans towards the image (FastTCM).
    """

    def __init__(
        self,
        prompt: LanguagePromptGenerator,
        text_encoder: TextEncoder,
        visual_prompt: VisualPromptGenerator,
        *,
        temperature: float,
        bimodal: bool,
    ) -> None:
        super().__init__()
        self.prompt = prompt
        self.text_encoder = text_encoder
        self.visual_prompt = visual_prompt
        self.temperature = temperature
        self.bimodal = bimodal
        self._kept_text: Tensor | None = None

    def train(self, mode: bool = True) -> "LanguageBranch":
        """Either mode; the kept text embedding is dropped, since weights may have changed."""
        self._kept_text = None
        return super().train(mode)

    def text_embedding(self, pooled: Tensor) -> Tensor:
        """The text embedding: (1, E) with a meta query, computed once in evaluation, and (B, E) without."""
        if self._kept_text is not None:
            return self._kept_text
        text = self.text_encoder(self.prompt.context, self.prompt(pooled))
        if self.prompt.meta_query is not None and not self.training and not text.requires_grad:
            self._kept_text = text
        return text

    def forward(self, features: ImageFeatures) -> LanguageOutput:
        """The score map of image features."""
        text = self.text_embedding(features.pooled)
        if self.bimodal:
            text = bimodal_text(features.pooled, text)
        text = text.expand(features.pooled.shape[0], -1)
        cosine = cosine_map(self.visual_prompt(features.dense, text), text)
        return LanguageOutput(cosine, cosine / self.temperature)
