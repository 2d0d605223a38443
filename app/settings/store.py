"""Where settings, data and logs of the app live, and the sparse TOML file of settings.

Only what differs from the defaults is written. A file that cannot be used is set aside, never overwritten.
"""

import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from app.settings.schema import Settings
from tcm_core.home import config_folder, data_folder


@dataclass(frozen=True)
class Home:
    """The folders of one installation; they need not exist yet."""

    config: Path
    data: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def map_cache(self) -> Path:
        return self.data / "maps"


def find_home(data_home: Path | None = None) -> Home:
    """The folders to use: `data_home` when given, else those of tcm_core.home."""
    if data_home is not None:
        return Home(config=data_home.absolute(), data=data_home.absolute())
    return Home(config=config_folder(), data=data_folder())


class SettingsStore:
    """The settings of this run and their file.

    Attributes:
        settings: the current tree; replace it with `save`.
        notice: what to tell the user about a settings file that could not be used, or None.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.notice: str | None = None
        self.settings = self._load()

    def save(self, settings: Settings) -> None:
        """Make `settings` current and write what differs from the defaults.

        Raises:
            OSError: the file cannot be written; `settings` is current all the same.
        """
        import tomlkit  # only to write: the start reads without it

        self.settings = settings
        document = tomlkit.document()
        for key, value in settings.model_dump(exclude_defaults=True, exclude_none=True, mode="json").items():
            document[key] = value
        self.file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.file.parent, prefix=self.file.name, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(tomlkit.dumps(document))
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).replace(self.file)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _load(self) -> Settings:
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Settings()
        except (OSError, UnicodeDecodeError) as error:
            return self._refuse(str(error))
        try:
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            return self._refuse(str(error))
        return self._validate(values)

    def _validate(self, values: Mapping[str, object]) -> Settings:
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            return self._refuse(f"{key}: {first['msg']}")

    def _refuse(self, reason: str) -> Settings:
        aside = self.file.with_name(self.file.name + ".unusable")
        try:
            self.file.replace(aside)
            kept = f"It was kept as {aside.name}"
        except OSError:
            kept = "It could not be set aside"
        self.notice = f"{self.file}: {reason}. {kept}; the defaults are used."
        return Settings()
