"""The canvas: the photograph, the score map, detections and regions, and the tools that edit them."""
