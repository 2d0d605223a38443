"""The look: colours of the light and the dark theme, Fusion's palette, the style sheet, and the icons."""

import re
from dataclasses import asdict, dataclass, replace

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from app.settings.schema import PaletteName, ThemeName
from tcm_core.resources import resource

ICON_SIZES = (20, 40)


@dataclass(frozen=True)
class Colours:
    """One theme's colours by what they are for."""

    window: str
    base: str
    raised: str
    text: str
    muted: str
    faint: str
    border: str
    control: str
    scroll: str
    hover: str
    pressed: str
    accent: str
    accent_hover: str
    accent_soft: str
    on_accent: str
    good: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str


LIGHT = Colours(
    window="#f4f5f7", base="#ffffff", raised="#ffffff", text="#1b2130", muted="#5d6778", faint="#a3abb8",
    border="#dcdfe5", control="#b9c0cb", scroll="#c3c9d2", hover="#e8ebf0", pressed="#dbe0e8",
    accent="#1d4ed8",
    accent_hover="#1e40af", accent_soft="#dde7ff", on_accent="#ffffff", good="#15803d", warn="#a15c07",
    warn_soft="#fff4d6", bad="#b42318", bad_soft="#fee9e7",
)  # fmt: skip
DARK = Colours(
    window="#1e2229", base="#171a20", raised="#282d36", text="#e7eaf0", muted="#9aa4b4", faint="#626c7b",
    border="#343a45", control="#4a5260", scroll="#464e5b", hover="#2e343e", pressed="#394150",
    accent="#6ea0ff",
    accent_hover="#8db4ff", accent_soft="#2a3c61", on_accent="#0b1220", good="#5fd08a", warn="#f2b84b",
    warn_soft="#3b311a", bad="#ff8a80", bad_soft="#44221f",
)  # fmt: skip


def is_dark(theme: ThemeName) -> bool:
    """Whether `theme` is dark now; "system" follows the desktop."""
    if theme == "system":
        return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return theme == "dark"


def colours(theme: ThemeName) -> Colours:
    """The colours of `theme` as it is now."""
    return DARK if is_dark(theme) else LIGHT


def palette(chosen: Colours) -> QPalette:
    """Fusion's palette in the given colours."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: chosen.window,
        QPalette.ColorRole.WindowText: chosen.text,
        QPalette.ColorRole.Base: chosen.base,
        QPalette.ColorRole.AlternateBase: chosen.window,
        QPalette.ColorRole.Text: chosen.text,
        QPalette.ColorRole.Button: chosen.raised,
        QPalette.ColorRole.ButtonText: chosen.text,
        QPalette.ColorRole.ToolTipBase: chosen.raised,
        QPalette.ColorRole.ToolTipText: chosen.text,
        QPalette.ColorRole.Highlight: chosen.accent,
        QPalette.ColorRole.HighlightedText: chosen.on_accent,
        QPalette.ColorRole.Link: chosen.accent,
        QPalette.ColorRole.PlaceholderText: chosen.muted,
        QPalette.ColorRole.Mid: chosen.border,
        QPalette.ColorRole.Accent: chosen.accent,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(chosen.faint))
    return made


def style_sheet(chosen: Colours) -> str:
    """The style sheet of resources/theme with the colours put in."""
    text = resource("theme", "studio.qss").read_text(encoding="utf-8")
    check = resource("icons", "check_dark.svg" if chosen.window == DARK.window else "check_light.svg")
    for name, value in {**asdict(chosen), "check": check.as_posix()}.items():
        text = text.replace("{" + name + "}", value)
    return text


def safe_for_colour_blindness(chosen: Colours) -> Colours:
    """The theme with its states in blue, yellow and orange, which differ in brightness as well."""
    if chosen.window == DARK.window:
        return replace(chosen, good="#56b4e9", warn="#f0e442", bad="#e69f00")
    return replace(chosen, good="#0072b2", warn="#7a5c00", bad="#c04f00")


def apply_theme(
    application: QApplication, theme: ThemeName, font_percent: int = 100, palette_name: PaletteName = "usual"
) -> Colours:
    """Give the application the theme's look, at once and without a restart.

    Args:
        application: the one that runs.
        theme: its colours.
        font_percent: the size of its text, of the desktop's.
        palette_name: the colours of states.

    Returns:
        The colours in use, for what paints itself.
    """
    chosen = colours(theme) if palette_name == "usual" else safe_for_colour_blindness(colours(theme))
    application.setStyle("Fusion")
    application.setPalette(palette(chosen))
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * font_percent / 100)
    else:  # the desktop gives it in pixels
        font.setPixelSize(round(font.pixelSize() * font_percent / 100))
    application.setFont(font)
    application.setStyleSheet(style_sheet(chosen))
    return chosen


def _rendered(name: str, colour: str, size: int) -> QPixmap:
    """The icon `name` in one colour, `size` device pixels square."""
    return _drawn(_renderer(name, colour), size)


def _renderer(name: str, colour: str) -> QSvgRenderer:
    svg = resource("icons", f"{name}.svg").read_text(encoding="utf-8").replace("#000000", colour)
    return QSvgRenderer(QByteArray(svg.encode()))


def _drawn(renderer: QSvgRenderer, size: int) -> QPixmap:
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture


def icon(name: str, chosen: Colours) -> QIcon:
    """The icon resources/icons/`name`.svg in the theme's text colour, pale when disabled.

    Raises:
        TcmError: there is no such icon.
    """
    made = QIcon()
    normal, disabled = _renderer(name, chosen.text), _renderer(name, chosen.faint)
    for size in ICON_SIZES:
        made.addPixmap(_drawn(normal, size), QIcon.Mode.Normal)
        made.addPixmap(_drawn(disabled, size), QIcon.Mode.Disabled)
    return made


def picture(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon `name` in one colour as a pixmap of `size` logical pixels at the device's pixel ratio."""
    made = QPixmap(_rendered(name, colour, round(size * ratio)))
    made.setDevicePixelRatio(ratio)
    return made


def application_icon() -> QIcon:
    """The coloured icon of the application."""
    made = QIcon()
    for size in (16, 32, 64, 128, 256):
        made.addPixmap(_rendered("app", "#000000", size))
    return made


def unresolved_tokens(sheet: str) -> list[str]:
    """Names left in curly braces in a style sheet: mistakes in it."""
    return re.findall(r"\{[a-z_]+\}", sheet)
