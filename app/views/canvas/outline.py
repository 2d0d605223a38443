"""Fills and outlines of polygons, made of what Qt's raster engine draws quickly.

A smooth line wider than a pixel costs that engine 20 to 50 times as much as one of a single pixel. So a wide
line is drawn here as a few one-pixel lines around its middle, and its halo as a ring of them further out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from app.views.canvas.style import PolygonStyle
from tcm_core.geometry.polygon import Points

Offsets = tuple[tuple[float, float], ...]


def to_qpolygon(points: Points) -> QPolygonF:
    """The points as Qt wants them."""
    polygon = QPolygonF()
    if len(points):  # Qt's points are two doubles each, as ours are; one by one takes three times as long
        polygon.resize(len(points))
        make: Any = shiboken6.VoidPtr  # its annotations know neither the size nor that it is a buffer
        np.frombuffer(make(polygon.data(), 16 * len(points), True), np.float64)[:] = points.ravel()
    return polygon


@dataclass(frozen=True)
class Surface:
    """Where polygons are drawn.

    Attributes:
        painter: on the device; its transform is set here while drawing.
        placement: the shapes' units to the painter's own.
        ratio: device pixels for one widget pixel, in which styles are given.
        unit: device pixels for one of the painter's own units.
    """

    painter: QPainter
    placement: QTransform
    ratio: float
    unit: float

    def fill(self, shapes: Sequence[QPolygonF], style: PolygonStyle) -> None:
        """Fill polygons, with a hatch when the style has one; the hatch keeps its size on the screen."""
        painter = self.painter
        painter.setTransform(self.placement)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # fills are faint; ten times faster
        painter.setPen(Qt.PenStyle.NoPen)
        brushes = [QBrush(style.fill)]
        if style.hatch is not None:
            hatch = QBrush(style.hatch, Qt.BrushStyle.BDiagPattern)
            to_device = self.placement.m11() * self.unit / self.ratio
            hatch.setTransform(QTransform.fromScale(1 / to_device, 1 / to_device))
            brushes.append(hatch)
        for brush in brushes:
            painter.setBrush(brush)
            for shape in shapes:
                painter.drawPolygon(shape)

    def outline(
        self,
        shapes: Sequence[QPolygonF],
        style: PolygonStyle,
        *,
        closed: bool = True,
        rough: bool = False,
    ) -> None:
        """Draw outlines, all halos below all lines; `rough` is one thin line without a halo."""
        painter = self.painter
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        path = QPainterPath()  # one for all: half the time of one polygon after the other
        for shape in shapes:
            path.addPolygon(shape)
            if closed:
                path.closeSubpath()
        for is_halo, offsets in (
            (True, halo_offsets(style, self.ratio)),
            (False, line_offsets(style, self.ratio)),
        ):
            if rough and is_halo:
                continue
            painter.setPen(thin_pen(style, self.ratio, halo=is_halo))
            for x, y in offsets[:1] if rough else offsets:
                shift = QTransform.fromTranslate(x / self.unit, y / self.unit)
                painter.setTransform(self.placement * shift)
                painter.drawPath(path)
        painter.setTransform(self.placement)


def thin_pen(style: PolygonStyle, ratio: float, *, halo: bool) -> QPen:
    """A pen of one device pixel in the colour of the style's line or halo; only the line is dashed."""
    pen = QPen(style.halo if halo else style.line, 1.0)
    pen.setCosmetic(True)
    if style.dashes and not halo:
        pen.setDashPattern([length * ratio for length in style.dashes])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


@lru_cache(maxsize=64)
def line_offsets(style: PolygonStyle, ratio: float) -> Offsets:
    """Where the thin lines of a line go, in device pixels from its middle."""
    return _rings(0.0, (style.width * ratio - 1) / 2)


@lru_cache(maxsize=64)
def halo_offsets(style: PolygonStyle, ratio: float) -> Offsets:
    """Where the thin lines of a halo go, in device pixels from its middle: beside the line, not under it."""
    return _rings((style.width * ratio) / 2, (style.halo_width * ratio - 1) / 2)


def _rings(inner: float, outer: float) -> Offsets:
    """Points on circles at most a pixel apart, from radius `outer` inwards to `inner`."""
    if outer <= 0.1:
        return ((0.0, 0.0),)
    points: list[tuple[float, float]] = []
    radius = outer
    while radius > 0 and (radius >= inner or not points):
        count = 3 if radius < 0.6 else 4 if radius <= 1.5 else 8
        first = math.pi / 4 if count == 4 else math.pi / 6
        angles = [first + 2 * math.pi * number / count for number in range(count)]
        points.extend((radius * math.cos(angle), radius * math.sin(angle)) for angle in angles)
        radius -= 1.0
    return tuple(points)
