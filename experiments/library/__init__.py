"""The reform library and the scenarios with a name: data in TOML, read and never executed."""
