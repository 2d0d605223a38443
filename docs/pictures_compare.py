"""The pictures of the chapter "Compare"."""

from typing import TYPE_CHECKING

from pictures_steps import Steps, rest

from tests.helpers.compared import compare_window, show_panes
from tests.helpers.finetuned import until

if TYPE_CHECKING:
    from pictures import Artist

PLACE = (0, 0, 1360, 850)


def compare(artist: "Artist") -> Steps:
    """The same checkpoint at two input sides, another head and the truth; then two heads over all images."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_956.jpg")
    yield from artist.detect()
    artist.trigger("compare")
    yield lambda: compare_window() is not None
    window = compare_window()
    assert window is not None
    window.setGeometry(*PLACE)
    board = window.board
    show_panes(window, 4)
    board.set_source(board.panes[1], board.panes[0].source)
    board.set_side(board.panes[1], board.panes[0].side.value() // 2)
    yield lambda: all(pane.content is not None for pane in board.panes)
    board.step(1)
    window.statusBar().clearMessage()
    yield from rest(1.0)
    artist.photograph("compare_panes", window)
    board.set_source(board.panes[1], board.panes[2].source)
    show_panes(window, 2)
    figures = window.figures
    window.show_figures.trigger()
    figures.start_button.click()
    yield from until(lambda: figures.start_button.isEnabled() and figures.figures, 900.0)
    yield lambda: len(figures.plot.curves) == len(board.panes)
    yield from rest(1.0)
    artist.photograph("compare_figures", figures)
    window.close()
