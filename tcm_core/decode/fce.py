"""From FCENet's maps to detections."""

from typing import Final, NamedTuple

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from tcm_core.config.decode import FceDecode
from tcm_core.decode.maps import ImageMaps, Plane, Values
from tcm_core.detection import Detection
from tcm_core.geometry.fourier import reconstruction_matrix
from tcm_core.geometry.nms import overlaps, suppress
from tcm_core.geometry.overlap import Shapes
from tcm_core.geometry.polygon import Points, all_clockwise, area
from tcm_core.geometry.quad import min_area_quads
from tcm_core.geometry.repair import repaired
from tcm_core.targets.fce import STRIDES

Outlines = NDArray[np.float32]
"""(N, 2, P): x and y of the P points of N closed contours."""

_SMALLEST: Final = 1.0  # square image pixels


class _Contours(NamedTuple):
    """Contours of one level, ordered by component, the best of each first."""

    outlines: Outlines  # network pixels
    scores: NDArray[np.float32]  # (N,)
    component: NDArray[np.int32]  # (N,)


def decode_fce(maps: ImageMaps, settings: FceDecode) -> tuple[Detection, ...]:
    """The texts of one image, in image pixels, the best first; a text's score is that of its best pixel.

    Contours without area and those that are not finite are left out; crossed ones are repaired.

    Args:
        maps: with the planes "text_S" and "centre_S" and the values "fourier_S" for the strides S.
        settings: thresholds and output form.

    Source: Zhu et al. 2021, section 3.2: score, reconstruction, suppression.
    """
    outlines, scores = [], []
    for stride in STRIDES:
        level = _level_contours(
            _content(maps, maps.planes[f"text_{stride}"]),
            _content(maps, maps.planes[f"centre_{stride}"]),
            maps.values[f"fourier_{stride}"],
            maps.frame.network_size[0] / maps.planes[f"text_{stride}"].shape[0],
            settings,
        )
        best = _best_of_components(level, settings)
        outlines.append(level.outlines[best])
        scores.append(level.scores[best])
    of_all, joined = np.concatenate(scores), np.concatenate(outlines)
    best = suppress(_shapes(joined), of_all, settings.nms_threshold)
    polygons = maps.frame.to_image(joined[best].transpose(0, 2, 1).astype(np.float64))
    limits = (maps.frame.image_size[1], maps.frame.image_size[0])
    texts = _quads(polygons, limits) if settings.output == "quad" else _polygons(polygons, limits)
    return tuple(
        Detection(text, float(score), settings.output)
        for text, score in zip(texts, of_all[best], strict=True)
        if text is not None
    )


