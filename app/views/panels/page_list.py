"""The list of images: thumbnail, name, counts and a dot for the review state; a field to filter it."""

from typing import Final

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.domain.counted import counted
from app.i18n.translation import tr
from app.qtmodels.pages import (
    STATE_WORDS,
    DetectionRole,
    KeyRole,
    Order,
    PageListModel,
    RegionCountRole,
    StateRole,
)
from app.views.plain_label import plain_label
from app.views.theme import LIGHT, Colours

ROW_HEIGHT: Final = 60
MARKS: Final = {
    "approved": (((3.5, 6.8), (5.7, 9.0), (9.6, 4.4)),),
    "rejected": (((4.2, 4.2), (8.8, 8.8)), ((8.8, 4.2), (4.2, 8.8))),
}
"""Strokes in the dot of a state, in its 13 pixels."""
THUMBNAIL: Final = QSize(72, 50)
ORDERS: Final[tuple[tuple[str, Order], ...]] = (
    ("By name", "name"),
    ("Last edited first", "edited"),
    ("Least certain first", "uncertain"),
    ("Much that may be text first", "mass"),
    ("High entropy first", "entropy"),
    ("Unsteady first", "unsteady"),
    ("Near the threshold first", "edge"),
    ("Likely misses first", "missed"),
    ("Heads disagree first", "disagreement"),
    ("Likely label errors first", "errors"),
)
FILTER_HELP: Final = (
    "Part of the name, or:\nstate:edited,rejected\ntext:exit\ncount:0  count:>5\nscore:[0.2,0.6]\n"
    "size:<12  (height of a text in pixels)\ncomment:blurred\n"
    "All terms must hold; a minus before a term turns it round. Enter applies it again."
)


