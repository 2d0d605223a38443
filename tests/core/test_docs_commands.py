"""Every command in README and documents: its name, its options and its target exist; cheap ones are run."""

import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.main

from tcm_core.cli.main import app, main
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted(DOCS.rglob("*.md")),
    *sorted((REPOSITORY / "resources" / "checkpoints").glob("*.md")),
]
PROGRAMS = ("tcm", "make", "python", "torchrun", "accelerate", "tcm-studio", "srun", "ssh", "mkdocs")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
VALUES = {"{config}": "run.toml", "{run}": "runs/one", "{resume}": "--resume"}
CHEAP = (
    "tcm check-data resources/samples --format auto",
    "tcm convert labels resources/samples/gt --to coco --out out/coco --images resources/samples/images",
    "tcm detect resources/samples/images --out out/before",
    "tcm evaluate --protocol icdar2015 --gt resources/samples/gt --det out/before",
    "tcm detect resources/samples/images --checkpoint db-small-plain --out out/plain",
    "tcm evaluate --protocol icdar2015 --gt resources/samples/gt --det out/plain",
    "tcm describe db-small-plain",
    "tcm experiment ablation --out runs/grids --budget small --data DATA --plan",
    "tcm weights list",
)


class Line(NamedTuple):
    """A command as a page gives it."""

    page: str
    words: list[str]
    whole: bool
    """Something to type as it is; else words in a sentence, which may stop early."""

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def as_words(text: str) -> list[str]:
    """The words of a command without its comment and the folder of programs; none of what is no command."""
    for placeholder, value in VALUES.items():
        text = text.replace(placeholder, value)
    try:
        words = shlex.split(re.sub(r"\s#\s.*", "", text), comments=False)
    except ValueError:
        return []
    words = [word.removeprefix(".venv/bin/") for word in words]
    return words if words and words[0] in PROGRAMS else []


def commands() -> Iterator[Line]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        name = page.relative_to(REPOSITORY).as_posix()
        for language, block in FENCE.findall(text):
            if language in ("", "bash", "sh"):
                for row in block.replace("\\\n", " ").splitlines():
                    if words := as_words(row.strip()):
                        yield Line(name, words, whole=True)
        for span in SPAN.findall(FENCE.sub("", text)):
            if (words := as_words(span)) and words[1:2] != ["="]:
                yield Line(name, words, whole=False)


LINES = list(commands())


def inner(words: list[str]) -> list[str]:
    """What a launcher starts, `--wrap "..."` and `-m MODULE` included; our own commands as they are."""
    if "--wrap" in words:
        return inner(shlex.split(words[words.index("--wrap") + 1]))
    if words[0] in ("torchrun", "accelerate", "python", "srun", "ssh"):
        if "-m" in words:
            module, *rest = words[words.index("-m") + 1 :]
            return ["tcm", *rest] if module == "tcm_core" else ["-m", module, *rest]
        if "tcm" in words:
            return words[words.index("tcm") :]
    return words


def wrong_tcm(words: list[str], *, whole: bool) -> str:
    """What is wrong with the words behind `tcm`; nothing: an empty text."""
    command, path = typer.main.get_command(app), ["tcm"]
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            return f"no command {' '.join([*path, rest[0]])!r}"
        path.append(rest[0])
        command = command.commands[rest.pop(0)]
    if hasattr(command, "commands"):
        return "" if not whole and not rest else wrong_options(command, rest)
    if not whole:
        return wrong_options(command, rest)
    try:
        command.make_context(" ".join(path), rest)
    except Exception as error:  # noqa: BLE001 - whatever the parser has against it
        return f"{type(error).__name__}: {getattr(error, 'message', error)}"
    return ""


def wrong_options(command: object, words: list[str]) -> str:
    known = {
        option
        for parameter in command.params
        for option in (*getattr(parameter, "opts", ()), *getattr(parameter, "secondary_opts", ()))
    }
    given = [word.strip("[]") for word in words if re.match(r"\[?--\w", word)]
    return " ".join(option for option in given if option not in known)


def wrong_module(module: str, words: list[str]) -> str:
    """What is wrong with `python -m MODULE`: the module, or an option that its source does not have."""
    if module == "pytest":
        return ""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return f"no module {module}"
    source = Path(spec.origin).read_text(encoding="utf-8")
    given = [word for word in words if word.startswith("--")]
    return " ".join(option for option in given if f'"{option}"' not in source)


def make_targets() -> set[str]:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w-]+):(?!=)", text, re.MULTILINE))


def make_settings() -> set[str]:
    """What `make TARGET NAME=VALUE` may set: the names with a default."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^(\w+) \?=", text, re.MULTILINE))


def wrong(line: Line) -> str:
    words = inner(line.words)
    if words[0] == "tcm":
        return wrong_tcm(words[1:], whole=line.whole)
    if words[0] == "make":
        settings = [word.partition("=")[0] for word in words[1:] if "=" in word]
        targets = [word for word in words[1:] if "=" not in word]
        unknown = [name for name in settings if name not in make_settings()]
        return " ".join([*unknown, *(target for target in targets if target not in make_targets())])
    if words[0] == "-m":
        return wrong_module(words[1], words[2:])
    return ""


def test_there_are_commands_to_check_in_all_kinds_of_pages():
    assert len([line for line in LINES if line.whole]) > 60
    pages = {line.page for line in LINES}
    assert {"README.md", "docs/training.md", "docs/guide.md", "docs/index.md", "CONTRIBUTING.md"} <= pages
    assert {inner(line.words)[0] for line in LINES} >= {"tcm", "make", "-m"}


@pytest.mark.parametrize("page", sorted({line.page for line in LINES}))
def test_every_command_is_one_that_the_program_knows(page: str):
    faults = {str(line): wrong(line) for line in LINES if line.page == page}
    assert {line: fault for line, fault in faults.items() if fault} == {}


@pytest.mark.parametrize(
    "text",
    [
        "tcm detct photos --out x",
        "tcm detect photos --out x --chekpoint db-small",
        "tcm detect photos",
        "tcm convert label x --to coco --out y",
        "tcm export db-small --format onyx --out m.onnx",
        "make benhc",
        "python -m benchmarks.trainnig",
        "python -m benchmarks.training --stepps 20",
        "torchrun --nproc-per-node 8 -m tcm_core trian --config run.toml",
        'ssh login sbatch --wrap "tcm train --confg run.toml"',
    ],
)
def test_a_wrong_command_is_found_out(text: str):
    assert wrong(Line("page", as_words(text), whole=True))


def test_configurations_that_are_named_exist():
    for line in LINES:
        for word in line.words:
            if word.startswith("resources/"):
                assert (REPOSITORY / word).exists(), line


def test_the_cheap_ones_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """In a folder that has two of the samples, so that it stays cheap."""
    for stem in ("img_61", "img_277"):
        for part in (f"images/{stem}.jpg", f"gt/gt_{stem}.txt"):
            place = tmp_path / "resources" / "samples" / part
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / "resources" / "samples" / part, place)
    monkeypatch.chdir(tmp_path)
    typed = {" ".join(line.words) for line in LINES if line.whole}
    for text in CHEAP:
        assert text in typed, "a page was changed; change CHEAP with it"
        status = run_tcm(shlex.split(text)[1:])
        said = capsys.readouterr()
        assert status == 0, (text, said.err)
        assert said.out, text
    assert len(list((tmp_path / "out" / "before").glob("res_*.txt"))) == 2
    assert list((tmp_path / "out" / "coco").rglob("*.json"))


def run_tcm(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as stop:
        return int(stop.code or 0)
