"""Hits as rows and as data frames: one row per hit, one flat column for each documented field.

A column is named by the path of its field: ``id``, ``metadata.width``, ``thumbnail.url``. The
columns of a kind of hit are always all there, and in the same order, whatever the hits hold:

==============  ==============================  =========================  ======================
field           rows                            pandas                     polars
==============  ==============================  =========================  ======================
text            ``str``                         ``string``                 ``String``
number          ``int`` or ``float``            ``Int64``, ``Float64``     ``Int64``, ``Float64``
timestamp       ``datetime`` in UTC             ``datetime64[ms, UTC]``    ``Datetime("ms", UTC)``
list            ``list``                        ``object``                 ``List(String)``
==============  ==============================  =========================  ======================

What is missing is ``None``, and null in the frames, whose integers stay integers all the same. A
timestamp that cannot be read is ``None``. ``concepts`` are the ids of the models. ``extra`` is the
JSON of what the documentation does not name, or ``None``.

A page returns the frame of its own hits. All hits of a search are in the frame of ``results`` (what
an asynchronous search returns), in that of a crawl, and, for a page of the sync client, here::

    frame = to_pandas(page)             # this page's hits, and those of the pages after it
    frame = page.to_pandas()            # this page's hits
    frame = await results.to_pandas()   # the hits of all pages
"""

from __future__ import annotations

import importlib
import json
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from scenario_search.wire.document import Document, unknown_fields, wire_fields
from scenario_search.wire.hits import Hit

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Columns", "columns", "library", "rows", "to_pandas", "to_polars"]

EXTRA = "extra"

_INT64 = range(-(2**63), 2**63)

Getter = Callable[[Any], Any]


def columns(kind: type[Hit]) -> dict[str, str]:
    """Returns the columns of a class of hits: name to "text", "number", "timestamp" or "list"."""
    return {**{name: declared for name, declared, _ in _fields(kind)}, EXTRA: "text"}


_known: dict[type[Document], list[tuple[str, str, Getter]]] = {}


def _fields(kind: type[Document]) -> list[tuple[str, str, Getter]]:
    """Returns (column, declared type, getter) of each documented field, nested ones too."""
    if kind not in _known:
        _known[kind] = _read_fields(kind)
    return _known[kind]


def _read_fields(kind: type[Document]) -> list[tuple[str, str, Getter]]:
    types = typing.get_type_hints(kind)
    fields: list[tuple[str, str, Getter]] = []
    for name, _ in wire_fields(kind):
        declared = types[name]
        choices = [choice for choice in typing.get_args(declared) if choice is not type(None)]
        if typing.get_origin(declared) is list:
            fields.append((name, "list", _items(name)))
            continue
        plain = choices[0] if choices else declared
        if isinstance(plain, type) and issubclass(plain, Document):
            fields += [
                (f"{name}.{inner}", what, _nested(name, get)) for inner, what, get in _fields(plain)
            ]
        elif name.endswith("_at"):
            fields.append((name, "timestamp", _timestamp(name)))
        else:
            fields.append((name, "number" if plain is float else "text", _value(name)))
    return fields


def _value(name: str) -> Getter:
    return lambda document: getattr(document, name)


def _timestamp(name: str) -> Getter:
    return lambda document: moment(getattr(document, name))


def _items(name: str) -> Getter:
    def get(document: Any) -> list[Any]:
        items = getattr(document, name) or []
        return [getattr(item, "model_id", item) for item in items]

    return get


def _nested(name: str, get: Getter) -> Getter:
    def get_nested(document: Any) -> Any:
        inner = getattr(document, name)
        return None if inner is None else get(inner)

    return get_nested


