"""The language side of TCM in one module: prompts, text encoder, refinements, matching."""

from typing import NamedTuple

from torch import Tensor, nn

from tcm_core.models.matching import Matching
from tcm_core.models.outputs import ImageFeatures
from tcm_core.models.prompts.context import ContextDecoder
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
        visual_prompt: refines the image embedding with the text, or None.
        context_decoder: refines the text embedding with the image, after the visual prompt, or None.
        matching: compares the two.
    """

    def __init__(
        self,
        prompt: LanguagePromptGenerator,
        text_encoder: TextEncoder,
        visual_prompt: VisualPromptGenerator | None,
        context_decoder: ContextDecoder | None,
        matching: Matching,
    ) -> None:
        super().__init__()
        self.prompt = prompt
        self.text_encoder = text_encoder
        self.visual_prompt = visual_prompt
        self.context_decoder = context_decoder
        self.matching = matching
        self._kept_text: Tensor | None = None

    def train(self, mode: bool = True) -> "LanguageBranch":
        """Either mode; the kept text embedding is dropped, since weights may have changed."""
        self._kept_text = None
        return super().train(mode)

    def with_text_encoder(self, text_encoder: TextEncoder) -> "LanguageBranch":
        """This branch with another text encoder, in the same mode; everything else is shared."""
        branch = LanguageBranch(
            self.prompt, text_encoder, self.visual_prompt, self.context_decoder, self.matching
        )
        branch.training = self.training
        return branch

    def text_embedding(self, pooled: Tensor) -> Tensor:
        """The text embedding: (B, E) when the cue reads the image; else (1, E), made once in evaluation."""
        if self._kept_text is not None:
            return self._kept_text
        text = self.text_encoder(self.prompt.context, self.prompt(pooled))
        if not self.prompt.reads_image and not self.training and not text.requires_grad:
            self._kept_text = text
        return text

    def forward(self, features: ImageFeatures) -> LanguageOutput:
        """The score map of image features."""
        text = self.matching.text(features.pooled, self.text_embedding(features.pooled))
        text = text.expand(features.pooled.shape[0], -1)
        dense = features.dense
        if self.visual_prompt is not None:
            dense = self.visual_prompt(dense, text)
        if self.context_decoder is not None:
            text = self.context_decoder(text, features.pooled, features.dense)
        return LanguageOutput(*self.matching(dense, text))
