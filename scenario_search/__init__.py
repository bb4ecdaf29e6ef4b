"""An asyncio-first client for Scenario's Search API."""
