"""The demo's data and pictures."""
