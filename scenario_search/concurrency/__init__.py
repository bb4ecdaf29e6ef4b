"""Threads, tasks and pacing: what asyncio leaves to its users."""
