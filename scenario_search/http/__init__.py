"""Requests over HTTP: options, credentials, retries, the transport."""
