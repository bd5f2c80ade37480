"""Pure rules: no store, no clock, no network."""
