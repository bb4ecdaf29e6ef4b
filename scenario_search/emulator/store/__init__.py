"""Documents, and the files that came with them, in SQLite."""
