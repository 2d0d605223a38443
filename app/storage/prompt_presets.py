"""A person's presets of words for the text tower: one small file beside the settings."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from app.storage.user_file import load_user_file
from tcm_core.data.atomic_file import write_text_atomic

PRESETS_FILE: Final = "prompts.json"
WORDS_LIMIT: Final = 300
_LARGEST: Final = 1_000_000  # bytes


class _Presets(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    prompts: dict[str, str] = Field({}, max_length=1000)


class PromptPresets:
    """Words by the presets' names, in the order that they were kept.

    Attributes:
        notice: what to tell about a file that could not be used; None: nothing.
    """

    def __init__(self, folder: Path) -> None:
        """`folder`: the user's data."""
        self.file = folder / PRESETS_FILE
        kept, self.notice = load_user_file(self.file, _Presets(), _LARGEST, "presets")
        self._words = {name[:80]: words[:WORDS_LIMIT] for name, words in kept.prompts.items() if name.strip()}

    @property
    def words(self) -> dict[str, str]:
        """Words by name."""
        return dict(self._words)

    def keep(self, name: str, words: str) -> None:
        """Keep words under a name, in place of what had it.

        Raises:
            TcmError: the file cannot be written; the preset holds until the program ends.
        """
        self._words[name] = words
        self._save()

    def drop(self, name: str) -> None:
        """Forget a preset.

        Raises:
            TcmError: see keep.
        """
        if self._words.pop(name, None) is not None:
            self._save()

    def _save(self) -> None:
        write_text_atomic(self.file, _Presets(prompts=self._words).model_dump_json(indent=1) + "\n")
