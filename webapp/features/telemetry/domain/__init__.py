"""Rules of telemetry."""
