"""The strict reader of TOML configurations."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tcm_core.errors import BadConfig

Config = TypeVar("Config", bound=BaseModel)


def load_config(path: Path, model: type[Config]) -> Config:
    """The configuration in a TOML file.

    Raises:
        BadConfig: the file is missing or no TOML, has an unknown key (near matches are named), a wrong type,
            or values out of range; the message names file and key.
    """
    return parse_config(read_toml(path), model, str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """The values in a TOML file.

    Raises:
        BadConfig: the file is missing or no TOML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path}: cannot be read ({error}); give the path of a TOML file") from error
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadConfig(f"{path}: not valid TOML: {error}") from error


def parse_config(values: Any, model: type[Config], where: str) -> Config:
    """The values as a configuration.

    Args:
        values: what a TOML or JSON reader gave.
        model: the configuration's class.
        where: named in messages.

    Raises:
        BadConfig: see load_config.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [f"{where}: {_in_words(problem, model)}" for problem in error.errors()]
        raise BadConfig("\n".join(problems)) from error


def _in_words(problem: Any, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{key}: {problem['msg']}"
    known = _keys_beside(problem["loc"], model)
    near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known here: {', '.join(known)}"
    return f"unknown key {key}; {hint}"


def _keys_beside(location: tuple[Any, ...], model: type[BaseModel]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    current, choices = model, [model]
    for part in (part for part in location[:-1] if isinstance(part, str)):  # numbers are places in a list
        chosen = [choice for choice in choices if part in _tags(choice)]
        if part not in current.model_fields and chosen:  # the name of one of several alternatives
            current = chosen[0]
            continue
        field = current.model_fields.get(part)
        choices = _models_in(field.annotation) if field else []
        if not choices:
            break
        current = choices[0]
    return list(current.model_fields)


def _tags(model: type[BaseModel]) -> list[str]:
    """The constants by which a model is told from its alternatives."""
    return [
        str(value)
        for field in model.model_fields.values()
        if get_origin(field.annotation) is Literal
        for value in get_args(field.annotation)
    ]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]
