"""The tools of the canvas as state machines without Qt: events in image pixels in, commands out."""
