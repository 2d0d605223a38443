"""Backgrounds without text: cuts of photographs, or generated textures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.synth import BackgroundConfig
from tcm_core.data.image_io import list_images, read_image, read_size
from tcm_core.data.layout import load_samples
from tcm_core.data.sample import Sample
from tcm_core.data.synth.regions import text_free_cut
from tcm_core.data.synth.textures import draw_texture
from tcm_core.errors import BadImage

_TRIES = 8  # photographs for one scene: damaged ones and ones full of text are passed over
_ASPECTS = (1.0, 1.25, 4 / 3, 1.5, 16 / 9)


class Background(NamedTuple):
    """What a scene is drawn on.

    Attributes:
        image: (H, W, 3) RGB, writable.
        problems: photographs that were passed over because they are damaged, each with the reason.
    """

    image: NDArray[np.uint8]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Backgrounds:
    """Draws backgrounds.

    Attributes:
        config: how they are cut.
        samples: photographs with the texts on them; empty for textures alone.
    """

    config: BackgroundConfig
    samples: Sequence[Sample]

    @classmethod
    def find(cls, config: BackgroundConfig) -> "Backgrounds":
        """The backgrounds of the configuration's folder; no photograph is read.

        Raises:
            BadImage: the folder is missing or has no image.
            BadLabels: an unknown data set, an incomplete one, or labels that cannot be read.
        """
        if config.folder is None:
            return cls(config, ())
        if config.dataset:
            return cls(config, load_samples(config.dataset, config.folder))
        images = list_images(config.folder)
        if not images:
            raise BadImage(
                f"{config.folder}: no image in it. Choose a folder of photographs, or none for textures."
            )
        return cls(config, tuple(Sample(image, (), "view") for image in images))

    def draw(self, random: np.random.Generator) -> Background:
        """A background; a texture when there is no photograph to be had in a few tries.

        Raises:
            BadImage: every photograph tried was damaged.
        """
        problems: list[str] = []
        if self.samples and random.random() >= self.config.textures:
            for _ in range(_TRIES):
                sample = self.samples[int(random.integers(len(self.samples)))]
                try:
                    image = self._cut(sample, random)
                except BadImage as error:
                    problems.append(str(error))
                    continue
                if image is not None:
                    return Background(image, tuple(problems))
            if len(problems) == _TRIES:
                raise BadImage(f"{problems[0]} So were {_TRIES - 1} others tried in its place.")
        aspect = min(_ASPECTS[random.integers(len(_ASPECTS))], self.config.max_aspect)
        size = (self.config.short_side, round(self.config.short_side * aspect))
        if random.random() < 0.3:
            size = (size[1], size[0])
        return Background(draw_texture(size, random), tuple(problems))

    def _cut(self, sample: Sample, random: np.random.Generator) -> NDArray[np.uint8] | None:
        """A cut without text at the scene's scale; None when no large enough one is left.

        Raises:
            BadImage: see read_image.
        """
        texts = [instance.polygon for instance in sample.instances]
        x0, y0, x1, y1 = self._window(
            text_free_cut(read_size(sample.image, sample.frame), texts, self.config.text_margin, random),
            random,
        )
        if min(x1 - x0, y1 - y0) < self.config.min_cut:
            return None
        image = read_image(sample.image, sample.frame)[y0:y1, x0:x1]
        if random.random() < 0.5:
            image = image[:, ::-1]
        scale = self.config.short_side / min(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        return cv2.resize(
            np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )

    def _window(
        self, free: tuple[int, int, int, int] | None, random: np.random.Generator
    ) -> tuple[int, int, int, int]:
        """A part of the free cut with the share and the shape that the configuration asks for."""
        share = random.uniform(*self.config.zoom)
        place = random.random(2)
        if free is None:
            return 0, 0, 0, 0
        x0, y0, x1, y1 = free
        width, height = x1 - x0, y1 - y0
        # a small cut is not cut any further
        share = max(share, min(1.0, self.config.min_cut / max(1, min(width, height))))
        longest = self.config.max_aspect * min(width, height) * share
        new_width = math.ceil(min(width * share, longest))
        new_height = math.ceil(min(height * share, longest))
        left = x0 + int(place[0] * (width - new_width + 1))
        top = y0 + int(place[1] * (height - new_height + 1))
        return left, top, left + new_width, top + new_height
