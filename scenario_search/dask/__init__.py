"""Crawls and downloads on a Dask cluster.

It needs the extra ``dask``: ``pip install 'scenario-search[dask]'``, on every machine.
"""

from __future__ import annotations

from importlib import import_module

try:
    for _name in ("distributed", "fsspec", "pyarrow"):
        import_module(_name)
except ImportError as error:
    raise ImportError(
        "This needs Dask, fsspec and pyarrow: pip install 'scenario-search[dask]'", name=error.name
    ) from error

from scenario_search.dask.crawl import CrawlReport, crawl_to_parquet
from scenario_search.dask.download import FilesReport, download

__all__ = ["CrawlReport", "FilesReport", "crawl_to_parquet", "download"]
