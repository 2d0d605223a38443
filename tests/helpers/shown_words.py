"""Every English string that the window shows, found in the tables and in the source of the views."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.settings.schema import PageName
from app.views.action_spec import WHY_DISABLED
from app.views.actions import ACTIONS, MENUS, MOUSE_GESTURES
from app.views.dialogs.preferences import shown_preferences
from app.views.dialogs.preferences_controls import CHOICES
from app.views.dialogs.tour import STEPS
from app.views.keymap import RESERVED

ROOT = Path(__file__).resolve().parent.parent.parent
SHOWING_CALLS = frozenset((
    "QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "QMenu", "QToolButton",
    "setText", "setToolTip", "setStatusTip", "setWindowTitle", "setTitle", "setPlaceholderText",
    "setAccessibleName", "setAccessibleDescription", "addRow", "addItem", "addItems", "addTab", "addAction",
    "addMenu", "setHeaderLabels", "setHorizontalHeaderLabels", "setSpecialValueText", "tell", "tr", "_dock",
    "_build_bar", "_chip", "_heading", "_label", "_button", "ShowHint", "setInformativeText",
    "EditRefused",
))  # fmt: skip
"""Functions whose words are shown."""
NO_WORD = re.compile(r"[^A-Za-z]*|[a-z_.]+\.(json|toml|txt)|good|info|warn|bad")
TELLING_CALLS = frozenset(("Problem", "problem_of", "StorageError", "in_words"))
NO_SENTENCE = re.compile(r"[^ ]*|{}: {}|{} \(device: {}\)|{} {} written before it\.")
"""Words that stand for themselves, and places."""
SAME_EVERYWHERE = frozenset(("English", "TCM Studio {}"))


def shown_words() -> dict[str, str]:
    """Each string and where it is from. What an f-string puts in is written as ``{}``."""
    words: dict[str, str] = {}
    for spec in ACTIONS:
        for text in (spec.text.removesuffix("..."), spec.text, spec.hint):
            words.setdefault(text, f"command {spec.id}")
    words.update(dict.fromkeys(MENUS, "menus"))
    words.update(dict.fromkeys(filter(None, WHY_DISABLED.values()), "WHY_DISABLED"))
    words.update({text: "MOUSE_GESTURES" for row in MOUSE_GESTURES for text in row})
    words.update(dict.fromkeys((*CHOICES.values(), *RESERVED.values(), *PageName.__args__), "preferences"))
    words.update({text: "tour" for title, text, _ in STEPS for text in (title, text)})
    for one in shown_preferences():
        words.update(dict.fromkeys((one.field.title, one.field.description), "preferences"))
    for file in sorted(
        path for folder in ("views", "domain") for path in (ROOT / "app" / folder).rglob("*.py")
    ):
        where = file.relative_to(ROOT).as_posix()
        for text in _words_of(ast.parse(file.read_text(encoding="utf-8"))):
            words.setdefault(text, where)
    for file in sorted((ROOT / "app" / "views" / "canvas" / "tools").glob("*.py")):
        for text in _sentences_of(ast.parse(file.read_text(encoding="utf-8"))):
            words.setdefault(text, f"hints of {file.name}")
    return {
        text: where
        for text, where in words.items()
        if text not in SAME_EVERYWHERE and not NO_WORD.fullmatch(text.replace("{}", ""))
    }


def told_problems() -> set[str]:
    """The sentences of problems: what the constructors of problems and errors of the app are given."""
    told: set[str] = set()
    for file in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in TELLING_CALLS:
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    told.update(text for text in _texts(argument) if NO_SENTENCE.fullmatch(text) is None)
    return told


def _words_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in SHOWING_CALLS:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from _texts(argument)


def _sentences_of(tree: ast.Module) -> Iterator[str]:
    """Every text of several words but docstrings: a tool's hints are constants and f-strings."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner.update(id(part) for part in node.values)
    texts = (text for node in ast.walk(tree) if id(node) not in inner for text in _texts(node))
    yield from (text for text in texts if " " in text.strip())


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _texts(node: ast.expr) -> Iterator[str]:
    """The strings that an argument may be: itself, either side of a choice, the items of a list."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_part(part) for part in node.values)
    elif isinstance(node, ast.Call) and _name(node.func) == "counted":
        yield _counted(node)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from _texts(item)


def _part(part: ast.expr) -> str:
    """A piece of an f-string: its words, or a gap; a number with its noun keeps the noun."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    inside = part.value if isinstance(part, ast.FormattedValue) else part
    return _counted(inside) if isinstance(inside, ast.Call) and _name(inside.func) == "counted" else "{}"


def _counted(call: ast.Call) -> str:
    noun = call.args[1]
    return f"{{}} {noun.value}{{}}" if isinstance(noun, ast.Constant) else "{} {}"
