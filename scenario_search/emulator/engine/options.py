"""The options of an emulator, declared once: their types, defaults, bounds and descriptions."""

from __future__ import annotations

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


def _must_end(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    must_be_seconds(_, attribute, value)
    if not 0 < value <= _LONGEST_LIFETIME:
        raise ValueError(
            f"{attribute.name} must be above 0 and up to {_LONGEST_LIFETIME:g} s, not {value}"
        )


def _must_be_loopback(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
    if not is_loopback(value):
        raise ValueError(
            f"{field.name} must be a loopback address such as 127.0.0.1, not {value!r}"
        )


@attrs.frozen(kw_only=True)
class EmulatorOptions:
    """The options of an emulator.

    Args:
        path: The database file, created if it does not exist; None for a temporary one.
        host: A loopback address to listen on.
        port: The port; 0 for a free one.
        api_key: The key that Basic credentials must have.
        api_secret: The secret that Basic credentials must have.
        bearer_auth: The token that Bearer credentials must have.
        project_id: The project these credentials belong to.
        embedder: Computes vectors of texts; None for a small model that comes with the extra.
        result_cap: The number of hits of one search that can be reached (Meilisearch's
            ``maxTotalHits``).
        capped_totals: Whether totals stop at the cap too, as in released versions of Meilisearch.
        sort_first: Whether ``sortBy`` counts before relevance, not as a tie-breaker after it.
        max_body_bytes: The size in bytes above which a request is answered with a 413.
        url_lifetime: Seconds until the signed URLs of files expire; None for the service's
            calendar, by which they hold for one to two weeks.

    Raises:
        TypeError: An option is of a wrong type.
        ValueError: An option is out of range, or ``host`` is not a loopback address.
    """

    path: Path | str | None = attrs.field(default=None, kw_only=False)
    host: str = attrs.field(default="127.0.0.1", validator=_must_be_loopback)
    port: int = attrs.field(default=0, validator=must_be_whole(0, 65_535))
    api_key: str = "emulator-key"
    api_secret: str = "emulator-secret"  # noqa: S105 - a secret everybody knows
    bearer_auth: str = "emulator-token"
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
        seed: Which demo data; the same seed always stands for the same documents.
        options: As for `Emulator`.
    """

    seed: int = attrs.field(default=0, kw_only=False)
    path: Path | str | None = None
