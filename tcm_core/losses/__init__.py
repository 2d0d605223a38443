"""From network outputs and targets to named losses."""
