"""The pictures of the chapter "Queue", and of what a threshold changes in all images."""

from typing import TYPE_CHECKING

from pictures_steps import Steps, rest

if TYPE_CHECKING:
    from pictures import Artist


def queue(artist: "Artist") -> Steps:
    """All images detected, the threshold moved, and the least certain image opened by its queue."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_899.jpg")
    artist.trigger("detect_all")
    yield artist.all_detected
    panel = artist.window.detection
    artist.trigger("own_settings")
    panel.score.box.setValue(0.6)
    artist.trigger("next")
    panel.score.box.setValue(0.55)
    yield panel.apply.isVisible
    artist.trigger("previous")
    yield panel.own_note.isVisible
    yield from rest(1.5)
    artist.photograph("all_images", panel, photo=False)
    artist.trigger("own_settings")
    panel.reset.click()
    artist.trigger("queue.mass")
    yield lambda: "in the queue" in artist.window.status.currentMessage()
    yield from rest(0.8)
    artist.photograph("queue")
