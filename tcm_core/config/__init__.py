"""Settings as frozen, typed models, and the strict reader of their TOML files."""
