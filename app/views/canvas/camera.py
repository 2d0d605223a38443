"""The camera: where the image lies in the widget. Numbers only, no Qt."""

from typing import Final

SMALLEST_SCALE: Final = 0.01
LARGEST_SCALE: Final = 64.0
FIT_MARGIN: Final = 12.0  # widget pixels left free around a fitted image
LARGEST_FIT: Final = 16.0  # a tiny image is not blown up further than this


class Camera:
    """Maps image pixels to widget pixels by one scale and one offset.

    The offset is kept on whole device pixels, so that a drawing can be moved without drawing it again.

    Attributes:
        scale: widget pixels for one image pixel.
        following_fit: whether the image is to stay fitted when the widget changes its size.
    """

    def __init__(self) -> None:
        self.scale = 1.0
        self._left = 0.0  # before rounding, so that many small moves add up
        self._top = 0.0
        self.following_fit = True
        self._view = (1.0, 1.0)  # widget width, height
        self._image = (0.0, 0.0)  # image width, height
        self._device_pixel_ratio = 1.0

    @property
    def left(self) -> float:
        """Widget x of the image's left edge."""
        return round(self._left * self._device_pixel_ratio) / self._device_pixel_ratio

    @property
    def top(self) -> float:
        """Widget y of the image's top edge."""
        return round(self._top * self._device_pixel_ratio) / self._device_pixel_ratio

    @property
    def visible(self) -> tuple[float, float, float, float]:
        """The image rectangle that fills the widget: x, y, width, height in image pixels."""
        width, height = self._view
        return -self.left / self.scale, -self.top / self.scale, width / self.scale, height / self.scale

    def to_widget(self, x: float, y: float) -> tuple[float, float]:
        """Widget pixels of an image point."""
        return x * self.scale + self.left, y * self.scale + self.top

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Image pixels of a widget point."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale

    def resize(self, width: float, height: float, device_pixel_ratio: float = 1.0) -> None:
        """Take the widget's new size: fit again when following, else keep the middle of the view in place."""
        middle = self.to_image(self._view[0] / 2, self._view[1] / 2)
        self._view = max(width, 1.0), max(height, 1.0)
        self._device_pixel_ratio = device_pixel_ratio
        if self.following_fit:
            self.fit()
        else:
            self.look_at(*middle, self.scale)

    def set_image(self, width: float, height: float) -> None:
        """Take a new image and fit it."""
        self._image = width, height
        self.fit()

    def fit(self) -> None:
        """Show the whole image, and go on doing so when the widget changes its size."""
        self.following_fit = True
        width, height = self._image
        if width > 0 and height > 0:
            self._look_at_rect(0, 0, width, height, FIT_MARGIN, LARGEST_FIT)

    def frame(self, x: float, y: float, width: float, height: float, margin: float) -> None:
        """Show a rectangle of the image with a margin in widget pixels around it."""
        self.following_fit = False
        self._look_at_rect(x, y, width, height, margin, LARGEST_FIT)

    def zoom_at(self, factor: float, x: float, y: float) -> None:
        """Scale by a factor; the image point under widget point (x, y) stays there."""
        self.following_fit = False
        image_x, image_y = self.to_image(x, y)
        self.scale = min(max(self.scale * factor, SMALLEST_SCALE), LARGEST_SCALE)
        self._left, self._top = x - image_x * self.scale, y - image_y * self.scale

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by widget pixels."""
        self.following_fit = False
        self._left += dx
        self._top += dy

    def actual_size(self) -> None:
        """One image pixel on one pixel of the screen; the middle of the view stays."""
        middle = self.to_image(self._view[0] / 2, self._view[1] / 2)
        self.look_at(*middle, 1.0 / self._device_pixel_ratio)

    def look_at(self, x: float, y: float, scale: float) -> None:
        """Put an image point in the middle of the widget."""
        self.following_fit = False
        self.scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
        self._left = self._view[0] / 2 - x * self.scale
        self._top = self._view[1] / 2 - y * self.scale

    def _look_at_rect(
        self, x: float, y: float, width: float, height: float, margin: float, largest: float
    ) -> None:
        following = self.following_fit
        free_width = max(self._view[0] - 2 * margin, 1.0)
        free_height = max(self._view[1] - 2 * margin, 1.0)
        scale = min(free_width / max(width, 1e-6), free_height / max(height, 1e-6), largest)
        self.look_at(x + width / 2, y + height / 2, scale)
        self.following_fit = following
