"""Questions to a search service that its documentation leaves open, and their answers."""
