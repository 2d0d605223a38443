"""`make package`: the wheel and the sdist, the frozen application, its Debian package, what is inside it.

python packaging/package.py [--out dist] [--work build] [--torch SPEC] [--only wheel frozen deb] [--keep]

Every step works in an environment of its own below --work, from the wheel that was just built: a file that
the wheel lacks is missing here, and not first on somebody's machine. The frozen application takes what
--torch names, else the CPU build of torch where its package address can be reached, else the default build.
It is tried at the end: `--self-test --training` has to pass. Beside it lie its software bill of materials
(CycloneDX) and the licences of all that it holds.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
NAME = "tcm-studio"
MAINTAINER = "the TCM Studio developers <nobody@localhost>"
STEPS = ("wheel", "frozen", "deb")
QT_LIBRARIES = (
    "libegl1", "libgl1", "libxkbcommon-x11-0", "libxcb-cursor0", "libxcb-icccm4", "libxcb-image0",
    "libxcb-keysyms1", "libxcb-render-util0", "libfontconfig1", "libdbus-1-3",
)  # fmt: skip


def main() -> None:
    """Makes what is asked for and says where it lies, its size and how long its start takes."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    wheel = build_wheel(options) if "wheel" in options.only else _newest(options.out, "*.whl")
    program = options.work / "frozen" / NAME
    if "frozen" in options.only:
        program = freeze(wheel, options)
        self_test(program / NAME)
        pack(program, options.out)
    if "deb" in options.only and shutil.which("dpkg-deb"):
        make_deb(program, options)
    for file in sorted(options.out.iterdir()):
        print(f"{file.stat().st_size / 2**20:9.1f} MB  {file}")


def build_wheel(options: argparse.Namespace) -> Path:
    """The sdist, and the wheel built from it: a file that the sdist lacks shows here."""
    for old in (*options.out.glob("*.whl"), *options.out.glob("*.tar.gz")):
        old.unlink()
    _run(_uv(), "build", "--quiet", "--out-dir", options.out, ROOT)
    return _newest(options.out, "*.whl")


def freeze(wheel: Path, options: argparse.Namespace) -> Path:
    """The folder of the frozen application, with the licences of what is inside."""
    environment = options.work / "environment"
    if not options.keep or not environment.exists():
        shutil.rmtree(environment, ignore_errors=True)
        _run(_uv(), "venv", "--quiet", "--python", sys.executable, environment)
    _install(environment, wheel, options.torch)
    python = _python(environment)
    target = options.work / "frozen"
    shutil.rmtree(target, ignore_errors=True)
    if sys.platform != "linux":
        _run(python, HERE / "icons.py", options.work / "pyinstaller" / "studio")
    _run(
        python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN",
        "--distpath", target, "--workpath", options.work / "pyinstaller", HERE / "studio.spec",
    )  # fmt: skip
    program = target / NAME
    _run(python, HERE / "contents.py", program, options.out / "licences.md", options.out / "sbom.cdx.json")
    for file in (ROOT / "LICENSE", ROOT / "NOTICE"):
        shutil.copy(file, program)
    return program


def _install(environment: Path, wheel: Path, torch: str | None) -> None:
    """The wheel and the tools in the pinned versions; torch first, so that the wheel takes what is there."""
    install = [_uv(), "pip", "install", "--quiet", "--python", _python(environment)]
    install += ["--constraint", ROOT / "constraints.txt"]
    found = os.environ.get("PIP_FIND_LINKS")
    install += ["--find-links", found] if found else []
    chosen = [torch] if torch else []
    if not chosen:
        tried = subprocess.run(
            [*map(str, install), "--torch-backend=cpu", "torch>=2.6,<3", "torchvision"],
            check=False,
            capture_output=True,
        )
        if tried.returncode:
            print(
                "the CPU build of torch could not be had; the default build is taken, which can be gigabytes"
            )
            print("larger: name a CPU build that pip finds by --torch")
    if chosen:
        _run(*install, *chosen)
    _run(
        *install,
        "--reinstall-package",
        NAME,
        wheel,
        "pyinstaller>=6.10,<7",
        "cyclonedx-python-lib[json-validation]>=11,<12",
    )


