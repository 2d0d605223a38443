"""From labelled polygons to the maps that a head learns; made in loader workers, numpy and OpenCV only."""
