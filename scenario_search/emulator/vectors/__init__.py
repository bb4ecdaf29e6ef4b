"""Vectors: kept, and compared."""
