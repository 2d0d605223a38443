"""Makes the pictures of what the shipped checkpoints get wrong on the bundled samples, for their cards.

python docs/failures.py

Of each checkpoint the three samples with the lowest hmean, ICDAR 2015 protocol: green are texts that were
found, orange polygons that are no text or were not matched, yellow texts that were missed; texts that do not
count are left out.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.checkpoint_file import list_checkpoints
from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.data.sample import Sample
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.evaluate.result import ImageResult, Verdict
from tcm_core.geometry.polygon import Points
from tcm_core.infer.load import AnyPredictor, load_predictor
from tcm_core.resources import resource

OUT: Final = Path(__file__).parent / "images" / "failures"
WIDTH: Final = 640  # of one photograph, pixels
GREEN, ORANGE, YELLOW = (60, 200, 120), (255, 120, 20), (255, 220, 0)


def drawn(
    image: NDArray[np.uint8], found: list[Points], sample: Sample, result: ImageResult
) -> NDArray[np.uint8]:
    """The photograph (H, W, 3) RGB with the outlines, WIDTH pixels wide."""
    scale = WIDTH / image.shape[1]
    canvas = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    missed = [
        text.polygon
        for text, verdict in zip(sample.instances, result.gt_verdicts, strict=True)
        if verdict is Verdict.FALSE_NEGATIVE
    ]
    colours = {Verdict.TRUE_POSITIVE: GREEN, Verdict.FALSE_POSITIVE: ORANGE}
    rows = [(polygon, YELLOW) for polygon in missed]
    rows += [
        (polygon, colours[verdict])
        for polygon, verdict in zip(found, result.det_verdicts, strict=True)
        if verdict in colours
    ]
    for polygon, colour in rows:
        cv2.polylines(canvas, [np.rint(polygon * scale).astype(np.int32)], True, colour, 2, cv2.LINE_AA)
    return np.asarray(canvas, np.uint8)


def sheet(predictor: AnyPredictor) -> NDArray[np.uint8]:
    """The three samples that a detector does worst on, one below the other."""
    samples = list(load_samples("icdar2015", resource("samples")))
    images = {str(sample.image): read_image(sample.image, "stored") for sample in samples}
    found = {
        name: [text.polygon for text in predictor.predict(image).detections] for name, image in images.items()
    }
    result = evaluate_icdar15({str(sample.image): sample.instances for sample in samples}, found)
    worst = sorted(samples, key=lambda sample: result.images[str(sample.image)].hmean)[:3]
    return np.vstack(
        [
            drawn(images[name], found[name], sample, result.images[name])
            for sample in worst
            for name in [str(sample.image)]
        ]
    )


def main() -> None:
    """Write one JPEG a checkpoint."""
    OUT.mkdir(parents=True, exist_ok=True)
    for path in list_checkpoints():
        picture = sheet(load_predictor(path.stem))
        cv2.imwrite(str(OUT / f"{path.stem}.jpg"), picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
