"""From PAN's text map, kernel map and similarity vectors to detections."""

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.decode import Output, PanDecode
from tcm_core.decode.in_image import detections_in_image
from tcm_core.decode.maps import ImageMaps, Plane, Values
from tcm_core.detection import Detection
from tcm_core.geometry.offset import offset_all
from tcm_core.geometry.polygon import Points, all_clockwise

_TOLERANCE: Final = 0.7
"""Map pixels by which an outline may be simplified: the steps of a slanted edge."""

_AFTERWARDS: Final = {"score_threshold": 0.0, "min_area": 1, "max_candidates": 1, "output": "quad"}
"""Settings that only say which of the texts are given, and in which form."""

Labels = NDArray[np.int32]
"""(h, w), 0 where there is no text, else the number of a kernel."""


def decode_pan(maps: ImageMaps, settings: PanDecode) -> tuple[Detection, ...]:
    """The texts of one image, in image pixels, the largest first.

    Args:
        maps: with the planes "text" and "kernel" and the values "embedding".
        settings: thresholds, aggregation rule and output form.

    Source: Wang et al. 2019, section 3.4.
    """
    planes, frame = maps.planes, maps.frame
    height, width = planes["text"].shape
    rows = -(-frame.content_size[0] * height // frame.network_size[0])  # what lies in the padding is not seen
    columns = -(-frame.content_size[1] * width // frame.network_size[1])
    text = planes["text"][:rows, :columns]
    made_for = settings.model_copy(update=_AFTERWARDS)
    known: _Given | None = maps.remembered.get("given")
    if known is None or known.settings != made_for:
        kernel, vectors = planes["kernel"][:rows, :columns], maps.values["embedding"][:, :rows, :columns]
        regions = _regions(aggregate(text, kernel, vectors, settings), text)
        known = _Given(made_for, regions, {"quad": {}, "polygon": {}})
        maps.remembered["given"] = known
    regions = [
        region
        for region in known.regions
        if region.area >= settings.min_area and region.score >= settings.score_threshold
    ][: settings.max_candidates]
    if not regions:
        return ()
    cell = frame.network_size[0] / height  # network pixels per map pixel, the same both ways
    polygons = [polygon * cell for polygon in _polygons(regions, settings.output, known)]
    return detections_in_image(polygons, [region.score for region in regions], frame, settings.output)


def aggregate(text: Plane, kernel: Plane, embedding: Values, settings: PanDecode) -> Labels:
    """The kernel that each text pixel belongs to.

    A breadth-first search from all kernels at once, over text pixels and their four neighbours. A pixel is
    given to the first kernel that reaches it and that its similarity vector is near enough to (where the
    rule asks for that); a pixel that a kernel may not have does not stop the others. Of kernels that reach a
    pixel in the same step, the one with the smaller number has it: kernels are numbered by their first pixel,
    row by row.

    Args:
        text: (h, w).
        kernel: (h, w); kernels are the 4-connected parts of it, inside the text.
        embedding: (D, h, w).
        settings: thresholds and the rule.

    Returns:
        (h, w); kernels that are too small keep their number free.

    Source: Wang et al. 2019, section 3.4; the rule "area_ratio": the authors' code.
    """
    is_text = cv2.threshold(text, math.floor(settings.threshold * 255.0), 1, cv2.THRESH_BINARY)[1]
    is_kernel = cv2.threshold(kernel, math.floor(settings.kernel_threshold * 255.0), 1, cv2.THRESH_BINARY)[1]
    number, labels = cv2.connectedComponents(is_kernel & is_text, connectivity=4, ltype=cv2.CV_32S)
    areas = np.bincount(labels.ravel(), minlength=number)
    if settings.min_kernel_area > 1:
        labels[areas[labels] < settings.min_kernel_area] = 0
    checked = np.ones(number, bool)
    if settings.aggregation == "area_ratio":
        checked = _unequal(is_text, labels, areas, settings.area_ratio)
    return _spread(is_text.astype(bool), labels, _Rule(embedding, checked, settings.max_distance))


class _Given(NamedTuple):
    """What is remembered of the last decoding: nothing in it depends on _AFTERWARDS."""

    settings: PanDecode
    regions: list["_Region"]  # all of them, the largest first
    polygons: dict[Output, dict[int, Points]]  # in map pixels by label, as far as they were wanted


class _Rule(NamedTuple):
    """Which kernels mind the distance of similarity vectors, and how far it may be."""

    embedding: Values  # (D, h, w)
    checked: NDArray[np.bool_]  # (n,) by label
    max_distance: float


def _unequal(is_text: Plane, labels: Labels, areas: NDArray[np.intp], ratio: float) -> NDArray[np.bool_]:
    """(n,) by label: which kernels differ by more than the ratio from one of the same text component."""
    count, components = cv2.connectedComponents(is_text, connectivity=4, ltype=cv2.CV_32S)
    component = np.zeros(len(areas), np.intp)  # 0, no component, for kernels that are left out
    seeds = np.flatnonzero(labels)
    component[labels.ravel()[seeds]] = components.ravel()[seeds]
    largest, smallest = np.zeros(count, np.intp), np.full(count, labels.size)
    np.maximum.at(largest, component[1:], areas[1:])
    np.minimum.at(smallest, component[1:], areas[1:])
    unequal = (largest[component] > ratio * areas) | (areas > ratio * smallest[component])
    unequal[0] = False  # no kernel
    return unequal


def _spread(is_text: NDArray[np.bool_], labels: Labels, rule: _Rule) -> Labels:
    """The kernels' labels spread over the text: one step of the breadth-first search after the other.

    The front is kept in descending order of labels: where several claims meet on a pixel, the last one
    written, of the smallest label, stays.
    """
    height, width = labels.shape
    owner = np.full((height + 2, width + 2), -1, np.int32)  # -1: no text, and a frame around everything
    owner[1:-1, 1:-1] = np.where(is_text, labels, -1)
    flat, claim_at = owner.ravel(), np.zeros(owner.size, np.intp)
    steps = np.array([-width - 2, -1, 1, width + 2])
    near = _nearness(labels, rule) if rule.checked.any() else None
    front = np.flatnonzero(flat > 0)
    front = front[(flat[front[:, None] + steps] == 0).any(axis=1)]
    front = front[np.argsort(-flat[front], kind="stable")]
    while len(front):
        reached = (front[:, None] + steps).ravel()
        label = np.repeat(flat[front], len(steps))
        free = flat[reached] == 0
        reached, label = reached[free], label[free]
        if near is not None:
            allowed = near(reached, label)
            reached, label = reached[allowed], label[allowed]
        order = np.arange(len(reached))
        claim_at[reached] = order
        wins = claim_at[reached] == order
        front = reached[wins]
        flat[front] = label[wins]
    return np.maximum(owner[1:-1, 1:-1], 0)


def _nearness(labels: Labels, rule: _Rule) -> Callable[[NDArray[np.intp], Labels], NDArray[np.bool_]]:
    """Which pixels of the framed map a kernel may have, by the distance from its mean similarity vector."""
    width = labels.shape[1] + 2
    means = _means(labels, rule.embedding, len(rule.checked))
    limit = np.where(rule.checked, rule.max_distance**2, np.inf)

    def near(reached: NDArray[np.intp], claimed: Labels) -> NDArray[np.bool_]:
        row, column = np.divmod(reached, width)
        squared = np.square(_vectors(rule.embedding, row - 1, column - 1) - means[claimed]).sum(axis=1)
        return np.asarray(squared <= limit[claimed])

    return near


def _vectors(embedding: Values, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """(N, D): the vectors of N pixels."""
    return np.ascontiguousarray(embedding[:, rows, columns].T, np.float32)


def _means(labels: Labels, embedding: Values, count: int) -> NDArray[np.float32]:
    """(count, D): the mean vector of each label's pixels; the embedding is (D, h, w)."""
    rows, columns = np.nonzero(labels)
    label = labels[rows, columns]
    pixels = np.maximum(np.bincount(label, minlength=count), 1)
    sums = [
        np.bincount(label, weights=channel, minlength=count)
        for channel in _vectors(embedding, rows, columns).T
    ]
    return (np.array(sums) / pixels).T.astype(np.float32)


def similarity(maps: ImageMaps, settings: PanDecode) -> Plane:
    """How like each text pixel's similarity vector is to the mean of the text that it was given to.

    Returns:
        (h, w) as the other planes: 255 for the same vector, 128 at the largest distance that is allowed, 0 at
        twice that and for pixels of no text.
    """
    text, vectors = maps.planes["text"], maps.values["embedding"]
    labels = aggregate(text, maps.planes["kernel"], vectors, settings)
    means = _means(labels, vectors, int(labels.max()) + 1)
    inside = np.nonzero(labels)
    distance = np.linalg.norm(_vectors(vectors, *inside) - means[labels[inside]], axis=1)
    plane = np.zeros(labels.shape, np.uint8)
    share = 1.0 - distance / max(2.0 * settings.max_distance, 1e-6)
    plane[inside] = np.rint(255.0 * np.clip(share, 0.0, 1.0))
    return plane


class _Region(NamedTuple):
    """One text on the map."""

    edge: NDArray[np.int32]  # (N, 2) the first and the last pixel of each row, x and y
    area: int  # pixels
    score: float  # mean probability of text
    labels: Labels  # the window of its bounds
    label: int
    corner: NDArray[np.int32]  # (2,) x and y of the window's first pixel


def _regions(labels: Labels, text: Plane) -> list[_Region]:
    """All texts, the largest first; of equal ones that with the smaller label."""
    pixels = np.flatnonzero(labels)
    if not len(pixels):
        return []
    of_pixel = labels.ravel()[pixels]
    areas = np.bincount(of_pixel)
    scores = np.bincount(of_pixel, weights=text.ravel()[pixels]) / np.maximum(areas, 1) / 255.0
    order = np.argsort(of_pixel, kind="stable")
    y, x = np.divmod(pixels[order], labels.shape[1])
    row = of_pixel[order] * np.int64(labels.shape[0]) + y  # one number for each row of each label
    turns = row[1:] != row[:-1]
    ends = np.append(turns, True) | np.insert(turns, 0, True)
    edges, owner = np.column_stack([x, y])[ends].astype(np.int32), of_pixel[order][ends]
    present = np.flatnonzero(areas)
    first, behind = np.searchsorted(owner, present), np.searchsorted(owner, present, side="right").tolist()
    corners, farthest = np.minimum.reduceat(edges, first), np.maximum.reduceat(edges, first)
    boxes, starts = np.hstack([corners, farthest + 1]).tolist(), first.tolist()
    found = []
    for at in np.argsort(-areas[present], kind="stable").tolist():
        label, (x0, y0, x1, y1) = int(present[at]), boxes[at]
        edge, window = edges[starts[at] : behind[at]], labels[y0:y1, x0:x1]
        found.append(_Region(edge, int(areas[label]), float(scores[label]), window, label, corners[at]))
    return found


def _quads(regions: Sequence[_Region]) -> list[Points]:
    """The minimum-area rectangles in map pixels, clockwise, the corner nearest the top left first.

    The rectangle around the pixels' centres is grown on all sides, by half a pixel at most, until it has as
    much area as there are pixels: half a pixel is right for upright texts and too much for turned ones.
    """
    around = [cv2.minAreaRect(region.edge) for region in regions]
    x, y, width, height, angle = np.array([(*middle, *sides, turn) for middle, sides, turn in around]).T
    areas = np.array([region.area for region in regions])
    grow = (np.sqrt((width - height) ** 2 + 4.0 * areas) - width - height) / 4.0
    grow = np.clip(grow, 0.0, 0.5)
    along = np.stack([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))], axis=1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    along, across = along * (width / 2.0 + grow)[:, None], across * (height / 2.0 + grow)[:, None]
    middle = np.stack([x, y], axis=1) + 0.5
    corners = np.stack([-along - across, along - across, along + across, across - along], axis=1)
    corners += middle[:, None]
    first = corners.sum(axis=2).argmin(axis=1)
    return list(np.take_along_axis(corners, ((first[:, None] + np.arange(4)) % 4)[..., None], axis=1))


def _polygons(regions: Sequence[_Region], output: Output, given: _Given) -> list[Points]:
    """The regions in map pixels, in that form; those that are not known are added."""
    known = given.polygons[output]
    new = [region for region in regions if region.label not in known]
    if new:
        made = _quads(new) if output == "quad" else _outlines(new)
        known.update(zip((region.label for region in new), made, strict=True))
    return [known[region.label] for region in regions]


def _outlines(regions: Sequence[_Region]) -> list[Points]:
    """The outlines in map pixels, simplified, with the area of the pixels inside; rectangles of lines.

    OpenCV's outline runs through the centres of b border pixels around an area A. By Pick's theorem it holds
    A + b/2 + 1 pixels.
    """
    found: list[Points | None] = [None] * len(regions)
    places, chains, simples = [], [], []
    for at, region in enumerate(regions):
        mask = (region.labels == region.label).view(np.uint8)
        (chain,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        simple = cv2.approxPolyDP(chain, _TOLERANCE, True)
        if len(simple) >= 3:
            places.append(at)
            chains.append(chain[:, 0])
            simples.append(simple[:, 0])
    if places:
        corners = np.array([len(simple) for simple in simples])
        areas = np.array([cv2.contourArea(chain) for chain in chains])
        left = np.array([cv2.contourArea(simple) for simple in simples])
        lengths = np.array([cv2.arcLength(simple, True) for simple in simples])
        distances = (areas + _border_pixels(chains) / 2.0 + 1.0 - left) / lengths
        shifts = np.repeat([regions[at].corner + 0.5 for at in places], corners, axis=0)
        grown = offset_all(np.concatenate(simples) + shifts, corners, distances)
        usable = [at for at, polygon in zip(places, grown, strict=True) if polygon is not None]
        polygons = all_clockwise([polygon for polygon in grown if polygon is not None])
        for at, polygon in zip(usable, polygons, strict=True):
            found[at] = polygon
    return [_quads([region])[0] if one is None else one for region, one in zip(regions, found, strict=True)]


def _border_pixels(chains: Sequence[NDArray[np.int32]]) -> NDArray[np.intp]:
    """How many pixels lie on each outline (N, 2) of straight and diagonal steps."""
    ends = np.cumsum([len(chain) for chain in chains])
    points, starts = np.concatenate(chains), np.concatenate([[0], ends[:-1]])
    before = np.arange(-1, len(points) - 1)
    before[starts] = ends - 1
    return np.add.reduceat(np.abs(points - points[before]).max(axis=1), starts)
