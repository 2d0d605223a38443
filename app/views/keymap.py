"""Which keys each command has: the table's own, a preset's over them, the user's over both.

Two commands may have the same key only where their keys never work in the same place.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, get_args

from PySide6.QtGui import QKeySequence

from app.settings.key_file import preset_keys
from app.settings.schema import KeySettings
from app.views.action_spec import ActionSpec, Menu, Scope
from tcm_core.errors import BadConfig

Keys = tuple[str, ...]
RESERVED: Final[Mapping[str, str]] = {
    "Esc": "leaves off whatever is under way",
    "Space": "moves the picture while it is held, and presses buttons",
    "H": "hides everything but the picture while it is held",
    "Left": "moves vertices and regions",
    "Right": "moves vertices and regions",
    "Up": "moves vertices and regions",
    "Down": "moves vertices and regions",
    "Return": "ends a drawing and presses buttons",
    "Enter": "ends a drawing and presses buttons",
    **{f"Alt+{menu[0]}": "opens a menu" for menu in get_args(Menu)},
}
"""Keys that no command can have, and what they do instead."""
_FORMAT: Final = QKeySequence.SequenceFormat


class Conflict(NamedTuple):
    """A key that two commands want where both would hear it."""

    key: str
    owner: str
    other: str


def portable(text: str) -> str:
    """One key as Qt writes it on every system, or "" when `text` is not exactly one key."""
    sequence = QKeySequence(text)
    return sequence.toString(_FORMAT.PortableText) if sequence.count() == 1 else ""


def native(keys: Sequence[str]) -> str:
    """Keys as this system's keyboard names them, with commas between."""
    return ", ".join(QKeySequence(key).toString(_FORMAT.NativeText) for key in keys)


def scopes_meet(one: Scope, other: Scope) -> bool:
    """Whether there is a place where keys of both work; those of the window work everywhere in it."""
    return one == other or "window" in (one, other)


def conflicts(specs: Sequence[ActionSpec], keys: Mapping[str, Keys]) -> list[Conflict]:
    """Every key that two of the commands share in a place, and every key that is reserved.

    Returns:
        For a reserved key `other` is "".
    """
    found = []
    for at, spec in enumerate(specs):
        for key in keys.get(spec.id, ()):
            if key in RESERVED:
                found.append(Conflict(key, spec.id, ""))
            found += [
                Conflict(key, spec.id, other.id)
                for other in specs[at + 1 :]
                if scopes_meet(spec.scope, other.scope) and key in keys.get(other.id, ())
            ]
    return found


def owner_of(specs: Sequence[ActionSpec], keys: Mapping[str, Keys], key: str, scope: Scope) -> str:
    """The command that has `key` where a command of `scope` would hear it; "" when it is free."""
    for spec in specs:
        if scopes_meet(spec.scope, scope) and key in keys.get(spec.id, ()):
            return spec.id
    return ""


def keys_in_use(specs: Sequence[ActionSpec], settings: KeySettings) -> dict[str, Keys]:
    """The keys of every command.

    The user's choice goes before the preset, the preset before the table: a key that is taken there is
    given to nobody else, so that a new version's commands never make an old choice ambiguous.

    Raises:
        TcmError: a preset's file is missing or damaged.
    """
    own = {spec.id: spec.keys for spec in specs}
    layers = (settings.changes, preset_keys(settings.preset), own)
    in_use: dict[str, Keys] = {}
    for layer in layers:
        for spec in specs:
            if spec.id in in_use or spec.id not in layer:
                continue
            wanted = [key for text in layer[spec.id] if (key := portable(text)) and key not in RESERVED]
            in_use[spec.id] = tuple(key for key in wanted if not owner_of(specs, in_use, key, spec.scope))
    return {spec.id: in_use[spec.id] for spec in specs}


def changed_keys(
    specs: Sequence[ActionSpec], settings: KeySettings, changes: Mapping[str, Keys]
) -> KeySettings:
    """The settings after giving commands other keys, kept as the differences from the preset."""
    before = keys_in_use(specs, KeySettings(preset=settings.preset))
    wanted = {**keys_in_use(specs, settings), **changes}
    different = {name: keys for name, keys in wanted.items() if keys != before[name]}
    return KeySettings(preset=settings.preset, changes=different)


def checked_keys(specs: Sequence[ActionSpec], settings: KeySettings, where: str) -> KeySettings:
    """Keys from a file, made to Qt's spelling; commands that this version does not have are left out.

    Raises:
        BadConfig: something is no key, or two commands were given the same.
    """
    known = {spec.id for spec in specs}
    changes: dict[str, Keys] = {}
    for name, texts in settings.changes.items():
        if name not in known:
            continue
        for text in texts:
            if not portable(text):
                raise BadConfig(f"{where}: {text!r} for {name} is not a key. Write it as in Ctrl+Shift+E.")
        changes[name] = tuple(portable(text) for text in texts)
    for key, owner, other in conflicts(specs, changes):
        what = f"is given to both {owner} and {other}" if other else f"{RESERVED[key]} and cannot be {owner}"
        raise BadConfig(f"{where}: {key} {what}. Choose another key for one of them.")
    return KeySettings(preset=settings.preset, changes=changes)
