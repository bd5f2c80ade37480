"""Reads of configurations, stores and tests."""
