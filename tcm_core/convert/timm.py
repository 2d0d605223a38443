"""Weights of timm and torchvision backbones from files, into our image encoder."""

from pathlib import Path

import timm
import torch

from tcm_core.convert.weights_file import read_weights, some_of
from tcm_core.errors import BadCheckpoint
from tcm_core.models.encoders.timm import TimmImageEncoder

_COUNTER = "num_batches_tracked"


def load_timm(path: Path, encoder: TimmImageEncoder) -> list[str]:
    """Puts the weights of a backbone into an encoder's, in place; nothing is fetched from the network.

    Names are those of timm's model (torchvision's ResNets have the same); a model that is cut into features
    writes an underscore where the whole one has a dot, so that both are taken as equal.

    Args:
        path: a state dict or a safetensors file.
        encoder: of the same backbone.

    Returns:
        The names of the file's tensors that the features have no place for: the classifier above all.

    Raises:
        BadCheckpoint: see read_weights; or a tensor is missing, of another shape, not finite, or unknown to
            the whole model (a deeper backbone's).
    """
    given = {name.replace(".", "_"): (name, tensor) for name, tensor in read_weights(path).tensors.items()}
    state = encoder.backbone.state_dict()
    problems = []
    used = set()
    for name, own in state.items():
        source, tensor = given.get(name.replace(".", "_"), ("", None))
        if tensor is None:
            if not name.endswith(_COUNTER):
                problems.append(f"{name} is missing")
        elif tensor.shape != own.shape:
            problems.append(f"{name} is {tuple(tensor.shape)}, expected {tuple(own.shape)}")
        elif not torch.isfinite(tensor).all():
            problems.append(f"{name} has values that are not finite")
        else:
            state[name] = tensor.to(own.dtype)
            used.add(source)
    whole = timm.create_model(encoder.name, pretrained=False).state_dict().keys()
    unused = [name for name, _ in given.values() if name not in used]
    problems += [f"{name} is not known" for name in unused if name not in whole]
    if problems:
        raise BadCheckpoint(
            f"{path}: it does not fit the backbone {encoder.name}: {some_of(problems)}. "
            "Choose the weights of this backbone, or set the encoder's name to theirs."
        )
    encoder.backbone.load_state_dict(state)
    return unused
