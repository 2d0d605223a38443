"""Which parameters learn, how fast, and the course of the learning rate."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

import torch
from torch import nn

from tcm_core.config.train import OptimConfig
from tcm_core.errors import BadConfig

PRETRAINED: Final = ("encoder.backbone.", "encoder.tower.")
"""What the image encoder brings along: timm's backbone, CLIP's tower with its attention pool."""


def freeze(model: nn.Module, patterns: Iterable[str]) -> None:
    """Stops modules from learning and from moving their batch statistics.

    Args:
        model: changed in place.
        patterns: names of modules, "*" for any run of characters; what they hold is frozen with them.

    Raises:
        BadConfig: a pattern fits no module's name.
    """
    for pattern in patterns:
        modules = [module for name, module in model.named_modules() if fnmatchcase(name, pattern)]
        if not modules:
            known = ", ".join(name for name, _ in model.named_children())
            raise BadConfig(f"optim.freeze: no module is called {pattern!r}; the model's parts are: {known}")
        for module in modules:
            module.eval()
            module.requires_grad_(False)


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.AdamW:
    """AdamW over what learns: the encoder at its own rate; norms, biases, gates and vectors without decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            factor = config.encoder_factor if name.startswith(PRETRAINED) else 1.0
            decay = 0.0 if parameter.ndim <= 1 else config.weight_decay
            groups.setdefault((factor, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "initial_lr": config.learning_rate * factor, "weight_decay": decay}
            for (factor, decay), parameters in groups.items()
        ],
        lr=config.learning_rate,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, step: int, config: OptimConfig) -> float:
    """Gives every group its rate for a step: warm-up, a plateau, and a linear way down over the last steps.

    Returns:
        The rate of what is not the backbone.
    """
    up = min(1.0, (step + 1) / (config.warmup_steps + 1))
    down = min(1.0, max(0, config.steps - step) / (config.cooldown_steps + 1))
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * min(up, down)
    return config.learning_rate * min(up, down)
