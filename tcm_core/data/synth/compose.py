"""A block of letters laid into a picture: colours that stand out, with the ground's light and structure."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.synth import LookConfig
from tcm_core.data.synth.photo import Light

Colour = NDArray[np.float32]
"""(3,) RGB in grey steps."""

Window = tuple[int, int, int, int]
"""x0, y0, x1, y1 of an upright part of the picture, whole pixels."""

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_TRIES: Final = 10
_CLEAR_STEPS: Final = (50.0, 140.0)
"""The grey steps between a colour and its ground are asked to exceed a value drawn from here."""


class Shadow(NamedTuple):
    """A cast shadow.

    Attributes:
        offset: x and y in pixels.
        sigma: softness in pixels.
        strength: 0 to 1: how much light it takes.
    """

    offset: tuple[float, float]
    sigma: float
    strength: float


class Paint(NamedTuple):
    """The colours of a block and how they lie on the ground.

    Attributes:
        fill: of the letters.
        outline: around the letters; of no account where there is none.
        plate: behind them; of no account where there is none.
        opacity: how much of the ground the ink hides.
        shading: how much of the ground's uneven light falls on the ink.
        texture: how much of the ground's fine structure shows in the ink.
        softness: standard deviation in pixels by which edges are blurred.
        shadow: None for none.
        glow: 0 to 1: how much light the letters shed around them.
    """

    fill: Colour
    outline: Colour
    plate: Colour
    opacity: float
    shading: float
    texture: float
    softness: float
    shadow: Shadow | None
    glow: float


class Ground(NamedTuple):
    """What a block will stand on.

    Attributes:
        colour: mean colour there, by day.
        palette: (K, 3) colours found elsewhere in the picture, by day.
        size: font size in pixels, which shadows go by.
        plated: whether the block has a plate of its own.
    """

    colour: Colour
    palette: NDArray[np.float32]
    size: float
    plated: bool


def choose_paint(ground: Ground, config: LookConfig, light: Light, random: np.random.Generator) -> Paint:
    """Colours for a block on a ground."""
    shines = random.random() < light.shining
    clear = 0.0 if random.random() < config.low_contrast else random.uniform(*_CLEAR_STEPS)
    plate = _clear_of(ground.colour, ground.palette, 25.0, random)
    if shines:
        plate = plate * 0.25
    fill = _clear_of(plate if ground.plated else ground.colour, ground.palette, clear, random)
    if shines:
        fill = 255 * (0.5 + 0.5 * fill / max(1.0, float(fill.max())))
    outline = _clear_of(fill, ground.palette, random.uniform(*_CLEAR_STEPS), random)
    gain = np.ones(3, np.float32) if shines else light.gain
    shadow = _draw_shadow(ground.size, random) if random.random() < config.shadow else None
    return Paint(
        fill * gain, outline * gain, plate * gain,
        opacity=random.uniform(*config.opacity), shading=random.uniform(*config.shading),
        texture=random.uniform(*config.texture), softness=random.uniform(*config.softness),
        shadow=None if shines else shadow, glow=random.uniform(0.3, 0.8) if shines else 0.0,
    )  # fmt: skip


def lay(image: NDArray[np.uint8], window: Window, layers: NDArray[np.uint8], paint: Paint) -> None:
    """Draws a block into a window of the picture, in place.

    Args:
        image: (H, W, 3) RGB.
        window: inside the image.
        layers: (h, w, 3), of the window's size: coverage by letters, by letters with outline, by plate.
        paint: its colours.
    """
    x0, y0, x1, y1 = window
    if paint.softness > 0.15:
        layers = cv2.GaussianBlur(layers, (0, 0), paint.softness)
    ground = image[y0:y1, x0:x1].astype(np.float32)
    light, structure = _surface(ground, paint)
    cover = layers.astype(np.float32) * np.float32(1 / 255)
    fill, ink, plate = (cover[..., index : index + 1] for index in range(3))
    result = ground
    if layers[..., 2].any():
        result = _over(result, paint.plate * light + structure, plate * max(paint.opacity, 0.95))
    if paint.shadow is not None:
        result = result * (1 - _cast(ink, paint.shadow))
    if paint.glow > 0:
        halo = cv2.GaussianBlur(ink[..., 0], (0, 0), max(1.5, 0.04 * max(window[3] - y0, window[2] - x0)))
        result = result + halo[..., None] * paint.fill * paint.glow
    if not np.array_equal(layers[..., 0], layers[..., 1]):
        result = _over(result, paint.outline * light + structure, ink * paint.opacity)
    result = _over(result, paint.fill * light + structure, fill * paint.opacity)
    image[y0:y1, x0:x1] = np.clip(result + 0.5, 0, 255)


def mean_colour(image: NDArray[np.uint8], window: Window) -> Colour:
    """(3,) the mean in a window."""
    x0, y0, x1, y1 = window
    return np.array(cv2.mean(image[y0:y1, x0:x1])[:3], np.float32)


def draw_palette(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float32]:
    """(K, 3) colours of the picture at random places."""
    places = random.random((24, 2)) * image.shape[:2]
    rows, columns = places.astype(int).T
    return image[rows, columns].astype(np.float32)


def luma(colour: Colour) -> float:
    """The grey of a colour."""
    return float(colour @ _LUMA)


def _clear_of(
    ground: Colour, palette: NDArray[np.float32], steps: float, random: np.random.Generator
) -> Colour:
    """A colour that differs from the ground by so many grey steps; else black or white."""
    wanted = luma(ground)
    for _ in range(_TRIES):
        colour = _some_colour(palette, random)
        if abs(luma(colour) - wanted) >= steps:
            return colour
    shade = random.uniform(0, 20) if wanted > 127 else random.uniform(235, 255)
    return np.full(3, shade, np.float32)


def _some_colour(palette: NDArray[np.float32], random: np.random.Generator) -> Colour:
    kind = random.random()
    if kind < 0.35:  # near white or near black, as most signs
        shade = random.uniform(215, 255) if random.random() < 0.55 else random.uniform(0, 45)
        tint = random.uniform(-12, 12, 3)
        return np.clip(shade + tint, 0, 255).astype(np.float32)
    if kind < 0.8:  # paint
        hsv = np.array(
            [[[random.uniform(0, 360), random.uniform(0.45, 1), random.uniform(0.3, 1)]]], np.float32
        )
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255
    return palette[random.integers(len(palette))]


def _draw_shadow(size: float, random: np.random.Generator) -> Shadow:
    angle, reach = random.uniform(-np.pi, np.pi), max(1.0, size * random.uniform(0.03, 0.1))
    return Shadow(
        (float(np.cos(angle)) * reach, float(np.sin(angle)) * reach),
        random.uniform(0.3, 1.0) * reach,
        random.uniform(0.3, 0.8),
    )


def _surface(ground: NDArray[np.float32], paint: Paint) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Light on the ink as factors (h, w, 1), and fine structure of the ground to add to it (h, w, 1)."""
    grey = ground @ _LUMA
    side = 2 * max(3, min(grey.shape) // 4) + 1
    smooth = cv2.blur(grey, (side, side))
    light = np.clip(smooth / max(8.0, float(smooth.mean())), 0.4, 1.6)
    light = 1 + paint.shading * (light - 1)
    structure = np.clip(grey - smooth, -40, 40) * paint.texture
    return light[..., None], structure[..., None]


def _over(
    below: NDArray[np.float32], above: NDArray[np.float32], cover: NDArray[np.float32]
) -> NDArray[np.float32]:
    return below + (above - below) * cover


def _cast(ink: NDArray[np.float32], shadow: Shadow) -> NDArray[np.float32]:
    """How much light the shadow takes, (h, w, 1)."""
    height, width = ink.shape[:2]
    moved = cv2.warpAffine(
        ink[..., 0], np.array([[1, 0, shadow.offset[0]], [0, 1, shadow.offset[1]]]), (width, height)
    )
    return (cv2.GaussianBlur(moved, (0, 0), shadow.sigma) * shadow.strength)[..., None]
