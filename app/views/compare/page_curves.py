"""The curves of the open image, one for each pane that is judged."""

from app.domain.compare_figures import PagePair, page_curve
from app.services.comparison import Comparison
from app.views.compare.board import Board
from app.views.compare.curve import Curve
from app.views.compare.pane import Pane
from tcm_core.config.decode import DecodeSettings


class PageCurves:
    """Makes them of what the panes show.

    Args:
        comparison: looks things up.
        board: the panes.
    """

    def __init__(self, comparison: Comparison, board: Board) -> None:
        self._comparison, self._board = comparison, board
        self._made_of: list[DecodeSettings | None] = []

    def made(self) -> list[Curve]:
        """The curves now.

        Raises:
            StorageError: the project cannot be read.
            BadLabels: the protocol refuses labels or polygons.
        """
        self._made_of = self._settings()
        return [curve for pane in self._board.panes if (curve := self._curve(pane)) is not None]

    def are_others(self) -> bool:
        """Whether a pane has other settings than when they were made; its threshold does not matter."""
        return self._made_of != self._settings()

    def _settings(self) -> list[DecodeSettings | None]:
        return [
            None if pane.settings is None else pane.settings.model_copy(update={"score_threshold": 0.0})
            for pane in self._board.panes
        ]

    def _curve(self, pane: Pane) -> Curve | None:
        board, source = self._board, pane.source
        if board.key is None or source is None or pane.content is None or source.kind == board.against:
            return None
        truth = self._comparison.reference(board.key, board.against)
        if truth is None:
            return None
        found = self._comparison.at_any_score(board.key, source)
        shapes = pane.shapes if found is None else found.shapes
        points = page_curve(PagePair(truth, shapes), board.protocol)
        threshold = None if pane.settings is None else pane.settings.score_threshold
        return Curve(pane.number, source.name, points, threshold)
