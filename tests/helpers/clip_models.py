"""open_clip's own CLIP models, randomly started, and files of them in the forms that are published."""

import copy
import warnings
from pathlib import Path

import open_clip
import safetensors.torch
import torch
from open_clip.model import CLIP


def random_clip(name, *, text_layers, words=49408):
    """open_clip's CLIP of that name in evaluation mode, QuickGELU, its weights as exact in half precision.

    Norms and their statistics are random too: at their start values every residual branch is closed.
    """
    config = open_clip.get_model_config(name)
    config["text_cfg"].update(layers=text_layers, vocab_size=words)
    model = CLIP(**config, quick_gelu=True)
    for key, tensor in model.state_dict().items():
        if key.endswith(("running_mean", ".bias", "in_proj_bias")):
            tensor.normal_(std=0.1)
        elif key.endswith("running_var") or (key.endswith("weight") and tensor.ndim == 1):
            tensor.uniform_(0.5, 1.0)
    return model.half().float().eval()


def write_archive(model, path: Path):
    """A TorchScript archive in half precision with OpenAI's three extra numbers."""
    whole = copy.deepcopy(model)
    for name, value in (("input_resolution", 224), ("context_length", 77), ("vocab_size", 49408)):
        vars(whole).pop(name, None)
        whole.register_buffer(name, torch.tensor(value))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is deprecated, but these are the files there are
        images, words = torch.zeros(1, 3, 224, 224), torch.zeros(1, 77, dtype=torch.int64)
        torch.jit.save(torch.jit.trace(whole, (images, words), check_trace=False).half(), str(path))
    return path


def write_state_dict(model, path: Path):
    """A training checkpoint of open_clip: half precision, wrapped for several devices."""
    state = {f"module.{name}": tensor.half() for name, tensor in model.state_dict().items()}
    torch.save({"epoch": 32, "name": "a run", "state_dict": state}, path)
    return path


def write_safetensors(model, path: Path):
    """open_clip's other layout: the text tower below `text.`."""
    tower = ("token_embedding", "positional_embedding", "transformer.", "ln_final", "text_projection")
    state = {
        f"text.{name}" if name.startswith(tower) else name: tensor.half().contiguous()
        for name, tensor in model.state_dict().items()
    }
    safetensors.torch.save_file(state, path)
    return path
