"""The pictures of the chapters "Checkpoints" and "Prompts"."""

import shutil
from typing import TYPE_CHECKING

from pictures_steps import Steps, rest

from app.views.commands.checkpoints import CheckpointCommands
from app.views.dialogs.checkpoints import CheckpointWindow
from app.views.dialogs.prompts import PromptWindow
from tcm_core.resources import resource

if TYPE_CHECKING:
    from pictures import Artist


def checkpoints(artist: "Artist") -> Steps:
    """The list with two of the person's own, and the tab of CLIP's weights."""
    yield artist.checkpoint_ready
    yield artist.picture_shown
    artist.trigger("checkpoints")
    window = next(found for found in artist.window.findChildren(CheckpointWindow))
    commands = artist.window.findChild(CheckpointCommands)
    yield lambda: window.tree.topLevelItemCount()
    for name in ("street-signs", "menus"):
        for suffix in (".safetensors", ".md"):
            shipped = resource("checkpoints", f"db-small{suffix}")
            shutil.copyfile(shipped, artist.folder.parent / f"given{suffix}")
        commands.bring_in(artist.folder.parent / "given.safetensors", name)
        yield lambda name=name: any(entry.name == name for entry in commands.shelf.entries)
    signs = next(entry for entry in commands.shelf.entries if entry.name == "street-signs")
    commands.shelf.set_tags(signs, ("signs", "night"))
    yield lambda: all(commands.shelf.note(entry).sha256 for entry in commands.shelf.entries)
    window.choose(signs.path)
    window.told.clear()
    yield from rest(1.0)
    artist.photograph("checkpoints", window, photo=False)
    window.tabs.setCurrentWidget(window.weights)
    yield lambda: window.weights.tree.topLevelItemCount()
    yield from rest(1.0)
    artist.photograph("clip_weights", window, photo=False)
    window.close()


def prompts(artist: "Artist") -> Steps:
    """The playground of a page with labels."""
    yield artist.checkpoint_ready
    yield from artist.go_to("img_956.jpg")
    yield from artist.accept_all()
    artist.trigger("prompts")
    window = next(found for found in artist.window.findChildren(PromptWindow))
    yield lambda: window.table.rowCount() and window.table.item(0, 1).text()
    window.words.clear()
    window.list_button.click()
    window.detections.click()
    yield lambda: window.table.rowCount() == 2 and window.table.item(1, 4).text()
    yield from rest(1.0)
    artist.photograph("prompts", window)
    window.close()
