"""Exports of what a search returns."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from scenario_search.concurrency.threads import in_thread
from scenario_search.export.frames import Columns, library
from scenario_search.export.targets import ExportTarget, local_file
from scenario_search.wire.hits import Hit

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from scenario_search.export.files import ExportSource

__all__ = ["AllFrames", "PageFrames", "SearchExports"]

H = TypeVar("H", bound=Hit)


class SearchExports(abc.ABC, Generic[H]):
    """Writes to a file every hit that an iteration yields, page by page.

    It writes up to ``max_items`` hits, and replaces the file as a whole, or not at all.
    To export more than the engine's cap of 1000, use a crawl.
    """

    __slots__ = ()

    @abc.abstractmethod
    def _export_source(self) -> ExportSource[H]: ...

    async def to_jsonl(self, path: ExportTarget) -> None:
        """Writes the hits to a file, one line of JSON each, as the API sent them.

        Args:
            path: The file, an fsspec URL such as ``"s3://bucket/hits.jsonl"``, or a file object
                open for bytes.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A request failed, after its retries.
        """
        from scenario_search.export import files as export  # noqa: PLC0415 - few searches need it

        async with local_file(path, "jsonl") as file:
            await export.to_jsonl(self._export_source(), file)

    async def to_csv(self, path: ExportTarget) -> None:
        """Writes the hits to a CSV file. See :func:`scenario_search.export.files.to_csv`.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A request failed, after its retries.
        """
        from scenario_search.export import files as export  # noqa: PLC0415 - few searches need it

        async with local_file(path, "csv") as file:
            await export.to_csv(self._export_source(), file)

    async def to_parquet(self, path: ExportTarget) -> None:
        """Writes the hits to a Parquet file.

        Types and columns: :mod:`scenario_search.export.parquet`.

        Raises:
            ImportError: pyarrow is not installed.
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A request failed, after its retries.
        """
        from scenario_search.export import parquet as export_parquet  # noqa: PLC0415 - few searches need it

        async with local_file(path, "parquet") as file:
            await export_parquet.to_parquet(self._export_source(), file)


class PageFrames(abc.ABC, Generic[H]):
    """Rows and frames of one page's hits, which need no request."""

    __slots__ = ()

    hits: list[H]

    @abc.abstractmethod
    def _hit_class(self) -> type[Hit] | None:
        """Returns the class of the hits; ``None`` where an empty page does not show it."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """Returns this page's hits as a list of flat rows, which always have the same columns.

        Columns and types: :mod:`scenario_search.export.frames`.
        """
        from scenario_search.export.frames import rows  # noqa: PLC0415 - few pages need it

        return rows(self.hits)

    def to_pandas(self) -> pd.DataFrame:
        """Returns the hits of this page only as a pandas frame, one row per hit.

        Columns and types: :mod:`scenario_search.export.frames`.

        Raises:
            ImportError: pandas is not installed.
        """
        from scenario_search.export.frames import to_pandas  # noqa: PLC0415 - few pages need it

        return to_pandas(self.hits, kind=self._hit_class())

    def to_polars(self) -> pl.DataFrame:
        """Returns the hits of this page only as a polars frame, one row per hit.

        Columns and types: :mod:`scenario_search.export.frames`.

        Raises:
            ImportError: polars is not installed.
        """
        from scenario_search.export.frames import to_polars  # noqa: PLC0415 - few pages need it

        return to_polars(self.hits, kind=self._hit_class())


class AllFrames(abc.ABC):
    """Frames of every hit that an iteration yields."""

    __slots__ = ()

    @abc.abstractmethod
    async def _columns(self) -> Columns:
        """Reads every hit."""

    async def to_pandas(self) -> pd.DataFrame:
        """Returns every hit as a row of a pandas frame. See :meth:`PageFrames.to_pandas`.

        Raises:
            ImportError: pandas is not installed.
            InvalidParamsError: A crawl has a checkpoint: a resumed crawl would omit the hits of an
                earlier frame.
        """
        await in_thread(library, "pandas")
        return await in_thread((await self._columns()).to_pandas)

    async def to_polars(self) -> pl.DataFrame:
        """Returns every hit as a row of a polars frame. See :meth:`PageFrames.to_polars`.

        Raises:
            ImportError: polars is not installed.
            InvalidParamsError: A crawl has a checkpoint: a resumed crawl would omit the hits of an
                earlier frame.
        """
        await in_thread(library, "polars")
        return await in_thread((await self._columns()).to_polars)
