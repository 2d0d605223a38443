"""Widgets in the language in use: what they say in English is remembered with them and translated anew."""

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QLibraryInfo, QObject, Qt, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTabWidget,
    QTreeWidget,
    QWidget,
)

from app.i18n.translation import english_of, tr, use_language
from app.settings.schema import LanguageName

_PROPERTIES: Final[tuple[tuple[type[QObject], tuple[str, ...]], ...]] = (
    (QWidget, ("windowTitle", "toolTip", "statusTip", "accessibleName", "accessibleDescription")),
    (QAction, ("text", "toolTip")),
    (QAbstractButton, ("text",)),
    (QLabel, ("text",)),
    (QLineEdit, ("placeholderText",)),
    (QPlainTextEdit, ("placeholderText",)),
    (QMenu, ("title",)),
    (QGroupBox, ("title",)),
)
_ITEM: Final = Qt.ItemDataRole.UserRole + 77  # of a combo box's items: their English text
_qt_words: Final[list[QTranslator]] = []


def switch_language(language: LanguageName) -> None:
    """Translate into this language from now on, Qt's own dialogs too; `translate` does it to what is there.

    Raises:
        TcmError: the shipped dictionary is missing or damaged; the language stays what it was.
    """
    use_language(language)
    application = QApplication.instance()
    assert application is not None
    while _qt_words:
        application.removeTranslator(_qt_words.pop())
    translator = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if language != "en" and translator.load(f"qtbase_{language}", folder):
        application.installTranslator(translator)
        _qt_words.append(translator)


def translate(root: QObject) -> None:
    """Let `root` and everything in it speak the language in use; texts without an entry stay."""
    for thing in (root, *root.findChildren(QObject)):
        for kind, names in _PROPERTIES:
            if isinstance(thing, kind):
                for name in names:
                    _follow(thing, name)
        if isinstance(thing, QAbstractItemView):
            thing.viewport().update()  # models ask for the words whenever they are shown
        if isinstance(thing, QComboBox):
            _translate_items(thing)
        elif isinstance(thing, QTabWidget):
            _translate_all(thing, range(thing.count()), thing.tabText, thing.setTabText)
        elif isinstance(thing, QTreeWidget):
            head = thing.headerItem()
            if head is not None:
                _translate_all(thing, range(head.columnCount()), head.text, head.setText)


def _follow(thing: QObject, name: str) -> None:
    now = thing.property(name)
    if not isinstance(now, str) or not now:
        return
    shown = _anew(thing, name, now)
    if shown != now:
        thing.setProperty(name, shown)


def _anew(thing: QObject, name: str, now: str) -> str:
    """What to show in place of `now`; the English behind it is kept as a property of the thing."""
    kept = thing.property(f"_words {name}")
    english = kept[0] if isinstance(kept, list) and kept[1] == now else english_of(now)
    bare = english.replace("&", "", 1)
    shown = tr(english)
    if shown == english and bare != english and (word := tr(bare)) != bare:
        shown = f"{word}(&{english[english.index('&') + 1]})"  # as menus name their key in Chinese
    if shown != english or kept is not None:
        thing.setProperty(f"_words {name}", [english, shown])
    return shown


def _translate_items(box: QComboBox) -> None:
    for row in range(box.count()):
        kept, now = box.itemData(row, _ITEM), box.itemText(row)
        english = kept[0] if isinstance(kept, list) and kept[1] == now else english_of(now)
        shown = tr(english)
        if shown != now:
            box.setItemText(row, shown)
        box.setItemData(row, [english, shown], _ITEM)


def _translate_all(
    thing: QObject, rows: Iterable[int], text: Callable[[int], str], set_text: Callable[[int, str], None]
) -> None:
    for row in rows:
        now = text(row)
        shown = _anew(thing, f"item {row}", now)
        if shown != now:
            set_text(row, shown)
