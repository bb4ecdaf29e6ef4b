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

import attrs
import orjson

from scenario_search.errors import InvalidParamsError
from scenario_search.wire import rules
from scenario_search.wire.options import option, problems
from scenario_search.wire.values import is_whole

__all__ = [
    "ORIGINALS",
    "Fit",
    "Format",
    "Rendition",
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


@attrs.frozen(kw_only=True, slots=False)
class Rendition:
    """A smaller or converted copy of a picture.

    Raises:
        InvalidParamsError: An option has a value that the CDN does not know.
    """

    width: int | None = option(
        None,
        "The width in pixels. If only one side is set, the proportions stay.",
        rules.integer(1),
    )
    height: int | None = option(None, "The height in pixels.", rules.integer(1))
    format: Format | None = option(
        None,
        "The format to convert to: jpeg, png, webp, avif or tiff.",
        rules.choice(*get_args(Format)),
    )
    quality: int | None = option(
        None,
        "The quality, from 1 to 100, of a format that loses detail.",
        rules.integer(1, 100),
    )
    fit: Fit | None = option(
        None,
        "How width and height are met: cover (default), contain, fill, inside or outside.",
        rules.choice(*get_args(Fit)),
    )

    def __attrs_post_init__(self) -> None:
        if wrong := list(problems(self)):
            raise InvalidParamsError(*wrong)

    @property
    def parameters(self) -> dict[str, int | str]:
        """The parameters that are set, by name; empty for the picture as it is."""
        whole = {"width": self.width, "height": self.height, "quality": self.quality}
        texts = {"format": self.format, "fit": self.fit}
        return {
            **{name: int(value) for name, value in whole.items() if value is not None},
            **{name: str(value) for name, value in texts.items() if value is not None},
        }

    def url(self, url: object) -> str | None:
        """Returns the URL of the copy; ``None`` where the picture's URL cannot be changed.

        No request is sent. The URL expires when the picture's own does.

        Args:
            url: The picture's signed URL.
        """
        match = _URL.fullmatch(url) if isinstance(url, str) else None
        if match is None or not match[1].startswith(_TRANSFORMED) or not match[2]:
            return None
        signed = match[2].split("&")
        if not {_name(parameter) for parameter in signed} >= _SIGNATURE:
            return None
        if not str(_statement(signed).get("Resource")).endswith("*"):
            return None
        changes = self.parameters
        kept = [parameter for parameter in signed if _name(parameter) not in changes]
        added = [f"{name}={value}" for name, value in changes.items()]
        return f"{match[0][: match.start(2)]}{'&'.join(kept + added)}"


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
