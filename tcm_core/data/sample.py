"""One labelled text and one labelled image."""

from dataclasses import dataclass
from pathlib import Path

from tcm_core.geometry.orientation import ReadFrame
from tcm_core.geometry.polygon import Points


@dataclass(frozen=True, eq=False)
class TextInstance:
    """One labelled text.

    Attributes:
        polygon: (N, 2) image pixels.
        text: the transcription, empty when unknown.
        ignore: a "do not care" text: neither learnt nor counted.
        language: language or script as the labels name it ("Latin", "Chinese"), empty when unknown.
    """

    polygon: Points
    text: str = ""
    ignore: bool = False
    language: str = ""


@dataclass(frozen=True)
class Sample:
    """An image file and the texts on it.

    Attributes:
        image: the file.
        instances: its texts, in pixels of the frame.
        frame: in which the texts are; public benchmarks label the stored one.
    """

    image: Path
    instances: tuple[TextInstance, ...]
    frame: ReadFrame = "stored"
