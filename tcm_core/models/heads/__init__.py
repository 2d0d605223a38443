"""From a feature map to the maps of one method."""
