"""TextDetector: encoder, language side, neck and head, put together."""

import torch
from torch import Tensor, nn

from tcm_core.models.language_branch import LanguageBranch
from tcm_core.models.outputs import DetectorOutput, ImageFeatures


class TextDetector(nn.Module):
    """A text detector; with a language side, its score map is one more channel of the last stage.

    Args:
        encoder: images (B, 3, H, W) to ImageFeatures.
        language: the language side of TCM, or None for the plain detector.
        neck: four stages to what the head reads; its last stage has one channel more with a score channel.
        head: the neck's result to HeadMaps.
        score_channel: whether the score map goes into the neck.
    """

    def __init__(
        self,
        encoder: nn.Module,
        language: LanguageBranch | None,
        neck: nn.Module,
        head: nn.Module,
        *,
        score_channel: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.language = language
        self.neck = neck
        self.head = head
        self.score_channel = score_channel

    def forward(self, images: Tensor) -> DetectorOutput:
        """The maps of normalised images (B, 3, H, W); H and W are multiples of 32."""
        return self.read(self.encoder(images))

    def read(self, features: ImageFeatures, language: LanguageBranch | None = None) -> DetectorOutput:
        """The maps of an image whose features are known: all that comes after the encoder.

        Args:
            features: of the encoder.
            language: in place of the detector's own language side, with other words for example.
        """
        branch = self.language if language is None else language
        if branch is None:
            return DetectorOutput(self.head(self.neck(features.stages)), None)
        said = branch(features)
        stages = features.stages
        if self.score_channel:
            last = torch.cat([stages[-1], said.cosine.to(stages[-1].dtype)], dim=1)
            stages = (*stages[:-1], last)
        return DetectorOutput(self.head(self.neck(stages)), said.logits)
