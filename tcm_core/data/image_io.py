"""The one image reader: whoever looks at a picture gets the same pixels in the same frame from here.

"view" applies the EXIF orientation tag, as picture viewers do; "stored" ignores it, as the labels of the
public benchmarks need. tcm_core.geometry.orientation turns polygons between the two. Nothing here writes.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tcm_core.data.image_files import IMAGE_SUFFIXES as IMAGE_SUFFIXES
from tcm_core.data.image_files import is_image_file as is_image_file
from tcm_core.data.image_files import list_images as list_images
from tcm_core.data.image_files import natural_key as natural_key
from tcm_core.errors import BadImage
from tcm_core.geometry.orientation import ReadFrame as ReadFrame
from tcm_core.geometry.orientation import view_size

MAX_PIXELS: Final = 600_000_000
"""Larger pictures are refused before they are decoded: 600 million pixels are 1.8 GB of RGB."""

_SMALLER_LIMIT: Final = 178_000_000  # Pillow's own bound, which these formats check while they decode
_BAND_BYTES: Final = 128_000_000
_LARGE_BLOCK: Final = 31 * 2**20  # bytes; from 32 MiB on the allocator learns nothing


class _Format(NamedTuple):
    start: bytes  # regular expression on the first 16 bytes
    reader: type[ImageFile]
    max_pixels: int


# The classes are called directly and not through Image.open: that warns from 89 million pixels on and refuses
# from 178 million on by a process-wide setting, while the bound here is ours.
_FORMATS: Final = (
    _Format(rb"\xff\xd8\xff", JpegImageFile, MAX_PIXELS),
    _Format(rb"\x89PNG\r\n\x1a\n", PngImageFile, MAX_PIXELS),
    _Format(rb"BM", BmpImageFile, MAX_PIXELS),
    _Format(rb"II[*+]\x00|MM\x00[*+]", TiffImageFile, _SMALLER_LIMIT),
    _Format(rb"RIFF....WEBP", WebPImageFile, _SMALLER_LIMIT),
    _Format(rb"GIF8[79]a", GifImageFile, _SMALLER_LIMIT),
)

# What Pillow's decoders raise on damaged files, by experience with cut and changed bytes.
_DECODING_ERRORS: Final = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError,
    AssertionError, RuntimeError, struct.error, zlib.error, Image.DecompressionBombError, Warning,
)  # fmt: skip

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> the turn from the stored to the view frame."""
_INVERSE: Final = {6: 8, 8: 6}

_JPEG_END: Final = b"\xff\xd9"


class ImageHeader(NamedTuple):
    """What a file says of its picture before the pixels."""

    stored_size: tuple[int, int]  # (height, width)
    orientation: int  # EXIF, 1 to 8

    def size(self, frame: ReadFrame) -> tuple[int, int]:
        """(height, width) in the frame."""
        return self.stored_size if frame == "stored" else view_size(self.stored_size, self.orientation)


class StoredImage(NamedTuple):
    """A picture as the file holds it, possibly smaller."""

    pixels: NDArray[np.uint8]  # (ceil(H / reduced), ceil(W / reduced), 3) RGB in the stored frame
    header: ImageHeader
    reduced: int  # pixel (x, y) covers x * reduced to (x + 1) * reduced, and so down


def read_image(path: Path, frame: ReadFrame = "view") -> NDArray[np.uint8]:
    """The picture as 8-bit RGB.

    16-bit and float greys are scaled to 8 bits, alpha is laid over white, CMYK and palettes become RGB, of an
    animation the first picture is taken.

    Returns:
        (H, W, 3), RGB, contiguous and writable; H and W are those of read_size in the same frame.

    Raises:
        BadImage: missing, unreadable, empty, damaged or cut off, of an unknown format, or too large.
    """
    with _opened(path) as image:
        if isinstance(image, JpegImageFile) and (pixels := _fast_jpeg(image, 1)) is not None:
            return pixels if frame == "stored" else _turned(pixels, _orientation(image))
        turn = _turn_to(frame, image)
        image.load()
        rgb = _to_rgb(image)
        if turn is not None:
            rgb = rgb.transpose(turn)
        return _pixels(rgb)


def read_stored(path: Path, reduce: int = 1) -> StoredImage:
    """The picture as stored, opened once: its pixels are those of read_image, which has the same care.

    Args:
        path: of the file.
        reduce: 1, 2, 4 or 8: this many pixels each way become one. JPEG files are decoded at the smaller
            size, which is faster; of others the mean is taken.

    Raises:
        BadImage: as read_image.
    """
    with _opened(path) as image:
        header = _header(image)
        pixels = _fast_jpeg(image, reduce) if isinstance(image, JpegImageFile) else None
        if pixels is None:
            turn = _turn_to("stored", image)
            image.load()
            rgb = _to_rgb(image)
            rgb = rgb if turn is None else rgb.transpose(turn)
            pixels = _pixels(rgb if reduce == 1 else rgb.reduce(reduce))
        return StoredImage(pixels, header, reduce)


def read_header(path: Path) -> ImageHeader:
    """Size and orientation, from the header alone.

    Raises:
        BadImage: as read_image, except for damage behind the header.
    """
    with _opened(path) as image:
        return _header(image)


def read_size(path: Path, frame: ReadFrame = "view") -> tuple[int, int]:
    """(height, width) in the frame, from the header alone.

    Raises:
        BadImage: as read_header.
    """
    return read_header(path).size(frame)


def orientation(path: Path) -> int:
    """The EXIF orientation tag, 1 to 8; 1 (as stored) when there is none or it is not valid.

    Raises:
        BadImage: as read_header.
    """
    return read_header(path).orientation


