"""What an emulator is given, checked before anything is done with it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from scenario_search.emulator.contract.fields import KINDS

__all__ = ["check_files", "check_ids", "check_kind", "check_options", "is_loopback"]

_LONGEST_LIFETIME: Final = 1e9


def check_options(
    *, host: Any, port: Any, result_cap: Any, max_body_bytes: Any, url_lifetime: Any
) -> None:
    """Check the options of `Emulator`.

    Raises:
        TypeError: One is of a wrong type.
        ValueError: One is out of range, or ``host`` is no loopback address.
    """
    if not is_loopback(host):
        raise ValueError(f"host must be a loopback address such as 127.0.0.1, not {host!r}")
    for name, value, least, most in (
        ("port", port, 0, 65_535),
        ("result_cap", result_cap, 1, 2**31),
        ("max_body_bytes", max_body_bytes, 1, 2**40),
    ):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a whole number, not {value!r}")
        if not least <= value <= most:
            raise ValueError(f"{name} must be from {least} to {most}, not {value}")
    if isinstance(url_lifetime, bool) or not isinstance(url_lifetime, int | float):
        raise TypeError(f"url_lifetime must be a number of seconds, not {url_lifetime!r}")
    if not 0 < url_lifetime <= _LONGEST_LIFETIME:
        raise ValueError(
            f"url_lifetime must be above 0 and up to {_LONGEST_LIFETIME:g} s, not {url_lifetime}"
        )


def check_kind(kind: str) -> None:
    """Raise a ValueError unless there is such a kind of document."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")


def check_files(files: Path | str | None, kind: str) -> None:
    """Check the folder of a load.

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


def is_loopback(host: Any) -> bool:
    """Whether this is an address or a name of the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return bool(host == "localhost")
