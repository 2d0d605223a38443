"""Instance-language matching: how well each pixel of the image embedding agrees with the text embedding."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def cosine_map(dense: Tensor, text: Tensor) -> Tensor:
    """The cosine of each pixel with the text.

    Args:
        dense: (B, E, h, w), the image embedding.
        text: (B, E) or (1, E), the text embedding.

    Returns:
        (B, 1, h, w) in [-1, 1].

    Source: Yu et al. 2023, equation 7 (cosine instead of the dot product, as in the released code).
    """
    pixels, words = functional.normalize(dense, dim=1), functional.normalize(text, dim=1)
    return (pixels * words[:, :, None, None]).sum(dim=1, keepdim=True)


def bimodal_text(pooled: Tensor, text: Tensor) -> Tensor:
    """FastTCM's bimodal similarity matching: cos(image, text) * image + text.

    Args:
        pooled: (B, E), the images' global vectors.
        text: (1, E) or (B, E), the text embedding.

    Returns:
        (B, E), a text vector that depends on the image at the price of one product.

    Source: Yu et al. 2024, section 3.4.
    """
    similarity = functional.cosine_similarity(pooled, text, dim=1)
    return similarity[:, None] * pooled + text


class Matching(nn.Module):
    """Cosine and temperature.

    Args:
        temperature: divides the cosine.
        learned: whether the temperature is learnt, as the logarithm of its inverse.
        bimodal: whether the text vector leans towards the image (FastTCM).
    """

    def __init__(self, *, temperature: float, learned: bool, bimodal: bool) -> None:
        super().__init__()
        self.bimodal = bimodal
        self._scale = 1.0 / temperature
        self.log_scale = nn.Parameter(torch.tensor(math.log(self._scale))) if learned else None

    def text(self, pooled: Tensor, text: Tensor) -> Tensor:
        """The text vector to match with, (B, E) or as given, of the images' global vectors and the text's."""
        return bimodal_text(pooled, text) if self.bimodal else text

    def forward(self, dense: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """The cosine and the cosine over the temperature, (B, 1, h, w) each; see cosine_map."""
        cosine = cosine_map(dense, text)
        return cosine, cosine * (self._scale if self.log_scale is None else self.log_scale.exp())
