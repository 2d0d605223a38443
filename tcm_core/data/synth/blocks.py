"""Blocks of text: words, font, setting, bend and view, drawn by chance and fitted to a scene."""

from typing import Final, NamedTuple

import numpy as np

from tcm_core.config.synth import ShapeConfig, SynthConfig
from tcm_core.data.synth.fonts import FontFace, FontShelf
from tcm_core.data.synth.render import Lettering, Setting, letter
from tcm_core.data.synth.scripts import SCRIPTS
from tcm_core.data.synth.warp import Arc, Bend, View, Warp, Wave
from tcm_core.data.synth.words import Words, WordSource

_SMALLEST_FONT: Final = 6
_WIDEST_SHARE: Final = 0.85  # of the scene's width, for a block


class Block(NamedTuple):
    """A block of text that wants a place.

    Attributes:
        lettering: drawn flat.
        warp: about the origin of the scene; `moved` brings it to its place.
        size: font size in pixels.
    """

    lettering: Lettering
    warp: Warp
    size: int


class Wall(NamedTuple):
    """How the walls of a scene stand; most of its texts agree in that.

    Attributes:
        yaw: turn about the vertical axis in radians.
        pitch: turn about the horizontal axis in radians.
        roll: the camera's rotation in radians.
    """

    yaw: float
    pitch: float
    roll: float


def draw_wall(config: ShapeConfig, random: np.random.Generator) -> Wall:
    """How a scene's walls stand."""
    tilt = np.deg2rad(config.tilt_degrees)
    return Wall(
        random.uniform(-tilt, tilt), random.uniform(-tilt, tilt) * 0.5,
        np.deg2rad(random.normal(0, config.rotation_degrees)) * 0.5,
    )  # fmt: skip


def draw_block(
    config: SynthConfig,
    words: WordSource,
    fonts: FontShelf,
    wall: Wall,
    scene_size: tuple[int, int],
    random: np.random.Generator,
) -> Block | None:
    """A block; None when no font has its characters or it does not fit into the scene.

    Args:
        config: of the scene.
        words: where words come from.
        fonts: where fonts come from.
        wall: that the block is on.
        scene_size: (height, width) in pixels.
        random: draws.

    Raises:
        OSError: a font file has gone or is damaged.
    """
    text = words.draw(random)
    face = fonts.draw(text.script, text.characters, random)
    if face is None:
        return None
    curved = random.random() < config.shape.curved
    if curved:  # bent texts have one line: that is how labels and signs are made
        text = Words(text.script, text.lines[:1])
    lettering, size = _fitted(config, text, face, scene_size, random)
    if lettering is None:
        return None
    bend = _draw_bend(config.shape, lettering.size, random) if curved else None
    view = _draw_view(config.shape, wall, lettering.size, random)
    middle = np.array([lettering.size[1], lettering.size[0]]) / 2
    return Block(lettering, Warp(middle, bend, view.homography()), size)


def _fitted(
    config: SynthConfig, text: Words, face: FontFace, scene_size: tuple[int, int], random: np.random.Generator
) -> tuple[Lettering | None, int]:
    """The lettering, set smaller when it would be wider than the scene, and its font size."""
    smallest, largest = config.placement.height
    size = float(np.exp(random.uniform(np.log(smallest), np.log(largest))))
    setting = _draw_setting(config, text, size, random)
    lettering = letter(text, face, setting)
    if lettering is None:
        return None, 0
    room = _WIDEST_SHARE * scene_size[1] / lettering.size[1]
    if room < 1:
        size *= room
        if size < max(smallest, _SMALLEST_FONT):
            return None, 0
        setting = _scaled(setting, room)
        lettering = letter(text, face, setting)
    return lettering, setting.size


def _draw_setting(config: SynthConfig, text: Words, size: float, random: np.random.Generator) -> Setting:
    look = config.look
    outline = max(1, round(size * random.uniform(0.03, 0.08))) if random.random() < look.outline else 0
    spacing = size * random.uniform(0.05, 0.4) if random.random() < look.spacing else 0.0
    plate = size * random.uniform(0.15, 0.6) if random.random() < look.plate else None
    return Setting(
        size=max(_SMALLEST_FONT, round(size)),
        word_gap=max(3.0, size * random.uniform(0.22, 0.45) + 1.2 * spacing),
        line_gap=max(3.0, size * random.uniform(0.15, 0.6)),
        spacing=0.0 if SCRIPTS[text.script].joined else spacing,
        outline=outline,
        plate=plate,
        align=(0.0, 0.5, 0.5, 1.0)[random.integers(4)],
    )


def _scaled(setting: Setting, by: float) -> Setting:
    return setting._replace(
        size=max(_SMALLEST_FONT, int(setting.size * by)),
        word_gap=max(3.0, setting.word_gap * by),
        line_gap=max(3.0, setting.line_gap * by),
        spacing=setting.spacing * by,
        outline=max(1, round(setting.outline * by)) if setting.outline else 0,
        plate=None if setting.plate is None else setting.plate * by,
    )


def _draw_bend(config: ShapeConfig, size: tuple[int, int], random: np.random.Generator) -> Bend:
    """An arc or a wave for a sheet of (height, width)."""
    height, width = size
    span = np.deg2rad(random.uniform(*config.arc_degrees))
    slope = random.uniform(*config.wave_slope)
    length = width * random.uniform(0.7, 2.0)
    phase = random.uniform(0, 2 * np.pi)
    upwards = random.random() < 0.65
    if random.random() < 0.5:
        return Wave(slope * length / (2 * np.pi), length, phase)
    # the inner side keeps at least 0.6 of its length, and no sheet closes to a circle
    radius = max(width / span, 1.25 * height, width / (1.8 * np.pi))
    return Arc(radius if upwards else -radius)


def _draw_view(config: ShapeConfig, wall: Wall, size: tuple[int, int], random: np.random.Generator) -> View:
    roll = wall.roll + np.deg2rad(random.normal(0, config.rotation_degrees)) * 0.5
    quarter = np.pi / 2 * (1 if random.random() < 0.5 else -1)
    if random.random() < config.upright:
        roll += quarter
    tilted = random.random() < config.perspective
    jitter = random.normal(0, 0.08, 2) * (config.tilt_degrees / 45)
    distance = max(size) * random.uniform(1.3, 4.0)
    if not tilted:
        return View(roll=roll)
    limit = np.deg2rad(config.tilt_degrees)
    yaw, pitch = np.clip((wall.yaw + jitter[0], wall.pitch + jitter[1]), -limit, limit)
    return View(roll, float(yaw), float(pitch), distance)
