"""Re-check: the approved pages by the old and the new checkpoint, region by region against the labels."""

from collections.abc import Collection
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.domain.finetune_diff import Change, PageDiff
from app.i18n.translation import tr, tr_lines
from app.services.finetune_recheck import Recheck, RecheckJob, RecheckPage
from app.views.plain_label import plain_label
from app.workers.messages import Problem

SHOWN: Final[tuple[Change, ...]] = ("fixed", "broken", "missed")
"""What regions are listed one by one for."""
WORDS: Final[dict[Change, str]] = {
    "fixed": "fixed: found now, missed before",
    "broken": "broken: missed now, found before",
    "missed": "missed by both",
}
HEADERS: Final = ("Page", "Fixed", "Broken", "Found by both", "Missed by both", "False before", "False now")
_KEY: Final = Qt.ItemDataRole.UserRole


class RecheckDialog(QDialog):
    """Shows what a checkpoint changes, and takes the decision.

    Attributes:
        page_chosen: key of a page, and the id of a region or "".
        promote_wanted: the new checkpoint is to be used.
        discard_wanted: it is to be deleted.
    """

    page_chosen = Signal(str, str)
    promote_wanted = Signal()
    discard_wanted = Signal()

    def __init__(
        self,
        job: RecheckJob,
        pages: dict[str, RecheckPage],
        unlearnt: Collection[str],
        parent: QWidget | None = None,
    ) -> None:
        """`unlearnt`: keys of pages that the run did not learn from."""
        super().__init__(parent)
        self.setWindowTitle("Re-check")
        self.resize(860, 560)
        self._job, self._pages, self._unlearnt = job, pages, frozenset(unlearnt)
        self.outcome: Recheck | None = None
        self.summary = plain_label()
        self.summary.setText("The images are detected by both checkpoints...")
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Images done")
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Changes of each page")
        self.tree.setHeaderLabels(list(HEADERS))
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(HEADERS)):
            self.tree.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        self.discard_button = QPushButton("Discard")
        self.close_button = QPushButton("Decide later")
        self.promote_button = QPushButton("Promote")
        self.promote_button.setProperty("role", "primary")
        self._build()
        job.progress.connect(self._progress)
        job.done.connect(self._done)
        self.tree.itemActivated.connect(self._activated)
        self.close_button.clicked.connect(self.reject)
        self.promote_button.clicked.connect(self._promote)
        self.discard_button.clicked.connect(self._discard)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        for part in (self.summary, self.bar):
            column.addWidget(part)
        column.addWidget(self.tree, 1)
        row = QHBoxLayout()
        row.addWidget(self.discard_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.promote_button)
        column.addLayout(row)

    @Slot(int, int)
    def _progress(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    @Slot(object)
    def _done(self, found: Recheck | Problem) -> None:
        self.bar.hide()
        if isinstance(found, Problem):
            self.summary.setText(f"{tr(found.what)} {tr(found.remedy)}")
            self.promote_button.setEnabled(False)
            return
        self.outcome = found
        self.summary.setText(tr_lines(recheck_words(found, self._unlearnt)))
        for page in sorted(found.pages, key=_interest):
            row, regions = self._row(page), self._region_rows(page)
            row.addChildren(regions)
            self.tree.addTopLevelItem(row)
            for region in regions:
                region.setFirstColumnSpanned(True)

    def _row(self, page: PageDiff) -> QTreeWidgetItem:
        counts = (
            page.fixed_count, page.broken_count, page.found_count, page.missed_count,
            page.false_before_count, page.false_now_count,
        )  # fmt: skip
        name = page.key if page.key not in self._unlearnt else tr(f"{page.key} (not learnt from)")
        row = QTreeWidgetItem([name, *map(str, counts)])
        row.setData(0, _KEY, (page.key, ""))
        return row

    def _region_rows(self, page: PageDiff) -> list[QTreeWidgetItem]:
        rows = []
        texts = {region.id: region.text for region in self._pages[page.key].regions}
        for number, (region_id, change) in enumerate(page.changes, 1):
            if change in SHOWN:
                text, what = texts.get(region_id, ""), WORDS[change]
                said = f'region {number} "{text}": {what}' if text else f"region {number}: {what}"
                child = QTreeWidgetItem([tr(said)])
                child.setData(0, _KEY, (page.key, region_id))
                rows.append(child)
        return rows

    @Slot(QTreeWidgetItem, int)
    def _activated(self, item: QTreeWidgetItem, _: int) -> None:
        key, region_id = item.data(0, _KEY)
        self.page_chosen.emit(key, region_id)

    @Slot()
    def _promote(self) -> None:
        self.accept()
        self.promote_wanted.emit()

    @Slot()
    def _discard(self) -> None:
        self.accept()
        self.discard_wanted.emit()

    def done(self, result: int) -> None:
        self._job.stop()
        super().done(result)


def recheck_words(found: Recheck, unlearnt: Collection[str]) -> str:
    """The outcome in a few lines; pages that were not learnt say most, so they come by themselves."""
    regions = sum(len(page.changes) for page in found.pages)
    lines = [
        f"{regions} regions of {len(found.pages)} images, before ({found.old}) and now ({found.new}):",
        _counted(found.pages),
    ]
    rest = [page for page in found.pages if page.key in unlearnt]
    if rest:
        lines += [f"Of these, the {len(rest)} images that it did not learn from:", _counted(rest)]
    if found.unread:
        lines.append(f"{len(found.unread)} images could not be read.")
    return "\n".join(lines)


def _counted(pages: Collection[PageDiff]) -> str:
    fixed, broken = sum(page.fixed_count for page in pages), sum(page.broken_count for page in pages)
    same = sum(page.found_count + page.missed_count for page in pages)
    before = sum(page.false_before_count for page in pages)
    now = sum(page.false_now_count for page in pages)
    return f"{fixed} fixed, {broken} broken, {same} unchanged; false detections {before} before, {now} now."


def _interest(page: PageDiff) -> tuple[int, int]:
    """Broken regions first, then fixed ones."""
    return -page.broken_count, -page.fixed_count
