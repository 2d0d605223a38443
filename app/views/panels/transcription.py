"""The transcription lane: the selected region laid straight, and the line to type what it says.

Enter keeps the text and goes to the next region in reading order, so that a page is typed without the mouse.
"""

from html import escape
from typing import Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage, QInputMethodEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.document.selection import Selection
from app.domain.edits import Edit, SetIgnore, SetText
from app.domain.letters import as_letters
from app.domain.page import Page
from app.domain.reading_order import reading_order
from app.domain.region import Region
from app.domain.spelling import Findings, TextCheck, character_name
from app.workers.strips import StripMaker
from tcm_core.geometry.polygon import bounds

IGNORE_MARKS: Final = ("#", "##", "###")  # typed alone they mean: nobody can read this
REVEAL_MARGIN: Final = 24.0
FLAT_HEIGHT: Final = 48  # of the strip, widget pixels
TALL_HEIGHT: Final = 200  # of the strip of a text that is read downwards


class TranscriptionEdit(QLineEdit):
    """A line that says by which key it was left, and whether an input method is composing in it."""

    next_wanted = Signal()
    previous_wanted = Signal()
    cancelled = Signal()
    proposal_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.composing = False

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        super().inputMethodEvent(event)
        self.composing = bool(event.preeditString())

    def event(self, event: QEvent) -> bool:
        """Its own keys come before commands of the window that have the same."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
            control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if (enter and shift) or (event.key() == Qt.Key.Key_Space and control):
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.composing:  # the key is about the composition
            super().keyPressEvent(event)
            return
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        match event.key():
            case Qt.Key.Key_Escape:
                self.cancelled.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if not control:
                back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                (self.previous_wanted if back else self.next_wanted).emit()
            case Qt.Key.Key_Space if control:
                self.proposal_wanted.emit()
            case _:
                super().keyPressEvent(event)
                return
        event.accept()


class StripView(QWidget):
    """Shows a strip as large as it fits, in the middle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.setAccessibleName("The selected region, laid straight")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(FLAT_HEIGHT)

    def show_strip(self, image: QImage) -> None:
        """Show this strip; a null image shows none."""
        self.image = image
        self.setFixedHeight(TALL_HEIGHT if image.height() > 1.5 * image.width() else FLAT_HEIGHT)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, FLAT_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        painter.drawImage(QRectF(left, top, size.width(), size.height()), self.image)


