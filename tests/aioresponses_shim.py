"""Lets aioresponses make responses of aiohttp >= 3.14 (its issue 289): pass ``response_class``.

It passes no ``stream_writer``, which aiohttp asks for since 3.14. On other versions nothing is
added, so the shim switches itself off.
"""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import aiohttp

_WANTED = inspect.signature(aiohttp.ClientResponse.__init__).parameters


class MockableResponse(aiohttp.ClientResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "stream_writer" in _WANTED:
            kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **kwargs)
