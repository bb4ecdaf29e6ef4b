"""Keyword search, ranked as the engine ranks."""
