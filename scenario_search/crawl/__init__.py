"""Crawls: every hit of a search, past the engine's result cap."""
