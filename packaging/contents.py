"""What is inside a frozen program: its licences, a table of them, and a bill of materials (CycloneDX).

python packaging/contents.py PROGRAM TABLE.md SBOM.json

It runs in the environment that the program was frozen in and looks at the result: a distribution is inside
when one of its modules is. Beside the distributions stand Python, the starter of PyInstaller and, on Debian
and its relatives, the libraries that were taken from the system. Their licences go into PROGRAM/licences.
"""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from PyInstaller.archive.readers import CArchiveReader

NAME = "tcm-studio"
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|copyright|authors)", re.IGNORECASE)
COMMON = Path("/usr/share/common-licenses")
COMMON_TEXTS = {"LGPL-3": ("LGPL-3", "GPL-3"), "GPL-3": ("GPL-3",), "GPL-2": ("GPL-2",)}


@dataclass(frozen=True)
class Part:
    """Something that is inside.

    Attributes:
        name: as its makers call it.
        version: of it.
        licence: its name, or a few words.
        texts: files with the licence's words.
        kind: type of package URL: pypi, deb, generic.
        address: of its home; empty when it names none.
    """

    name: str
    version: str
    licence: str
    texts: tuple[Path, ...]
    kind: str
    address: str = ""


def main(program: Path, table: Path, sbom: Path) -> None:
    """Finds what is inside and writes all three."""
    parts = sorted({*distributions(program), *interpreter(), *system_libraries(program)}, key=_order)
    without = [part.name for part in parts if not part.texts]
    folder = program / "licences"
    shutil.rmtree(folder, ignore_errors=True)
    for part in parts:
        _copy_texts(part, folder / part.name)
    table.write_text(_table(parts), encoding="utf-8")
    shutil.copy(table, folder / "licences.md")
    sbom.write_text(bill(parts), encoding="utf-8")
    print(f"{len(parts)} parts; without a text of their licence: {', '.join(without) or 'none'}")


def distributions(program: Path) -> Iterator[Part]:
    """Those with a module in the program, and the one whose starter it is."""
    inside = modules_of(program)
    names = {
        metadata.distribution(name).metadata["Name"]
        for module, owners in metadata.packages_distributions().items()
        if module in inside
        for name in owners
    }
    for name in names | {"pyinstaller"}:
        found = metadata.distribution(name)
        texts = tuple(
            Path(str(found.locate_file(file)))
            for file in found.files or ()
            if ".dist-info" in file.parts[0] and LICENCE_FILE.search(file.name)
        )
        licence = _licence_of(found)
        yield Part(name, found.version, licence, texts or _common_texts(licence), "pypi", _address_of(found))


def modules_of(program: Path) -> set[str]:
    """The names of the modules and packages at the top, compiled or not."""
    archive = CArchiveReader(str(_starter(program)))
    (pure,) = [name for name in archive.toc if name.endswith(".pyz")]
    names = {name.partition(".")[0] for name in archive.open_embedded_archive(pure).toc}
    return names | {entry.name.partition(".")[0] for entry in _inner(program).iterdir()}


def interpreter() -> Iterator[Part]:
    """Python itself."""
    home = Path(sys.base_prefix)
    found = [
        *home.glob("LICENSE*"),
        *home.glob("lib/python3.*/LICENSE*"),
        Path("/usr/share/doc/python3/copyright"),
    ]
    texts = tuple(file for file in found if file.is_file())[:1]
    yield Part("Python", platform.python_version(), "PSF-2.0", texts, "generic", "https://www.python.org")


def system_libraries(program: Path) -> Iterator[Part]:
    """The Debian packages that the libraries at the top come from."""
    if not shutil.which("dpkg-query"):
        return
    own = {Path(str(file)).name for one in metadata.distributions() for file in one.files or ()}
    own |= {file.name for file in Path(sys.base_prefix, "lib").glob("libpython*")}  # of a Python of its own
    owners = set()
    for library in _inner(program).glob("lib*.so*"):
        if library.is_symlink() or library.name in own:
            continue
        listed = subprocess.run(
            ["dpkg-query", "--search", f"*/{library.name}"], check=False, capture_output=True, text=True
        )
        owners |= {line.partition(": ")[0].partition(",")[0] for line in listed.stdout.splitlines()[:1]}
    for owner in owners:
        asked = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${Version}\\n${Homepage}", owner],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        version, _, address = asked.stdout.partition("\n")
        name = owner.partition(":")[0]
        text = Path("/usr/share/doc") / name / "copyright"
        yield Part(name, version, "see its text", (text,) if text.is_file() else (), "deb", address)


def bill(parts: list[Part]) -> str:
    """The bill of materials as CycloneDX JSON, checked against its schema.

    Raises:
        SystemExit: it is not valid.
    """
    bom = Bom()
    for part in parts:
        component = Component(
            name=part.name,
            version=part.version,
            type=ComponentType.APPLICATION if part.name == NAME else ComponentType.LIBRARY,
            licenses=[DisjunctiveLicense(name=part.licence)],
            bom_ref=f"{part.kind}/{part.name}",
            purl=PackageURL(part.kind, "debian" if part.kind == "deb" else None, part.name, part.version),
        )
        if part.name == NAME:
            bom.metadata.component = component
        else:
            bom.components.add(component)
    assert bom.metadata.component is not None
    bom.register_dependency(bom.metadata.component, bom.components)
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    if (problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is not None:
        sys.exit(f"the bill of materials does not follow its schema: {problem}")
    return text + "\n"


def _licence_of(found: metadata.Distribution) -> str:
    about = found.metadata
    told = about.get("License-Expression") or about.get("License") or ""
    if told and "\n" not in told and len(told) < 100:
        return told
    named = [
        row.rpartition(" :: ")[2] for row in about.get_all("Classifier") or () if row.startswith("License ::")
    ]
    return ", ".join(named) or "see its text"


def _address_of(found: metadata.Distribution) -> str:
    about = found.metadata
    projects = [row.partition(", ")[2] for row in about.get_all("Project-URL") or ()]
    return about.get("Home-page") or next(iter(projects), "")


def _common_texts(licence: str) -> tuple[Path, ...]:
    """The well-known text of a licence that a distribution names and does not bring."""
    names = next((texts for name, texts in COMMON_TEXTS.items() if name in licence), ())
    return tuple(COMMON / name for name in names if (COMMON / name).is_file())


def _copy_texts(part: Part, folder: Path) -> None:
    for text in part.texts:
        place = text.parts.index("licenses") if "licenses" in text.parts else len(text.parts) - 2
        target = folder.joinpath(*text.parts[place + 1 :])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(text, target)


def _table(parts: list[Part]) -> str:
    rows = [f"| {part.name} | {part.version} | {part.licence} | {part.address} |\n" for part in parts]
    head = "# What is inside, and its licences\n\nTheir texts lie in folders of these names.\n\n"
    return f"{head}| what | version | licence | home |\n|---|---|---|---|\n{''.join(rows)}"


def _inner(program: Path) -> Path:
    inner = program / "_internal"
    return inner if inner.is_dir() else program


def _starter(program: Path) -> Path:
    windows = program / f"{NAME}.exe"
    return windows if windows.exists() else program / NAME


def _order(part: Part) -> tuple[str, str]:
    return part.kind, part.name.lower()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
