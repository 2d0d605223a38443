"""Closed contours as Fourier series: the forward and the inverse transform, in numpy."""

from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tcm_core.geometry.polygon import Points, clockwise

Coefficients: TypeAlias = NDArray[np.complex128]
"""(2k+1,): c_-k to c_k of x + iy; c_0, in the middle, is the contour's mean point."""

SAMPLES: Final = 400
"""Points of a contour before its transform (mmocr)."""

_NEAR_MIDDLE: Final = 8  # points above and below the middle among which the start is looked for (mmocr)


def resample(polygon: Points, count: int) -> Points:
    """(count, 2): points at equal distances along the closed outline, the first vertex first.

    Args:
        polygon: (N, 2), at least one vertex; repeated vertices do no harm.
        count: at least 1.
    """
    closed = np.concatenate([polygon, polygon[:1]])
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    wanted = np.arange(count) * (at[-1] / count)
    return np.stack([np.interp(wanted, at, closed[:, 0]), np.interp(wanted, at, closed[:, 1])], axis=1)


def from_canonical_start(points: Points) -> Points:
    """The same closed contour beginning near its top middle, so that alike texts get alike coefficients.

    The start is, of the eight points nearest to the mean point in x, the one with the smallest y.

    Args:
        points: (N, 2) densely sampled.
    """
    off_middle = np.abs(points[:, 0] - points[:, 0].mean())
    near = np.argsort(off_middle, kind="stable")[:_NEAR_MIDDLE]
    return np.roll(points, -int(near[np.argmin(points[near, 1])]), axis=0)


def to_coefficients(points: Points, degree: int) -> Coefficients:
    """(2k+1,): the Fourier coefficients of a closed contour.

    Args:
        points: (N, 2) samples at equal steps of the parameter, N > 2k; z(t) at t = 0, 1/N, 2/N and so on.
        degree: k.

    Raises:
        ValueError: too few points for the degree.

    Source: Zhu et al. 2021, equation 3: c_k = 1/N sum of f(n/N) exp(-2 pi i k n / N).
    """
    if len(points) <= 2 * degree:
        raise ValueError(f"degree {degree} needs more than {2 * degree} points, got {len(points)}")
    spectrum = np.fft.fft(points[:, 0] + 1j * points[:, 1]) / len(points)
    return np.concatenate([spectrum[len(points) - degree :], spectrum[: degree + 1]])


def to_points(coefficients: Coefficients, count: int) -> Points:
    """(count, 2): the contour of a Fourier series at equal steps of its parameter.

    Source: Zhu et al. 2021, equation 2.
    """
    degree = len(coefficients) // 2
    parts = np.concatenate([coefficients.real, coefficients.imag])
    x, y = (parts @ reconstruction_matrix(degree, count)).reshape(2, count)
    return np.stack([x, y], axis=1)


@cache
def reconstruction_matrix(degree: int, count: int) -> NDArray[np.float64]:
    """(2(2k+1), 2 count): real then imaginary parts of c_-k..c_k times this are x, then y, of a contour.

    The array is shared: it cannot be written to.
    """
    angles = 2 * np.pi * np.outer(np.arange(-degree, degree + 1), np.arange(count)) / count
    cosine, sine = np.cos(angles), np.sin(angles)
    matrix = np.block([[cosine, sine], [-sine, cosine]])
    matrix.flags.writeable = False
    return matrix


def text_coefficients(polygon: Points, degree: int) -> Coefficients:
    """(2k+1,): the canonical coefficients of a text's outline, whatever vertex it begins with.

    Args:
        polygon: (N, 2), N >= 3, simple, either orientation.
        degree: k.

    Source: Zhu et al. 2021, section 3.1: resampled evenly, clockwise on the screen, from a fixed start.
    """
    return to_coefficients(from_canonical_start(resample(clockwise(polygon), SAMPLES)), degree)
