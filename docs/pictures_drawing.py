"""The pictures of the chapters on tools, shapes and texts."""

from typing import TYPE_CHECKING, Final

from pictures_steps import Steps, on_screen, rest
from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtWidgets import QMenu

from app.views.dialogs.illegible import IllegibleDialog

if TYPE_CHECKING:
    from pictures import Artist

KORNER: Final = (150, 10, 960, 300)


def tools(artist: "Artist") -> Steps:
    """The tools that draw, each half way."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_899.jpg")
    artist.look_at(KORNER)
    yield from rest()
    picture = artist.around(KORNER)
    artist.trigger("tool.polygon")
    artist.click_all((205, 50), (430, 46), (655, 62), (640, 156))
    artist.hover(420, 162)
    yield from rest()
    artist.photograph("polygon", picture)
    artist.give_up()
    artist.trigger("tool.rectangle")
    artist.hold_drag((572, 152), (640, 180), (700, 200))
    yield from rest()
    artist.photograph("rectangle", picture)
    artist.give_up((700, 200))
    artist.trigger("tool.quad")
    artist.click_all((205, 42), (650, 58), (636, 156))
    artist.hover(212, 160)
    yield from rest()
    artist.photograph("quad", picture)
    artist.give_up()
    yield from curves(artist, picture)
    yield from artist.go_to("img_466.jpg")
    artist.look_at((450, 320, 960, 720))
    yield from rest()
    artist.trigger("tool.rotated")
    artist.click_all((608, 462), (836, 542))
    artist.hover(806, 600)
    yield from rest()
    artist.photograph("rotated", artist.around((450, 330, 960, 700)))
    artist.give_up()


def curves(artist: "Artist", picture: QRect) -> Steps:
    """The two tools for curved text."""
    artist.trigger("tool.curve")
    artist.click_all((205, 42), (430, 40), (650, 54), (910, 66))
    artist.press("Return")
    artist.click_all((205, 158), (430, 152), (660, 150))
    artist.hover(908, 148)
    yield from rest()
    artist.photograph("curve", picture)
    artist.give_up()
    artist.trigger("tool.centre")
    artist.click_all((205, 100), (430, 96), (650, 102), (910, 108))
    artist.press("Return")
    artist.hover(650, 158)
    yield from rest()
    artist.photograph("centre", picture)
    artist.give_up()


def shaping(artist: "Artist") -> Steps:
    """What is done to regions."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_899.jpg")
    artist.look_at(KORNER)
    yield from artist.detect()
    artist.trigger("map")
    artist.trigger("tool.pick")
    artist.hover(400, 105)
    yield from rest(0.8)
    picture = artist.around(KORNER)
    artist.photograph("pick", picture)
    artist.click(400, 105)
    yield from rest()
    artist.trigger("map")
    artist.select_at(400, 105)
    yield from rest()
    artist.photograph("select", picture)
    artist.trigger("tool.transform")
    yield from rest()
    artist.photograph("transform", picture)
    artist.trigger("tool.select")
    artist.trigger("shape.simplify")
    yield from rest()
    artist.photograph("simplify", picture)
    artist.give_up()
    artist.trigger("tool.knife")
    artist.hold_drag((640, 20), (640, 120), (634, 190))
    yield from rest()
    artist.photograph("knife", picture)
    artist.give_up((634, 190))
    artist.select_at(400, 105)
    place, right = artist.place(400, 105), Qt.MouseButton.RightButton
    artist.mouse(QEvent.Type.MouseButtonPress, place, "", right)
    artist.mouse(QEvent.Type.MouseButtonRelease, place, "", right)
    yield from rest(0.8)
    artist.photograph("context_menu")
    for menu in artist.window.findChildren(QMenu):
        menu.close()
    yield from guides(artist)


def guides(artist: "Artist") -> Steps:
    """Helps for the eye."""
    names = ("view.cross_hair", "view.magnifier", "view.mini_map", "view.rulers")
    for name in names:
        artist.trigger(name)
    artist.hover(640, 110)
    yield from rest(0.8)
    artist.photograph("guides", artist.canvas)
    for name in names:
        artist.trigger(name)


def text(artist: "Artist") -> Steps:
    """Transcriptions."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_899.jpg")
    yield from artist.accept_all()
    artist.select_at(430, 100)
    artist.press("F2")
    artist.type("YELLOWKORNER", artist.window.regions.text)
    yield from rest(1.0)
    artist.photograph("text", artist.window.regions)
    artist.press("Return", artist.window.regions.text)
    yield from artist.go_to("img_866.jpg")
    yield from artist.accept_all()
    artist.trigger("text.ignore_small")
    yield lambda: any(d.isVisible() for d in artist.window.findChildren(IllegibleDialog))
    limits = artist.window.findChildren(IllegibleDialog)[-1]
    limits.height_limit.setValue(24)
    limits.sharpness_limit.setValue(4000)
    corner = artist.canvas.mapToGlobal(artist.canvas.rect().bottomLeft())
    limits.move(corner.x() + 40, corner.y() - limits.frameGeometry().height() - 150)
    yield from rest(0.8)
    artist.photograph("ignore_small", artist.around((0, 0, 1280, 720), 0).united(on_screen(limits)))
    limits.close()
    yield from artist.dialog_picture("text.checks", "text_checks")
