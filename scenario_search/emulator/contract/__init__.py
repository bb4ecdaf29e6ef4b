"""What a request may say, and how it is refused."""
