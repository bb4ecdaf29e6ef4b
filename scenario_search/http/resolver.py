"""Names of hosts that lead to this machine, though a server elsewhere gave them."""

from __future__ import annotations

import socket
from collections.abc import Collection

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from scenario_search.http.destinations import LocalAddressError, is_local

__all__ = ["OutwardResolver", "normalized"]


class OutwardResolver(AbstractResolver):
    """Resolves names with the operating system, without addresses of this machine and its link.

    The connector connects to the addresses that were checked, so a name whose address changes
    between two look-ups gains nothing. Made inside the running loop.

    Args:
        trusted: Hosts, :func:`normalized`, that may have such addresses: those the caller named.
    """

    def __init__(self, trusted: Collection[str]) -> None:
        self._trusted = trusted
        # Not aiohttp's default, which is another one where aiodns is installed: that one has to
        # be closed, also where a client is abandoned.
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Returns the addresses of a host.

        Raises:
            LocalAddressError: It has none but those of this machine and its link.
            OSError: It has none.
        """
        addresses = await self._system.resolve(host, port, family)
        if normalized(host) in self._trusted:
            return addresses
        outward = [address for address in addresses if not is_local(address["host"])]
        if addresses and not outward:
            raise LocalAddressError
        return outward

    async def close(self) -> None:
        """Does nothing."""
        await self._system.close()


def normalized(host: str) -> str:
    """Returns a host in the one form in which it is compared."""
    return host.lower().rstrip(".")
