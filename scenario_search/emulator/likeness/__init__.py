"""Similarity search by picture."""
