"""Which parameters learn, how fast, and the course of the learning rate."""

import math
from collections.abc import Collection, Iterable
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


def frozen_patterns(config: OptimConfig) -> tuple[str, ...]:
    """The modules that keep their weights: those of freeze, and those of a factor of 0."""
    return (*config.freeze, *(pattern for pattern, factor in config.factors.items() if factor == 0))


def keep_statistics(model: nn.Module) -> None:
    """Batch norms keep their statistics and use them; scale and shift still learn."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def set_training(model: nn.Module, config: OptimConfig, learnable: Collection[str]) -> None:
    """Puts a model into training mode as a stage has it: what is frozen, and what batch norms do.

    Args:
        model: changed in place.
        config: the stage's.
        learnable: the parameters that the model itself does not freeze.
    """
    model.train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in learnable)
    if config.batch_norm == "frozen":
        keep_statistics(model)
    freeze(model, frozen_patterns(config))


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.AdamW:
    """AdamW over what learns: parts at their own rates; norms, biases, gates and vectors without decay.

    Raises:
        BadConfig: a factor is for a module that is not there, or nothing learns.
    """
    factors = _factors(model, config)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = 0.0 if parameter.ndim <= 1 else config.weight_decay
            groups.setdefault((factors[name], decay), []).append(parameter)
    if not groups:
        raise BadConfig("optim: every part of the model is frozen; take something out of optim.freeze")
    return torch.optim.AdamW(
        [
            {"params": parameters, "initial_lr": config.learning_rate * factor, "weight_decay": decay}
            for (factor, decay), parameters in groups.items()
        ],
        lr=config.learning_rate,
    )


def _factors(model: nn.Module, config: OptimConfig) -> dict[str, float]:
    """The multiple of the rate for each parameter by name."""
    factors = {
        name: config.encoder_factor if name.startswith(PRETRAINED) else 1.0
        for name, _ in model.named_parameters()
    }
    modules = dict(model.named_modules())
    for pattern in sorted(config.factors, key=len):
        fitting = [name for name in modules if fnmatchcase(name, pattern)]
        if not fitting:
            known = ", ".join(name for name, _ in model.named_children())
            raise BadConfig(f"optim.factors: no module is called {pattern!r}; the model's parts are: {known}")
        for module in fitting:
            for name, _ in modules[module].named_parameters(prefix=module):
                factors[name] = config.factors[pattern]
    return factors


def rate_factor(step: int, config: OptimConfig) -> float:
    """The multiple of the learning rate at a step, from 0 on."""
    up = min(1.0, (step + 1) / (config.warmup_steps + 1))
    if config.schedule == "plateau":
        return min(up, min(1.0, max(0, config.steps - step) / (config.cooldown_steps + 1)))
    if step < config.warmup_steps:
        return 0.5 - 0.5 * math.cos(math.pi * up) if config.schedule == "one_cycle" else up
    left = max(0.0, 1.0 - (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps))
    shape = left**config.power if config.schedule == "poly" else 0.5 - 0.5 * math.cos(math.pi * left)
    return config.final_factor + (1.0 - config.final_factor) * shape


def set_learning_rate(optimizer: torch.optim.Optimizer, step: int, config: OptimConfig) -> float:
    """Gives every group its rate for a step of a stage.

    Returns:
        The rate of what has no factor.
    """
    factor = rate_factor(step, config)
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor
    return config.learning_rate * factor
