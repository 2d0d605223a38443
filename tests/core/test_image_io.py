import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, TiffImagePlugin

from tcm_core.data.image_io import (
    MAX_PIXELS,
    is_image_file,
    list_images,
    orientation,
    read_header,
    read_image,
    read_size,
    read_stored,
)
from tcm_core.errors import BadImage

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def corners(pixels):
    """The colours at top left, top right, bottom right, bottom left."""
    return [tuple(int(v) for v in pixels[y, x]) for y, x in ((0, 0), (0, -1), (-1, -1), (-1, 0))]


def marked_picture(width=40, height=20):
    """Black with a coloured block in each corner: red, green, blue, white, clockwise from the top left."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:4, :4], pixels[:4, -4:], pixels[-4:, -4:], pixels[-4:, :4] = RED, GREEN, BLUE, WHITE
    return pixels


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_lossless_formats_give_their_pixels(tmp_path, suffix):
    pixels = np.random.default_rng(0).integers(0, 256, (17, 23, 3), dtype=np.uint8)
    path = save(tmp_path / f"a.{suffix}", pixels, **({"lossless": True} if suffix == "webp" else {}))
    read = read_image(path)
    assert np.array_equal(read, pixels)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert read.flags.writeable
    assert read_size(path) == (17, 23)


def test_jpeg_and_gif_give_nearly_their_pixels(tmp_path):
    pixels = np.full((16, 32, 3), (200, 40, 90), np.uint8)
    for name in ("a.jpg", "a.gif"):
        assert np.abs(read_image(save(tmp_path / name, pixels)).astype(int) - pixels).max() <= 4


TOP_LEFT_OF = {
    1: 0,
    2: 1,
    3: 2,
    4: 3,
    5: 0,
    6: 3,
    7: 2,
    8: 1,
}  # which stored corner a viewer shows at top left


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_turns_the_view_and_not_the_stored_frame(tmp_path, suffix, value):
    exif = Image.Exif()
    exif[0x0112] = value
    options = {"lossless": True} if suffix == "webp" else {}
    path = save(tmp_path / f"a.{suffix}", marked_picture(), exif=exif, **options)
    stored, view = [RED, GREEN, BLUE, WHITE], corners(read_image(path, "view"))
    assert orientation(path) == value
    assert corners(read_image(path, "stored")) == stored
    assert view[0] == stored[TOP_LEFT_OF[value]]
    assert sorted(view) == sorted(stored)
    assert read_size(path, "stored") == (20, 40)
    assert read_size(path, "view") == ((40, 20) if value >= 5 else (20, 40)) == read_image(path).shape[:2]


def test_the_usual_upright_photograph_is_turned_clockwise(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "a.jpg", marked_picture(64, 32), exif=exif, quality=100, subsampling=0)
    view = read_image(path)
    assert view.shape == (64, 32, 3)
    for corner, colour in zip(corners(view), [WHITE, RED, GREEN, BLUE], strict=True):
        assert np.abs(np.subtract(corner, colour)).max() < 30


@pytest.mark.parametrize("value", range(1, 9))
def test_a_jpeg_is_turned_as_pillow_turns_it(tmp_path, value):
    exif = Image.Exif()
    exif[0x0112] = value
    noise = np.random.default_rng(value).integers(0, 256, (18, 30, 3), dtype=np.uint8)
    path = save(tmp_path / "a.jpg", noise, exif=exif)
    with Image.open(path) as picture:
        stored, view = np.asarray(picture), np.asarray(ImageOps.exif_transpose(picture))
    assert np.array_equal(read_image(path, "stored"), stored)
    read = read_image(path, "view")
    assert np.array_equal(read, view)
    assert read.flags.c_contiguous
    assert read.flags.writeable
    assert read_header(path) == ((18, 30), value)
    assert read_header(path).size("view") == view.shape[:2]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"subsampling": 0},
        {"keep_rgb": True},
        {"quality": 5},
        {"exif": b"Exif\x00\x00" + b"\xff\xd9" * 40},
    ],
)
def test_a_jpeg_of_any_kind_gives_the_pixels_that_pillow_gives(tmp_path, options):
    noise = np.random.default_rng(3).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    path = save(tmp_path / "a.jpg", noise, **options)
    with Image.open(path) as picture:
        assert np.array_equal(read_image(path), np.asarray(picture))


def test_a_grey_jpeg_becomes_rgb(tmp_path):
    path = save(tmp_path / "a.jpg", np.full((16, 24), 90, np.uint8))
    assert np.unique(read_image(path)).tolist() == [90]
    assert read_image(path).shape == (16, 24, 3)


def test_a_jpeg_with_something_behind_its_end_is_read(tmp_path):
    path = save(tmp_path / "a.jpg", marked_picture())
    before = read_image(path)
    with path.open("ab") as file:
        file.write(b"written by a camera")
    assert np.array_equal(read_image(path), before)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("reduce", [2, 4, 8])
@pytest.mark.parametrize("value", [1, 6])
def test_a_reduced_picture_is_the_stored_one_made_smaller(tmp_path, suffix, reduce, value):
    exif = Image.Exif()
    exif[0x0112] = value
    ramp = np.zeros((45, 75, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(75) * 3, np.arange(45)[:, None] * 5
    path = save(tmp_path / f"a.{suffix}", ramp, exif=exif)
    small = read_stored(path, reduce)
    assert small.header == ((45, 75), value)
    assert small.pixels.shape == (-(-45 // reduce), -(-75 // reduce), 3)
    rows, columns = 45 // reduce, 75 // reduce
    means = ramp[: rows * reduce, : columns * reduce].reshape(rows, reduce, columns, reduce, 3).mean((1, 3))
    assert np.abs(small.pixels[:rows, :columns].astype(float) - means).max() <= 12


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_the_stored_picture_comes_with_its_header(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", marked_picture())
    read = read_stored(path)
    assert np.array_equal(read.pixels, read_image(path, "stored"))
    assert (read.header, read.reduced) == (((20, 40), 1), 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # Pillow's own
def test_a_broken_exif_block_does_not_cost_the_picture(tmp_path):
    path = save(tmp_path / "a.jpg", marked_picture(), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7fgarbage")
    assert orientation(path) == 1
    assert read_image(path).shape == (20, 40, 3)


def test_an_orientation_that_does_not_exist_counts_as_none(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 99
    assert orientation(save(tmp_path / "a.png", marked_picture(), exif=exif)) == 1


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_is_scaled_to_8_bits(tmp_path, suffix):
    values = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    path = save(tmp_path / f"a.{suffix}", values)
    assert read_image(path)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_big_endian_16_bit_grey_is_scaled_to_8_bits(tmp_path):
    path = tmp_path / "a.tif"
    Image.frombytes("I;16B", (3, 1), struct.pack(">HHH", 0, 257 * 100, 65535)).save(path)
    assert read_image(path)[0, :, 1].tolist() == [0, 100, 255]


def test_float_grey_between_0_and_1_fills_the_8_bits(tmp_path):
    path = save(tmp_path / "a.tif", np.array([[0.0, 0.5, 1.0]], dtype=np.float32))
    assert read_image(path)[0, :, 2].tolist() == [0, 128, 255]


def test_alpha_is_laid_over_white(tmp_path):
    pixels = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]], dtype=np.uint8)
    read = read_image(save(tmp_path / "a.png", pixels))
    assert read[0].tolist() == [[255, 0, 0], [255, 255, 255], [127, 127, 127]]


def test_grey_with_alpha_and_a_transparent_palette_colour_are_laid_over_white(tmp_path):
    grey_alpha = np.array([[[0, 255], [0, 0]]], dtype=np.uint8)
    assert read_image(save(tmp_path / "la.png", grey_alpha))[0].tolist() == [[0, 0, 0], [255, 255, 255]]
    palette = Image.fromarray(np.array([[0, 1]], dtype=np.uint8)).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(tmp_path / "p.png", transparency=1)
    assert read_image(tmp_path / "p.png")[0].tolist() == [[10, 20, 30], [255, 255, 255]]


def test_palette_grey_and_1_bit_become_rgb(tmp_path):
    palette = Image.fromarray(np.array([[0, 1]], dtype=np.uint8)).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png")[0].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert read_image(save(tmp_path / "l.png", np.array([[7, 9]], np.uint8)))[0].tolist() == [
        [7] * 3,
        [9] * 3,
    ]
    one_bit = save(tmp_path / "1.png", np.array([[True, False]]))
    assert read_image(one_bit)[0].tolist() == [[255] * 3, [0] * 3]


def test_cmyk_jpeg_is_not_inverted(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(path, quality=100)
    red = read_image(path)[8, 8].astype(int)
    assert np.abs(red - RED).max() < 8


@pytest.mark.parametrize("name", ["茶庄 🍵, 2.png", "a,b.png", "with space.png", "Ünïcode'\"#%.png"])
def test_names_of_any_kind_are_read_and_listed(tmp_path, name):
    path = save(tmp_path / name, marked_picture())
    assert read_image(path).shape == (20, 40, 3)
    assert list_images(tmp_path) == [path]


def test_what_is_inside_decides_and_not_the_suffix(tmp_path):
    save(tmp_path / "a.png", marked_picture()).rename(tmp_path / "a.jpg")
    assert np.array_equal(read_image(tmp_path / "a.jpg"), marked_picture())


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "tif", "webp", "gif"])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_picture_that_is_cut_off_is_refused(tmp_path, suffix, keep):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = save(tmp_path / f"a.{suffix}", noise).read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(BadImage, match="cut off") as caught:
        read_image(path)
    assert str(path) in str(caught.value)
    assert "Copy it again" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"hello, this is text", "known format"), (b"\xff\xd8\xff", "damaged")],
)
def test_what_is_no_picture_is_refused_in_words(tmp_path, content, words):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    for read in (read_image, read_size, orientation):
        with pytest.raises(BadImage, match=words):
            read(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BadImage, match="no such file"):
        read_image(tmp_path / "none.jpg")
    with pytest.raises(BadImage):
        read_image(tmp_path)


def png_with_header(width, height):
    """A PNG that promises a size and holds next to nothing."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 100))
        + chunk(b"IEND", b"")
    )


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_with_header(100_000, 100_000))
    with pytest.raises(BadImage, match=r"100000 x 100000 pixels are 10,000 million.*600 million"):
        read_image(path)
    with pytest.raises(BadImage, match="600 million"):
        read_size(path)


