"""The tree of settings with its defaults. Nothing here reads or writes a file."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ThemeName = Literal["system", "light", "dark"]
DeviceName = Literal["auto", "cpu", "cuda"]
PresetName = Literal["studio", "ppocrlabel", "labelme", "cvat"]
ColourMapName = Literal["inferno", "viridis", "magma", "plasma", "cividis", "turbo"]
PaletteName = Literal["usual", "safe"]
LanguageName = Literal["en", "zh_TW", "zh_CN"]
WheelName = Literal["zoom", "scroll"]
PageName = Literal["Appearance", "Picture", "Detector and memory"]

RECENT_LIMIT = 10


class Frozen(BaseModel):
    """A part of the tree: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def preference(
    default: Any,
    title: str,
    explanation: str,
    page: PageName,
    *,
    ge: float | None = None,
    le: float | None = None,
) -> Any:
    """A field that the preferences dialog shows.

    Args:
        default: the value until the user chooses another.
        title: its name in the dialog.
        explanation: what it does, in the dialog's words.
        page: where in the dialog it is.
        ge: least value of a number.
        le: greatest value of a number.
    """
    return Field(
        default=default,
        title=title,
        description=explanation,
        json_schema_extra={"page": page},
        ge=ge,
        le=le,
    )


class ViewSettings(Frozen):
    """How the window and the picture look."""

    theme: ThemeName = preference(
        "system", "Theme", "Light, dark, or as the desktop is; it follows the desktop at once.", "Appearance"
    )
    language: LanguageName = preference(
        "en", "Language", "Of menus, panels and messages; changes at once.", "Appearance"
    )
    font_percent: int = preference(
        100, "Size of text", "Of all text in the window, in percent of the desktop's.", "Appearance",
        ge=80, le=200,
    )  # fmt: skip
    palette: PaletteName = preference(
        "usual",
        "Colours of regions",
        "By origin and state. The safe ones differ in brightness and dashes too, not in hue alone.",
        "Appearance",
    )
    wheel: WheelName = preference(
        "zoom",
        "Mouse wheel",
        "Zoom at the cursor; or scroll, with Shift sideways, while Ctrl and the wheel zoom.",
        "Picture",
    )
    score_map: str = Field("off", max_length=40)
    """The map that lies over the picture at the start, by its name; "off" for none."""
    colour_map: ColourMapName = preference(
        "inferno", "Colours of score maps", "From low to high. Cividis reads alike for everyone.", "Picture"
    )
    map_opacity: float = preference(
        0.6, "Opacity of score maps", "How much of the picture a score map covers.", "Picture", ge=0.0, le=1.0
    )
    map_levels: tuple[float, float] = (0.0, 1.0)
    """The scores of the first and of the last colour."""
    fill_opacity: float = preference(
        0.1, "Fill of regions", "Of their inside; 0 shows outlines only.", "Picture", ge=0.0, le=1.0
    )
    hide_accepted: bool = preference(
        True, "Hide accepted detections", "Leave out detections that a region covers.", "Picture"
    )
    cross_hair: bool = preference(False, "Cross-hair", "Two lines through the mouse.", "Picture")
    magnifier: bool = preference(False, "Magnifier", "The pixels around the mouse, large.", "Picture")
    mini_map: bool = preference(
        False, "Mini-map", "The whole image small, and what part of it is seen.", "Picture"
    )
    rulers: bool = preference(False, "Rulers", "Rulers in image pixels.", "Picture")


class DetectionSettings(Frozen):
    """What finds the text, and which of its findings are shown."""

    checkpoint: str = "db-small"
    """A shipped checkpoint's name, or the path of a file."""
    device: DeviceName = preference(
        "auto",
        "Device",
        "Where the detector runs; automatic takes the graphics card when there is one.",
        "Detector and memory",
    )
    ahead: bool = preference(
        False,
        "Detect ahead",
        "Find the text of the next images while you look at one.",
        "Detector and memory",
    )
    decode: dict[str, dict[str, float]] = {}
    """For each head, the decode settings that are not as the checkpoint recommends."""
    own_defaults: dict[str, dict[str, float]] = {}
    """By a checkpoint's hash, what is recommended in place of what its file says."""


class CacheSettings(Frozen):
    """How much may be kept so that it need not be made again."""

    pictures_mb: int = preference(
        512,
        "Memory for pictures",
        "In megabytes. Pictures kept in memory are shown again at once.",
        "Detector and memory",
        ge=64,
        le=65536,
    )
    maps_mb: int = preference(
        5000,
        "Disk for score maps",
        "In megabytes. With its maps kept, an image needs no detector when a threshold moves.",
        "Detector and memory",
        ge=0,
        le=1_000_000,
    )
    checkpoints_mb: int = preference(
        2000,
        "Memory for checkpoints",
        "In megabytes. Checkpoints that are compared stay loaded side by side within it.",
        "Detector and memory",
        ge=100,
        le=200_000,
    )


class KeySettings(Frozen):
    """Which key does what: a preset, and what is different from it."""

    preset: PresetName = "studio"
    changes: dict[str, tuple[str, ...]] = {}
    """For each command with other keys than the preset's, its keys as Qt writes them; none: no key."""


class TextSettings(Frozen):
    """How transcriptions are typed."""

    recognition_hints: bool = False
    """Suggest what a region says; needs the extra package rapidocr."""


class WindowSettings(Frozen):
    """Where the window was, as Qt writes it (base64)."""

    geometry: str = ""
    state: str = ""


class Settings(Frozen):
    """Everything the user may prefer."""

    view: ViewSettings = ViewSettings()
    detection: DetectionSettings = DetectionSettings()
    cache: CacheSettings = CacheSettings()
    keys: KeySettings = KeySettings()
    text: TextSettings = TextSettings()
    window: WindowSettings = WindowSettings()
    tour_closed: bool = False
    """The tour of the first run was closed, and comes again only when it is asked for."""
    recent_folders: tuple[str, ...] = ()
    """Newest first."""

    def with_recent(self, folder: str) -> "Settings":
        """These settings with `folder` at the head of the recent list; the list keeps its ten newest."""
        others = [known for known in self.recent_folders if known != folder]
        return self.model_copy(update={"recent_folders": (folder, *others)[:RECENT_LIMIT]})