def _content(maps: ImageMaps, plane: Plane) -> Plane:
    """A plane without the cells that hold padding only."""
    (height, width), (network_height, network_width) = maps.frame.content_size, maps.frame.network_size
    rows = -(-height * plane.shape[0] // network_height)
    return plane[:rows, : -(-width * plane.shape[1] // network_width)]


def _level_contours(
    text: Plane, centre: Plane, fourier: Values, cell: float, settings: FceDecode
) -> _Contours:
    """The contours of one level's pixels whose score reaches the threshold.

    Args:
        text: (h, w) of the content, as is centre.
        centre: probabilities of the text centre region.
        fourier: (2(2k+1), H, W), H >= h, W >= w.
        cell: network pixels per cell.
        settings: thresholds.
    """
    steps = np.arange(256, dtype=np.float32) / 255.0
    score = (steps**settings.alpha)[text] * (steps**settings.beta)[centre]
    high = (score >= settings.score_threshold) & (score > 0)
    rows, columns = np.nonzero(high)
    coefficients = fourier[:, rows, columns].T.astype(np.float32)
    finite = np.isfinite(coefficients).all(axis=1)
    rows, columns, coefficients = rows[finite], columns[finite], coefficients[finite]
    scores, component = score[rows, columns], _components(high)[rows, columns]
    order = np.lexsort((-scores, component))
    order = order[_rank_in_run(component[order]) < settings.max_candidates]
    degree = (len(fourier) // 2 - 1) // 2
    matrix = reconstruction_matrix(degree, settings.points).astype(np.float32)
    outlines = (coefficients[order] @ matrix).reshape(-1, 2, settings.points)
    middles = np.stack([columns[order], rows[order]], axis=1).astype(np.float32) + np.float32(0.5)
    return _Contours((outlines + middles[:, :, None]) * np.float32(cell), scores[order], component[order])


def _components(high: NDArray[np.bool_]) -> NDArray[np.int32]:
    """(h, w): the number of each pixel's 8-connected component; holes are filled first."""
    filled = high.astype(np.uint8)
    outlines, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(filled, outlines, -1, (1,), cv2.FILLED)
    return np.asarray(cv2.connectedComponents(filled, connectivity=8)[1], dtype=np.int32)


def _rank_in_run(values: NDArray[np.int32]) -> NDArray[np.intp]:
    """The place of each value among its equals, which stand together."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    lengths = np.diff(starts, append=len(values))
    return np.arange(len(values)) - np.repeat(starts, lengths)


def _best_of_components(contours: _Contours, settings: FceDecode) -> NDArray[np.intp]:
    """The indices of the contours that stay when each component's are suppressed by its better ones.

    All components go on at once: in each round every component's best contour that is left is compared with
    those that it keeps already. If it stays, it takes with it all for which the swept area alone shows that
    they overlap with it by more than the threshold. Nearly all contours of a text go that way, so that
    polygons are cut for few pairs.
    """
    areas = np.abs(_signed_areas(contours.outlines))
    known = np.full(len(areas), None, dtype=object)
    left = np.arange(len(areas))
    kept = np.zeros(0, dtype=np.intp)
    for _ in range(settings.max_comparisons):
        if not len(left):
            break
        starts = np.flatnonzero(np.diff(contours.component[left], prepend=-1))
        leaders = left[starts]
        staying = _distinct(contours, areas, known, (leaders, kept), settings.nms_threshold)
        kept = np.concatenate([kept, leaders[staying]])
        lengths = np.diff(starts, append=len(left))
        follows = np.repeat(staying, lengths)
        follows[starts] = False
        leader, follower = np.repeat(leaders, lengths)[follows], left[follows]
        swept = _swept_areas(contours.outlines[leader], contours.outlines[follower])
        both = areas[leader] + areas[follower]
        gone = np.zeros(len(left), dtype=bool)
        gone[starts] = True
        gone[follows] = both - swept > settings.nms_threshold * (both + swept)
        left = left[~gone]
    return np.sort(kept)


def _distinct(
    contours: _Contours,
    areas: NDArray[np.floating],
    known: Shapes,
    candidates: tuple[NDArray[np.intp], NDArray[np.intp]],
    threshold: float,
) -> NDArray[np.bool_]:
    """(N,): whether a leader overlaps with no kept contour of its component by more than the threshold.

    Args:
        contours: of the level.
        areas: theirs, at most what their polygons cover.
        known: their shapes as far as they were needed, None elsewhere; completed.
        candidates: the indices of N leaders, and of the kept.
        threshold: of the intersection over union.
    """
    leaders, kept = candidates
    distinct = np.ones(len(leaders), dtype=bool)
    which, other = np.nonzero(contours.component[leaders][:, None] == contours.component[kept][None])
    if not len(which):
        return distinct
    one, two = contours.outlines[leaders], contours.outlines[kept]
    low = np.maximum(one.min(axis=2)[which], two.min(axis=2)[other])
    shared = np.maximum(np.minimum(one.max(axis=2)[which], two.max(axis=2)[other]) - low, 0).prod(axis=1)
    both = areas[leaders[which]] + areas[kept[other]]
    near = shared > threshold * (both - shared)  # the bounds share at least what the contours do
    first, second = leaders[which[near]], kept[other[near]]
    new = [index for index in {*first.tolist(), *second.tolist()} if known[index] is None]
    known[new] = _shapes(contours.outlines[new])
    overlap = overlaps(known[first], shapely.area(known[first]), known[second], shapely.area(known[second]))
    distinct[which[near][overlap > threshold]] = False
    return distinct


def _shapes(outlines: Outlines) -> Shapes:
    """(N,) valid shapely polygons; crossed ones are repaired by buffer(0)."""
    shapes = np.asarray(shapely.polygons(outlines.transpose(0, 2, 1).astype(np.float64)))
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        shapes[broken] = shapely.buffer(shapes[broken], 0.0)
    return shapes


def _next(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The values at each contour's following point."""
    return np.concatenate([values[..., 1:], values[..., :1]], axis=-1)


def _signed_areas(outlines: NDArray[np.floating]) -> NDArray[np.floating]:
    """(N,): the shoelace areas, positive when clockwise on the screen."""
    x, y = np.moveaxis(outlines - outlines[:, :, :1], 1, 0)
    return 0.5 * (np.einsum("np,np->n", x, _next(y)) - np.einsum("np,np->n", _next(x), y))


def _swept_areas(one: Outlines, other: Outlines) -> NDArray[np.floating]:
    """(N,): the area swept when one contour's points move straight to the other's, at least their difference.

    Each edge sweeps two triangles. So of two simple contours of areas A and B with a swept area S the
    intersection over union is at least (A + B - S) / (A + B + S).
    """
    move = other - one
    ahead = _next(move)
    edge = _next(one) - one
    moved_edge = edge + ahead - move
    first = np.abs(edge[:, 0] * ahead[:, 1] - edge[:, 1] * ahead[:, 0])
    second = np.abs(moved_edge[:, 0] * move[:, 1] - moved_edge[:, 1] * move[:, 0])
    return 0.5 * (first + second).sum(axis=1)


def _quads(polygons: NDArray[np.float64], limits: tuple[int, int]) -> list[Points | None]:
    """The minimum-area rectangles of polygons (N, P, 2), inside the image; None where no area is left."""
    quads = np.clip(min_area_quads(polygons), 0, limits)
    areas = _signed_areas(quads.transpose(0, 2, 1))
    return [quad if area >= _SMALLEST else None for quad, area in zip(quads, areas, strict=True)]


def _polygons(polygons: NDArray[np.float64], limits: tuple[int, int]) -> list[Points | None]:
    """The polygons (N, P, 2), simple, clockwise and inside the image; None where no area is left."""
    clipped = np.clip(polygons, 0, limits)
    simple = shapely.is_valid(shapely.polygons(clipped)) if len(clipped) else []
    texts = [text if good else repaired(text) for text, good in zip(clipped, simple, strict=True)]
    usable = [at for at, text in enumerate(texts) if text is not None and len(text)]
    turned = all_clockwise([text for text in texts if text is not None and len(text)])
    found: list[Points | None] = [None] * len(texts)
    for at, text in zip(usable, turned, strict=True):
        found[at] = None if area(text) < _SMALLEST else text
    return found
