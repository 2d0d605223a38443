"""Several detectors, settings and labels side by side on one page."""
