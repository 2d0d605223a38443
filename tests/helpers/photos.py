"""Generated photographs, good and bad: a noisy scene with words, and files that readers stumble over."""

import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WORDS = ("OPEN", "TAXI", "EXIT", "CAFE", "BUS 12")


def scene(size: tuple[int, int] = (240, 320), seed: int = 0) -> NDArray[np.uint8]:
    """(H, W, 3) RGB: a gradient with noise and two words on boards; the same for the same seed."""
    height, width = size
    draw = np.random.default_rng(seed)
    ramp = np.linspace(60, 170, width, dtype=np.float32)[None, :, None] * np.ones((height, 1, 3), np.float32)
    picture = np.clip(ramp + draw.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)
    for row in range(2):
        word = WORDS[(seed + row) % len(WORDS)]
        x, y = round(width * 0.1), round(height * (0.25 + 0.4 * row))
        board = (x - 8, y - round(height * 0.14)), (x + round(width * 0.55), y + round(height * 0.06))
        cv2.rectangle(picture, *board, (240, 240, 235), -1)
        cv2.putText(
            picture, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, width / 260, (20, 20, 30), 3, cv2.LINE_AA
        )
    return picture


def write_photo(path: Path, size: tuple[int, int] = (240, 320), seed: int = 0, **options: object) -> Path:
    """Write a scene as the file type of its suffix; the options are Pillow's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(scene(size, seed)).save(path, **options)
    return path


def write_photos(folder: Path, names: tuple[str, ...] = ("a.jpg", "b.png", "c.jpg")) -> Path:
    """A folder with these photographs, each different."""
    for seed, name in enumerate(names):
        write_photo(folder / name, seed=seed)
    return folder


def write_rotated(path: Path, orientation: int = 6) -> Path:
    """A JPEG of 320 x 240 stored pixels that is to be shown turned (EXIF orientation 6: 240 x 320)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return write_photo(path, exif=exif)


def write_truncated(path: Path) -> Path:
    """A JPEG of which the second half is missing."""
    content = write_photo(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def write_empty(path: Path) -> Path:
    """A file without a byte."""
    path.write_bytes(b"")
    return path


def write_nonsense(path: Path) -> Path:
    """A text that calls itself a picture."""
    path.write_text("this is no picture", encoding="utf-8")
    return path


def write_16_bit(path: Path) -> Path:
    """A PNG with 16 bits a channel."""
    cv2.imwrite(str(path), scene()[..., ::-1].astype(np.uint16) * 257)
    return path


def write_cmyk(path: Path) -> Path:
    """A JPEG as printers use it."""
    Image.fromarray(scene()).convert("CMYK").save(path)
    return path


def write_alpha(path: Path) -> Path:
    """A PNG that is half transparent on its left side."""
    picture = Image.fromarray(scene()).convert("RGBA")
    alpha = np.full((240, 320), 255, np.uint8)
    alpha[:, :160] = 90
    picture.putalpha(Image.fromarray(alpha))
    picture.save(path)
    return path


def write_wide(path: Path, width: int = 20_000, height: int = 60) -> Path:
    """A very wide, low picture."""
    return write_photo(path, size=(height, width))


def write_bomb(path: Path, side: int = 60_000) -> Path:
    """A tiny BMP file whose header promises side x side pixels."""
    header = struct.pack("<2sIHHI", b"BM", 54, 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 2835, 2835, 0, 0)
    path.write_bytes(header + info)
    return path
