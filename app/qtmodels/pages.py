"""The page list as a Qt model: names, states and thumbnails of many pages, filtered and in an order."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, Literal

from PySide6.QtCore import (
    QByteArray,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QSize,
    QStringListModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from app.domain.letters import as_letters
from app.domain.page_filter import FilterError, PageFilter, parse
from app.domain.queue import QueueKind, in_queue, is_queue
from app.i18n.translation import tr
from app.services.detection import DetectionService
from app.services.page_contents import PageContents
from app.services.queues import Queues
from app.services.workspace import Workspace
from app.workers.image_pool import THUMBNAIL_EDGE, ImagePool
from app.workers.messages import Problem

KEPT_THUMBNAILS: Final = 500  # of the list; those that were let go are read again from the disk
ONE_BY_ONE: Final = 50
Order = Literal["name", "edited", "uncertain"] | QueueKind
AnyIndex = QModelIndex | QPersistentModelIndex

STATE_COLOURS: Final = {
    "unseen": QColor("#8a8f98"),
    "detected": QColor("#3b82c4"),
    "edited": QColor("#d08a1d"),
    "approved": QColor("#2f9e5b"),
    "rejected": QColor("#c4453b"),
    "failed": QColor("#c4453b"),
    "waiting": QColor("#8a6fc4"),
}
SAFE_COLOURS: Final = {
    "unseen": QColor("#8a8f98"),
    "detected": QColor("#56b4e9"),
    "edited": QColor("#e69f00"),
    "approved": QColor("#0072b2"),
    "rejected": QColor("#d55e00"),
    "failed": QColor("#d55e00"),
    "waiting": QColor("#cc79a7"),
}
"""The hues of Okabe and Ito 2008, told apart with every common form of colour blindness."""
STATE_WORDS: Final = {
    "unseen": "not looked at",
    "detected": "text detected",
    "edited": "edited",
    "approved": "approved",
    "rejected": "rejected",
    "failed": "detection failed",
    "waiting": "waiting for detection",
}


class PageRole(IntEnum):
    """What can be asked of a row besides Qt's own roles."""

    KEY = Qt.ItemDataRole.UserRole + 1
    REVIEW = Qt.ItemDataRole.UserRole + 2  # ReviewState
    REGION_COUNT = Qt.ItemDataRole.UserRole + 3
    DETECTION = Qt.ItemDataRole.UserRole + 4  # in words: waiting, failed or how many; "" before detection
    STATE = Qt.ItemDataRole.UserRole + 5  # a key of STATE_COLOURS
    COLOUR = Qt.ItemDataRole.UserRole + 6  # QColor of the state
    PROBLEM = Qt.ItemDataRole.UserRole + 7  # Problem of a failed detection, or None


KeyRole, ReviewRole, RegionCountRole = PageRole.KEY, PageRole.REVIEW, PageRole.REGION_COUNT
DetectionRole, StateRole, ColourRole, ProblemRole = (
    PageRole.DETECTION,
    PageRole.STATE,
    PageRole.COLOUR,
    PageRole.PROBLEM,
)


