"""The search engine: filters, ranking and meaning put together."""