class TranscriptionLane(QWidget):
    """Strip, line and remarks about what is typed; follows the selection.

    Attributes:
        edit_requested: an Edit of the open page.
        left: typing ended; the picture wants the focus back.
        region_changed: the line is about another region, or the picture of it is there now.
        reveal_wanted: x0, y0, x1, y1 of the region that is typed now, image pixels, and a margin.
    """

    edit_requested = Signal(object)
    left = Signal()
    region_changed = Signal()
    reveal_wanted = Signal(float, float, float, float, float)

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._page = Page()
        self._image = QImage()
        self._edited: Region | None = None
        self._hint: tuple[str, str] | None = None  # region and what a recogniser reads in it
        self.check = TextCheck()
        self.strips = StripMaker(self)
        self.strip = StripView()
        self.text = TranscriptionEdit()
        self.text.setPlaceholderText("Transcription")
        self.text.setAccessibleName("Transcription of the selected region")
        self.text.setToolTip(
            "What the selected region says. Enter keeps it and goes to the next region, Shift+Enter to the "
            "one before; # and Enter ignores it, Esc takes it back"
        )
        self.remark, self.place = QLabel(), QLabel()
        self.remark.setTextFormat(Qt.TextFormat.RichText)
        self.remark.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.remark.setAccessibleName("Remarks about the transcription")
        self.place.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 0)
        column.setSpacing(5)
        row = QHBoxLayout()
        row.addWidget(self.text, 1)
        row.addWidget(self.place)
        column.addWidget(self.strip)
        column.addLayout(row)
        column.addWidget(self.remark)
        self.text.next_wanted.connect(self._next)
        self.text.previous_wanted.connect(self._previous)
        self.text.cancelled.connect(self._take_back)
        self.text.proposal_wanted.connect(self._take_proposal)
        self.text.textChanged.connect(self._show_remark)
        self.strips.strip_ready.connect(self._strip_ready)
        selection.changed.connect(self._selection_changed)
        self._show_region()

    @property
    def edited(self) -> Region | None:
        """The region that the line is about."""
        return self._edited

    @property
    def image(self) -> QImage:
        """The picture that strips are cut from; a null one while it is not there."""
        return self._image

    def show_image(self, image: QImage | None) -> None:
        """Cut strips from this picture."""
        self._image = QImage() if image is None else image
        self._ask_for_strip()

    def show_page(self, page: Page) -> None:
        """Show the open page; what is being typed stays."""
        self._page = page
        if not self.text.hasFocus() or not (self.text.isModified() or self.text.composing):
            self._show_region()

    def set_check(self, check: TextCheck) -> None:
        """Remark upon other characters and words from now on."""
        self.check = check
        self._show_remark()

    @Slot(str, str)
    def set_hint(self, region_id: str, text: str) -> None:
        """What a recogniser reads in a region; Ctrl+Space takes it."""
        self._hint = region_id, text
        self._show_remark()

    def start_typing(self) -> None:
        """Put the cursor into the transcription of the only selected region."""
        if self.text.isEnabled():
            self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.text.selectAll()

    def commit(self) -> None:
        """Hand over what was typed and not yet kept, before something else is shown."""
        if self.text.composing:  # something else than a key in the line ended the composition
            QGuiApplication.inputMethod().commit()
        if self._edited is None or not self.text.isModified():
            return
        self.text.setModified(False)
        if any(region.id == self._edited.id for region in self._page.regions):
            self.edit_requested.emit(typed(self._edited.id, self.text.text()))

    @property
    def proposal(self) -> str | None:
        """What Ctrl+Space would put into the line: better spelled words, or what a recogniser reads."""
        found = self.check.findings(self.text.text()).proposal
        if found is None and self._hint is not None and self._edited is not None:
            region_id, text = self._hint
            found = text if region_id == self._edited.id else None
        return found if found != self.text.text() else None

    @Slot()
    def _next(self) -> None:
        self._go(1)

    @Slot()
    def _previous(self) -> None:
        self._go(-1)

    def _go(self, step: int) -> None:
        edited = self._edited
        self.commit()
        self._show_region()
        order = reading_order(self._page.regions)
        at = order.index(edited.id) + step if edited is not None and edited.id in order else -1
        if not 0 <= at < len(order):
            self.left.emit()
            return
        self._selection.set([order[at]])
        self.reveal_wanted.emit(*bounds(self._page.region(order[at]).polygon), REVEAL_MARGIN)
        self.start_typing()

    @Slot()
    def _take_back(self) -> None:
        self.text.setModified(False)
        self._show_region()
        self.left.emit()

    @Slot()
    def _take_proposal(self) -> None:
        proposal = self.proposal
        if proposal is not None:
            self.text.setText(proposal)
            self.text.setModified(True)

    @Slot()
    def _selection_changed(self) -> None:
        self.commit()
        self._show_region()

    def _show_region(self) -> None:
        chosen = [region for region in self._page.regions if region.id in self._selection.ids]
        only = chosen[0] if len(chosen) == 1 else None
        other = only is not self._edited
        self._edited = only
        self.text.setEnabled(only is not None)
        self.text.setText(only.text if only is not None else "")
        self.text.setModified(False)
        self.place.setText(self._where(only))
        self._show_remark()
        if other:
            self._ask_for_strip()

    def _where(self, region: Region | None) -> str:
        if region is None:
            return ""
        order = reading_order(self._page.regions)
        return f"{order.index(region.id) + 1} of {len(order)}"

    def _ask_for_strip(self) -> None:
        if self._edited is None or self._image.isNull():
            self.strips.forget()
            self.strip.show_strip(QImage())
        else:
            self.strips.request(self._image, self._edited)
            self.region_changed.emit()

    @Slot(str, QImage)
    def _strip_ready(self, region_id: str, strip: QImage) -> None:
        if self._edited is not None and region_id == self._edited.id:
            self.strip.show_strip(strip)

    @Slot()
    def _show_remark(self) -> None:
        text = self.text.text()
        found = self.check.findings(text)
        lines = remarks(text, found)
        if self._edited is not None and self._edited.ignore:
            lines.append("Ignored: exported as ###")
        proposal = self.proposal
        if self._edited is not None and proposal:
            lines.append(f"Ctrl+Space: <b>{escape(proposal)}</b>")
        self.remark.setText("<br>".join(lines))
        self.remark.setToolTip(as_letters(details(found)))
        self.remark.setVisible(bool(lines))


def typed(region_id: str, text: str) -> Edit:
    """The edit that a typed line means."""
    if text.strip() in IGNORE_MARKS:
        return SetIgnore((region_id,), ignore=True)
    return SetText(region_id, text)


def remarks(text: str, found: Findings) -> list[str]:
    """The findings as HTML: the text with marks, and why."""
    if not found:
        return []
    parts = []
    if found.strange:
        codes = ", ".join(f"{letter} U+{ord(letter):04X}" for letter in found.strange)
        parts.append(f"not allowed: {escape(codes)}")
    if found.unknown:
        parts.append("unknown word" if len(found.unknown) == 1 else "unknown words")
    return [f"{marked(text, found)} &nbsp; ({'; '.join(parts)})"]


def details(found: Findings) -> str:
    """The findings in full, for a tooltip."""
    lines = [f"Not among the allowed characters: {character_name(letter)}" for letter in found.strange]
    return "\n".join([*lines, *(f"Not in the word list: {word}" for word in found.unknown)])


def marked(text: str, found: Findings) -> str:
    """The text as HTML: strange characters on yellow, unknown words underlined."""
    parts = []
    for word in _pieces(text, found.unknown):
        letters = "".join(
            f'<span style="background:#f2c200;color:#000000">{escape(letter)}</span>'
            if letter in found.strange
            else escape(letter)
            for letter in word
        )
        parts.append(f"<u>{letters}</u>" if word in found.unknown else letters)
    return "".join(parts)


def _pieces(text: str, words: tuple[str, ...]) -> list[str]:
    """The text cut before and after each of the words."""
    pieces = [text]
    for word in words:
        cut: list[str] = []
        for piece in pieces:
            head, found, tail = piece.partition(word) if piece not in words else (piece, "", "")
            while found:
                cut += [head, word]
                head, found, tail = tail.partition(word)
            cut.append(head)
        pieces = cut
    return pieces
