"""A job in TOML."""
