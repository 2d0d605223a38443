"""The main window: where the parts lie. It decides nothing; commands.py and open_page.py do."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.document.selection import Selection
from app.i18n.translation import tr
from app.qtmodels.pages import PageListModel
from app.qtmodels.regions import RegionTableModel
from app.views.canvas.view import StudioCanvas
from app.views.dock_room import DockRoom
from app.views.first_size import first_size
from app.views.panels.banner import Banner
from app.views.panels.comments import CommentPanel
from app.views.panels.detection import DetectionPanel
from app.views.panels.heat_strip import HeatStrip
from app.views.panels.history import HistoryPanel
from app.views.panels.layers import LayerPanel
from app.views.panels.page_list import PageListPanel
from app.views.panels.regions import RegionPanel
from app.views.panels.start_page import StartPage
from app.views.panels.status import StudioStatusBar
from app.views.plain_label import plain_label
from app.views.theme import Colours, application_icon

TITLE: Final = "TCM Studio"
FULL_SIZE: Final = QSize(1440, 900)
LEAST_SIZE: Final = QSize(1024, 700)
STATE_VERSION: Final = 2  # of the docks and tool bars; a saved state of another version is ignored
TOP_BAR: Final = (
    "open", "", "previous", "next", "", "undo", "redo", "", "detect", "detect_all", "accept_all", "",
    "approve", "reject", "", "export", "<>", "map", "detections", "regions", "", "zoom_out", "zoom_in",
    "zoom_selection", "fit",
)  # fmt: skip
TOOL_RAIL: Final = (
    "tool.select", "tool.polygon", "tool.rectangle", "tool.rotated", "tool.quad", "tool.curve", "tool.pick",
    "tool.knife", "tool.transform", "", "shape.merge", "shape.simplify", "", "transcription", "ignore",
    "delete",
)  # fmt: skip
WITH_WORDS: Final = ("open", "detect", "detect_all", "accept_all", "approve", "export")
PANEL_BUTTONS: Final = ("detect", "detect_all", "retry")
COMMENT_MENU: Final = ("comment.edit", "comment.resolve", "comment.delete")
HISTORY_BUTTONS: Final = ("history.restore", "history.now", "history.compare")
MenuRows = Sequence[tuple[str, Sequence[QAction | None]]]


class MainWindow(QMainWindow):
    """Menus, tool bars, docks, the canvas and the status bar.

    Attributes:
        close_requested: the QCloseEvent, before anything is closed; a slot may refuse it.
        dropped: the path of a folder or an image that was dropped on the window.
    """

    close_requested = Signal(object)
    dropped = Signal(str)

    def __init__(
        self,
        actions: Mapping[str, QAction],
        selection: Selection,
        page_model: PageListModel,
        region_model: RegionTableModel,
    ) -> None:
        super().__init__()
        self.setObjectName("studio")
        self.setWindowIcon(application_icon())
        self.setAcceptDrops(True)
        self.resize(first_size(self, FULL_SIZE).expandedTo(LEAST_SIZE))
        self.page_model, self.region_model = page_model, region_model
        self.canvas = StudioCanvas(selection)
        self.canvas.setAcceptDrops(False)  # the window takes what is dropped
        self.canvas.setAccessibleName("The image with its regions")
        self.pages = PageListPanel(page_model)
        self.regions = RegionPanel(region_model, selection)
        self.detection = DetectionPanel([actions[name] for name in PANEL_BUTTONS])
        self.layers = LayerPanel(actions)
        self.comments = CommentPanel([actions[name] for name in COMMENT_MENU])
        self.heat_strip = HeatStrip()
        self.history = HistoryPanel([actions[name] for name in HISTORY_BUTTONS])
        self.status = StudioStatusBar(actions["cancel"])
        self.start_page = StartPage(actions["open"])
        self.save_banner, self.folder_banner, self.page_banner = Banner(), Banner(), Banner()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start_page)
        self._stack.addWidget(self._work_area())
        self.setCentralWidget(self._stack)
        self.setStatusBar(self.status)
        self._docks = self._build_docks()
        self._bars = [
            self._build_bar("Commands", TOP_BAR, actions),
            self._build_bar("Tools", TOOL_RAIL, actions),
        ]
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self._bars[0])
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self._bars[1])
        self._worded = [self._bars[0].widgetForAction(actions[name]) for name in WITH_WORDS]
        self._has_words = True
        self._width_with_words = 0
        self._peek = PeekKey(self.canvas)
        self._peek.watch(self.canvas, self.pages.view, self.regions.table)
        self._recent_menu = QMenu("Open recent", self)
        self._hidden_at_start: list[QWidget] = []
        self._restored = False  # the sizes of the docks are as a person left them
        self._room = DockRoom(self, self._docks[1], self._docks[2], self.detection)
        self.show_title(None)
        self._show_start()

    def build_menus(self, menus: MenuRows) -> None:
        """Fill the menu bar; the recent folders go into the first menu, the panels into View."""
        for name, rows in menus:
            menu = self.menuBar().addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            for action in rows:
                if action is None:
                    menu.addSeparator()
                else:
                    menu.addAction(action)
            if name == "File":
                menu.insertMenu(menu.actions()[1], self._recent_menu)
            if name == "View":
                panels = menu.addMenu("Panels")
                panels.addActions([part.toggleViewAction() for part in self._docks])
                panels.addActions([part.toggleViewAction() for part in self._bars])

    def set_colours(self, colours: Colours) -> None:
        """Paint what paints itself in the theme's colours."""
        self.pages.set_colours(colours)
        self.heat_strip.set_colours(colours)

    def set_recent(self, folders: Sequence[str]) -> None:
        """Show the recent folders in the menu and on the start page."""
        known = [folder for folder in folders if Path(folder).is_dir()]
        self.start_page.set_recent(known)
        self._recent_menu.clear()
        self._recent_menu.setEnabled(bool(known))
        for folder in known:
            action = self._recent_menu.addAction(folder)
            action.setData(folder)
            action.triggered.connect(self._recent_triggered)

    def show_title(self, key: str | None) -> None:
        """Name the open image in the title bar."""
        self.setWindowTitle(TITLE if key is None else f"{key} - {TITLE}")

    def show_folder(self, folder: Path | None) -> None:
        """Leave the start page for the work area of this folder."""
        self._stack.setCurrentIndex(1)
        for widget in self._hidden_at_start:
            widget.show()
        self._hidden_at_start = []
        if not self._restored:
            self._restored = True
            self._room.fit_soon()
        self._docks[0].setWindowTitle(tr("Images" if folder is None else f"Images in {folder.name}"))
        self.canvas.setFocus()

    @property
    def work_place(self) -> QWidget:
        """What lies between the docks: the start page, or the canvas with its banners."""
        return self._stack

    def listed_keys(self) -> Sequence[str]:
        """The pages in the list as it is filtered now."""
        return self.page_model.shown_keys

    def show_page_filter(self) -> None:
        """Put the cursor into the filter field."""
        self._docks[0].show()
        self.pages.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.pages.filter.selectAll()

    def show_regions_panel(self) -> None:
        """Make sure that the table and the transcription line are to be seen."""
        self._docks[1].show()

    def show_history_panel(self) -> None:
        """Bring the history to the front and give it the keys."""
        self._docks[3].show()
        self._docks[3].raise_()
        self.history.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_comments_panel(self) -> None:
        """Make sure that the comments are to be seen."""
        self._docks[4].show()
        self._docks[4].raise_()

    def show_layers_panel(self) -> None:
        """Bring the list of layers to the front and give it the keys."""
        self._docks[5].show()
        self._docks[5].raise_()
        self.layers.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def layout_state(self) -> tuple[str, str] | None:
        """Geometry and state to be restored at the next start, base64; None while the start page is shown."""
        if self._stack.currentIndex() == 0:
            return None
        return _text(self.saveGeometry()), _text(self.saveState(STATE_VERSION))

    def restore_layout(self, geometry: str, state: str) -> None:
        """Put everything where it was; what cannot be restored stays as it is."""
        self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        if self.restoreState(QByteArray.fromBase64(state.encode()), STATE_VERSION):
            self._restored = True
            self._show_start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The buttons keep their words as long as all of them fit; icons alone fit into a narrow window."""
        super().resizeEvent(event)
        if self._has_words:
            self._width_with_words = self._bars[0].sizeHint().width()
        fits = self.width() >= self._width_with_words
        if fits == self._has_words:
            return
        self._has_words = fits
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if fits else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in self._worded:
            button.setProperty("toolButtonStyle", style)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_requested.emit(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Alt and the wheel move the threshold; Qt turns that wheel sideways."""
        turned = event.angleDelta().x() or event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and turned:
            self.detection.score.step_by(1 if turned > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.dropped.emit(files[0])

    def _recent_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.start_page.folder_chosen.emit(str(action.data()))

    def _work_area(self) -> QWidget:
        area = QWidget()
        column = QVBoxLayout(area)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.save_banner, self.folder_banner, self.page_banner):
            column.addWidget(widget)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.heat_strip)
        return area

    def _build_docks(self) -> list[QDockWidget]:
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        docks = [
            self._dock("Images", self.pages, left),
            self._dock("Regions", self.regions, right),
            self._dock("Detector", self.detection, right),
            self._dock("History", self.history, right),
            self._dock("Comments", self.comments, right),
            self._dock("Layers", self.layers, right),
        ]
        self.tabifyDockWidget(docks[1], docks[4])
        docks[4].hide()
        self.tabifyDockWidget(docks[1], docks[3])
        docks[3].hide()
        self.tabifyDockWidget(docks[2], docks[5])
        docks[2].raise_()
        self.resizeDocks([docks[0], docks[1]], [270, 330], Qt.Orientation.Horizontal)
        return docks

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock {title}")
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        heading = plain_label("dock", wraps=False)
        heading.setText(title)
        dock.windowTitleChanged.connect(heading.setText)
        dock.setTitleBarWidget(heading)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _build_bar(self, title: str, names: Sequence[str], actions: Mapping[str, QAction]) -> QToolBar:
        bar = QToolBar(title, self)
        bar.setObjectName("toolRail" if title == "Tools" else f"bar {title}")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        for name in names:
            if name == "":
                bar.addSeparator()
            elif name == "<>":
                gap = QLabel()
                gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                bar.addWidget(gap)
            else:
                bar.addAction(actions[name])
                button = bar.widgetForAction(actions[name])
                button.setAccessibleName(actions[name].iconText())
                if name in WITH_WORDS:
                    button.setProperty("toolButtonStyle", Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return bar

    def _show_start(self) -> None:
        """Only the start page, until a folder is open."""
        self._stack.setCurrentIndex(0)
        parts = [*self._docks, *self._bars]
        self._hidden_at_start = [part for part in parts if not part.isHidden()]
        for part in self._hidden_at_start:
            part.hide()


class PeekKey(QObject):
    """While H is held, nothing but the picture is to be seen."""

    def __init__(self, canvas: StudioCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas

    def watch(self, *widgets: QWidget) -> None:
        """Look at the keys of these widgets."""
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return False
        assert isinstance(event, QKeyEvent)
        if event.key() != Qt.Key.Key_H or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return False
        if not event.isAutoRepeat():
            self._canvas.set_peek(event.type() == QEvent.Type.KeyPress)
        return True


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
