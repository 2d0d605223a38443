"""SceneRenderer: the scene of an index, in memory."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.synth import LegibilityConfig, SynthConfig
from tcm_core.data.sample import TextInstance
from tcm_core.data.synth.backgrounds import Backgrounds
from tcm_core.data.synth.blocks import Block, Wall, draw_block, draw_wall
from tcm_core.data.synth.compose import Ground, Window, choose_paint, draw_palette, lay, mean_colour
from tcm_core.data.synth.fonts import find_fonts
from tcm_core.data.synth.photo import Camera, draw_camera, draw_light, lit
from tcm_core.data.synth.regions import Regions
from tcm_core.data.synth.render import INK_LEVEL, Box
from tcm_core.data.synth.scripts import language_of
from tcm_core.data.synth.warp import Warp
from tcm_core.data.synth.words import read_words
from tcm_core.errors import TcmError
from tcm_core.geometry.polygon import Points, area

_SECOND_TRY: Final = 0.6
"""A block that finds no place is tried once more so much smaller: cheaper than drawing another one."""
_SHADOW_REACH: Final = 12  # pixels around a block that its shadow and glow may darken or light


class Scene(NamedTuple):
    """One rendered scene.

    Attributes:
        image: (H, W, 3) RGB.
        instances: the texts, every polygon inside the image, none overlapping another.
        problems: what went wrong on the way without spoiling the scene, such as a damaged photograph.
    """

    image: NDArray[np.uint8]
    instances: tuple[TextInstance, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PlacedBlock:
    """A block in its place.

    Attributes:
        block: as it was drawn flat.
        warp: from its sheet into the scene.
        window: part of the scene that it was drawn in.
        layers: (h, w, 3) in the window: coverage by letters, by letters with outline, by plate; unblurred.
    """

    block: Block
    warp: Warp
    window: Window
    layers: NDArray[np.uint8]


class RenderedScene(NamedTuple):
    """A scene with the ink it was made of.

    Attributes:
        scene: what learning sees.
        blocks: the blocks in the order in which they were drawn; the instances follow in the same order.
    """

    scene: Scene
    blocks: tuple[PlacedBlock, ...]


class SceneRenderer:
    """Renders scenes; a scene is a function of configuration, index, fonts and photographs.

    A renderer can be sent to another process, and then renders the same scenes there.
    """

    def __init__(self, config: SynthConfig) -> None:
        """Finds fonts, words and photographs.

        Raises:
            TcmError: there is no font for a script, a word list cannot be read, or the folder of backgrounds
                is missing or empty; see find_fonts, read_words and Backgrounds.find.
        """
        self.config = config
        self._words = read_words(config.words)
        self._fonts = find_fonts(config.fonts, tuple(config.words.scripts))
        self._backgrounds = Backgrounds.find(config.backgrounds)

    def scene(self, index: int) -> Scene:
        """The scene of an index, 0 or more; always the same one.

        Raises:
            TcmError: a font file has gone, or every photograph tried is damaged.
        """
        return self.render(index).scene

    def render(self, index: int) -> RenderedScene:
        """The scene of an index with the ink it was made of.

        Raises:
            TcmError: see scene.
        """
        random = np.random.default_rng([self.config.seed, index])
        background = self._backgrounds.draw(random)
        light, wall = draw_light(self.config.photo, random), draw_wall(self.config.shape, random)
        camera = draw_camera(self.config.photo, light, random)
        day = background.image
        image = lit(day, light)
        regions = Regions(day, self.config.placement.margin)
        palette = draw_palette(day, random)
        placed = []
        for _ in range(
            int(random.integers(self.config.placement.blocks[0], self.config.placement.blocks[1] + 1))
        ):
            found = self._place(regions, wall, day.shape[:2], random)
            if found is None:
                continue
            ground = Ground(
                mean_colour(day, found.window), palette, found.block.size, bool(found.layers[..., 2].any())
            )
            lay(image, found.window, found.layers, choose_paint(ground, self.config.look, light, random))
            placed.append(found)
        image = camera.take(image)
        instances = self._instances(placed, image, camera)
        return RenderedScene(Scene(image, instances, background.problems), tuple(placed))

    def _place(
        self, regions: Regions, wall: Wall, size: tuple[int, int], random: np.random.Generator
    ) -> PlacedBlock | None:
        """A new block in a free and quiet place."""
        try:
            block = draw_block(self.config, self._words, self._fonts, wall, size, random)
        except OSError as error:
            raise TcmError(f"a font file cannot be read any more ({error}). Start again.") from error
        if block is None:
            return None
        for scale in (1.0, _SECOND_TRY):
            if scale < 1 and block.size * scale < self.config.placement.height[0]:
                break
            seen = block.warp.scaled(scale)
            height, width = block.lettering.size
            # a sheet that stays flat has four corners, whatever the number of points
            outline = seen.polygon((0, 0, width, height), points=16, error=1.0)
            place = regions.find(regions.footprint(outline), self.config.placement, random)
            if place is not None:
                warp, window = seen.moved(place), _window(outline + place, size)
                drawn = (window[3] - window[1], window[2] - window[0])
                layers = warp.draw(block.lettering.layers, window[:2], drawn)
                return PlacedBlock(block._replace(size=round(block.size * scale)), warp, window, layers)
        return None

    def _instances(
        self, placed: list[PlacedBlock], image: NDArray[np.uint8], camera: Camera
    ) -> tuple[TextInstance, ...]:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        instances = []
        for block in placed:
            for text, box in texts_of(block.block, self.config.level):
                polygon = block.warp.polygon(
                    box, self.config.shape.curve_points, self.config.shape.curve_error
                )
                legible = _is_legible(polygon, block, grey, self.config.legibility, camera.sigma)
                instances.append(TextInstance(polygon, text, ignore=not legible, language=language_of(text)))
        return tuple(instances)


def texts_of(block: Block, level: str) -> list[tuple[str, Box]]:
    """The texts of a block with the flat boxes of their ink, as words or as lines."""
    lettering = block.lettering
    if level == "line":
        lines = (" ".join(line) for line in lettering.words.lines)
        return list(zip(lines, lettering.line_boxes, strict=True))
    return [
        (word, box)
        for line, boxes in zip(lettering.words.lines, lettering.word_boxes, strict=True)
        for word, box in zip(line, boxes, strict=True)
    ]


def _window(outline: Points, size: tuple[int, int]) -> Window:
    """The part of the scene that a block and its shadow may touch."""
    (x0, y0), (x1, y1) = outline.min(axis=0) - _SHADOW_REACH, outline.max(axis=0) + _SHADOW_REACH
    return max(0, int(x0)), max(0, int(y0)), min(size[1], int(x1) + 1), min(size[0], int(y1) + 1)


def _is_legible(
    polygon: Points, block: PlacedBlock, grey: NDArray[np.uint8], config: LegibilityConfig, blur: float
) -> bool:
    """Whether a text is large and clear enough in the finished picture.

    Args:
        polygon: its outline: half of the vertices along the upper side, half back along the lower one.
        block: the text is part of.
        grey: (H, W), the finished picture.
        config: the limits.
        blur: of the picture in pixels.
    """
    half = len(polygon) // 2
    sides = [np.linalg.norm(np.diff(side, axis=0), axis=1).sum() for side in (polygon[:half], polygon[half:])]
    if area(polygon) / max(1e-6, float(np.mean(sides))) < config.min_height + 4 * blur:
        return False
    x0, y0, x1, y1 = block.window
    (left, top), (right, bottom) = polygon.min(axis=0) - 2, polygon.max(axis=0) + 2
    left, top = max(x0, int(left)), max(y0, int(top))
    right, bottom = min(x1, int(right) + 1), min(y1, int(bottom) + 1)
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon - (left + 0.5, top + 0.5)).astype(np.int32)], 1)
    inside = cv2.dilate(mask, np.ones((5, 5), np.uint8)).astype(bool)
    shown = grey[top:bottom, left:right][inside].astype(np.float32)
    fill, ink = (block.layers[top - y0 : bottom - y0, left - x0 : right - x0, i][inside] for i in (0, 1))
    return max(_contrast(shown, fill), _contrast(shown, ink)) >= config.min_contrast


def _contrast(shown: NDArray[np.float32], cover: NDArray[np.uint8]) -> float:
    """The grey steps between what is covered and what is not."""
    on, off = cover >= INK_LEVEL, cover < INK_LEVEL // 3
    if not on.any() or not off.any():
        return 0.0
    return abs(float(shown[on].mean()) - float(shown[off].mean()))
