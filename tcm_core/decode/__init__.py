"""From the network's maps to detections; numpy and OpenCV, no torch, so that a window can do it live."""