def keep_large_blocks() -> None:
    """Lets this process keep the memory of one decoded picture for the next one: for reading many.

    GNU's allocator maps a large block anew every time and gives it back, which costs more than decoding a
    JPEG, until it has seen a block of that size come and go. Elsewhere this does nothing.
    """
    block = np.empty(_LARGE_BLOCK, np.uint8)
    del block


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile]:
    """The image with its header read and its size checked; whatever goes wrong inside is a BadImage."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
            file.seek(0)
            image_format = _format_of(path, head)
            with image_format.reader(file) as image:
                _check_size(path, image, image_format)
                yield image
    except FileNotFoundError as error:
        raise BadImage(f"{path}: no such file. Was it moved or renamed?") from error
    except IsADirectoryError as error:
        raise BadImage(f"{path}: this is a folder, not an image.") from error
    except PermissionError as error:
        raise BadImage(f"{path}: no permission to read it, or not a file. Check its permissions.") from error
    except MemoryError as error:
        raise BadImage(
            f"{path}: not enough memory to decode it. Reduce the picture or close programs."
        ) from error
    except _DECODING_ERRORS as error:
        raise BadImage(
            f"{path}: the image is damaged or cut off ({error}). Copy it again from its source."
        ) from error


def _format_of(path: Path, head: bytes) -> _Format:
    if not head:
        raise BadImage(f"{path}: the file is empty (0 bytes). Copy it again from its source.")
    for image_format in _FORMATS:
        if re.match(image_format.start, head, re.DOTALL):
            return image_format
    raise BadImage(
        f"{path}: not an image of a known format. Convert it to JPEG, PNG, TIFF, BMP, WebP or GIF."
    )


def _check_size(path: Path, image: ImageFile, image_format: _Format) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise BadImage(f"{path}: the image has no pixels ({width} x {height}).")
    if width * height > image_format.max_pixels:
        limit = f"{image_format.max_pixels // 1_000_000} million"
        advice = "Reduce or cut the picture."
        if image_format.max_pixels < MAX_PIXELS:
            advice = "Reduce or cut the picture, or save it as PNG or JPEG, whose limit is higher."
        raise BadImage(
            f"{path}: {width} x {height} pixels are {width * height / 1e6:,.0f} million, "
            f"more than the limit of {limit} for {image.format}. {advice}"
        )


def _header(image: ImageFile) -> ImageHeader:
    width, height = image.size
    value = _orientation(image)
    if isinstance(image, TiffImageFile):  # Pillow has turned its size already
        return ImageHeader(view_size((height, width), value), value)
    return ImageHeader((height, width), value)


def _fast_jpeg(image: JpegImageFile, reduce: int) -> NDArray[np.uint8] | None:
    """OpenCV's decoding of a grey or colour JPEG, the same pixels sooner; None where Pillow must look at it.

    OpenCV 4 fills a picture that is cut off with grey and says nothing, so only files that end as JPEG files
    must are given to it.
    """
    if image.mode not in ("RGB", "L") or image.fp is None:
        return None
    image.fp.seek(0)
    content = image.fp.read()
    if not content.endswith(_JPEG_END):
        return None
    import cv2  # with the first picture, not with the names of pictures

    flags = {
        1: cv2.IMREAD_COLOR_RGB,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags[reduce] | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    if pixels is None:
        return None
    return np.asarray(pixels if reduce == 1 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _turned(pixels: NDArray[np.uint8], value: int) -> NDArray[np.uint8]:
    """The pixels of the stored frame in the view frame, by the EXIF orientation."""
    if value >= 5:  # the four that exchange rows and columns
        pixels = pixels.swapaxes(0, 1)
        down, across = value in (7, 8), value in (6, 7)
    else:
        down, across = value in (3, 4), value in (2, 3)
    return np.ascontiguousarray(pixels[:: -1 if down else 1, :: -1 if across else 1])


def _orientation(image: ImageFile) -> int:
    try:
        if isinstance(image, TiffImageFile):
            value = image.tag_v2.get(ExifTags.Base.Orientation)
        else:
            # the plain method: PNG's own decodes the whole picture in search of a late tag
            value = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
    except _DECODING_ERRORS:  # a broken EXIF block must not cost the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turn_to(frame: ReadFrame, image: ImageFile) -> Image.Transpose | None:
    """The turn still to do after loading; Pillow itself turns TIFF while it loads, and nothing else."""
    value = _orientation(image)
    if isinstance(image, TiffImageFile):
        return _TURNS.get(_INVERSE.get(value, value)) if frame == "stored" else None
    return _TURNS.get(value) if frame == "view" else None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _grey_to_8_bits(image).convert("RGB")
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in ("RGBA", "RGBa", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _grey_to_8_bits(image: Image.Image) -> Image.Image:
    """Deep greys from the range they are in: 1.0 or 255 (floats only), 65535, or what the largest needs."""
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    largest = float(values.max())
    if image.mode == "F" and largest <= 1.0:
        white = 1.0
    elif image.mode == "F" and largest <= 255.0:
        white = 255.0
    else:
        white = max(65535.0, largest)
    return Image.fromarray(np.rint(np.clip(values * (255.0 / white), 0.0, 255.0)).astype(np.uint8))


def _pixels(rgb: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3), copied in bands so that a very large picture does not exist three times over."""
    width, height = rgb.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    rows = max(1, _BAND_BYTES // (3 * width))
    for top in range(0, height, rows):
        band = rgb if rows >= height else rgb.crop((0, top, width, min(top + rows, height)))
        pixels[top : top + rows] = np.frombuffer(band.tobytes(), np.uint8).reshape(-1, width, 3)
    return pixels
