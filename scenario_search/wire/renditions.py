"""Renditions: smaller or converted copies of a picture, which the CDN makes on the fly.

A rendition's URL is the asset's signed URL with further parameters behind the signed ones. That is
possible where the signature allows it: its policy covers every URL that begins with the signed one
(its ``Resource`` ends in a wildcard). URLs of originals, and URLs of an older kind that have only
``Expires``, cannot be changed.

Source: "Content Delivery Network" in Scenario's documentation; the policy as in Amazon
CloudFront's "Create a signed URL using a custom policy".
"""

from __future__ import annotations

import binascii
import re
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import orjson

from scenario_search.errors import InvalidParamsError
from scenario_search.messages import Message, named
from scenario_search.wire.values import is_whole

__all__ = [
    "ORIGINALS",
    "Fit",
    "Format",
    "check_rendition",
    "rendition",
    "url_expires_at",
    "url_path",
]

Format = Literal["origin", "auto", "jpeg", "jpg", "png", "webp", "avif", "tiff", "tif"]
"""The formats of a rendition. ``origin`` keeps the picture's own; ``auto`` is the CDN's choice."""

Fit = Literal["cover", "contain", "fill", "inside", "outside"]
"""How a picture is fitted into a width and a height; ``cover`` by default."""

ORIGINALS = "/assets/"
"""The start of the paths of originals: files as they were stored."""

_TRANSFORMED = "/assets-transform/"
_SIGNATURE = {"Policy", "Signature", "Key-Pair-Id"}
_URL = re.compile(r"https?://[^/?#\\\s]+(/[^?#\\\s]*)(?:\?([^#\\\s]*))?(?:#.*)?", re.IGNORECASE)
_FROM_BASE64 = str.maketrans("-_~", "+=/")
_LONGEST_POLICY = 8192


def rendition(
    url: object,
    *,
    width: int | None = None,
    height: int | None = None,
    format: Format | None = None,
    quality: int | None = None,
    fit: Fit | None = None,
) -> str | None:
    """Returns the URL of a rendition of a picture; ``None`` where its URL cannot be changed.

    No request is sent. The URL expires when the picture's own does.

    Args:
        url: The picture's signed URL.
        width: The width in pixels. If only one side is set, the proportions stay.
        height: The height in pixels.
        format: The format to convert to.
        quality: The quality, from 1 to 100, of a format that loses detail.
        fit: How the picture is fitted into ``width`` and ``height``.

    Raises:
        InvalidParamsError: A parameter has a value that the CDN does not know.
    """
    changes = check_rendition(width=width, height=height, format=format, quality=quality, fit=fit)
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    if match is None or not match[1].startswith(_TRANSFORMED) or not match[2]:
        return None
    parameters = match[2].split("&")
    if not {_name(parameter) for parameter in parameters} >= _SIGNATURE:
        return None
    if not str(_statement(parameters).get("Resource")).endswith("*"):
        return None
    kept = [parameter for parameter in parameters if _name(parameter) not in changes]
    added = [f"{name}={value}" for name, value in changes.items()]
    return f"{match[0][: match.start(2)]}{'&'.join(kept + added)}"


def check_rendition(
    *, width: Any, height: Any, format: Any, quality: Any, fit: Any
) -> dict[str, int | str]:
    """Returns the parameters that are set, by name.

    Raises:
        InvalidParamsError: One has a value that the CDN does not know.
    """
    for name, value, most in (
        ("width", width, None),
        ("height", height, None),
        ("quality", quality, 100),
    ):
        if value is not None and not (is_whole(value, 1) and value <= (most or value)):
            limits = "from 1" if most is None else f"from 1 to {most}"
            raise InvalidParamsError(
                Message("{} must be a whole number {}, not {!r}", named(name), limits, value)
            )
    for name, value, known in (("format", format, get_args(Format)), ("fit", fit, get_args(Fit))):
        if value is not None and not (isinstance(value, str) and value in known):
            raise InvalidParamsError(
                Message("{} must be one of {}, not {!r}", named(name), ", ".join(known), value)
            )
    whole = {"width": width, "height": height, "quality": quality}
    numbers = {name: int(value) for name, value in whole.items() if value is not None}
    texts = {name: str(value) for name, value in {"format": format, "fit": fit}.items() if value}
    return {**numbers, **texts}


def url_expires_at(url: object) -> datetime | None:
    """Returns when a signed URL expires, in UTC; ``None`` where the URL does not say.

    Args:
        url: A URL with CloudFront's ``Policy``, or with ``Expires``.
    """
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    if match is None or not match[2]:
        return None
    parameters = match[2].split("&")
    try:
        seconds = _statement(parameters)["Condition"]["DateLessThan"]["AWS:EpochTime"]
    except (KeyError, TypeError):
        text = _value(parameters, "Expires")
        seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if seconds is None or not is_whole(seconds, 0):
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, OSError, ValueError):
        return None


def url_path(url: object) -> str:
    """Returns the path of an http(s) URL; an empty string if it is none."""
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    return "" if match is None else match[1]


def _statement(parameters: list[str]) -> dict[str, Any]:
    """Returns the one statement of the policy among a URL's parameters; empty if there is none."""
    encoded = _value(parameters, "Policy")[:_LONGEST_POLICY].translate(_FROM_BASE64)
    try:
        policy = orjson.loads(binascii.a2b_base64(encoded, strict_mode=True))
        statement = policy["Statement"][0]
    except (ValueError, LookupError, TypeError):
        return {}
    return statement if isinstance(statement, dict) else {}


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _value(parameters: list[str], name: str) -> str:
    return next((p.partition("=")[2] for p in parameters if _name(p) == name), "")
