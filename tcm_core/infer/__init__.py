"""From images to detections: the predictor, folders of images, and pictures of what was found."""
