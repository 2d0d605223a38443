"""The user's guide in a window of its own, which stays open beside the work."""

import re
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage, QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from app.settings.schema import LanguageName
from tcm_core.resources import resource_root

SIZE: Final = (900, 760)
PICTURE_WIDTH: Final = 800  # larger pictures are made smaller
_ANCHOR: Final = re.compile(r'<a id="([^"]+)"></a>\s*')  # before a heading that has a name of its own
_NAMED_HEADING: Final = re.compile(_ANCHOR.pattern + r"#+ (.+)")


def find_guide(language: LanguageName) -> Path | None:
    """The guide in this language, else the English one.

    It is among the shipped files, or in the source tree; None when it is in neither.
    """
    root = resource_root()
    names = (f"guide.{language}.md", "guide.md")
    places = (folder / name for name in names for folder in (root / "guide", root.parent / "docs"))
    return next((place for place in places if place.is_file()), None)


class GuideDialog(QDialog):
    """Shows the Markdown file with its pictures; a line at the top finds words in it."""

    def __init__(self, guide: Path | None, parent: QWidget | None = None) -> None:
        """`guide`: as in `read`."""
        super().__init__(parent)
        self.setWindowTitle("User's guide")
        self.resize(*SIZE)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find in the guide, Enter goes on")
        self.search.setAccessibleName("Find in the guide")
        self.text = GuideText()
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button = close.button(QDialogButtonBox.StandardButton.Close)
        button.setAutoDefault(False)  # Enter is for the search
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.search)
        column.addWidget(self.text, 1)
        column.addWidget(close)
        self.search.returnPressed.connect(self._find)
        self.search.setFocus()
        self.text.read(guide)

    def _find(self) -> None:
        """Go to the next place; from the last on to the first."""
        if not self.text.find(self.search.text()):
            self.text.moveCursor(QTextCursor.MoveOperation.Start)
            self.text.find(self.search.text())


class GuideText(QTextBrowser):
    """Markdown with pictures that are never wider than the page; links within the guides work, others leave.

    Attributes:
        guide: the file that is shown; None: there is none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.guide: Path | None = None
        self._folder = resource_root()  # what the names of pictures begin in
        self._named: dict[str, str] = {}  # the name of a heading, what it says
        self.setAccessibleName("User's guide")
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._follow)

    def read(self, guide: Path | None) -> None:
        """Show this file from its beginning; None: say where it can be found."""
        self.guide = guide
        self._folder = resource_root() if guide is None else guide.parent
        words = _words(guide)
        self._named = dict(_NAMED_HEADING.findall(words))
        self.setMarkdown(_ANCHOR.sub("", words))

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """A picture of the guide, small enough; nothing from elsewhere."""
        path = (self._folder / QUrl(name).path()).resolve()
        if (
            kind != QTextDocument.ResourceType.ImageResource.value
            or self._folder.resolve() not in path.parents
        ):
            return None
        image = QImage(str(path))
        if image.width() > PICTURE_WIDTH:
            return image.scaledToWidth(PICTURE_WIDTH, Qt.TransformationMode.SmoothTransformation)
        return image

    def _follow(self, link: QUrl) -> None:
        if link.scheme() in ("http", "https"):
            QDesktopServices.openUrl(link)
            return
        other = self._folder / link.path()
        if re.fullmatch(r"guide(\.\w+)?\.md", link.path()) and other.is_file():
            self.read(other)
        wanted = self._named.get(link.fragment(), link.fragment())
        block = self.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and wanted in (block.text(), anchor(block.text())):
                self.setTextCursor(QTextCursor(block))
                self.verticalScrollBar().setValue(
                    round(self.document().documentLayout().blockBoundingRect(block).top())
                )
                return
            block = block.next()


def anchor(heading: str) -> str:
    """What a link to a heading is called, as on the usual web pages for Markdown."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def _words(guide: Path | None) -> str:
    if guide is not None:
        return guide.read_text(encoding="utf-8")
    return (
        "# The guide is not among the program's files\n\n"
        f"It was looked for in `{resource_root()}`. It is the file `docs/guide.md` of the project's source."
    )
