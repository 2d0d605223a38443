"""Which image a name in label files means."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tcm_core.data.formats.source import image_stem
from tcm_core.errors import BadLabels


class ImageNames:
    """The images of one or several folders by every name that labels may use for them.

    Args:
        images: files below one of the folders.
        folders: what the labels' paths count from.
    """

    def __init__(self, images: Sequence[Path], folders: Sequence[Path]) -> None:
        self._whole: dict[str, Path] = {}
        self._stems: dict[str, list[Path]] = {}
        self._last: dict[str, list[Path]] = {}
        for image in images:
            folder = next(folder for folder in folders if image.is_relative_to(folder))
            name = image.relative_to(folder).as_posix()
            self._whole[name] = image
            self._stems.setdefault(image_stem(name), []).append(image)
            for last in {image.name, image.stem}:
                self._last.setdefault(last, []).append(image)

    def find(self, name: str) -> Path | None:
        """The image that labels call so; None when there is none.

        The whole path counts first, then the path without its ending, then the last part alone (labels often
        name folders of another machine) where only one image has it.

        Raises:
            BadLabels: two images are called so.
        """
        if name in self._whole:
            return self._whole[name]
        last = PurePosixPath(name).name
        for found in (self._stems.get(image_stem(name), []), self._last.get(last, [])):
            if len(found) > 1:
                raise BadLabels(
                    f"{found[0]} and {found[1].name} would share the labels of {name!r}. Rename one of them."
                )
            if found:
                return found[0]
        return None
