"""Pictures and thumbnails: right pixels, order, memory bound, failures in words."""

import gc
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, QRunnable, QThread, Slot
from PySide6.QtGui import QImage

from app.workers.image_pool import THUMBNAIL_EDGE, WAITING_THUMBNAILS, ImagePool
from app.workers.thumbnails import prune, read_thumbnail
from tcm_core.data.image_io import read_image
from tcm_core.errors import BadImage


class Receiver(QObject):
    """Notes what a pool says, and in which thread."""

    def __init__(self, pool: ImagePool) -> None:
        super().__init__()
        self.images: list[tuple[str, QImage]] = []
        self.thumbnails: list[tuple[str, QImage]] = []
        self.failures: list[tuple[str, object]] = []
        self.threads: set[QThread] = set()
        pool.image_ready.connect(self.on_image)
        pool.image_failed.connect(self.on_failure)
        pool.thumbnail_ready.connect(self.on_thumbnail)
        pool.thumbnail_failed.connect(self.on_failure)

    @Slot(str, QImage)
    def on_image(self, key, image):
        self.images.append((key, image))
        self.threads.add(QThread.currentThread())

    @Slot(str, QImage)
    def on_thumbnail(self, key, image):
        self.thumbnails.append((key, image))
        self.threads.add(QThread.currentThread())

    @Slot(str, object)
    def on_failure(self, key, problem):
        self.failures.append((key, problem))
        self.threads.add(QThread.currentThread())


@pytest.fixture
def pool(qtbot):
    pool = ImagePool()
    yield pool
    pool.shutdown()


def picture(folder: Path, name: str, size: tuple[int, int] = (40, 60), value: int = 80) -> Path:
    path = folder / name
    pixels = np.full((*size, 3), value, np.uint8)
    pixels[0, 0] = (200, 30, 10)
    assert cv2.imwrite(str(path), pixels[:, :, ::-1])
    return path


def pixels_of(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_the_picture_has_the_pixels_that_detection_sees(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    path = picture(tmp_path, "odd width.png", (31, 45))
    pool.request("a", path)
    qtbot.waitUntil(lambda: bool(receiver.images))
    key, image = receiver.images[0]
    assert key == "a"
    assert image.format() == QImage.Format.Format_RGB32
    assert np.array_equal(pixels_of(image), read_image(path, "view"))
    assert receiver.threads == {QThread.currentThread()}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_and_thumbnail_are_turned_alike_for_every_orientation(qtbot, pool, tmp_path, orientation):
    stored = np.zeros((40, 80, 3), np.uint8)
    stored[:20, :40] = (250, 250, 250)
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(path, exif=exif, quality=95)
    receiver = Receiver(pool)
    pool.request("a", path)
    pool.request_thumbnail("a", path)
    qtbot.waitUntil(lambda: bool(receiver.images) and bool(receiver.thumbnails))
    full, small = pixels_of(receiver.images[0][1]), pixels_of(receiver.thumbnails[0][1])
    assert full.shape == small.shape == ((40, 80, 3) if orientation < 5 else (80, 40, 3))
    assert np.abs(full.astype(int) - small.astype(int)).mean() < 4


def test_a_large_picture_gets_a_small_thumbnail_of_its_shape(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    pool.request_thumbnail("jpg", picture(tmp_path, "big.jpg", (600, 900)))
    pool.request_thumbnail("png", picture(tmp_path, "big.png", (900, 300)))
    qtbot.waitUntil(lambda: len(receiver.thumbnails) == 2)
    sizes = {key: (image.height(), image.width()) for key, image in receiver.thumbnails}
    assert sizes == {"jpg": (64, THUMBNAIL_EDGE), "png": (THUMBNAIL_EDGE, 32)}


def test_deep_grey_and_transparent_pictures_get_thumbnails(tmp_path):
    deep = tmp_path / "deep.png"
    cv2.imwrite(str(deep), np.full((200, 200), 32768, np.uint16))
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (200, 200), (0, 0, 0, 0)).save(clear)
    assert abs(int(pixels_of(read_thumbnail(deep, 96))[50, 50, 0]) - 128) <= 1
    assert pixels_of(read_thumbnail(clear, 96))[50, 50].tolist() == [255, 255, 255]


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "empty.jpg", "missing.jpg"])
def test_what_cannot_be_read_is_a_problem_in_words(qtbot, pool, tmp_path, name):
    path = tmp_path / name
    if name.startswith("cut"):
        whole = picture(tmp_path, f"whole{path.suffix}", (300, 400)).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif name.startswith("empty"):
        path.touch()
    receiver = Receiver(pool)
    pool.request("a", path)
    pool.request_thumbnail("a", path)
    qtbot.waitUntil(lambda: len(receiver.failures) == 2)
    for key, problem in receiver.failures:
        assert key == "a"
        assert str(path) in problem.what
        assert problem.remedy
    assert not receiver.images
    assert not receiver.thumbnails


