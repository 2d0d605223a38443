"""The language and the visual prompt generators."""
