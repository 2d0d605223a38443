"""Where the program keeps its own files: in the folder that the environment names, else in the system's."""

import os
from pathlib import Path
from typing import Final

import platformdirs

HOME_VARIABLE: Final = "TCM_STUDIO_HOME"
_APP_NAME: Final = "tcm-studio"


def config_folder() -> Path:
    """Of settings; it need not exist yet, nor need the others."""
    return _named() or platformdirs.user_config_path(_APP_NAME, appauthor=False)


def data_folder() -> Path:
    """Of what a person would miss: weights, checkpoints, labels of folders that cannot be written to."""
    return _named() or platformdirs.user_data_path(_APP_NAME, appauthor=False)


def cache_folder() -> Path:
    """Of what can be made again."""
    named = _named()
    return named / "cache" if named else platformdirs.user_cache_path(_APP_NAME, appauthor=False)


def _named() -> Path | None:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).absolute() if home else None
