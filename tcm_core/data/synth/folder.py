"""Scenes written to disk: images and labels, rendered by as many processes as wanted."""

import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from PIL import Image

from tcm_core.config.synth import SynthConfig
from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.synth.scene import SceneRenderer
from tcm_core.errors import TcmError

IMAGES: Final = "images"
"""Name of the folder of images inside the output folder."""

_LABELS: Final = {"labelme": IMAGES, "xanylabeling": IMAGES, "ppocrlabel": IMAGES, "yolo-obb": "."}
"""Where formats keep their labels that do not keep them in "gt"; YOLO makes its folder by itself."""

_CHUNK: Final = 4  # scenes that a process is handed at a time


class WrittenScene(NamedTuple):
    """A scene whose image is on disk.

    Attributes:
        labels: its texts; the image named by its file name.
        problems: see Scene.
    """

    labels: LabelledImage
    problems: tuple[str, ...]


def label_folder(label_format: str) -> str:
    """The folder for the labels of a format, inside the output folder."""
    return _LABELS.get(label_format, "gt")


def write_scenes(config: SynthConfig, out: Path, count: int, workers: int) -> Iterator[WrittenScene]:
    """Render the scenes 0 to count - 1 and write their images, one by one as they are done, in order.

    The files are the same whatever the number of workers. Labels are not written.

    Args:
        config: of the scenes.
        out: gets the folder "images" with img_1.jpg and so on.
        count: how many.
        workers: processes; 1 renders in this one.

    Raises:
        TcmError: the folder of images has files in it already, there is nothing to render with (see
            SceneRenderer), an image cannot be written, or a process was ended from outside.
    """
    folder = out / IMAGES
    if folder.is_dir() and any(folder.iterdir()):
        raise TcmError(
            f"{folder}: there are files in it already, which would end up among the new ones. "
            "Choose another folder, or empty this one."
        )
    renderer = SceneRenderer(config)
    if workers <= 1:
        yield from (_write(index, renderer, folder) for index in range(count))
        return
    with _pool(workers, renderer, folder) as pool:
        try:
            yield from pool.map(_write_in_worker, range(count), chunksize=_CHUNK)
        except BrokenProcessPool as error:
            raise TcmError(
                "a process that rendered scenes was ended from outside, perhaps for lack of memory. "
                "Start again with fewer workers."
            ) from error


@contextmanager
def _pool(workers: int, renderer: SceneRenderer, folder: Path) -> Iterator[ProcessPoolExecutor]:
    """Processes that have the renderer; what is not begun is dropped when the block is left."""
    # not forked: this process may have threads
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_prepare, initargs=(renderer, folder)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _write(index: int, renderer: SceneRenderer, folder: Path) -> WrittenScene:
    scene = renderer.scene(index)
    least, best = renderer.config.photo.jpeg_quality
    quality = int(np.random.default_rng([renderer.config.seed, index, 1]).integers(least, best + 1))
    name = f"img_{index + 1}.jpg"
    buffer = io.BytesIO()
    Image.fromarray(scene.image).save(buffer, "JPEG", quality=quality)
    write_atomic(folder / name, buffer.getvalue())
    size = (scene.image.shape[0], scene.image.shape[1])
    return WrittenScene(LabelledImage(name, scene.instances, size), scene.problems)


_worker: partial[WrittenScene] | None = None  # of this process, once _prepare has run


def _prepare(renderer: SceneRenderer, folder: Path) -> None:
    global _worker
    cv2.setNumThreads(1)  # the processes share the cores already
    _worker = partial(_write, renderer=renderer, folder=folder)


def _write_in_worker(index: int) -> WrittenScene:
    assert _worker is not None
    return _worker(index)