class PageListModel(QStringListModel):
    """One row for each page of the workspace that the filter lets through, in the order that is chosen.

    Filter and order are applied when they are set and when pages are found, not after every edit: a page that
    is approved stays in a list of pages that are not, until the filter is applied again. Thumbnails are asked
    for when they are painted.

    The base class knows how many rows there are and nothing else: a view asks for that once a row whenever it
    lays out its rows, and with 100,000 of them Python would be asked for a second.

    Attributes:
        filter_told: what is wrong with the filter or what it waits for; "" when nothing is.
    """

    filter_told = Signal(str)

    def __init__(
        self,
        workspace: Workspace,
        images: ImagePool,
        detection: DetectionService,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._images, self._detection = workspace, images, detection
        self.colours: Mapping[str, QColor] = STATE_COLOURS
        self._keys: list[str] = []  # of the rows
        self._rows: dict[str, int] = {}
        self._text = ""
        self._filter = PageFilter()
        self._order: Order = "name"
        self._contents = PageContents(workspace, self)
        self._contents.ready.connect(self._contents_ready)
        self._contents.failed.connect(self._contents_failed)
        self.queues = Queues(workspace, self)
        self.queues.ready.connect(self._queue_ready)
        self.queues.failed.connect(self._contents_failed)
        workspace.scan_finished.connect(self._scan_finished)
        self._thumbnails: OrderedDict[str, QPixmap] = OrderedDict()
        self._placeholder = _plain(QColor("#00000000"))
        self._broken = _crossed_out(_plain(QColor("#8a8f98")))
        workspace.opened.connect(self._on_opened)
        workspace.closing.connect(self._on_closing)
        workspace.pages_added.connect(self._on_pages_added)
        workspace.summary_changed.connect(self._on_page_touched)
        images.thumbnail_ready.connect(self._on_thumbnail)
        images.thumbnail_failed.connect(self._on_thumbnail_failed)
        detection.page_detected.connect(self._on_page_touched)
        detection.page_failed.connect(self._on_page_failed)
        detection.pages_touched.connect(self._on_pages_touched)

    @property
    def shown_keys(self) -> Sequence[str]:
        """The pages that have a row; not to be changed."""
        return self._keys

    @property
    def total_count(self) -> int:
        """All pages, with those that are filtered out."""
        return len(self._workspace.keys)

    def set_filter(self, text: str) -> None:
        """Show only the pages asked for (see page_filter); a text that is no filter changes nothing.

        The same text once more reads the labels again, with what was detected or said in comments since.
        """
        try:
            wanted = parse(text)
        except FilterError as error:
            self.filter_told.emit(str(error))
            return
        if text == self._text:
            self._contents.renew()
        self._text, self._filter = text, wanted
        self._apply()

    def set_order(self, order: Order) -> None:
        """Show the pages by name, by when they were edited (the last first), least certain first, or a queue.

        A queue that is chosen again is made again.
        """
        if is_queue(order):
            self._order = order
            self.filter_told.emit("Reading the labels...")
            self.queues.request(order)
        elif order != self._order:
            self._order = order
            self.queues.forget()
            self._apply()

    def _apply(self) -> None:
        needs_content = self._filter.needs_content or self._order in ("edited", "uncertain")
        if needs_content and not self._contents.known:
            self._contents.request()
            self.filter_told.emit("Reading the labels...")
            return
        self._show(list(self._workspace.keys))
        self.filter_told.emit("")

    @Slot(str)
    def _queue_ready(self, _: str) -> None:
        self._apply()

    @Slot()
    def _contents_ready(self) -> None:
        self._apply()

    @Slot(object)
    def _contents_failed(self, error: Exception) -> None:
        self.filter_told.emit(str(error))

    @Slot(int)
    def _scan_finished(self, _: int) -> None:
        if is_queue(self._order):
            self.queues.request(self._order)
        elif self._order != "name":
            self._apply()

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Rows can be chosen, not edited or dragged."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._keys):
            return None
        key = self._keys[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | PageRole.KEY:
                return key
            case Qt.ItemDataRole.DecorationRole:
                return self._thumbnail(key)
            case Qt.ItemDataRole.ToolTipRole:
                return as_letters(self._description(key))
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._description(key)
            case Qt.ItemDataRole.SizeHintRole:
                return QSize(THUMBNAIL_EDGE * 2, THUMBNAIL_EDGE + 8)
        return self._state_data(key, role)

    def roleNames(self) -> dict[int, QByteArray]:
        names = dict(super().roleNames())
        names.update({int(role): QByteArray(role.name.lower().encode()) for role in PageRole})
        return names

    def row_of(self, key: str) -> int | None:
        """The page's row, or None when it has none."""
        return self._rows.get(key)

    def index_of(self, key: str) -> QModelIndex:
        """The page's index; an invalid one when it has no row."""
        row = self.row_of(key)
        return QModelIndex() if row is None else self.index(row)

    def state_of(self, key: str) -> str:
        """The page's state, a key of STATE_COLOURS: its review, unless detection failed or is awaited."""
        if self._detection.is_pending(key):
            return "waiting"
        review = self._workspace.summary(key).review
        outcome = self._detection.outcomes.get(key)
        if outcome is not None and outcome.state == "failed" and review in ("unseen", "detected"):
            return "failed"
        return review

    def _state_data(self, key: str, role: int) -> Any:
        summary = self._workspace.summary(key)
        match role:
            case PageRole.REVIEW:
                return summary.review
            case PageRole.REGION_COUNT:
                return summary.region_count
            case PageRole.DETECTION:
                return self._detection_words(key)
            case PageRole.STATE:
                return self.state_of(key)
            case PageRole.COLOUR:
                return self.colours[self.state_of(key)]
            case PageRole.PROBLEM:
                outcome = self._detection.outcomes.get(key)
                return None if outcome is None else outcome.problem
        return None

    def _detection_words(self, key: str) -> str:
        if self._detection.is_pending(key):
            return "waiting"
        outcome = self._detection.outcomes.get(key)
        if outcome is not None and outcome.state == "failed":
            return "failed"
        count = self._workspace.summary(key).detection_count
        return "" if count is None else f"{count} detected"

    def _description(self, key: str) -> str:
        summary = self._workspace.summary(key)
        parts = [key, tr(STATE_WORDS[self.state_of(key)]), tr(f"{summary.region_count} regions")]
        if summary.detection_count is not None:
            parts.append(tr(f"{summary.detection_count} detections"))
        outcome = self._detection.outcomes.get(key)
        if outcome is not None and outcome.problem is not None:
            parts.append(outcome.problem.what)
        return "\n".join(parts)

    def _thumbnail(self, key: str) -> QPixmap:
        pixmap = self._thumbnails.get(key)
        if pixmap is not None:
            self._thumbnails.move_to_end(key)
            return pixmap
        self._images.request_thumbnail(key, self._workspace.path_of(key))
        return self._placeholder

    def _keep_thumbnail(self, key: str, pixmap: QPixmap) -> None:
        self._thumbnails[key] = pixmap
        while len(self._thumbnails) > KEPT_THUMBNAILS:
            self._thumbnails.popitem(last=False)
        self._tell(key, [Qt.ItemDataRole.DecorationRole])

    def _tell(self, key: str, roles: list[int]) -> None:
        index = self.index_of(key)
        if index.isValid():
            self.dataChanged.emit(index, index, roles)

    @Slot()
    def _on_closing(self) -> None:
        self._thumbnails.clear()
        self._images.clear()
        self._show([])

    @Slot()
    def _on_opened(self) -> None:
        self._on_closing()

    @Slot(list)
    def _on_pages_added(self, keys: list[str]) -> None:
        shown = self._passing(keys)
        if shown:
            first = len(self._keys)
            self._keys.extend(shown)
            self._rows.update((key, first + place) for place, key in enumerate(shown))
            self.insertRows(first, len(shown))

    def _show(self, keys: list[str]) -> None:
        """Show those of these pages that the filter lets through."""
        shown = self._passing(keys)
        if is_queue(self._order):
            shown = in_queue(shown, self.queues.scores)
        elif self._order != "name":  # stable: pages that are alike stay in the order of their names
            ranks = self._contents.ranks("edited" if self._order == "edited" else "uncertain")
            shown.sort(key=lambda key: -ranks.get(key, 0.0))
        self._keys = shown
        self._rows = {key: row for row, key in enumerate(shown)}
        self.setStringList([""] * len(shown))

    def _passing(self, keys: list[str]) -> list[str]:
        return self._contents.passing(keys, self._filter) if self._filter.tests else keys

    @Slot(str)
    def _on_page_touched(self, key: str) -> None:
        self._tell(key, [])

    @Slot(str, object)
    def _on_page_failed(self, key: str, problem: Problem) -> None:
        self._tell(key, [])

    @Slot(list)
    def _on_pages_touched(self, keys: list[str]) -> None:
        if len(keys) <= ONE_BY_ONE:
            for key in keys:
                self._tell(key, [])
        elif self._keys:  # the views ask again for the rows that they show
            self.dataChanged.emit(self.index(0), self.index(len(self._keys) - 1), [])

    @Slot(str, QImage)
    def _on_thumbnail(self, key: str, image: QImage) -> None:
        self._keep_thumbnail(key, QPixmap.fromImage(image))

    @Slot(str, object)
    def _on_thumbnail_failed(self, key: str, problem: Problem) -> None:
        self._keep_thumbnail(key, self._broken)


def _plain(colour: QColor) -> QPixmap:
    pixmap = QPixmap(THUMBNAIL_EDGE, THUMBNAIL_EDGE)
    pixmap.fill(colour)
    return pixmap


def _crossed_out(pixmap: QPixmap) -> QPixmap:
    """With a cross in its middle: there is no picture."""
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("#ffffff"), pixmap.height() / 16))
    middle, arm = QPointF(pixmap.rect().center()), pixmap.height() / 6
    painter.drawLine(middle - QPointF(arm, arm), middle + QPointF(arm, arm))
    painter.drawLine(middle - QPointF(arm, -arm), middle + QPointF(arm, -arm))
    painter.end()
    return pixmap
