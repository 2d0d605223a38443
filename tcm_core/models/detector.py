"""TextDetector: encoder, language side, neck and head, put together."""

import torch
from torch import Tensor, nn

from tcm_core.models.encoders.timm import TimmImageEncoder
from tcm_core.models.heads.db import DbHead
from tcm_core.models.language_branch import LanguageBranch
from tcm_core.models.necks.fpn_cat import FpnCat
from tcm_core.models.outputs import DetectorOutput


class TextDetector(nn.Module):
    """A text detector; with a language side, its score map is one more channel of the last stage.

    Args:
        encoder: image to stages and embeddings.
        language: the language side of TCM, or None for the plain detector.
        neck: stages to one feature map; its last stage has one channel more when there is a language side.
        head: feature map to maps.
    """

    def __init__(
        self, encoder: TimmImageEncoder, language: LanguageBranch | None, neck: FpnCat, head: DbHead
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.language = language
        self.neck = neck
        self.head = head

    def forward(self, images: Tensor) -> DetectorOutput:
        """The maps of normalised images (B, 3, H, W); H and W are multiples of 32."""
        features = self.encoder(images)
        if self.language is None:
            return DetectorOutput(self.head(self.neck(features.stages)), None)
        language = self.language(features)
        last = torch.cat([features.stages[-1], language.cosine.to(features.stages[-1].dtype)], dim=1)
        return DetectorOutput(self.head(self.neck((*features.stages[:-1], last))), language.logits)
