"""Image encoders: four stages, a dense joint embedding and a global vector."""
