"""Checks of arguments, before anything is done with them."""

from __future__ import annotations

import ipaddress
import math
import re
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from scenario_search.emulator.contract.fields import KINDS

__all__ = [
    "address_of",
    "check_files",
    "check_ids",
    "check_kind",
    "is_loopback",
    "must_be_boolean",
    "must_be_seconds",
    "must_be_whole",
]

_Check: TypeAlias = Callable[[Any, "attrs.Attribute[Any]", Any], None]

_NUMERIC_IPV4: Final = re.compile(r"(0x)?[0-9a-f]+(\.(0x)?[0-9a-f]+){0,3}", re.IGNORECASE)


def must_be_whole(least: int, most: int) -> _Check:
    """Returns a validator of a field that is a whole number from ``least`` to ``most``."""

    def check(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{field.name} must be a whole number, not {value!r:.60}")
        if not least <= value <= most:
            raise ValueError(f"{field.name} must be from {least} to {most}, not {value}")

    return check


def must_be_seconds(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Validates a field that is a number of seconds from 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{field.name} must be a number of seconds, not {value!r:.60}")
    if not 0 <= value < math.inf:
        raise ValueError(f"{field.name} must be 0 seconds or more, and not endless, not {value}")


def must_be_boolean(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Validates a field that is true or false."""
    if not isinstance(value, bool):
        raise TypeError(f"{field.name} must be true or false, not {value!r:.60}")


def check_kind(kind: str) -> None:
    """Raises a ValueError unless there is such a kind of document."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")


def check_files(files: Path | str | None, kind: str) -> None:
    """Checks the folder of a load.

    Raises:
        NotADirectoryError: It is none.
        ValueError: The documents are no assets.
    """
    if files is not None and kind != "assets":
        raise ValueError(f"files go with assets, not with {kind}")
    if files is not None and not Path(files).is_dir():
        raise NotADirectoryError(f"files must be a folder, and there is none at {files}")


def check_ids(ids: Iterable[Any]) -> list[str]:
    """The ids as a list; a TypeError if there is something else among them, or they are one."""
    if isinstance(ids, str | bytes):
        raise TypeError(f"ids must be a list of ids, not one: write [{ids!r}]")
    listed = list(ids)
    for each in listed:
        if not isinstance(each, str):
            raise TypeError(f"ids must be texts, not {each!r:.60}")
    return listed


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Returns the address that a host is written as, or None for a name.

    Short and numeric forms of IPv4 (``127.1``, ``0x7f000001``) and IPv4 mapped to IPv6 are the
    address that systems connect to for them.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _NUMERIC_IPV4.fullmatch(host):
            return None
        try:
            return IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(host: str) -> bool:
    """Returns whether this is an address or a name of the machine itself.

    ``localhost`` and the names below it always are (RFC 6761, 6.3), in any case and with a final
    dot or without.
    """
    address = address_of(host)
    if address is not None:
        return address.is_loopback
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")
