"""The tab of CLIP's weights: what is on this computer, and what can be pulled when a person asks for it."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.i18n.translation import tr
from app.services.checkpoint_weights import WeightsRow, WeightsShelf
from app.views.plain_label import plain_label
from app.workers.messages import Problem

COLUMNS: Final = ("Name", "State", "Size", "SHA-256", "From")
_PERMILLE: Final = 1000


class WeightsPanel(QWidget):
    """A table and four buttons. The network is asked for nothing until Pull is pressed."""

    def __init__(self, shelf: WeightsShelf) -> None:
        super().__init__()
        self._shelf = shelf
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("CLIP weights")
        self.tree.setHeaderLabels(list(COLUMNS))
        self.tree.setRootIsDecorated(False)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.explanation = QLabel(
            "Detectors on CLIP start from these weights, and with them the prompt playground knows every "
            "word. Nothing is fetched until you press Pull."
        )
        self.explanation.setWordWrap(True)
        self.told = plain_label(selectable=True)
        self.told.setText("Looking...")
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress of the download")
        self.pull_button = QPushButton("Pull")
        self.stop_button = QPushButton("Stop")
        self.check_button = QPushButton("Check")
        self.add_button = QPushButton("Add a file...")
        self._build()
        self._connect()
        self._enable()

    def _build(self) -> None:
        self.pull_button.setToolTip(
            "Fetch the weights from their publisher; a broken download is gone on with"
        )
        self.stop_button.setToolTip("Stop the download; what came is kept")
        self.check_button.setToolTip("Compare the checksum of the file with its record")
        self.add_button.setToolTip("Put a file of CLIP weights that you have into the store")
        row = QHBoxLayout()
        for button in (self.pull_button, self.stop_button, self.check_button, self.add_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.addWidget(self.explanation)
        column.addWidget(self.tree, 1)
        column.addLayout(row)
        column.addWidget(self.told)

    def _connect(self) -> None:
        shelf = self._shelf
        shelf.listed.connect(self._list)
        shelf.progress.connect(self._progress)
        shelf.told.connect(self._tell)
        shelf.failed.connect(self._failed)
        self.tree.currentItemChanged.connect(self._enable)
        self.pull_button.clicked.connect(self._pull)
        self.stop_button.clicked.connect(shelf.stop)
        self.check_button.clicked.connect(self._check)
        self.add_button.clicked.connect(self._add)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._shelf.look()

    @property
    def chosen(self) -> WeightsRow | None:
        """The row that is selected."""
        item = self.tree.currentItem()
        name = None if item is None else item.text(0)
        return next((row for row in self._shelf.rows if row.name == name), None)

    def choose(self, name: str) -> None:
        """Select a row."""
        for item in self.tree.findItems(name, Qt.MatchFlag.MatchExactly):
            self.tree.setCurrentItem(item)

    def add_file(self, file: Path) -> None:
        """Put a file into the store."""
        self._tell(f"Reading {file.name}...")
        self._shelf.add(file)
        self._enable()

    @Slot()
    def _list(self) -> None:
        current = self.tree.currentItem()
        name = "" if current is None else current.text(0)
        self.tree.clear()
        for row in self._shelf.rows:
            size = f"{row.size / 1e6:.1f} MB" if row.size else ""
            state = tr("here") if row.here else tr("begun") if row.size else tr("not here")
            self.tree.addTopLevelItem(QTreeWidgetItem([row.name, state, size, row.sha256[:16], row.origin]))
        if self.told.text() == tr("Looking..."):
            self.told.clear()
        self.choose(name)
        first = self.tree.topLevelItem(0)
        if self.tree.currentItem() is None and first is not None:
            self.tree.setCurrentItem(first)
        self._enable()

    @Slot()
    def _pull(self) -> None:
        row = self.chosen
        if row is not None:
            self.bar.setRange(0, 0)
            self._tell(f"Asking {row.origin} for {row.name}...")
            self._shelf.pull(row.name)
            self._enable()

    @Slot()
    def _check(self) -> None:
        if (row := self.chosen) is not None:
            self._tell(f"Checking {row.name}...")
            self._shelf.verify(row.name)
            self._enable()

    @Slot()
    def _add(self) -> None:
        kinds = "CLIP weights (*.pt *.pth *.bin *.safetensors)"
        file, _ = QFileDialog.getOpenFileName(self, tr("Add a file..."), str(Path.home()), kinds)
        if file:
            self.add_file(Path(file))

    @Slot(str, object, object)
    def _progress(self, name: str, done: int, total: int) -> None:
        if name == "pull":
            self.bar.setRange(0, _PERMILLE if total > 0 else 0)
            self.bar.setValue(_PERMILLE * done // total if total > 0 else 0)
            whole = f"{total / 1e6:.1f} MB" if total > 0 else "?"
            self._tell(f"{self._shelf.pulling}: {done / 1e6:.1f} of {whole}")

    @Slot(str)
    def _tell(self, text: str) -> None:
        self._show(text, "")

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        self._show(f"{problem.what} {problem.remedy}".strip(), "bad")
        self._enable()

    def _show(self, text: str, state: str) -> None:
        self.told.setText(tr(text))
        self.told.setProperty("state", state)
        self.told.style().polish(self.told)
        self._enable()

    @Slot()
    def _enable(self) -> None:
        row, busy = self.chosen, self._shelf.busy
        self.pull_button.setEnabled(row is not None and row.published and not row.here and not busy)
        self.check_button.setEnabled(row is not None and row.here and not busy)
        self.add_button.setEnabled(not busy)
        self.stop_button.setEnabled(bool(self._shelf.pulling))
        self.bar.setVisible(bool(self._shelf.pulling))
