"""The store of pretrained weights: files under the user's data folder, each with a record of its checksum."""

import re
import secrets
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tcm_core.checkpoint_file import file_sha256
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import BadCheckpoint, TcmError
from tcm_core.home import HOME_VARIABLE, data_folder
from tcm_core.weights.download import OnProgress, download
from tcm_core.weights.known import KnownWeights, known_weights

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUFFIXES: Final = (".pt", ".pth", ".bin", ".safetensors")


class StoredWeights(BaseModel):
    """What the store knows of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=f"^{_NAME.pattern}$")
    file: str = Field(pattern=f"^{_NAME.pattern}$")
    """Its name in the store's folder."""
    sha256: str
    size: int
    """Bytes."""
    origin: str
    """The address or the file name that it came from."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return weights_folder() / self.file


class LocatedWeights(NamedTuple):
    """A file to load, and what is published about it."""

    path: Path
    quick_gelu: bool | None  # None: nothing is known


def weights_folder() -> Path:
    """The store's folder."""
    return data_folder() / "weights"


def list_weights() -> list[StoredWeights]:
    """What is in the store, by name; records that cannot be read or have lost their file are left out."""
    found = []
    for record in sorted(weights_folder().glob("*.json")):
        try:
            weights = StoredWeights.model_validate_json(record.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ValidationError):
            continue
        if weights.path.is_file():
            found.append(weights)
    return found


def add_weights(file: Path, name: str | None = None) -> StoredWeights:
    """Copy a file into the store.

    Args:
        file: any file of weights.
        name: its name in the store; None: the published name when the checksum is a published one, else the
            file's own name.

    Raises:
        TcmError: there is no such file, the name cannot be used or is taken by another file, or the disk is
            full.
    """
    if not file.is_file():
        raise TcmError(f"{file}: no such file. Check the path.")
    if file.suffix.lower() not in _SUFFIXES:
        raise TcmError(f"{file}: files of weights end in {', '.join(_SUFFIXES)}. Choose another file.")
    digest = file_sha256(file)
    published = next((k for k in known_weights().values() if digest.startswith(k.sha256)), None)
    name = name or (published.name if published else file.stem)
    _check_name(name, digest)
    weights = StoredWeights(
        name=name, file=name + file.suffix.lower(), sha256=digest, size=file.stat().st_size, origin=file.name
    )
    _copy(file, weights.path)
    return _record(weights)


def pull_weights(name: str, on_progress: OnProgress | None = None) -> StoredWeights:
    """Bring published weights into the store; what is there, whole, is left as it is.

    Raises:
        TcmError: no such name, or see download.
    """
    known = known_weights().get(name)
    if known is None:
        raise TcmError(f"{name}: no such weights. Known are: {', '.join(known_weights())}.")
    there = {weights.name: weights for weights in list_weights()}.get(name)
    if there is not None and file_sha256(there.path) == there.sha256:
        return there
    target = weights_folder() / f"{name}{Path(known.url).suffix}"
    try:
        download(known.url, target, sha256=known.sha256, on_progress=on_progress)
    except TcmError as error:
        raise TcmError(f"{error}{_other_ways(known)}") from error
    return _record(
        StoredWeights(
            name=name,
            file=target.name,
            sha256=file_sha256(target),
            size=target.stat().st_size,
            origin=known.url,
        )
    )


def locate_weights(source: Path | str, model: str) -> LocatedWeights:
    """The file behind a tag, a name of the store, or a path; published weights are pulled when absent.

    Args:
        source: a Path; or a tag of open_clip for this model (`openai`), a name in the store, or a path.
        model: the architecture that a tag refers to.

    Raises:
        BadCheckpoint: there is nothing of that name, or the file in the store is not what it was.
        TcmError: it had to be pulled, and that failed.
    """
    if isinstance(source, Path):
        return LocatedWeights(_existing(source), None)
    stored = {weights.name: weights for weights in list_weights()}
    known = known_weights().get(f"{model}-{source}") or known_weights().get(source)
    if known is not None:
        weights = stored.get(known.name) or pull_weights(known.name)
        return LocatedWeights(_verified(weights), known.quick_gelu)
    if source in stored:
        return LocatedWeights(_verified(stored[source]), None)
    if Path(source).is_file():
        return LocatedWeights(Path(source), None)
    tags = [known.tag for known in known_weights().values() if known.model == model]
    raise BadCheckpoint(
        f"{source}: neither a file, nor a name in the store ({', '.join(stored) or 'it is empty'}), nor "
        f"a tag of {model} ({', '.join(tags) or 'it has none'}). `tcm weights list` shows all."
    )


def is_intact(weights: StoredWeights) -> bool:
    """Whether the file still has the checksum of its record."""
    return file_sha256(weights.path) == weights.sha256


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BadCheckpoint(f"{path}: no such file. Check the path.")
    return path


def _verified(weights: StoredWeights) -> Path:
    if not is_intact(weights):
        raise BadCheckpoint(
            f"{weights.path}: not the file that was put there, its checksum differs. "
            f"Delete it, then `tcm weights pull {weights.name}` or `tcm weights add FILE`."
        )
    return weights.path


def _check_name(name: str, digest: str) -> None:
    if not _NAME.fullmatch(name):
        raise TcmError(
            f"{name}: a name has letters, digits, '.', '_' and '-', at most 64. Give another --name."
        )
    known = known_weights().get(name)
    if known is not None and not digest.startswith(known.sha256):
        raise TcmError(
            f"{name}: the name of published weights, and this file is another one "
            f"(checksum {digest[:16]}..., published {known.sha256[:16]}...). Give another --name."
        )
    there = {weights.name: weights for weights in list_weights()}.get(name)
    if there is not None and there.sha256 != digest:
        raise TcmError(f"{name}: another file has this name in the store already. Give another --name.")


def _copy(file: Path, target: Path) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise TcmError(
            f"{target}: cannot be written ({error.strerror or error}). Free some space, "
            f"or set {HOME_VARIABLE} to a folder that can be written."
        ) from error


def _record(weights: StoredWeights) -> StoredWeights:
    write_text_atomic(weights_folder() / f"{weights.name}.json", weights.model_dump_json(indent=2) + "\n")
    return weights


def _other_ways(known: KnownWeights) -> str:
    hub = f" The same weights are in the Hugging Face repository {known.hub}." if known.hub else ""
    return f"{hub} On a computer without a network: copy the file here and use `tcm weights add FILE`."
