"""Hits into files and frames: JSONL, CSV, Parquet, pandas, polars."""
