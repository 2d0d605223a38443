"""A view that can be moved and zoomed: wheel, pinch, middle button, Space, and fitting after a resize."""

import math
from abc import abstractmethod
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsItem, QGraphicsScene, QGraphicsView, QWidget

from app.views.canvas.camera import Camera
from app.views.canvas.tools.tool import DRAG_STARTS_AT

WHEEL_STEP: Final = 1.2  # zoom factor of one notch
WHEEL_NOTCH: Final = 120.0
WHEEL_SCROLL: Final = 80.0  # widget pixels of one notch


class NavigationView(QGraphicsView):
    """Keeps the camera and turns Qt's mouse events into moves of it; the rest goes to the subclass.

    The scene's coordinates are widget pixels: Qt never scrolls it. What is shown lies in one item, in image
    pixels, and the camera is that item's transform.
    """

    cursor_moved = Signal(float, float)  # image pixels
    zoom_changed = Signal(float)  # screen pixels for one image pixel

    wheel_scrolls = False  # the wheel moves the view, and zooms with Ctrl
    _ready = False  # a resize may come before the subclass is set up

    def __init__(self, content: QGraphicsItem, background: QColor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        self._camera = Camera()
        self._mouse: QPointF | None = None
        self._press_at = QPointF()
        self._pan_from: QPointF | None = None
        self._right_press: QPointF | None = None
        self._space_held = False
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)  # for the score map
        self.setBackgroundBrush(background)
        self.viewport().setAutoFillBackground(False)  # the background is opaque: once is enough
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        scene = QGraphicsScene(self)
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        scene.addItem(content)
        self.setScene(scene)

    def start_following(self) -> None:
        """To be called by the subclass once it is set up."""
        self._ready = True
        self._camera.resize(self.width(), self.height(), self.devicePixelRatioF())

    # --- what the subclass does ---

    @abstractmethod
    def left_pressed(self, event: QMouseEvent) -> None: ...

    @abstractmethod
    def mouse_moved(self, event: QMouseEvent) -> None: ...

    @abstractmethod
    def left_released(self, event: QMouseEvent) -> None: ...

    @abstractmethod
    def left_double_clicked(self, event: QMouseEvent) -> None: ...

    @abstractmethod
    def right_clicked(self, event: QMouseEvent) -> None: ...

    @abstractmethod
    def resting_cursor(self) -> Qt.CursorShape:
        """The shape of the mouse while the view is not being moved."""

    @abstractmethod
    def camera_moved(self, *, rescaled: bool) -> None:
        """The image lies elsewhere now, at another scale when `rescaled`."""

    # --- where we look ---

    @property
    def zoom(self) -> float:
        """Screen pixels for one image pixel."""
        return self._camera.scale * float(self.devicePixelRatioF())

    @property
    def panning(self) -> bool:
        """Whether the mouse is moving the view now."""
        return self._pan_from is not None

    def fit(self) -> None:
        """Show the whole photograph."""
        self._camera.fit()
        self._follow(rescaled=True)

    def actual_size(self) -> None:
        """One image pixel on one screen pixel."""
        self._camera.actual_size()
        self._follow(rescaled=True)

    def zoom_by(self, factor: float) -> None:
        """Zoom around the middle of the view."""
        self._zoom_at(factor, QPointF(self.width() / 2, self.height() / 2))

    def zoom_to(self, x0: float, y0: float, x1: float, y1: float, margin: float) -> None:
        """Fill the view with an image rectangle and a margin in widget pixels."""
        margin = min(margin, self.width() / 4, self.height() / 4)
        self._camera.frame(x0, y0, x1 - x0, y1 - y0, margin)
        self._follow(rescaled=True)

    def reveal(self, x0: float, y0: float, x1: float, y1: float, margin: float) -> None:
        """Move the view so that an image rectangle is in it; nothing happens when it is."""
        left, top = self._camera.to_widget(x0, y0)
        right, bottom = self._camera.to_widget(x1, y1)
        inside = QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)
        if not inside.contains(QRectF(left, top, right - left, bottom - top)):
            self._camera.look_at((x0 + x1) / 2, (y0 + y1) / 2, self._camera.scale)
            self._follow(rescaled=False)

    @property
    def sight(self) -> tuple[QRectF, float]:
        """The image rectangle that fills the widget, and widget pixels for one image pixel."""
        return QRectF(*self._camera.visible), self._camera.scale

    def look_at(self, x: float, y: float) -> None:
        """Put an image point in the middle, at the same scale."""
        self._camera.look_at(x, y, self._camera.scale)
        self._follow(rescaled=False)

    def image_to_widget(self, x: float, y: float) -> QPoint:
        """The widget pixel that shows an image point."""
        return QPointF(*self._camera.to_widget(x, y)).toPoint()

    def widget_to_image(self, pos: QPoint | QPointF) -> tuple[float, float]:
        """The image point under a widget position."""
        return self._camera.to_image(pos.x(), pos.y())

    def set_image_size(self, width: float, height: float) -> None:
        """Fit an image of this size."""
        self._camera.set_image(width, height)
        self._follow(rescaled=True)

    def start_pan(self) -> None:
        """Let the drag under way move the view, from where the button was pressed."""
        self._pan_from = self._press_at
        self.update_cursor()
        if self._mouse is not None:
            self._pan_to(self._mouse)

    def stop_pan(self) -> None:
        """Leave the view where it is now."""
        self._pan_from = None
        self.update_cursor()

    def update_cursor(self) -> None:
        """Give the mouse the shape of what it would do."""
        if self._pan_from is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space_held:
            shape = Qt.CursorShape.OpenHandCursor
        else:
            shape = self.resting_cursor()
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    # --- Qt's events ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self._mouse = self._press_at = event.position()
        button = event.button()
        if button == Qt.MouseButton.MiddleButton or (
            button == Qt.MouseButton.LeftButton and self._space_held
        ):
            self.start_pan()
        elif button == Qt.MouseButton.LeftButton:
            self.left_pressed(event)
        elif button == Qt.MouseButton.RightButton:
            self._right_press = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self._mouse = event.position()
        self.cursor_moved.emit(*self.widget_to_image(event.position()))
        if self._pan_from is None:
            self.mouse_moved(event)
        else:
            self._pan_to(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self._mouse = event.position()
        button = event.button()
        if self._pan_from is not None and button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
            self.stop_pan()
            self.camera_moved(rescaled=False)
        elif button == Qt.MouseButton.LeftButton:
            self.left_released(event)
        elif button == Qt.MouseButton.RightButton and self._right_press is not None:
            way = event.position() - self._right_press
            self._right_press = None
            if math.hypot(way.x(), way.y()) < DRAG_STARTS_AT:
                self.right_clicked(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._space_held:
            self.mousePressEvent(event)
            return
        event.accept()
        self._mouse = event.position()
        self.left_double_clicked(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / WHEEL_NOTCH
        if notches == 0 or event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()  # with Alt the wheel belongs to the threshold
            return
        event.accept()
        held = event.modifiers()
        if self.wheel_scrolls and not held & Qt.KeyboardModifier.ControlModifier:
            way = notches * WHEEL_SCROLL
            sideways = bool(held & Qt.KeyboardModifier.ShiftModifier)
            self._camera.pan(way if sideways else 0.0, 0.0 if sideways else way)
            self._follow(rescaled=False)
            return
        self._zoom_at(WHEEL_STEP**notches, event.position())

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self._zoom_at(1.0 + event.value(), event.position())
            return True
        return bool(super().viewportEvent(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self._space_held = True
            self.update_cursor()
        elif event.key() == Qt.Key.Key_Escape and self.panning:
            self.stop_pan()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space:
            event.ignore()
        elif not event.isAutoRepeat():
            self._space_held = False
            self.update_cursor()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space_held = False
        self.update_cursor()
        super().focusOutEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setSceneRect(QRectF(self.rect()))
        if self._ready:
            scale = self._camera.scale
            self._camera.resize(self.width(), self.height(), self.devicePixelRatioF())
            self._follow(rescaled=scale != self._camera.scale)

    def _pan_to(self, place: QPointF) -> None:
        assert self._pan_from is not None
        step = place - self._pan_from
        if not step.isNull():
            self._pan_from = place
            self._camera.pan(step.x(), step.y())
            self._follow(rescaled=False)

    def _zoom_at(self, factor: float, place: QPointF) -> None:
        if not factor > 0:  # a pinch may say less than nothing
            return
        self._camera.zoom_at(factor, place.x(), place.y())
        self._follow(rescaled=True)

    def _follow(self, *, rescaled: bool) -> None:
        camera = self._camera
        self._content.setTransform(QTransform(camera.scale, 0.0, 0.0, camera.scale, camera.left, camera.top))
        if rescaled:
            self.zoom_changed.emit(self.zoom)
        self.camera_moved(rescaled=rescaled)
