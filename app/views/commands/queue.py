"""Queue: the pages that are worth looking at next, and what two heads agree on."""

from typing import Final

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QInputDialog

from app.domain.level_set import KeptMaps
from app.domain.queue import QueueKind, agreed, contradictions, missed_places
from app.i18n.translation import tr
from app.services.checkpoints import OWN_FOLDER, available_checkpoints
from app.services.prediction_store import PredictionSet
from app.storage.errors import StorageError
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.problem_text import known_problem
from app.workers.messages import Problem
from tcm_core.errors import TcmError
from tcm_core.geometry.polygon import Points

MARGIN: Final = 40.0
"""Image pixels that are seen around a place."""


class QueueCommands(QObject):
    """Queues and consensus.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._model = desk.window.page_model
        self._begun = False  # by a command, which goes to the first page when the order is there
        self._second = ""  # the checkpoint that looks at pages beside the one in use
        self._told = False
        self._model.queues.ready.connect(self._ready)
        desk.parts.detection.side.failed.connect(self._second_failed)
        desk.parts.detection.steadiness.went_on.connect(self._looked_again)
        desk.parts.detection.steadiness.failed.connect(desk.open_page.problem)
        desk.parts.detection.side.pending_changed.connect(self._second_went_on)

    def by_mass(self) -> None:
        self._begin("mass")

    def by_entropy(self) -> None:
        self._begin("entropy")

    def by_edge(self) -> None:
        self._begin("edge")

    def by_missed(self) -> None:
        self._begin("missed")

    def by_unsteadiness(self) -> None:
        self._begin("unsteady")

    def look_again(self) -> None:
        """See which listed pages the detector is unsteady on."""
        detection, pages = self._desk.parts.detection, 0
        try:
            if detection.checkpoint is not None:
                pages = detection.steadiness.request(detection.checkpoint, self._desk.window.listed_keys())
        except StorageError as error:
            self._desk.open_page.problem.emit(known_problem(error, ""))
            return
        if not pages:
            self._desk.tell("No listed image has been looked at by this checkpoint: detect all images first")

    @Slot(int)
    def _looked_again(self, left: int) -> None:
        if left:
            self._desk.tell(f"Mirrored and smaller: {left} images to go")
        else:
            self._desk.tell("All images have been looked at again: see the queue of unsteady images")

    def by_disagreement(self) -> None:
        self._begin("disagreement")

    def by_errors(self) -> None:
        self._begin("errors")

    def next_page(self) -> None:
        self._walk(1)

    def previous_page(self) -> None:
        self._walk(-1)

    def second_look(self) -> None:
        """Ask for a checkpoint that looks at all listed pages beside the one in use."""
        ready = self._desk.parts.detection.checkpoint
        try:
            own = self._desk.parts.home.data / OWN_FOLDER
            choices = [choice for choice in available_checkpoints(own) if choice.problem is None]
        except TcmError as error:
            self._desk.open_page.problem.emit(known_problem(error, ""))
            return
        names = [one.value for one in choices if ready is None or one.name != ready.name]
        dialog = QInputDialog(self._desk.window)
        dialog.setWindowTitle(tr("Second look"))
        dialog.setLabelText(tr("Name or file of a checkpoint that looks at every listed image, too"))
        dialog.setComboBoxItems(names or [""])
        dialog.setComboBoxEditable(True)
        dialog.textValueSelected.connect(self.look_with)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def look_with(self, checkpoint: str) -> None:
        """Let a second checkpoint look at all listed pages."""
        if not checkpoint:
            return
        self._second, self._told = checkpoint, False
        self._desk.parts.detection.detect_with(checkpoint, self._desk.window.listed_keys())

    def accept_agreed(self) -> None:
        """Make regions of what both heads found with nearly the same outline."""
        key, second = self._desk.open_page.key, None
        try:
            second = None if key is None else self._desk.parts.detection.store.second(key)
        except StorageError as error:
            self._desk.open_page.problem.emit(known_problem(error, key or ""))
            return
        if second is None:
            self._desk.tell("Only one checkpoint has looked at this image: take a second look first")
            return
        both = agreed(self._desk.open_page.detections, second.detections)
        if both:
            self._desk.open_page.accept(both)
        else:
            self._desk.tell("The two heads agree on no text of this image")

    def _begin(self, kind: QueueKind) -> None:
        self._begun = True
        self._desk.window.pages.set_order(kind)

    def _walk(self, step: int) -> None:
        """To the nearest page of the queue in a direction; the order of the list is that of the queue."""
        queues, keys = self._model.queues, self._desk.window.listed_keys()
        if queues.kind is None:
            self._desk.tell("Choose a queue first")
            return
        at = None if self._desk.open_page.key is None else self._model.row_of(self._desk.open_page.key)
        start = -1 if at is None else at
        for key in keys[start + 1 :] if step > 0 else keys[: max(start, 0)][::-1]:
            if self._is_due(key):
                self._go_to(key)
                return
        self._desk.tell(
            "There is nothing more in this queue" if step > 0 else "This is the first of the queue"
        )

    def _is_due(self, key: str) -> bool:
        queues = self._model.queues
        review = self._desk.parts.workspace.summary(key).review
        open_still = queues.kind == "errors" or review not in ("approved", "rejected")
        return open_still and queues.scores.get(key, 0.0) > 0

    def _go_to(self, key: str) -> None:
        self._desk.open_page.go_to(key)
        found, kind = self._desk.open_page.predictions, self._model.queues.kind
        if found is None:
            return
        places = self._places(found, kind)
        if places:
            (x0, y0), (x1, y1) = places[0].min(axis=0), places[0].max(axis=0)
            self._desk.window.canvas.reveal(float(x0), float(y0), float(x1), float(y1), MARGIN)
            noun = "places where text may be missed" if kind == "missed" else "detections against the labels"
            self._desk.tell(f"{len(places)} {noun}; the first is shown")

    def _places(self, found: PredictionSet, kind: QueueKind | None) -> list[Points]:
        """What the queue is about on the open page."""
        if kind == "errors":
            against = contradictions(self._desk.open_page.page.regions, found.detections)
            return [found.detections[at].polygon for at in against]
        if kind == "missed" and found.maps is not None:
            return missed_places(KeptMaps(found.maps, found.settings))
        return []

    @Slot(str)
    def _ready(self, _: str) -> None:
        if not self._begun:
            return
        self._begun = False
        due = sum(self._is_due(key) for key in self._desk.window.listed_keys())
        first = next((key for key in self._desk.window.listed_keys() if self._is_due(key)), None)
        if first is None:
            self._desk.tell(
                "No image is in this queue. Detect all images first; some queues need a second look"
            )
            return
        self._go_to(first)
        self._desk.tell(f"{due} images in the queue; Next in the queue goes on")

    @Slot(str, str, object)
    def _second_failed(self, key: str, checkpoint: str, problem: Problem) -> None:
        """Once for each second look; the pages are left out."""
        if checkpoint == self._second and not self._told:
            self._told = True
            self._desk.open_page.problem.emit(problem)

    @Slot()
    def _second_went_on(self) -> None:
        if not self._second:
            return
        left = len(self._desk.parts.detection.side.pending(self._second))
        if left:
            self._desk.tell(f"Second look: {left} images to go")
        else:
            self._second = ""
            self._desk.tell("The second look is over: see the queue of disagreement")


A, C = ActionSpec, QueueCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("queue.next", "Next in the queue", "Queue", ("Shift+Q",), "", "Go to the next image of the queue",
      C.next_page, "folder"),
    A("queue.previous", "Previous in the queue", "Queue", ("Shift+W",), "",
      "Go back to the image before in the queue", C.previous_page, "folder"),
    A("queue.mass", "Much that may be text", "Queue", ("Ctrl+1",), "",
      "Images first where many pixels are neither text nor none", C.by_mass, "folder", rule=True),
    A("queue.entropy", "High entropy", "Queue", ("Ctrl+2",), "",
      "Images first whose score map says least", C.by_entropy, "folder"),
    A("queue.edge", "Near the threshold", "Queue", ("Ctrl+3",), "",
      "Images first where a small change of the threshold changes most", C.by_edge, "folder"),
    A("queue.missed", "Likely misses", "Queue", ("Ctrl+4",), "",
      "Images first where the language map sees text and the head does not", C.by_missed, "folder"),
    A("queue.unsteady", "Unsteady", "Queue", ("Ctrl+Alt+U",), "",
      "Images first where the mirrored or the smaller picture gives other texts", C.by_unsteadiness,
      "folder"),
    A("queue.disagreement", "Heads disagree", "Queue", ("Ctrl+5",), "",
      "Images first where two checkpoints found different texts", C.by_disagreement, "folder"),
    A("queue.errors", "Likely label errors", "Queue", ("Ctrl+Alt+E",), "",
      "Approved images first whose labels sure detections contradict", C.by_errors, "folder"),
    A("queue.second", "Second look...", "Queue", ("Ctrl+Alt+Q",), "",
      "Let another checkpoint look at every listed image, too", C.second_look, "folder", rule=True),
    A("queue.look_again", "Look mirrored and smaller", "Queue", ("Ctrl+Alt+M",), "",
      "Let the checkpoint look at every listed image mirrored and smaller, for the queue of unsteady ones",
      C.look_again, "folder"),
    A("queue.agreed", "Accept what two heads agree on", "Queue", ("Ctrl+Shift+Y",), "",
      "Make regions of the texts that two checkpoints found alike", C.accept_agreed, "detections"),
)  # fmt: skip
