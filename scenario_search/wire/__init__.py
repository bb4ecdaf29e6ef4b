"""What travels: requests, pages, hits and how they become JSON. No I/O."""
