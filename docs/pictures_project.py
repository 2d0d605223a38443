"""The pictures of review, history, export and import, settings, and of what goes wrong with a project."""

from typing import TYPE_CHECKING

from pictures_steps import Steps, on_screen, rest
from PySide6.QtWidgets import QMessageBox

from tcm_core.resources import resource

if TYPE_CHECKING:
    from pictures import Artist


def review(artist: "Artist") -> Steps:
    """States, comments, filter, strip, statistics."""
    yield artist.checkpoint_ready
    artist.trigger("detect_all")
    yield artist.all_detected
    for key, verdict in (
        ("img_61.jpg", "approve_stay"), ("img_125.jpg", "approve_stay"), ("img_277.jpg", "reject"),
        ("img_899.jpg", "approve_stay"), ("img_466.jpg", ""),
    ):  # fmt: skip
        yield from artist.go_to(key)
        yield from artist.accept_all()
        if verdict:
            artist.trigger(verdict)
    yield from artist.go_to("img_277.jpg")
    artist.click(235, 200)
    artist.press("C")
    artist.type("Chinese: one region a word, or one for all?", artist.window.comments.text)
    artist.press("Return", artist.window.comments.text)
    yield from rest(0.8)
    artist.photograph("review")
    artist.photograph("heat_strip", artist.window.heat_strip, photo=False)
    artist.window.pages.filter.setText("state:approved")
    yield from rest(0.8)
    top = on_screen(artist.window.pages)
    top.setHeight(260)
    artist.photograph("filter", top)
    artist.window.pages.filter.clear()
    yield from artist.dialog_picture("statistics", "statistics", 2.0)


def history(artist: "Artist") -> Steps:
    """An earlier state on the screen."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_899.jpg")
    yield from artist.accept_all()
    artist.select_at(430, 100)
    artist.trigger("shape.grow")
    artist.trigger("shape.box")
    artist.select_at(634, 176)
    artist.trigger("delete")
    yield from rest()
    artist.trigger("history")
    yield from rest(0.6)
    view = artist.window.history.view
    view.setCurrentIndex(view.model().index(2, 0))
    yield from rest(0.8)
    artist.photograph("history")


def labels(artist: "Artist") -> Steps:
    """Export and import."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_899.jpg")
    yield from artist.detect()
    artist.trigger("tool.pick")
    artist.click(400, 105)
    artist.trigger("tool.rectangle")
    artist.drag((572, 152), (700, 200))
    artist.type("PARIS", artist.window.regions.text)
    artist.press("Return", artist.window.regions.text)
    artist.trigger("approve_stay")
    artist.trigger("export")
    yield from rest(1.2)
    artist.dialog().folder.setText("~/photos_gt")
    yield from rest(0.2)
    artist.photograph("export", artist.dialog(), photo=False)
    artist.dialog().close()
    artist.trigger("import")
    yield from rest()
    source = artist.dialog().source
    source.setText(str(resource("samples", "gt")))
    source.editingFinished.emit()
    yield from rest(1.5)
    source.setText("~/photos/gt")
    yield from rest(0.2)
    artist.photograph("import", artist.dialog(), photo=False)
    artist.dialog().close()
    yield from rest(0.2)


def preferences(artist: "Artist") -> Steps:
    """Settings, keys, the dark theme."""
    yield artist.picture_shown
    yield from artist.dialog_picture("preferences", "preferences")
    yield from artist.dialog_picture("key_editor", "key_editor")
    yield from artist.dialog_picture("keys", "keys")
    yield artist.checkpoint_ready
    yield from artist.go_to("img_408.jpg")
    yield from artist.detect()
    artist.trigger("theme.dark")
    yield from rest(1.0)
    artist.photograph("dark")


def chinese(artist: "Artist") -> Steps:
    """Another language."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_277.jpg")
    yield from artist.accept_all()
    artist.photograph("chinese")


def faults(artist: "Artist") -> Steps:
    """The messages over the picture, each for its real reason."""
    yield artist.picture_shown
    yield artist.checkpoint_ready
    yield from rest(1.0)  # what was detected before has been read, so that nothing else asks for the folder
    artist.folder.rename(artist.folder.with_name("unplugged"))
    artist.trigger("tool.rectangle")
    artist.drag((200, 200), (400, 300))
    banner = artist.window.save_banner
    yield banner.isVisible
    yield from rest(0.6)
    artist.photograph("fault_unplugged", banner, photo=False)
    artist.window.close()
    yield from rest(0.6)
    artist.photograph("fault_leaving", _box_on_screen(artist), photo=False)
    _box_on_screen(artist).close()
    artist.folder.with_name("unplugged").rename(artist.folder)
    banner.button.click()
    yield from rest(0.3)


def second_window(artist: "Artist") -> Steps:
    """A folder that is open elsewhere."""
    yield artist.picture_shown
    yield from rest(0.6)
    artist.photograph("fault_second", artist.window.folder_banner, photo=False)


def damaged(artist: "Artist") -> Steps:
    """A project file that cannot be read."""
    yield artist.picture_shown
    yield from rest(0.6)
    artist.photograph("fault_damaged", artist.window.folder_banner, photo=False)


def newer(artist: "Artist") -> Steps:
    """A project of a newer version."""
    yield lambda: artist.problems
    yield from rest(0.6)
    artist.photograph("fault_newer", artist.dialog(), photo=False)
    artist.close_problems()


def _box_on_screen(artist: "Artist") -> QMessageBox:
    return next(box for box in artist.window.findChildren(QMessageBox) if box.isVisible())
