"""The synchronous client: the asynchronous one behind a portal."""
