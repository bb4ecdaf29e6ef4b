"""Searches: endpoints, results, pages, and the methods that start them."""
