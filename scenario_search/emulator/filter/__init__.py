"""The filter language, parsed and as SQL."""
