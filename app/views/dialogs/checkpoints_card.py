"""What is known of one checkpoint: facts as text, and its card, which comes from strangers."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QFormLayout, QTextBrowser, QVBoxLayout, QWidget

from app.i18n.translation import tr
from app.views.plain_label import plain_label

FACTS: Final = (
    "State", "File", "Origin", "Calls itself", "Head", "Image encoder", "Words of its prompt", "Looks at",
    "Size", "Licence", "Figures", "SHA-256", "Tags",
)  # fmt: skip


class CardView(QTextBrowser):
    """Markdown without anything in it that acts: no HTML, no picture, no link that leads anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Card of the checkpoint")
        self.setOpenLinks(False)
        self.setPlaceholderText("There is no card beside this file.")

    def show_card(self, markdown: str) -> None:
        """Show a card, whatever is in it."""
        features = QTextDocument.MarkdownFeature.MarkdownDialectGitHub
        self.document().setMarkdown(markdown, features | QTextDocument.MarkdownFeature.MarkdownNoHTML)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Nothing: neither from this computer nor from elsewhere."""
        return None


class CheckpointFacts(QWidget):
    """The facts in two columns, to be selected and copied, and the card below."""

    def __init__(self) -> None:
        super().__init__()
        self.values = {name: plain_label(selectable=True) for name in FACTS}
        self.card = CardView()
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        for name, value in self.values.items():
            form.addRow(tr(name), value)
        self._form = form
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.card, 1)

    def show_facts(self, facts: Sequence[tuple[str, str]], card: str) -> None:
        """Show what is known; what is not named, or empty, is left out."""
        known = dict(facts)
        for name, label in self.values.items():
            label.setText(known.get(name, ""))
            self._form.setRowVisible(label, bool(known.get(name)))
        self.card.show_card(card)
