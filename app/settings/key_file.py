"""Keys as JSON: the shipped presets, and files that users exchange. A file says only what differs."""

import json
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.settings.schema import KeySettings, PresetName
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import BadConfig
from tcm_core.resources import resource

LIMIT_BYTES: Final = 1_000_000
PRESETS: Final[tuple[tuple[PresetName, str], ...]] = (
    ("studio", "Studio"),
    ("ppocrlabel", "PPOCRLabel"),
    ("labelme", "labelme / X-AnyLabeling"),
    ("cvat", "CVAT"),
)


class KeyFile(BaseModel):
    """What such a file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tcm_studio_keys: Literal[1]
    """The version of this format."""
    preset: PresetName
    changes: dict[str, tuple[str, ...]] = Field(max_length=2000)


def preset_keys(name: PresetName) -> dict[str, tuple[str, ...]]:
    """What a preset has other than the table of commands; "studio" is the table itself.

    Raises:
        BadConfig: the shipped file is damaged.
        TcmError: it is missing.
    """
    return {} if name == "studio" else _read(resource("keys", f"{name}.json")).changes


def read_key_file(file: Path) -> KeySettings:
    """The keys of an exported file. Whether they go together is for the reader to check.

    Raises:
        BadConfig: the file cannot be read, is no such file, or is too large.
    """
    held = _read(file)
    return KeySettings(preset=held.preset, changes=held.changes)


def write_key_file(file: Path, keys: KeySettings) -> None:
    """Export keys.

    Raises:
        TcmError: the file cannot be written.
    """
    held = KeyFile(tcm_studio_keys=1, preset=keys.preset, changes=keys.changes)
    text = json.dumps(held.model_dump(mode="json"), indent=2, ensure_ascii=False)
    write_text_atomic(file, text + "\n")


def _read(file: Path) -> KeyFile:
    remedy = "Choose a file that the key editor exported."
    try:
        with file.open("rb") as stream:
            content = stream.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise BadConfig(f"{file.name}: cannot be read ({error.strerror}). {remedy}") from error
    if len(content) > LIMIT_BYTES:
        raise BadConfig(f"{file.name}: larger than {LIMIT_BYTES} bytes, which no list of keys is. {remedy}")
    try:
        return KeyFile.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadConfig(f"{file.name}: {where}: {first['msg']}. {remedy}") from error
