"""Which regions of the open page are selected, and which vertices of the only selected one."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """The selection that the canvas, the region table and the commands share. It is not undone."""

    changed = Signal()  # only when it really differs

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: frozenset[str] = frozenset()
        self._vertices: frozenset[int] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """The selected regions."""
        return self._ids

    @property
    def vertices(self) -> frozenset[int]:
        """The selected vertices of the only selected region; empty when none or several are selected."""
        return self._vertices

    def toggle(self, region_id: str) -> None:
        """Add the region, or take it out when it is selected."""
        self.set(self._ids ^ {region_id})

    def clear(self) -> None:
        """Select nothing."""
        self.set(())

    def keep_only(self, existing_ids: Iterable[str]) -> None:
        """Forget regions that are gone; vertices are forgotten with their region."""
        kept = self._ids.intersection(existing_ids)
        if kept != self._ids:
            self.set(kept)

    def set(self, ids: Iterable[str], vertices: Iterable[int] = ()) -> None:
        """Select exactly these regions, and these vertices when it is one region."""
        new_ids = frozenset(ids)
        new_vertices = frozenset(vertices) if len(new_ids) == 1 else frozenset()
        if (new_ids, new_vertices) == (self._ids, self._vertices):
            return
        self._ids, self._vertices = new_ids, new_vertices
        self.changed.emit()
