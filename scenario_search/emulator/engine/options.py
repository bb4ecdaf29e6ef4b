"""The options of an emulator, declared once: their types, defaults, bounds and descriptions."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import attrs

from scenario_search.emulator.contract.arguments import (
    is_loopback,
    must_be_boolean,
    must_be_seconds,
    must_be_whole,
)
from scenario_search.emulator.meaning.embedding import Embedder

__all__ = ["DemoOptions", "EmulatorOptions"]

_LONGEST_LIFETIME: Final = 1e9
_HOST_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]+)?")


def _must_end(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    must_be_seconds(_, attribute, value)
    if not 0 < value <= _LONGEST_LIFETIME:
        raise ValueError(
            f"{attribute.name} must be above 0 and up to {_LONGEST_LIFETIME:g} s, not {value}"
        )


def _host(value: str) -> str:
    # Not a validator: those run after the converters of the credentials, which look at the host.
    if not isinstance(value, str):
        raise TypeError(f"host must be an address or a name, not {value!r:.60}")
    if not value:
        raise ValueError("host must be an address or a name such as 127.0.0.1, not empty")
    return value


def _credential(known: str) -> Any:
    """Returns a field whose default other machines can't know."""

    def chosen(value: str | None, options: Any) -> str:
        if value is not None:
            return value
        return known if is_loopback(options.host) else secrets.token_urlsafe(24)

    return attrs.field(default=None, converter=attrs.Converter(chosen, takes_self=True))


def _listed(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError(f"Expected a list, not one text: write [{value!r}]")
    return tuple(each.lower().removesuffix("/") for each in value)


def _must_be_names(_: Any, field: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for name in value:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(
                f"{field.name} must be host names without a scheme or port, not {name!r:.60}"
            )


def _must_be_origins(_: Any, field: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for origin in value:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{field.name} must be origins such as http://localhost:5173, not {origin!r:.60}"
            )


@attrs.frozen(kw_only=True)
class EmulatorOptions:
    """The options of an emulator.

    Args:
        path: The database file, created if it does not exist; None for a temporary one.
        cache: A folder that keeps features of pictures for other emulators, created if it does
            not exist; None for none.
        host: The address to listen on. If it is not a loopback address, such as ``0.0.0.0`` in a
            container, other machines can use the emulator.
        port: The port; 0 for a free one.
        allowed_hosts: Host names by which clients may address the emulator, beside those of
            loopback, such as the name of its container.
        cors_origins: Origins of web pages that may use the API, such as
            ``http://localhost:5173``. Pages of other origins get a 403.
        api_key: The key that Basic credentials must have. Default: ``emulator-key``, or a random
            one if ``host`` is not a loopback address.
        api_secret: The secret that Basic credentials must have; likewise.
        bearer_auth: The token that Bearer credentials must have; likewise.
        project_id: The project these credentials belong to.
        embedder: Computes vectors of texts; None for a small model that comes with the extra.
        result_cap: The number of hits of one search that can be reached (Meilisearch's
            ``maxTotalHits``).
        capped_totals: Whether totals stop at the cap too, as in released versions of Meilisearch.
        sort_first: Whether ``sortBy`` counts before relevance, not as a tie-breaker after it.
        max_body_bytes: The size in bytes above which a request gets a 413.
        url_lifetime: Seconds until the signed URLs of files expire; None for the service's
            calendar, by which they hold for one to two weeks.

    Raises:
        TypeError: An option has the wrong type.
        ValueError: An option is out of range, or is not a name or an origin.
    """

    path: Path | str | None = attrs.field(default=None, kw_only=False)
    cache: Path | str | None = None
    host: str = attrs.field(default="127.0.0.1", converter=_host)
    port: int = attrs.field(default=0, validator=must_be_whole(0, 65_535))
    allowed_hosts: tuple[str, ...] = attrs.field(
        default=(), converter=_listed, validator=_must_be_names
    )
    cors_origins: tuple[str, ...] = attrs.field(
        default=(), converter=_listed, validator=_must_be_origins
    )
    api_key: str = _credential("emulator-key")
    api_secret: str = _credential("emulator-secret")
    bearer_auth: str = _credential("emulator-token")
    project_id: str = "project_demo"
    embedder: Embedder | None = None
    result_cap: int = attrs.field(default=1000, validator=must_be_whole(1, 2**31))
    capped_totals: bool = attrs.field(default=True, validator=must_be_boolean)
    sort_first: bool = attrs.field(default=False, validator=must_be_boolean)
    max_body_bytes: int = attrs.field(default=64 * 2**20, validator=must_be_whole(1, 2**40))
    url_lifetime: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(_must_end)
    )


@attrs.frozen(kw_only=True)
class DemoOptions(EmulatorOptions):
    """The options of an emulator with demo data.

    Args:
        seed: The seed of the demo data. The same seed always produces the same documents.
        options: The options of `Emulator`.
    """

    seed: int = attrs.field(default=0, kw_only=False)
    path: Path | str | None = None
