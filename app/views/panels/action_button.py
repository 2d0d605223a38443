"""A push button that shows and triggers an action, so that menu, key and button are one thing."""

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QWidget


class ActionButton(QPushButton):
    """Mirrors text, icon, tooltip and enabled state of an action."""

    def __init__(
        self,
        action: QAction,
        *,
        primary: bool = False,
        fleeting: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`primary`: the main one of its panel; `fleeting`: to be seen only while it can be pressed."""
        super().__init__(parent)
        self._fleeting = fleeting
        self._action = action
        if primary:
            self.setProperty("role", "primary")
        action.changed.connect(self._mirror)
        self.clicked.connect(action.trigger)
        self._mirror()

    @Slot()
    def _mirror(self) -> None:
        self.setText(self._action.iconText())
        if self.property("role") != "primary":
            self.setIcon(self._action.icon())
        self.setEnabled(self._action.isEnabled())
        if self._fleeting:
            self.setVisible(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())
        self.setAccessibleName(self._action.iconText())
        self.setAccessibleDescription(self._action.statusTip())
