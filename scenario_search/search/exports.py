"""Exports of what a search returns."""

from __future__ import annotations

import abc
import os
from typing import TYPE_CHECKING, Generic, TypeVar

from scenario_search.wire.hits import Hit

if TYPE_CHECKING:
    from scenario_search.export.files import ExportSource

__all__ = ["SearchExports"]

H = TypeVar("H", bound=Hit)


class SearchExports(abc.ABC, Generic[H]):
    """What writes to a file every hit that an iteration gives, page by page.

    That is all hits of results; of a page, its own and those of the pages after it. ``max_items``
    ends it early. The file is there whole or not at all, and what was there before is replaced.
    Past the engine's cap of 1000, export a crawl.
    """

    __slots__ = ()

    @abc.abstractmethod
    def _export_source(self) -> ExportSource[H]: ...

    async def to_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write the hits to a file, a line of JSON each, as the API sent them.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A page could not be read.
        """
        from scenario_search.export import files as export  # noqa: PLC0415 - few searches need it

        await export.to_jsonl(self._export_source(), path)

    async def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the hits to a CSV file: see :func:`scenario_search.export.files.to_csv`.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A page could not be read.
        """
        from scenario_search.export import files as export  # noqa: PLC0415 - few searches need it

        await export.to_csv(self._export_source(), path)

    async def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the hits to a Parquet file.

        Types and columns: :mod:`scenario_search.export.parquet`.

        Raises:
            ImportError: pyarrow is not installed.
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A page could not be read.
        """
        from scenario_search.export import parquet as export_parquet  # noqa: PLC0415 - few searches need it

        await export_parquet.to_parquet(self._export_source(), path)
