"""A loaded detector made ready for detection: same maps, less work."""

import torch
from torch import Tensor, nn

from tcm_core.infer.batch_norm import fold_batch_norm
from tcm_core.infer.device import Device
from tcm_core.infer.fused import can_fuse, fuse_convolutions
from tcm_core.infer.same_padding import without_same_padding
from tcm_core.models.detector import TextDetector
from tcm_core.models.encoders.timm import TimmImageEncoder
from tcm_core.models.heads.db import DbHead
from tcm_core.models.outputs import DbMaps


class ProbabilityHead(nn.Module):
    """DBNet's head without the threshold map, which only training reads, unless a person wants to see it.

    Args:
        head: its branches are shared, not copied.

    Attributes:
        whole: make the threshold map, too.
    """

    def __init__(self, head: DbHead) -> None:
        super().__init__()
        self.probability, self.threshold = head.probability, head.threshold
        self.whole = False

    def forward(self, features: Tensor) -> DbMaps:
        """As DbHead; the threshold map is empty, (0,), when it is not wanted."""
        threshold = self.threshold(features) if self.whole else features.new_empty(0)
        return DbMaps(self.probability(features), threshold)


def prepare_detector(detector: TextDetector, device: Device) -> TextDetector:
    """Rewrites a detector in place for passes that nothing is learnt from, and gives it back.

    Batch norms go into the convolutions before them, maps that only training reads are left out, SAME padding
    needs no copies any more, and on a CPU activations go into the convolutions before them. The maps are the
    same but for rounding.

    Args:
        detector: on the CPU; its weights cannot be saved as a checkpoint afterwards.
        device: where it will run.
    """
    detector.eval().requires_grad_(False)
    fold_batch_norm(detector)
    if isinstance(detector.head, DbHead):
        detector.head = ProbabilityHead(detector.head)
    if isinstance(detector.encoder, TimmImageEncoder):
        detector.encoder.backbone = without_same_padding(detector.encoder.backbone)
    if device.device.type == "cpu" and can_fuse():
        fuse_convolutions(detector, device.precision)
    return detector.to(memory_format=torch.channels_last)
