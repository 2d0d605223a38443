"""What a person can do to the shapes of selected regions: each verb gives one edit, or refuses in words."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import shapely

from app.domain.cut import cut, halves
from app.domain.edits import EditRefused, counted
from app.domain.level_set import KeptMaps
from app.domain.merge import in_line, joined, merged
from app.domain.page import Page
from app.domain.region import Region, frozen_polygon, new_region
from app.domain.reshape import drawn_towards, fitted_box, fitted_quad, grown, starting_at, turned
from app.domain.shape_edits import SMALLEST_AREA, ExchangeRegions, ReshapeRegions
from app.domain.words import put_together, shared_out, space_fractions, split_at, valley_fractions
from tcm_core.geometry.polygon import Points, area, clockwise, is_simple
from tcm_core.geometry.rails import rails

PROFILE_SAMPLES: Final = 160
NO_MAP: Final = "The score map of this image is not kept. Detect the image again first."


def chosen(page: Page, ids: Collection[str]) -> list[Region]:
    """The regions of these ids in page order.

    Raises:
        EditRefused: there is none of them.
    """
    regions = [region for region in page.regions if region.id in ids]
    if not regions:
        raise EditRefused("Select a region first.")
    return regions


def unclip(page: Page, ids: Collection[str], pixels: float, merge_key: str | None = None) -> ReshapeRegions:
    """Every edge outwards by so many pixels, or inwards.

    Raises:
        EditRefused: nothing would be left of a region.
    """

    def change(polygon: Points) -> Points:
        result = grown(polygon, pixels)
        if result is None or area(result) < SMALLEST_AREA:
            raise EditRefused("Nothing would be left of the region, so it stays as it was.")
        return result

    return _each(page, ids, change, "Grow" if pixels > 0 else "Shrink", merge_key)


def turn(page: Page, ids: Collection[str], degrees: float, merge_key: str | None = None) -> ReshapeRegions:
    """The regions clockwise around the middle of all of them."""
    regions = chosen(page, ids)
    points = shapely.MultiPoint(np.concatenate([region.polygon for region in regions]))
    centre = shapely.get_coordinates(shapely.centroid(shapely.convex_hull(points)))[0]  # turns with them
    return _each(page, ids, lambda polygon: turned(polygon, degrees, centre), "Turn", merge_key)


def to_box(page: Page, ids: Collection[str]) -> ReshapeRegions:
    """The smallest rectangle around each."""
    return _each(page, ids, fitted_box, "Fit rotated box")


def to_quad(page: Page, ids: Collection[str]) -> ReshapeRegions:
    """A tight quadrilateral around each."""
    return _each(page, ids, fitted_quad, "Fit quad")


def next_start(page: Page, ids: Collection[str]) -> ReshapeRegions:
    """Reading begins one vertex further on."""
    return _each(page, ids, lambda polygon: starting_at(polygon, 1), "Move the reading start")


def in_reading_order(page: Page, ids: Collection[str]) -> ReshapeRegions:
    """The vertices clockwise from the upper corner of the text's left end, whichever was first before.

    Of a text that runs up or down: from the corner nearest to the upper left, as labels of columns have it.
    """

    def change(polygon: Points) -> Points:
        ring = clockwise(polygon)
        one, other = rails(ring)
        onwards = one[-1] - one[0] + other[-1] - other[0]
        if abs(onwards[1]) > abs(onwards[0]):
            ends = np.stack([one[0], one[-1], other[0], other[-1]])
            first = ends[int(np.argmin(ends.sum(axis=1)))]
        else:
            first = one[0] if onwards[0] >= 0 else other[-1]
        return starting_at(ring, int(np.argmin(np.hypot(*(ring - first).T))))

    return _each(page, ids, change, "Reading order")


def tighten(page: Page, ids: Collection[str], maps: KeptMaps | None, *, inwards: bool) -> ReshapeRegions:
    """The vertices outside the text that the score map shows moved in onto its outline, or those inside out.

    Raises:
        EditRefused: no map is kept, or it shows no text in any of the regions.
    """
    if maps is None:
        raise EditRefused(NO_MAP)
    polygons: dict[str, Points] = {}
    for region in chosen(page, ids):
        target = maps.text_in(region.polygon, min(maps.threshold, maps.peak_in(region.polygon) / 2))
        if target is not None and is_simple(target):
            polygons[region.id] = drawn_towards(region.polygon, target, inwards=inwards)
    if not polygons:
        raise EditRefused("The score map shows no text there, so nothing was moved.")
    return ReshapeRegions(polygons, "Tighten" if inwards else "Loosen")


def cut_regions(page: Page, ids: Collection[str], line: Points) -> ExchangeRegions | None:
    """The regions that a line cuts from edge to edge, each as its parts; None when it cuts none."""
    parts = {
        region.id: _divided(region, cut(region.polygon, line))
        for region in page.regions
        if region.id in ids and is_simple(region.polygon)
    }
    parts = {region_id: regions for region_id, regions in parts.items() if len(regions) > 1}
    return ExchangeRegions(parts, f"Cut {counted(len(parts))}") if parts else None


def halve(page: Page, ids: Collection[str]) -> ExchangeRegions:
    """Each region as its two halves.

    Raises:
        EditRefused: a region cannot be cut in the middle.
    """
    parts = {region.id: _divided(region, halves(region.polygon)) for region in chosen(page, ids)}
    if any(len(regions) < 2 for regions in parts.values()):
        raise EditRefused("The region cannot be cut in its middle. Use the knife.")
    return ExchangeRegions(parts, f"Cut {counted(len(parts))}")


def split_words(page: Page, ids: Collection[str], maps: KeptMaps | None) -> ExchangeRegions:
    """Each line as its words: cut where its score map sinks, or where the spaces of its transcription are.

    With a transcription there are as many words as it has; the map's valleys are taken where it has as many.

    Raises:
        EditRefused: neither says where words end.
    """
    parts: dict[str, list[Region]] = {}
    for region in chosen(page, ids):
        fractions = word_fractions(region, maps)
        if fractions:
            parts[region.id] = _divided(region, split_at(region.polygon, fractions))
    if not parts:
        raise EditRefused(
            "Nothing says where words end: type the text with its spaces, or detect the image first."
        )
    return ExchangeRegions(parts, f"Split {counted(len(parts))} into words")


def word_fractions(region: Region, maps: KeptMaps | None) -> list[float]:
    """Where the words of a line end, as fractions of its length; empty when nothing says so."""
    spaces = space_fractions(region.text)
    if region.text.strip() and not spaces:
        return []
    if maps is None:
        return spaces
    count = len(spaces) if spaces else None
    valleys = valley_fractions(maps.profile(region.polygon, PROFILE_SAMPLES), count)
    return valleys if not spaces or len(valleys) == len(spaces) else spaces


def merge(page: Page, ids: Collection[str]) -> ExchangeRegions:
    """Regions that touch as one of exactly their area.

    Raises:
        EditRefused: fewer than two, or they do not touch.
    """
    regions = _in_reading_order(page, ids)
    polygon = merged([region.polygon for region in regions])
    if polygon is None:
        raise EditRefused("These regions do not touch. Join makes one line of them (Ctrl+J).")
    return _united(regions, polygon, "Merge")


def join(page: Page, ids: Collection[str]) -> ExchangeRegions:
    """Words of a line as one region along their upper and lower sides.

    Raises:
        EditRefused: fewer than two, or their sides do not make one line.
    """
    regions = _in_reading_order(page, ids)
    polygon = joined([region.polygon for region in regions])
    if polygon is None:
        raise EditRefused("These regions do not lie in one line, so they were not joined.")
    return _united(regions, polygon, "Join")


def _in_reading_order(page: Page, ids: Collection[str]) -> list[Region]:
    regions = chosen(page, ids)
    if len(regions) < 2:
        raise EditRefused("Select at least two regions: Ctrl+click adds one to the selection.")
    return [regions[index] for index in in_line([region.polygon for region in regions])]


def _united(regions: Sequence[Region], polygon: Points, verb: str) -> ExchangeRegions:
    first = regions[0]
    scores = [region.score for region in regions if region.score is not None]
    whole = replace(
        first,
        polygon=frozen_polygon(polygon),
        text=put_together([region.text for region in regions]),
        ignore=all(region.ignore for region in regions),
        origin="person" if all(region.origin == "person" for region in regions) else "both",
        score=min(scores) if scores else None,
    )
    exchanges: dict[str, Sequence[Region]] = {region.id: () for region in regions}
    exchanges[first.id] = (whole,)
    return ExchangeRegions(exchanges, f"{verb} {counted(len(regions))}")


def _divided(region: Region, polygons: Sequence[Points]) -> list[Region]:
    """The parts as regions; the first keeps the id. Slivers of less than a pixel are left out."""
    polygons = [polygon for polygon in polygons if area(polygon) >= SMALLEST_AREA]
    if len(polygons) < 2:
        return [region]
    texts = shared_out(region.text, len(polygons))
    origin = "both" if region.origin == "model" else region.origin
    first = replace(region, polygon=frozen_polygon(polygons[0]), text=texts[0], origin=origin)
    others = [
        new_region(polygon, text=text, ignore=region.ignore, origin=origin, score=region.score)
        for polygon, text in zip(polygons[1:], texts[1:], strict=True)
    ]
    return [first, *others]


def _each(
    page: Page,
    ids: Collection[str],
    change: Callable[[Points], Points],
    verb: str,
    merge_key: str | None = None,
) -> ReshapeRegions:
    regions = chosen(page, ids)
    polygons = {region.id: change(region.polygon) for region in regions}
    return ReshapeRegions(polygons, f"{verb}: {counted(len(regions))}", merge_key)
