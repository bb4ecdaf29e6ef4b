"""Lets aioresponses make responses of aiohttp >= 3.14 (its issue 289): pass ``response_class``.

It passes no ``stream_writer``, which aiohttp requires since 3.14. A release that passes one makes
this shim superfluous, and is not disturbed by it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp


class MockableResponse(aiohttp.ClientResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **kwargs)
