"""A canvas of which a strip is seen: the strip is as in the whole canvas, and the rest is not drawn."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QRegion
from PySide6.QtWidgets import QWidget

from app.domain.compare import Shape
from app.views.canvas import style
from app.views.compare.canvas import PaneCanvas

SIZE = (400, 300)
BACKGROUND = np.array(QColor(style.BACKGROUND).getRgb()[:3])


@pytest.fixture
def area(qtbot) -> QWidget:
    """What the canvas lies in."""
    area = QWidget()
    qtbot.addWidget(area)
    area.resize(*SIZE)
    return area


@pytest.fixture
def canvas(area: QWidget) -> PaneCanvas:
    """A picture that covers its canvas, with thirty polygons on it."""
    draw = np.random.default_rng(3)
    values = draw.integers(120, 255, (*SIZE[::-1], 3), dtype=np.uint8)
    image = QImage(values.data, *SIZE, SIZE[0] * 3, QImage.Format.Format_RGB888).copy()
    canvas = PaneCanvas(area)
    canvas.resize(*SIZE)
    corners = np.array(((0, 0), (40, 0), (40, 14), (0, 14)))
    canvas.show_image(image)
    canvas.show_shapes([Shape(corners + draw.uniform((0, 0), SIZE), 0.5) for _ in range(30)])
    area.show()
    canvas.zoom_by(1.5)
    return canvas


def pixels(canvas: PaneCanvas, part: QRect) -> np.ndarray:
    """(h, w, 3) what it draws in a part of the widget, whether it is seen or not."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888).copy(part)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return values[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(np.int16)


def drawn_whole(canvas: PaneCanvas, part: QRect) -> np.ndarray:
    """The same, with the whole canvas drawn anew."""
    canvas.show_part(None)
    stage = canvas.stage
    for layer in (stage.photo, stage.detections):
        layer.invalidate_all()
    canvas.grab()
    stage.refine()
    return pixels(canvas, part)


def is_photo(canvas: PaneCanvas, x: int) -> bool:
    """Whether the photograph is drawn in the middle of a column of the widget."""
    return bool(np.abs(pixels(canvas, QRect(x, 150, 1, 1)) - BACKGROUND).max() > 40)


def assert_same(kept: np.ndarray, afresh: np.ndarray) -> None:
    assert kept.shape == afresh.shape
    differing = (np.abs(kept - afresh).max(axis=2) > 2).mean()
    assert differing < 0.001, f"{differing:.2%} of the pixels differ"


@pytest.mark.pixels
@pytest.mark.parametrize(
    "strips",
    [
        [(100, 120)],
        [(0, 400), (100, 120)],
        [(100, 120), (100, 180), (60, 220)],
        [(100, 120), (180, 90), (300, 90), (10, 60)],
    ],
    ids=["one", "from the whole", "wider", "elsewhere"],
)
def test_a_strip_is_drawn_as_in_the_whole_canvas_and_nothing_beside_it(canvas: PaneCanvas, strips):
    for left, width in strips:
        canvas.show_part(QRect(left, 0, width, SIZE[1]))
        canvas.grab()
        canvas.look_at(200 + left / 20, 150)  # and a move under each of them
    canvas.grab()
    canvas.stage.refine()
    left, width = strips[-1]
    strip = QRect(left, 0, width, SIZE[1])
    assert is_photo(canvas, left)
    assert is_photo(canvas, left + width - 1)
    assert not is_photo(canvas, left - 1)
    assert not is_photo(canvas, left + width)
    assert_same(pixels(canvas, strip), drawn_whole(canvas, strip))


def test_the_mouse_finds_a_canvas_in_its_strip_only(canvas: PaneCanvas):
    canvas.show_part(QRect(100, 0, 50, SIZE[1]))
    assert canvas.mask() == QRegion(100, 0, 50, SIZE[1])
    assert not canvas.mask().contains(QPoint(99, 10))
    canvas.show_part(None)
    assert canvas.mask().isEmpty()
    assert is_photo(canvas, 20)


def test_a_polygon_that_is_seen_in_the_whole_image_does_not_move_the_view(canvas: PaneCanvas):
    canvas.fit()
    corner = np.array(((2.0, 2.0), (40.0, 2.0), (40.0, 14.0), (2.0, 14.0)))
    canvas.reveal_polygon(corner)
    assert canvas.look.fitted
    canvas.zoom_by(3.0)
    canvas.look_at(390, 290)
    canvas.reveal_polygon(corner)
    place = canvas.image_to_widget(21, 8)
    assert (place.x(), place.y()) == (SIZE[0] // 2, SIZE[1] // 2)
