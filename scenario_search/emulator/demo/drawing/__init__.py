"""The demo's pictures, drawn."""
