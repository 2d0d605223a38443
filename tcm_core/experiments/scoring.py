"""Figures of a finished run: its best checkpoint, with the thresholds stored in it, on test pages."""

import time
from pathlib import Path

from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.data.sample import Sample
from tcm_core.data.split import draw_split, few
from tcm_core.errors import BadConfig
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.experiments.grid import TestSet
from tcm_core.experiments.results import TestResult
from tcm_core.infer.predictor import Predictor


def test_pages(test: TestSet, root: Path) -> list[Sample]:
    """The pages of a test, in natural order; the same ones every time.

    Args:
        test: says which.
        root: the data's.

    Raises:
        BadLabels: the data set is not there.
        BadConfig: pages that the test names are not in it.
    """
    source = test.source.below(root)
    assert source.root is not None
    samples = load_samples(source.dataset, source.root, part=source.part, label_format=source.format)
    index_of = {samples.name(index): index for index in range(len(samples))}
    names = list(draw_split(samples, source).learnt)
    if test.stems:
        stems = {Path(name).stem: name for name in names}
        missing = [stem for stem in test.stems if stem not in stems]
        if missing:
            raise BadConfig(f"{test.title}: {source.root} has no page called {missing[0]}")
        names = [name for name in names if Path(name).stem in test.stems]
    if 0 < test.take < len(names):
        names = few(names, test.take / len(names), source.seed)
    return [samples[index_of[name]] for name in names]


def measure(checkpoint: Path, test: TestSet, name: str, root: Path) -> TestResult:
    """The figures of a checkpoint on a test, at the decode settings that it holds.

    Args:
        checkpoint: of a finished run.
        test: the pages.
        name: of the test.
        root: the data's.

    Raises:
        BadLabels: the data set is not there.
        BadCheckpoint: the file is damaged.
    """
    pages = test_pages(test, root)
    predictor = Predictor.load(checkpoint)
    started = time.monotonic()
    found = {}
    for page in pages:
        prediction = predictor.predict(read_image(page.image, page.frame))
        found[page.image.stem] = [detection.polygon.round() for detection in prediction.detections]
    protocol = PROTOCOLS[test.protocol]
    result = protocol.evaluate(
        {page.image.stem: page.instances for page in pages}, found, protocol.iou or 0.0
    )
    return TestResult(
        test=name,
        protocol=test.protocol,
        pages=tuple(page.image.stem for page in pages),
        precision=result.precision,
        recall=result.recall,
        hmean=result.hmean,
        seconds=round(time.monotonic() - started, 1),
    )