def moment(text: object) -> datetime | None:
    """Returns a timestamp of the API's; text without an offset is in UTC. ``None`` if invalid."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _extra_json(document: Document) -> str | None:
    unknown = unknown_fields(document)
    return json_text(unknown) if unknown else None


def json_text(data: dict[str, Any]) -> str:
    """Returns JSON that UTF-8 has a form for: text as it is, or escaped where it must be."""
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text if encodable(text) is text else json.dumps(data, default=str)


def encodable(text: str) -> str:
    """Returns a text, with U+FFFD in place of each lone surrogate, which UTF-8 has no form for."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def rows(hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """Returns a dict for each hit: column name to value, ``None`` for what is missing."""
    return [
        {**{name: get(hit) for name, _, get in _fields(type(hit))}, EXTRA: _extra_json(hit)}
        for hit in hits
    ]


class Columns:
    """The columns of hits that come batch after batch, for a frame: the hits are not kept.

    Args:
        kind: The class of the hits, whose columns a frame without rows has.
    """

    def __init__(self, kind: type[Hit] | None = None) -> None:
        self._kind = kind
        self._types: dict[str, str] = {}
        self._values: dict[str, list[Any]] = {}
        self._rows = 0

    def add(self, hits: Iterable[Hit]) -> None:
        """Appends the values of hits."""
        for kind, of_kind in groupby(hits, key=type):
            batch = list(of_kind)
            getters = {name: get for name, _, get in _fields(kind)} | {EXTRA: _extra_json}
            for name, what in columns(kind).items():
                self._types.setdefault(name, what)
                self._values.setdefault(name, [None] * self._rows)
            for name, values in self._values.items():
                get = getters.get(name)
                values.extend([None] * len(batch) if get is None else map(get, batch))
            self._rows += len(batch)

    def take(self) -> Iterator[tuple[str, str, list[Any]]]:
        """Yields (column, type, values), and releases each column that was yielded.

        The type is the declared one, where the values bear it out.
        """
        if not self._types and self._kind is not None:
            self._types = columns(self._kind)
        for name, what in self._types.items():
            values = self._values.pop(name, [])
            actual = _number_type(values) if what == "number" else what
            if actual == "text":
                values = [None if value is None else _as_text(value) for value in values]
            elif actual == "list":
                values = [None if value is None else [*map(_as_text, value)] for value in values]
            yield name, actual, values

    def to_pandas(self) -> pd.DataFrame:
        """Returns the pandas frame; once, since the columns are released.

        Raises:
            ImportError: pandas is not installed.
        """
        pandas = library("pandas")
        dtypes = {
            "text": "string",
            "integer": "Int64",
            "number": "Float64",
            "timestamp": "datetime64[ms, UTC]",
            "list": object,
        }
        series = {
            name: pandas.Series(values, dtype=dtypes[what]) for name, what, values in self.take()
        }
        return pandas.DataFrame(series)

    def to_polars(self) -> pl.DataFrame:
        """Returns the polars frame; once, since the columns are released.

        Raises:
            ImportError: polars is not installed.
        """
        polars: Any = library("polars")
        dtypes = {
            "text": polars.String,
            "integer": polars.Int64,
            "number": polars.Float64,
            "timestamp": polars.Datetime("ms", "UTC"),
            "list": polars.List(polars.String),
        }
        series = [
            polars.Series(name, values, dtype=dtypes[what]) for name, what, values in self.take()
        ]
        frame: pl.DataFrame = polars.DataFrame(series)
        return frame


def to_pandas(hits: Iterable[Hit], *, kind: type[Hit] | None = None) -> pd.DataFrame:
    """Returns hits as a pandas frame, one row per hit.

    Args:
        hits: Hits: a page's ``hits``, a crawl, anything that gives them.
        kind: The class of the hits, whose columns a frame without rows has.

    Raises:
        ImportError: pandas is not installed.
    """
    library("pandas")
    values = Columns(kind)
    values.add(hits)
    return values.to_pandas()


def to_polars(hits: Iterable[Hit], *, kind: type[Hit] | None = None) -> pl.DataFrame:
    """Returns hits as a polars frame, one row per hit.

    Args:
        hits: Hits: a page's ``hits``, a crawl, anything that gives them.
        kind: The class of the hits, whose columns a frame without rows has.

    Raises:
        ImportError: polars is not installed.
    """
    library("polars")
    values = Columns(kind)
    values.add(hits)
    return values.to_polars()


def library(name: str) -> Any:
    """Imports and returns the library of a kind of frame.

    Raises:
        ImportError: It is not installed. The message names the extra.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"This needs {name}: pip install 'scenario-search[{name}]'", name=name
        ) from error


def _number_type(values: Sequence[Any]) -> str:
    """Returns the type of a column of numbers: text where a server sends something else."""
    present = [value for value in values if value is not None]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in present):
        return "text"
    whole = all(isinstance(v, int) and v in _INT64 for v in present)
    return "integer" if present and whole else "number"


def _as_text(value: Any) -> str:
    return encodable(value) if isinstance(value, str) else json.dumps(value, default=str)
