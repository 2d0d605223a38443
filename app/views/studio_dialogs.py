"""The dialogs that commands open by their names: one at a time, in the language in use."""

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog

from app.i18n.translation import tr
from app.services.bug_report import material
from app.views.actions import ACTIONS, MENUS, MOUSE_GESTURES, ActionSet
from app.views.commands.desk import Desk
from app.views.dialogs.about import AboutDialog
from app.views.dialogs.diagnostics import DiagnosticsDialog
from app.views.dialogs.export import ExportDialog
from app.views.dialogs.go_to import GoToDialog
from app.views.dialogs.importing import ImportDialog
from app.views.dialogs.keys import KeysDialog
from app.views.dialogs.keys_editor import KeyEditor
from app.views.dialogs.preferences import PreferencesDialog
from app.views.dialogs.reset import ResetDialog
from app.views.retranslation import translate


class StudioDialogs(QObject):
    """Makes and shows them; a new one takes the place of the one before.

    Args:
        desk: what they are about.
        actions: whose keys are listed.
        version: of the program.
    """

    def __init__(self, desk: Desk, actions: ActionSet, version: str) -> None:
        super().__init__(desk)
        self._parts, self._window, self._open_page = desk.parts, desk.window, desk.open_page
        self._preferences, self._actions, self._version = desk.preferences, actions, version
        self._shown: QDialog | None = None

    @Slot(str)
    def open_named(self, name: str) -> None:
        """Make and show a dialog."""
        self.show(self._make(name))

    def show(self, dialog: QDialog) -> None:
        """Show a dialog in place of the one before."""
        if self._shown is not None:
            self._shown.close()
            self._shown.deleteLater()
        self._shown = dialog
        translate(dialog)
        dialog.open()

    def is_on_screen(self, kind: type[QDialog]) -> bool:
        """Whether the dialog that is shown now is of this kind."""
        return isinstance(self._shown, kind) and self._shown.isVisible()

    def _make(self, name: str) -> QDialog:
        match name:
            case "export":
                return self._export_dialog()
            case "import":
                return ImportDialog(self._parts.importing, self._parts.workspace, self._window)
            case "go_to":
                go_to = GoToDialog(self._window.listed_keys(), self._window)
                go_to.page_chosen.connect(self._open_page.go_to)
                return go_to
            case "reset":
                shown = self._open_page
                reset = ResetDialog(len(shown.page.regions), len(shown.detections), self._window)
                reset.reset_wanted.connect(shown.reset_to_detections)
                return reset
            case "keys":
                return self._keys_dialog()
            case "preferences":
                dialog = PreferencesDialog(self._preferences.now(), self._window)
                dialog.chosen.connect(self._preferences.use)
                return dialog
            case "key_editor":
                key_editor = KeyEditor(ACTIONS, self._preferences.settings.keys, self._window)
                key_editor.keys_chosen.connect(self._preferences.set_keys)
                return key_editor
            case "diagnostics":
                return self._diagnostics()
            case _:
                return AboutDialog(self._version, self._window)

    def _export_dialog(self) -> QDialog:
        workspace = self._parts.workspace
        folder = workspace.folder or Path.home()
        scopes = (
            ("All images", lambda: None),
            ("Images in the list, as it is filtered", lambda: list(self._window.listed_keys())),
            ("Approved images", self._approved_keys),
            ("This image", lambda: [] if self._open_page.key is None else [self._open_page.key]),
        )
        return ExportDialog(self._parts.export, scopes, folder.parent / f"{folder.name}_gt", self._window)

    def _diagnostics(self) -> QDialog:
        shown = self._open_page
        image = None if shown.key is None else self._parts.workspace.path_of(shown.key)
        about = material(self._parts.home, self._preferences.now(), image, shown.page)
        return DiagnosticsDialog(about, self._window)

    def _approved_keys(self) -> list[str]:
        workspace = self._parts.workspace
        return [key for key in workspace.keys if workspace.summary(key).review == "approved"]

    def _keys_dialog(self) -> QDialog:
        groups = [
            (tr(name), [self._actions.by_id[spec.id] for spec in ACTIONS if spec.menu == name])
            for name in MENUS
        ]
        gestures = [(tr(gesture), tr(what)) for gesture, what in MOUSE_GESTURES]
        return KeysDialog(groups, gestures, self._window)