class PageListPanel(QWidget):
    """Shows the model's pages.

    Attributes:
        page_chosen: the key of the page that was clicked or reached by arrows.
        left: the filter field was left with Enter or Esc; the picture wants the focus back.
    """

    page_chosen = Signal(str)
    left = Signal()

    def __init__(self, model: PageListModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter: name, state:edited, text:exit")
        self.filter.setAccessibleName("Filter images")
        self.filter.setToolTip(FILTER_HELP)
        self.filter.setClearButtonEnabled(True)
        self.order = QComboBox()
        self.order.setAccessibleName("Order of the images")
        self.order.setToolTip("Order of the images")
        self.order.addItems([text for text, _ in ORDERS])
        self.filter_text = plain_label()
        self.filter_text.setContentsMargins(10, 0, 8, 0)
        self.filter_text.hide()
        self.view = QListView()
        self.view.setModel(model)
        self.view.setUniformItemSizes(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setAccessibleName("Images")
        self.view.setMouseTracking(True)
        self.delegate = PageDelegate(self.view)
        self.view.setItemDelegate(self.delegate)
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self._build()
        self.filter.textChanged.connect(self._filter_changed)
        self.filter.returnPressed.connect(self._filter_again)
        self.order.activated.connect(self._order_chosen)
        model.filter_told.connect(self._show_filter_text)
        self.view.selectionModel().currentChanged.connect(self._current_changed)
        self._shown: str | None = None
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self.update_count)
        self.update_count()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        row.addWidget(self.filter)
        column.addLayout(row)
        column.addWidget(self.filter_text)
        column.addWidget(self.view, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 0, 8, 6)
        foot.addWidget(self.count, 1)
        foot.addWidget(self.order)
        column.addLayout(foot)

    def show_current(self, key: str | None) -> None:
        """Mark a page without announcing it; None or a page that is filtered out marks none."""
        self._shown = key
        selection = self.view.selectionModel()
        selection.blockSignals(True)
        index = QModelIndex() if key is None else self._model.index_of(key)
        if index.isValid():
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.view.scrollTo(index)
        else:
            selection.clear()
        selection.blockSignals(False)
        self.view.viewport().update()

    def set_colours(self, colours: Colours) -> None:
        """Paint in the theme's colours."""
        self.delegate.colours = colours
        self.view.viewport().update()

    @Slot()
    def update_count(self) -> None:
        """Say how many images are listed."""
        shown = self._model.rowCount()
        total = self._model.total_count
        self.count.setText(tr(f"{shown} images" if shown == total else f"{shown} of {total} images"))

    @Slot(str)
    def _filter_changed(self, text: str) -> None:
        self._model.set_filter(text)
        self.show_current(self._shown)
        self.update_count()

    @Slot()
    def _filter_again(self) -> None:
        self._filter_changed(self.filter.text())
        self.left.emit()

    def set_order(self, order: Order) -> None:
        """List the images in another order."""
        self.order.setCurrentIndex([name for _, name in ORDERS].index(order))
        self._model.set_order(order)

    @Slot(int)
    def _order_chosen(self, row: int) -> None:
        self._model.set_order(ORDERS[row][1])
        self.left.emit()

    @Slot(str)
    def _show_filter_text(self, text: str) -> None:
        self.filter_text.setText(text)
        self.filter_text.setAccessibleName(text)
        self.filter_text.setVisible(bool(text))
        self.show_current(self._shown)

    @Slot(QModelIndex, QModelIndex)
    def _current_changed(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.page_chosen.emit(str(current.data(KeyRole)))


class PageDelegate(QStyledItemDelegate):
    """Paints one row; reads the model, nothing else."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.colours = LIGHT

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(220, ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        palette: QPalette = option.palette
        font: QFont = option.font
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(self.colours.accent_soft))
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), QColor(self.colours.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(self.colours.hover))
        box = QRect(rect.left() + 10, rect.top() + 5, THUMBNAIL.width(), THUMBNAIL.height())
        self._paint_thumbnail(painter, box, index.data(Qt.ItemDataRole.DecorationRole))
        texts = QRect(box.right() + 11, rect.top() + 10, rect.right() - box.right() - 34, 20)
        painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        metrics = painter.fontMetrics()
        painter.drawText(texts, _LEFT, metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, texts.width()))
        painter.setPen(QColor(self.colours.muted))
        counts = metrics.elidedText(counts_text(index), Qt.TextElideMode.ElideRight, texts.width())
        painter.drawText(texts.translated(0, 20), _LEFT, counts)
        self._paint_dot(
            painter, QRect(rect.right() - 24, rect.center().y() - 6, 13, 13), str(index.data(StateRole))
        )
        painter.restore()

    def _paint_thumbnail(self, painter: QPainter, box: QRect, thumbnail: QPixmap | None) -> None:
        painter.fillRect(box, QColor(self.colours.window))
        if isinstance(thumbnail, QPixmap) and not thumbnail.isNull():
            size = thumbnail.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(box.topLeft(), size)
            target.moveCenter(box.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, thumbnail)

    def _paint_dot(self, painter: QPainter, box: QRect, state: str) -> None:
        colour = {
            "waiting": self.colours.faint,
            "failed": self.colours.bad,
            "detected": self.colours.accent,
            "edited": self.colours.warn,
            "approved": self.colours.good,
            "rejected": self.colours.bad,
        }.get(state)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colour or self.colours.control))
        if colour is not None:
            painter.setBrush(QColor(colour))
        painter.drawEllipse(box if state in MARKS else box.adjusted(2, 2, -2, -2))
        if state in MARKS:  # green and red alone do not tell them apart for everyone
            painter.setPen(QPen(QColor(self.colours.base), 1.6))
            painter.translate(box.topLeft())
            for stroke in MARKS[state]:
                painter.drawPolyline([QPointF(x, y) for x, y in stroke])


_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def counts_text(index: QModelIndex | QPersistentModelIndex) -> str:
    """The second line of a row: state, regions, what the detector did."""
    regions: int = index.data(RegionCountRole)
    parts = [tr(f"{counted(regions, 'region')}")] if regions else []
    if detection := index.data(DetectionRole):
        parts.append(tr(str(detection)))
    return ", ".join(parts) or tr(STATE_WORDS[index.data(StateRole)])
