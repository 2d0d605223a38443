"""Instance-language matching: how much every pixel's embedding agrees with the text embedding."""

from torch import Tensor
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