def test_20000_by_20000_pixels_are_within_the_limit_and_raise_no_warning(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png_with_header(20_000, 20_000))
    assert MAX_PIXELS >= 20_000 * 20_000
    assert read_size(path) == (20_000, 20_000)


def test_more_pixels_than_pillow_likes_are_read_without_a_warning(tmp_path):
    """Pillow's own check warns from 89 million pixels on; warnings are errors here."""
    path = tmp_path / "wide.png"
    Image.new("1", (10_000, 9_200)).save(path)
    assert read_image(path).shape == (9_200, 10_000, 3)


def test_a_tiff_over_its_limit_is_told_the_way_out(tmp_path):
    path = tmp_path / "large.tif"
    Image.new("L", (1, 1)).save(path)
    huge = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in (
        (256, 20_000),
        (257, 20_000),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (279, 1),
    ):
        huge[tag] = value
    content = io.BytesIO(b"II*\x00\x08\x00\x00\x00")
    content.seek(8)
    huge.save(content)
    path.write_bytes(content.getvalue())
    with pytest.raises(BadImage, match="PNG or JPEG"):
        read_image(path)


def test_pictures_are_listed_in_natural_order_without_hidden_and_other_files(tmp_path):
    names = [
        "img_10.jpg",
        "img_2.JPG",
        "b/img_1.png",
        "a.tiff",
        ".tcm-studio/x.png",
        ".hidden.jpg",
        "notes.txt",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    listed = [path.relative_to(tmp_path).as_posix() for path in list_images(tmp_path)]
    assert listed == ["a.tiff", "b/img_1.png", "img_2.JPG", "img_10.jpg"]


def test_a_folder_that_is_not_there_cannot_be_listed(tmp_path):
    with pytest.raises(BadImage, match="no such folder"):
        list_images(tmp_path / "none")


def test_the_name_tells_an_image():
    assert is_image_file(Path("a.JPEG"))
    assert not is_image_file(Path("a.txt"))
    assert not is_image_file(Path("._a.jpg"))


ENCODED = {}
for kind, extra in {
    "JPEG": {},
    "PNG": {},
    "TIFF": {"compression": "tiff_lzw"},
    "GIF": {},
    "WEBP": {},
    "BMP": {},
}.items():
    buffer = io.BytesIO()
    Image.fromarray(marked_picture()).save(buffer, kind, **extra)
    ENCODED[kind] = buffer.getvalue()


@pytest.mark.filterwarnings("ignore")  # Pillow's own, about broken tags
@pytest.mark.logs_warnings  # likewise
@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(ENCODED)),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_changed_bytes_never_raise_anything_but_bad_image(tmp_path_factory, kind, changes):
    content = bytearray(ENCODED[kind])
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path_factory.mktemp("changed") / "a"
    path.write_bytes(content)
    message, shape = "", ()
    try:
        shape = read_image(path).shape
    except BadImage as error:
        message = str(error)
    assert str(path) in message or (len(shape) == 3 and shape[2] == 3)
