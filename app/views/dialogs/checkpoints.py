"""The window of checkpoints: all that there are, what is known of each, and what can be done with it."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.domain.checkpoint import ORIGINS, CheckpointEntry, size_words
from app.domain.letters import as_letters
from app.i18n.translation import tr
from app.services.checkpoint_shelf import SOUND, Checked, CheckpointShelf
from app.services.checkpoint_weights import WeightsShelf
from app.views.dialogs.checkpoints_card import CheckpointFacts
from app.views.dialogs.checkpoints_weights import WeightsPanel
from app.views.plain_label import plain_label

COLUMNS: Final = ("Name", "From", "Head", "Image encoder", "Size", "Figures", "Tags")
TOLD_MS: Final = 12_000
_PATH: Final = Qt.ItemDataRole.UserRole


class CheckpointWindow(QWidget):
    """Lists and shows; what is to be done is announced with the entry that it is about.

    Attributes:
        wanted: what, by the name of its button, and the entry.
        import_wanted: a file is to be brought in.
        stop_wanted: what is under way is to be given up.
    """

    wanted = Signal(str, object)
    import_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, shelf: CheckpointShelf, weights: WeightsShelf, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("checkpoints")
        self.setWindowTitle("Checkpoints")
        self.resize(1180, 720)
        self._shelf = shelf
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name, tag, head or origin")
        self.filter.setAccessibleName("Filter by name, tag, head or origin")
        self.filter.setClearButtonEnabled(True)
        self.tree = _tree()
        self.facts = CheckpointFacts()
        self.buttons: dict[str, QPushButton] = {}
        self.told = plain_label(selectable=True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.bar.setTextVisible(False)
        self.stop_button = QPushButton("Stop")
        self._busy = ""
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self.told.clear)
        self.weights = WeightsPanel(weights)
        self.tabs = QTabWidget()
        self._build()
        self._connect()
        self.set_busy("")

    def _build(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.filter)
        column.addWidget(self.tree, 1)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(self.facts)
        split.setSizes([720, 440])
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.addWidget(split, 1)
        inside.addLayout(self._button_rows())
        foot = QHBoxLayout()
        foot.addWidget(self.told, 1)
        foot.addWidget(self.bar)
        foot.addWidget(self.stop_button)
        inside.addLayout(foot)
        self.tabs.addTab(page, "Checkpoints")
        self.tabs.addTab(self.weights, "CLIP weights")
        whole = QVBoxLayout(self)
        whole.addWidget(self.tabs)

    def _button_rows(self) -> QGridLayout:
        rows = (
            ("use", QPushButton("Use this one"), "Find text with this checkpoint from now on"),
            ("compare", QPushButton("Compare with it"), "Open the comparison with this checkpoint in a pane"),
            ("rename", QPushButton("Rename..."), "Give the file another name; what refers to it follows"),
            ("tags", QPushButton("Tags..."), "Words of your own to find it by"),
            ("check", QPushButton("Check"), "Look at every number in the file"),
            ("export", QPushButton("Export to ONNX..."), "Write it for other programs, and compare both"),
            ("delete", QPushButton("Delete..."), "Delete the file and what it has left in this folder"),
            ("folder", QPushButton("Open folder"), "Show the file in the file manager"),
        )
        grid = QGridLayout()
        for at, (name, button, tip) in enumerate(rows):
            button.setToolTip(tip)
            button.clicked.connect(self._announcer(name))
            self.buttons[name] = button
            grid.addWidget(button, at // 5, at % 5)
        self.import_button = QPushButton("Import...")
        self.import_button.setToolTip("Bring in a checkpoint of this program, of TCM or of mmocr")
        grid.addWidget(self.import_button, 1, 4)
        return grid

    def _connect(self) -> None:
        shelf = self._shelf
        shelf.listed.connect(self._list)
        shelf.noted.connect(self._noted)
        shelf.checked.connect(self._checked)
        shelf.progress.connect(self._progress)
        self.filter.textChanged.connect(self._filter)
        self.tree.currentItemChanged.connect(self._show)
        self.tree.itemDoubleClicked.connect(self._announcer("use"))
        self.import_button.clicked.connect(self.import_wanted)
        self.stop_button.clicked.connect(self.stop_wanted)

    @property
    def chosen(self) -> CheckpointEntry | None:
        """The entry whose row is selected."""
        item = self.tree.currentItem()
        return None if item is None else self._shelf.entry(item.data(0, _PATH))

    def choose(self, path: object) -> None:
        """Select the row of a file."""
        for item in self._items():
            if item.data(0, _PATH) == path:
                self.tree.setCurrentItem(item)

    def tell(self, text: str, *, bad: bool = False) -> None:
        """Say what came of something; good news goes after a while."""
        self.told.setText(tr(text))
        self.told.setProperty("state", "bad" if bad else "")
        self.told.style().polish(self.told)
        self._quiet.stop()
        if not bad:
            self._quiet.start(TOLD_MS)

    def set_busy(self, what: str) -> None:
        """Say that something is under way; "": nothing is."""
        self._busy = what
        if what:
            self._quiet.stop()
            self.told.setProperty("state", "")
            self.told.style().polish(self.told)
            self.told.setText(tr(what))
            self.bar.setRange(0, 0)
        self.bar.setVisible(bool(what))
        self.stop_button.setVisible(bool(what))
        self._enable()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.filter.clear()

    @Slot()
    def _list(self) -> None:
        chosen = self.chosen
        self.tree.clear()
        for entry in self._shelf.entries:
            self.tree.addTopLevelItem(self._item(entry))
        self._filter(self.filter.text())
        if chosen is not None:
            self.choose(chosen.path)
        if self.tree.currentItem() is None:
            used = [entry.path for entry in self._shelf.entries if self._shelf.in_use(entry)]
            self.choose(used[0] if used else None)
        self._show()

    def _item(self, entry: CheckpointEntry) -> QTreeWidgetItem:
        item = QTreeWidgetItem()
        item.setData(0, _PATH, entry.path)
        self._fill(item, entry)
        return item

    def _fill(self, item: QTreeWidgetItem, entry: CheckpointEntry) -> None:
        used = self._shelf.in_use(entry)
        kind = "ONNX, " if entry.exported else ""
        texts = (
            f"● {entry.name}" if used else entry.name,
            tr(ORIGINS[entry.origin]),
            tr("cannot be used") if entry.problem else f"{kind}{entry.head}",
            entry.encoder,
            size_words(entry.size),
            entry.figures,
            ", ".join(self._shelf.note(entry).tags),
        )
        for column, text in enumerate(texts):
            item.setText(column, text)
        item.setToolTip(0, as_letters(entry.problem or str(entry.path)))

    @Slot(object)
    def _noted(self, path: object) -> None:
        entry = next((entry for entry in self._shelf.entries if entry.path == path), None)
        for item in self._items():
            if entry is not None and item.data(0, _PATH) == path:
                self._fill(item, entry)
        if entry is not None and entry == self.chosen:
            self._show()

    @Slot(object)
    def _checked(self, checked: Checked) -> None:
        self.set_busy("")
        self.tell(f"{checked.entry.name}: {tr(checked.words)}", bad=not checked.sound)

    @Slot(str, object, object)
    def _progress(self, name: str, done: int, total: int) -> None:
        if name == "check" and self._busy and total > 0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(1000 * done // total)

    @Slot(str)
    def _filter(self, text: str) -> None:
        wanted = text.casefold().split()
        for item in self._items():
            words = " ".join(item.text(column) for column in range(len(COLUMNS))).casefold()
            item.setHidden(not all(word in words for word in wanted))

    @Slot()
    def _show(self) -> None:
        entry = self.chosen
        self._enable()
        if entry is None:
            self.facts.show_facts((), "")
            return
        note = self._shelf.note(entry)
        words = {None: tr("none: a plain detector"), "": tr("none: learned vectors only")}
        used = tr("in use") if self._shelf.in_use(entry) else ""
        checked = "" if note.checked == SOUND else note.checked
        state = entry.problem or checked or " ".join(filter(None, (used, tr(note.checked))))
        where = note.origin or tr(ORIGINS[entry.origin])
        sides = f"{entry.sides[0]} / {entry.sides[1]} px"
        self.facts.show_facts(
            (
                ("State", state),
                ("File", str(entry.path)),
                ("Origin", f"{where}\n{entry.note}".strip()),
                ("Calls itself", entry.title if entry.title != entry.path.stem else ""),
                ("Head", entry.head.upper()),
                ("Image encoder", entry.encoder),
                ("Words of its prompt", "" if entry.problem else words.get(entry.words, str(entry.words))),
                ("Looks at", sides if entry.sides[0] else ""),
                ("Size", size_words(entry.size)),
                ("Licence", entry.licence or tr("not stated")),
                ("Figures", entry.figures),
                ("SHA-256", note.sha256),
                ("Tags", ", ".join(note.tags)),
            ),
            entry.card,
        )

    def _enable(self) -> None:
        entry = self.chosen
        for name, button in self.buttons.items():
            button.setEnabled(entry is not None and (name not in ("check", "export") or not self._busy))
        self.import_button.setEnabled(not self._busy)

    def _announcer(self, name: str) -> Callable[[], None]:
        def announce() -> None:
            if self.chosen is not None:
                self.wanted.emit(name, self.chosen)

        return announce

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount()))
        return [item for item in found if item is not None]


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setAccessibleName("Checkpoints")
    tree.setHeaderLabels(list(COLUMNS))
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setSortingEnabled(False)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    header = tree.header()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    return tree
