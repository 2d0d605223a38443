"""A large file from the network: in pieces, taken up where it stopped, and checked."""

import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from filelock import FileLock

from tcm_core.checkpoint_file import file_sha256
from tcm_core.errors import TcmError

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes of the whole file (None: the server does not say)."""

_CHUNK: Final = 1 << 20
_TIMEOUT_S: Final = 30
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_BROKEN_OFF = (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException)


class _Interrupted(Exception):
    """The connection ended before the file did."""


def download(url: str, target: Path, *, sha256: str, on_progress: OnProgress | None = None) -> None:
    """Fetch a file; what an earlier try left in `target`.part is kept and gone on with.

    A broken connection is taken up again as long as every try brings the file further. Several processes
    may ask for the same file: one fetches it, the others wait.

    Args:
        url: http or https.
        target: the file; its folder is made.
        sha256: what the file must have, or its leading digits.
        on_progress: told about every piece.

    Raises:
        TcmError: no network, the server refuses, the connection breaks off, the disk is full, or the file
            is another one than promised.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise TcmError(f"{url}: only http and https addresses are fetched")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            if target.is_file() and file_sha256(target).startswith(sha256):
                return  # another process was faster
            resumed = part.exists()
            _fetch_whole(url, part, on_progress)
            if resumed and not file_sha256(part).startswith(sha256):
                part.unlink()  # the rest belonged to another file; the whole is fetched anew
                _fetch_whole(url, part, on_progress)
            _accept(url, part, target, sha256)
    except OSError as error:
        raise TcmError(
            f"{target}: cannot be written ({error.strerror or error}). "
            "Free some space or choose a folder that can be written."
        ) from error


def _accept(url: str, part: Path, target: Path, sha256: str) -> None:
    found = file_sha256(part)
    if not found.startswith(sha256):
        part.unlink()
        raise TcmError(
            f"{url}: what came has the checksum {found[:16]}..., promised is {sha256[:16]}... It was thrown "
            "away. Try again; if it stays so, something between here and the server changes the file."
        )
    part.replace(target)


def _fetch_whole(url: str, part: Path, on_progress: OnProgress | None) -> None:
    furthest = _size(part)
    while True:
        try:
            return _fetch(url, part, on_progress)
        except _Interrupted as error:
            have = _size(part)
            if have <= furthest or have == 0:
                kept = f" What came, {have / 1e6:.1f} MB, is kept, and gone on with." if have else ""
                raise TcmError(
                    f"{url}: {error}. Check the network and run the same command again.{kept}"
                ) from error
            furthest = have


def _fetch(url: str, part: Path, on_progress: OnProgress | None) -> None:
    have = _size(part)
    headers = {"User-Agent": "tcm-studio", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http or https, see download
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
            _receive(response, part, have, on_progress)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            if _total(error.headers) != have:
                part.unlink()  # longer than the file, or of another one
                _fetch(url, part, on_progress)
            return
        raise TcmError(
            f"{url}: the server answers {error.code} ({error.reason}). Get the file by another way, "
            "and put it in the store with `tcm weights add FILE`."
        ) from error
    except urllib.error.URLError as error:
        raise _Interrupted(f"the server cannot be reached ({error.reason})") from error
    except _BROKEN_OFF as error:
        raise _Interrupted(f"the connection broke off ({error})") from error


def _receive(
    response: http.client.HTTPResponse, part: Path, have: int, on_progress: OnProgress | None
) -> None:
    match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    goes_on = (
        response.status == http.HTTPStatus.PARTIAL_CONTENT and match is not None and match[1] == str(have)
    )
    have = have if goes_on else 0
    total = _total(response.headers)
    with part.open("ab" if goes_on else "wb") as file:
        while chunk := response.read1(_CHUNK):  # what is there, at once: it may be a slow network
            file.write(chunk)
            have += len(chunk)
            if on_progress is not None:
                on_progress(have, total)
    if total is not None and have != total:
        raise _Interrupted(f"the connection ended after {have} of {total} bytes")


def _total(headers: Message) -> int | None:
    match = _CONTENT_RANGE.match(headers.get("Content-Range", ""))
    text = match[2] if match else headers.get("Content-Length", "")
    return int(text) if text.isdigit() else None


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
