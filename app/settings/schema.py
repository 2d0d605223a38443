"""The tree of settings with its defaults. Nothing here reads or writes a file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ThemeName = Literal["system", "light", "dark"]
DeviceName = Literal["auto", "cpu", "cuda"]
MapName = Literal["off", "language", "probability"]
PresetName = Literal["studio", "ppocrlabel", "labelme", "cvat"]
ColourMapName = Literal["inferno", "viridis", "magma", "plasma", "cividis", "turbo"]

RECENT_LIMIT = 10


class Frozen(BaseModel):
    """A part of the tree: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ViewSettings(Frozen):
    """How the window and the picture look."""

    theme: ThemeName = "system"
    score_map: MapName = "off"
    """The map that lies over the picture at the start."""
    colour_map: ColourMapName = "inferno"
    map_opacity: float = Field(default=0.6, ge=0.0, le=1.0)
    fill_opacity: float = Field(default=0.1, ge=0.0, le=1.0)
    """Of the inside of regions; 0 shows outlines only."""
    hide_accepted: bool = True
    """Leave out detections that a region covers."""
    cross_hair: bool = False
    magnifier: bool = False
    mini_map: bool = False
    rulers: bool = False


class DetectionSettings(Frozen):
    """What finds the text, and which of its findings are shown."""

    checkpoint: str = "db-small"
    """A shipped checkpoint's name, or the path of a file."""
    device: DeviceName = "auto"
    decode: dict[str, dict[str, float]] = {}
    """For each head, the decode settings that are not as the checkpoint recommends."""


class KeySettings(Frozen):
    """Which key does what: a preset, and what is different from it."""

    preset: PresetName = "studio"
    changes: dict[str, tuple[str, ...]] = {}
    """For each command with other keys than the preset's, its keys as Qt writes them; none: no key."""


class WindowSettings(Frozen):
    """Where the window was, as Qt writes it (base64)."""

    geometry: str = ""
    state: str = ""


class Settings(Frozen):
    """Everything the user may prefer."""

    view: ViewSettings = ViewSettings()
    detection: DetectionSettings = DetectionSettings()
    keys: KeySettings = KeySettings()
    window: WindowSettings = WindowSettings()
    recent_folders: tuple[str, ...] = ()
    """Newest first."""

    def with_recent(self, folder: str) -> "Settings":
        """These settings with `folder` at the head of the recent list; the list keeps its ten newest."""
        others = [known for known in self.recent_folders if known != folder]
        return self.model_copy(update={"recent_folders": (folder, *others)[:RECENT_LIMIT]})
