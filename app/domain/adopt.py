"""Taking a polygon of a comparison over into the labels of the page."""

from app.domain.compare import SAME_FROM, Shape
from app.domain.edits import AddRegions, Edit, EditRefused
from app.domain.page import Page
from app.domain.region import Origin, new_region
from app.domain.shape_edits import ReshapeRegions
from tcm_core.geometry.overlap import iou_matrix


def adoption(page: Page, shape: Shape) -> Edit:
    """The edit that takes a shape over.

    A label of the same text is given the shape's outline and keeps its transcription; where there is none, a
    new region is made.

    Raises:
        EditRefused: the shape is a label of this page itself, or a label has the very same outline.
    """
    if shape.region_id:
        raise EditRefused("This polygon is a label of this image already")
    regions = page.regions
    overlaps = iou_matrix([region.polygon for region in regions], [shape.polygon]) if regions else None
    if overlaps is None or float(overlaps.max()) < SAME_FROM:
        origin: Origin = "person" if shape.score is None else "model"
        region = new_region(
            shape.polygon, text=shape.text, ignore=shape.ignore, origin=origin, score=shape.score
        )
        return AddRegions((region,))
    best = int(overlaps.argmax())
    if float(overlaps[best, 0]) > 1 - 1e-9:
        raise EditRefused("There is a label with this outline already")
    return ReshapeRegions({regions[best].id: shape.polygon}, "Take over an outline")
