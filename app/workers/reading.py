"""Pictures as every worker reads them. What decodes them is imported with the first one, after the window."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture as it is looked at: (H, W, 3) RGB, turned as its EXIF data says.

    Raises:
        BadImage: it cannot be read; the message says what to do.
    """
    from tcm_core.data.image_io import read_image

    return read_image(path, "view")
