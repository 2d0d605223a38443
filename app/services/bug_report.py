"""What the window adds to `tcm doctor` and to a report of a fault: Qt as it runs, settings, the open page."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_origin

from pydantic import BaseModel
from PySide6.QtCore import qVersion
from PySide6.QtGui import QFontDatabase, QFontInfo, QGuiApplication, QScreen

from app.domain.page import Page
from app.settings.schema import Settings
from app.settings.store import Home
from tcm_core.checkpoint_file import list_checkpoints
from tcm_core.doctor import Finding

CHINESE: Final = (
    ("traditional Chinese", QFontDatabase.WritingSystem.TraditionalChinese),
    ("simplified Chinese", QFontDatabase.WritingSystem.SimplifiedChinese),
)


@dataclass(frozen=True)
class ReportMaterial:
    """What of this run can go into a report.

    Attributes:
        logs: log files.
        settings: as shown_settings gives them.
        image: the open picture; None while none is open.
        page: its labels.
    """

    logs: tuple[Path, ...] = ()
    settings: dict[str, object] = field(default_factory=dict)
    image: Path | None = None
    page: Page = field(default_factory=Page)


def material(home: Home, settings: Settings, image: Path | None, page: Page) -> ReportMaterial:
    """All of it, with the logs of this installation."""
    return ReportMaterial(tuple(sorted(home.logs.glob("*.log*"))), shown_settings(settings), image, page)


def qt_findings() -> list[Finding]:
    """Qt's version and platform, screens and fonts as the window has them; for the GUI's thread only."""
    font, screens = QFontInfo(QGuiApplication.font()), QGuiApplication.screens()
    found = [
        Finding("Qt in use", f"{qVersion()} on {QGuiApplication.platformName()}"),
        *(Finding(f"screen {number}", _screen(screen)) for number, screen in enumerate(screens, 1)),
        Finding("font", f"{font.family()}, {font.pointSizeF():g} points"),
    ]
    for name, system in CHINESE:
        families = len(QFontDatabase.families(system))
        remedy = "" if families else "install a font for it, such as Noto Sans CJK"
        found.append(Finding(f"fonts for {name}", f"{families}", bool(families), remedy, required=False))
    return found


def shown_settings(settings: Settings) -> dict[str, object]:
    """The settings without what a person wrote or named: numbers, switches and choices from lists.

    Of everything else only the number of its entries is told.
    """
    shipped = {path.stem for path in list_checkpoints()}
    shown = _shown(settings)
    own = settings.detection.checkpoint not in shipped
    shown["detection"]["checkpoint"] = "(another file)" if own else settings.detection.checkpoint
    return shown


def labels_text(page: Page) -> str:
    """The labels of a page as JSON, with their transcriptions."""
    regions = [
        {
            "polygon": region.polygon.tolist(),
            "text": region.text,
            "ignore": region.ignore,
            "origin": region.origin,
        }
        for region in page.regions
    ]
    return json.dumps({"review": page.review, "regions": regions}, indent=1, ensure_ascii=False) + "\n"


def _screen(screen: QScreen) -> str:
    size, scale = screen.size(), screen.devicePixelRatio()
    return (
        f"{size.width()} x {size.height()}, scale {scale:g}, {screen.logicalDotsPerInch():.0f} dots per inch"
    )


def _shown(part: BaseModel) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, about in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            shown[name] = _shown(value)
        elif isinstance(value, bool | int | float) or get_origin(about.annotation) is Literal:
            shown[name] = value
        else:
            shown[name] = (
                f"({len(value)} characters)" if isinstance(value, str) else f"({len(value)} entries)"
            )
    return shown