def test_a_kept_picture_is_there_at_once(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    path = picture(tmp_path, "a.png")
    pool.request("a", path)
    qtbot.waitUntil(lambda: len(receiver.images) == 1)
    path.unlink()
    pool.request("a", path)
    assert len(receiver.images) == 2


def test_pictures_read_ahead_are_kept_and_not_announced(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    pages = [(name, picture(tmp_path, f"{name}.png")) for name in "abc"]
    pool.request(*pages[0])
    pool.prefetch(pages[1:])
    qtbot.waitUntil(lambda: pool.cached_bytes >= 3 * 40 * 60 * 3)
    assert [key for key, _ in receiver.images] == ["a"]
    pool.request(*pages[2])
    assert [key for key, _ in receiver.images] == ["a", "c"]


def test_a_page_dropped_from_reading_ahead_can_be_asked_for_again(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    pages = [(f"p{n}", picture(tmp_path, f"p{n}.png", (400, 600))) for n in range(12)]
    pool.prefetch(pages)
    pool.prefetch([])
    pool.request(*pages[-1])
    qtbot.waitUntil(lambda: bool(receiver.images))
    assert receiver.images[0][0] == "p11"


def test_only_the_page_looked_at_last_is_announced(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    for name in "abcdef":
        pool.request(name, picture(tmp_path, f"{name}.png", (300, 300)))
    qtbot.waitUntil(lambda: bool(receiver.images))
    qtbot.wait(50)
    assert [key for key, _ in receiver.images][-1] == "f"
    assert len(receiver.images) == 1


def test_memory_stays_within_its_bound_and_the_shown_picture_in_it(qtbot, tmp_path):
    one = QImage(60, 40, QImage.Format.Format_RGB32).sizeInBytes()
    pool = ImagePool(cache_bytes=3 * one)
    receiver = Receiver(pool)
    pages = [(f"p{n}", picture(tmp_path, f"p{n}.png")) for n in range(8)]
    for count, page in enumerate(pages, start=1):
        pool.request(*page)
        qtbot.waitUntil(lambda expected=count: len(receiver.images) == expected)
        assert pool.cached_bytes == min(count, 3) * one
    pool.shutdown()
    assert pool.cached_bytes == 0


def test_a_picture_larger_than_the_bound_is_shown_all_the_same(qtbot, tmp_path):
    pool = ImagePool(cache_bytes=10)
    receiver = Receiver(pool)
    pool.request("a", picture(tmp_path, "a.png"))
    qtbot.waitUntil(lambda: bool(receiver.images))
    pool.shutdown()


def test_another_folder_drops_what_is_under_way(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = picture(tmp_path / "old", "a.png", (500, 500), 10)
    new = picture(tmp_path / "new", "a.png", (50, 50), 200)
    pool.request("a.png", old)
    pool._pool.waitForDone()  # it is on its way and has not arrived
    pool.clear()
    pool.request("a.png", new)
    qtbot.waitUntil(lambda: bool(receiver.images))
    qtbot.wait(50)
    assert [(key, image.width()) for key, image in receiver.images] == [("a.png", 50)]


def test_thumbnails_that_scrolled_away_are_forgotten_and_can_be_asked_for_again(qtbot, pool, tmp_path):
    receiver = Receiver(pool)
    path = picture(tmp_path, "a.png")
    for number in range(WAITING_THUMBNAILS + 100):
        pool.request_thumbnail(f"p{number}", path)
    qtbot.waitUntil(lambda: not pool._in_work, timeout=20_000)
    qtbot.wait(20)
    assert f"p{WAITING_THUMBNAILS + 99}" in [key for key, _ in receiver.thumbnails]
    before = len(receiver.thumbnails)
    pool.request_thumbnail("p0", path)
    qtbot.waitUntil(lambda: len(receiver.thumbnails) == before + 1)


def test_after_shutdown_nothing_is_said(qtbot, tmp_path):
    pool = ImagePool()
    receiver = Receiver(pool)
    for number in range(20):
        pool.request_thumbnail(f"p{number}", picture(tmp_path, f"p{number}.png", (300, 300)))
    pool.shutdown()
    pool.request("a", picture(tmp_path, "a.png"))
    qtbot.wait(50)
    assert not receiver.images
    assert not receiver.thumbnails


def test_kept_thumbnails_are_used_until_the_picture_changes(tmp_path):
    folder = tmp_path / "thumbnails"
    path = picture(tmp_path, "a.png", (200, 200), 50)
    first = pixels_of(read_thumbnail(path, 96, folder))
    (kept,) = folder.iterdir()
    Image.fromarray(np.full((96, 96, 3), 7, np.uint8)).save(kept)
    assert pixels_of(read_thumbnail(path, 96, folder)).max() == 7
    picture(tmp_path, "a.png", (200, 100), 50)
    again = pixels_of(read_thumbnail(path, 96, folder))
    assert again.shape == (96, 48, 3)
    assert first.shape == (96, 96, 3)


def test_a_broken_kept_thumbnail_is_made_again(tmp_path):
    folder = tmp_path / "thumbnails"
    path = picture(tmp_path, "a.png", (200, 200), 50)
    read_thumbnail(path, 96, folder)
    (kept,) = folder.iterdir()
    kept.write_bytes(b"")
    assert pixels_of(read_thumbnail(path, 96, folder))[50, 50, 0] == 50


def test_a_missing_picture_is_missing_even_with_a_folder_for_thumbnails(tmp_path):
    with pytest.raises(BadImage, match="no such file"):
        read_thumbnail(tmp_path / "none.jpg", 96, tmp_path / "thumbnails")


def test_pruning_keeps_the_newest(tmp_path):
    for number in range(5):
        file = tmp_path / f"{number}.png"
        file.touch()
        os.utime(file, (number, number))
    prune(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.png", "4.png"]


def test_of_many_pictures_nothing_but_the_kept_ones_stays(qtbot, tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 30)).save(path)
    pool = ImagePool(cache_bytes=0, threads=2)
    receiver = Receiver(pool)
    kept_before = sum(issubclass(type(one), QRunnable) for one in gc.get_objects())
    for number in range(100):
        pool.prefetch([(f"{number} {other}", path) for other in range(5)])
        pool.request(str(number), path)
        qtbot.waitUntil(lambda number=number: len(receiver.images) == number + 1)
    gc.collect()
    kept = sum(issubclass(type(one), QRunnable) for one in gc.get_objects()) - kept_before
    pool.shutdown()
    assert kept <= 0
