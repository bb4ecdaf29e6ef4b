"""Which URLs of files may be requested: what a server elsewhere must not make a client reach."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from scenario_search.http.options import is_loopback

__all__ = ["LOCAL_PROBLEM", "LocalAddressError", "file_url_problem", "is_local"]

LOCAL_PROBLEM = "is not fetched: a server elsewhere must not lead to this machine"


class LocalAddressError(Exception):
    """A host's name, which nobody but a server gave, has only addresses of this machine."""


def file_url_problem(url: str, base_url: str, *, allow_http: bool) -> str | None:
    """Returns why a file's URL must not, or cannot, be requested; ``None`` if it can.

    Args:
        url: The URL, as a server gave it.
        base_url: Where the API is.
        allow_http: Whether plain http to another machine is allowed.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        # The error may quote a user name and a password.
        return "is not a URL"
    # Characters that one reader of a URL drops, and another takes for something else.
    if not url.isprintable() or set(url) & set(" \\"):
        return "is not a URL: it has a space, a backslash or a control character"
    home = urlsplit(base_url).hostname or ""
    is_at_home = is_loopback(home) and is_loopback(host)
    schemes = ("https", "http") if allow_http or is_at_home else ("https",)
    if not host or parts.scheme not in schemes:
        return "is not fetched: only https is"
    if host != home and not is_at_home and is_local(host):
        return LOCAL_PROBLEM
    return None


def is_local(host: str) -> bool:
    """Whether a host is this machine, or an address that only its own link knows."""
    host = host.rstrip(".").partition("%")[0]
    if is_loopback(host):
        return True
    try:
        # Resolvers also read 127.1, 0x7f000001 and 2130706433.
        address = ipaddress.ip_address(socket.inet_ntoa(socket.inet_aton(host)))
    except (OSError, UnicodeEncodeError):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_link_local or address.is_unspecified
