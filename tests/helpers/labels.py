"""Reading labels in tests: what came out, what was complained about, and comparing it with what was meant."""

import numpy as np

from tcm_core.data.check import check_labels
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS
from tcm_core.data.sample import TextInstance


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=float)


QUAD = box(10, 20, 110, 60)
CURVED = np.array([[10, 30], [60, 10], [110, 10], [160, 30], [160, 60], [110, 40], [60, 40], [10, 60]], float)


def text(polygon=QUAD, transcription="Harbour", ignore=False, language=""):
    return TextInstance(np.asarray(polygon, float), transcription, ignore, language)


def put(path, content):
    """Write a label file, made of text or of bytes, and give its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def read(name, source):
    """(images, the problems as text) of a source in a format of the table."""
    problems = []
    images = list(FORMATS[name].read(source, problems.append))
    return images, [str(problem) for problem in problems]


def read_one(name, path, content):
    """(instances, problems) of one label file with this content."""
    images, problems = read(name, put(path, content))
    return [instance for image in images for instance in image.instances], problems


def findings(name, source):
    """What `tcm check-data` would say about labels without images."""
    return [str(problem) for problem in check_labels(source, name, None).problems]


def plain(image: LabelledImage):
    """An image in values that can be compared."""
    return image.image, [
        (instance.polygon.tolist(), instance.text, instance.ignore, instance.language)
        for instance in image.instances
    ]
