"""A report of a fault as one file to send on: what the program is and found out, and nobody's work.

As it stands it names no file, no folder and no person, and quotes no text. Messages of a log can, so of the
log the times, the levels, the places in the program and the kinds of errors remain. Everything else goes in
only when it was asked for.
"""

import builtins
import getpass
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tcm_core import errors
from tcm_core.data.atomic_file import write_atomic
from tcm_core.doctor import Finding
from tcm_core.errors import TcmError
from tcm_core.home import cache_folder, config_folder, data_folder
from tcm_core.resources import resource_root

LOG_BYTES: Final = 4_000_000
"""Of a log its end goes in."""
LEFT_OUT: Final = "(left out)"

_ENTRY: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ (?:app|tcm_core|__main__)[\w.]*): ")
_FRAME: Final = re.compile(r'\s*File "(.+)", line (\d+),? in ([\w<>.]+)$')
_OURS: Final = re.compile(r"[/\\]((?:app|tcm_core|site-packages|python3\.\d+)[/\\][\w/\\.-]+\.py)$")
_NATIVE: Final = re.compile(
    r"(?:Traceback \(most recent call last\):|(?:Current thread|Thread) 0x[0-9a-f]+"
    r"|Fatal Python error: (?:Segmentation fault|Aborted|Bus error|Illegal instruction)"
    r"|Windows fatal exception: [a-z ]+)"
)
_KIND: Final = re.compile(r"((?:\w+\.)*\w+)(?::|$)")
_PLACE: Final = re.compile(r"""(?:^|(?<=[\s'"(:=]))(?:/|~|[A-Za-z]:[\\/]|\\\\)\S.*""", re.MULTILINE)
_KINDS: Final = frozenset(
    name
    for module in (builtins, errors)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_LIBRARIES: Final = frozenset({*sys.stdlib_module_names, "torch", "PIL", "cv2", "pydantic", "safetensors"})


@dataclass(frozen=True)
class BugReport:
    """What goes into a report.

    Attributes:
        findings: of `tcm doctor`.
        logs: log files; those that are not there are passed over.
        settings: without anything that names or quotes.
        messages: whether whole logs go in, with all that their messages name and quote.
        attached: files that were chosen to go in, as they are.
        texts: further contents by their names in the report, chosen to go in.
    """

    findings: Sequence[Finding]
    logs: Sequence[Path] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    messages: bool = False
    attached: Sequence[Path] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def write(self, file: Path) -> list[str]:
        """Write the report as a zip file, whole or not at all.

        Returns:
            The names of what it holds.

        Raises:
            TcmError: something that was chosen cannot be read, or the report cannot be written.
        """
        contents = {name: text.encode() for name, text in self._texts()}
        for number, chosen in enumerate(self.attached, 1):
            contents[f"attached/{number}-{chosen.name}"] = _content(chosen)
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, held.getvalue())
        except OSError as error:
            raise TcmError(
                f"{file}: cannot be written ({error.strerror}). Save the report to another folder."
            ) from error
        return list(contents)

    def _texts(self) -> Iterable[tuple[str, str]]:
        yield "findings.txt", "\n".join(finding_line(finding) for finding in self.findings) + "\n"
        if self.settings:
            yield "settings.json", json.dumps(self.settings, indent=1, ensure_ascii=False) + "\n"
        for log in self.logs:
            try:
                text = _end_of(log)
            except OSError:  # not there, or not to be read: a report without it is still one
                continue
            yield log.name, text if self.messages else bones(text)
        yield from self.texts.items()


def finding_line(finding: Finding) -> str:
    """A finding without the places of this machine."""
    mark = "ok  " if finding.ok else ("bad " if finding.required else "note")
    return f"{mark} {finding.name}: {LEFT_OUT if finding.place else without_places(finding.value)}"


def bones(log: str) -> str:
    """What of a log names and quotes nothing: when, how grave, where in the program, which kind of error.

    Args:
        log: of the program's own format, with tracebacks, or of Python's fault handler.
    """
    kept, dropped = [], 0
    for line in log.splitlines():
        if (bone := _bone(line)) is None:
            dropped += bool(line.strip())
        else:
            kept.append(bone)
    return "\n".join([*kept, f"({dropped} lines left out)"]) + "\n"


def without_places(text: str) -> str:
    """A text without the names of folders and of the person of this machine.

    From where a place begins the rest of its line is left out: names of folders may have blanks.
    """
    known = (data_folder(), config_folder(), cache_folder(), resource_root(), Path(sys.prefix), Path.home())
    for place in {str(folder) for folder in known if folder.parent != folder}:
        text = re.sub(f"{re.escape(place)}.*", LEFT_OUT, text)
    return _PLACE.sub(LEFT_OUT, re.sub(rf"\b{re.escape(_person())}\b", LEFT_OUT, text))


def _bone(line: str) -> str | None:
    if match := _ENTRY.match(line):
        return match[1]
    if match := _FRAME.match(line):
        ours = _OURS.search(match[1])
        return f"  {ours[1] if ours else 'elsewhere'}:{match[2]} {match[3]}"
    if match := _NATIVE.match(line):
        return match[0]
    match = _KIND.match(line)
    return match[1] if match and _is_kind(match[1]) else None


def _is_kind(name: str) -> bool:
    module, _, kind = name.rpartition(".")
    if not module or module.startswith("tcm_core."):
        return kind in _KINDS
    return module.partition(".")[0] in _LIBRARIES and kind.endswith(("Error", "Exception"))


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return Path.home().name or LEFT_OUT


def _end_of(log: Path) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - LOG_BYTES))
        return stream.read(LOG_BYTES).decode("utf-8", errors="replace")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise TcmError(f"{file}: cannot be read ({error.strerror}). Leave it out of the report.") from error
