"""An embedded emulator of Scenario's Search API: real HTTP on loopback, a real engine.

::

    async with Emulator.demo() as emulator:
        client = AsyncScenario(**emulator.client_options)

It needs the extra ``emulator``: ``pip install 'scenario-search[emulator]'``. Its parts are imported
when they are first asked for, so that the pytest plugin costs nothing where it is not used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenario_search.emulator.emulator import (
        ClientOptionsDict as ClientOptionsDict,
        Emulator as Emulator,
    )
    from scenario_search.emulator.store.store import (
        InvalidDocumentError as InvalidDocumentError,
        LoadReport as LoadReport,
        StoreError as StoreError,
    )
    from scenario_search.emulator.testing.faults import (
        Fault as Fault,
        Faults as Faults,
        Limit as Limit,
        Rule as Rule,
    )
    from scenario_search.emulator.testing.seen import SeenRequest as SeenRequest

__all__ = [
    "ClientOptionsDict",
    "Emulator",
    "Fault",
    "Faults",
    "InvalidDocumentError",
    "Limit",
    "LoadReport",
    "Rule",
    "SeenRequest",
    "StoreError",
]

_HOMES = {
    "ClientOptionsDict": "emulator",
    "Emulator": "emulator",
    "Fault": "testing.faults",
    "Faults": "testing.faults",
    "InvalidDocumentError": "store.store",
    "Limit": "testing.faults",
    "LoadReport": "store.store",
    "Rule": "testing.faults",
    "SeenRequest": "testing.seen",
    "StoreError": "store.store",
}
_OF_THE_EXTRA = {"numpy", "onnxruntime", "PIL"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        raise ImportError(
            f"The emulator needs {error.name}: pip install 'scenario-search[emulator]'"
        ) from error
    return getattr(module, name)