def self_test(program: Path) -> None:
    """The application without this source tree: it opens, detects, edits, exports, learns and ends."""
    command = [str(program), "--self-test", "--training"]
    if not os.environ.get("DISPLAY") and shutil.which("xvfb-run"):
        command = ["xvfb-run", "--auto-servernum", *command]
    began = time.monotonic()
    _run(*command, cwd=program.parent.parent)
    print(f"self-test passed in {time.monotonic() - began:.1f} s")


def pack(program: Path, out: Path) -> Path:
    """The application as one file to unpack anywhere."""
    archive = out / f"{NAME}-{platform.system().lower()}-{platform.machine()}.tar.xz"
    with tarfile.open(archive, "w:xz", preset=3) as file:
        file.add(program, arcname=NAME)
    return archive


def make_deb(program: Path, options: argparse.Namespace) -> Path:
    """A Debian package: the application below /opt, a command, desktop file and icon."""
    version = _newest(options.out, "*.whl").name.split("-")[1]
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    tree = options.work / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    share = tree / "usr" / "share"
    shutil.copytree(program, tree / "opt" / NAME, symlinks=True)
    for folder in (tree / "DEBIAN", tree / "usr" / "bin", share / "applications", share / "doc" / NAME):
        folder.mkdir(parents=True)
    icons = share / "icons" / "hicolor" / "scalable" / "apps"
    icons.mkdir(parents=True)
    shutil.copy(HERE / "linux" / f"{NAME}.desktop", share / "applications")
    shutil.copy(ROOT / "resources" / "icons" / "app.svg", icons / f"{NAME}.svg")
    (share / "doc" / NAME / "copyright").write_text(
        (ROOT / "NOTICE").read_text(encoding="utf-8")
        + f"\nThe licences of all that is inside: /opt/{NAME}/licences\n",
        encoding="utf-8",
    )
    (tree / "usr" / "bin" / NAME).symlink_to(Path("/opt") / NAME / NAME)
    size = sum(file.stat().st_size for file in tree.rglob("*") if file.is_file()) // 1024
    (tree / "DEBIAN" / "control").write_text(
        f"Package: {NAME}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\n"
        f"Installed-Size: {size}\nDepends: {', '.join(QT_LIBRARIES)}\nSection: graphics\nPriority: optional\n"
        "Description: find, correct and export text in photographs\n"
        " Annotation of scene text with detections of TCM, a detector made from CLIP,\n"
        " and fine-tuning of the detector on what was corrected.\n",
        encoding="utf-8",
    )
    package = options.out / f"{NAME}_{version}_{architecture}.deb"
    _run("dpkg-deb", "--root-owner-group", "-Zxz", "-z3", "--build", tree, package)
    return package


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--work", type=Path, default=ROOT / "build")
    parser.add_argument("--torch", help='the build of torch inside, such as "torch==2.13.0+cpu"')
    parser.add_argument("--only", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("--keep", action="store_true", help="use the environment of the last time")
    options = parser.parse_args()
    options.out, options.work = options.out.resolve(), options.work.resolve()
    return options


def _run(*command: object, cwd: Path = ROOT) -> None:
    words = [str(word) for word in command]
    print("+", " ".join(words), flush=True)
    done = subprocess.run(words, cwd=cwd, check=False)
    if done.returncode:
        sys.exit(f"this step failed with the exit status {done.returncode}")


def _uv() -> Path:
    return _python(Path(sys.prefix)).with_name("uv.exe" if os.name == "nt" else "uv")


def _python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _newest(folder: Path, pattern: str) -> Path:
    found: Sequence[Path] = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime)
    if not found:
        sys.exit(f"{folder} holds no {pattern}; make it first")
    return found[-1]


if __name__ == "__main__":
    main()
