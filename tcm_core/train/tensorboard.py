"""The events of a run in TensorBoard, where its package is installed."""

from typing import Final

from tcm_core.train.events import Event
from tcm_core.train.folder import RunFolder

_NOT_DRAWN: Final = frozenset({"event", "time", "step"})


class TensorboardSink:
    """Draws the numbers of the events "step" and "validation" and shows the pictures.

    Args:
        folder: of the run; tensorboard/ in it is written.
        first_step: of this start; what an earlier one drew from there on is purged.

    Raises:
        ModuleNotFoundError: the package tensorboard is missing.
    """

    def __init__(self, folder: RunFolder, first_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder
        self._writer = SummaryWriter(str(folder.tensorboard_dir), purge_step=first_step)

    def __call__(self, event: Event) -> None:
        """Takes one event; a full disk loses it."""
        try:
            if event["event"] in ("step", "validation"):
                self._draw(event)
            elif event["event"] == "picture":
                self._show(event)
        except OSError as error:
            self._folder.say(f"tensorboard: {error.strerror or error}")

    def close(self) -> None:
        """Writes what is left."""
        self._writer.close()

    def _draw(self, event: Event) -> None:
        kind, step = event["event"], int(event["step"])
        for name, value in event.items():
            if name in _NOT_DRAWN:
                continue
            for tag, number in value.items() if isinstance(value, dict) else ((None, value),):
                if isinstance(number, int | float) and not isinstance(number, bool):
                    path = f"{kind}/{name}" if tag is None else f"{kind}/{name}/{tag}"
                    self._writer.add_scalar(path, number, step)

    def _show(self, event: Event) -> None:
        from tcm_core.data.image_io import read_image

        path = self._folder.path / event["file"]
        self._writer.add_image(
            f"picture/{path.stem}", read_image(path), int(event["step"]), dataformats="HWC"
        )


def open_tensorboard(folder: RunFolder, first_step: int) -> TensorboardSink | None:
    """A sink that takes the folder's events from now on; None, with one message, without its package."""
    if not folder.writes:
        return None
    try:
        sink = TensorboardSink(folder, first_step)
    except ModuleNotFoundError:
        folder.say(
            "tensorboard is not installed, so nothing is drawn there: pip install 'tcm-studio[tensorboard]'"
        )
        return None
    folder.events.add_sink(sink)
    return sink
