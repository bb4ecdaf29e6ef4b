"""What workers know of a job. It travels to them pickled, so it holds nothing that is secret."""

from __future__ import annotations

import importlib
import os
import re
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
from distributed import Event, Semaphore, Variable

from scenario_search.client import AsyncScenario
from scenario_search.dask.gates import Gate, rate_leases
from scenario_search.dask.stores import Store
from scenario_search.errors import InvalidParamsError
from scenario_search.http.options import ClientOptions
from scenario_search.messages import Message, named

__all__ = ["Job", "absolute", "new_job", "store_of"]

_SECRET_NAME = re.compile(
    r"(^|_)(key|secret|token|tokens|password|passwd|passphrase|credential|credentials|sas|auth"
    r"|username|user)($|_)"
)
_TRAVELLING = {
    *("base_url", "project_id", "timeout", "deadline", "max_retries", "max_retry_wait"),
    *("max_connections", "max_response_bytes", "max_image_bytes", "validate", "strict"),
    *("allow_http", "trust_env"),
}


@attrs.frozen(kw_only=True)
class Job:
    """A job of a cluster.

    Attributes:
        id: What distinguishes it from other jobs.
        folder: The URL of the folder that it writes to.
        storage_options: Options of the folder's file system, or the name of a function that
            returns them.
        client_options: Options of the workers' clients.
        credentials: The name of a function that returns further ones; ``None`` for the
            environment's.
        requests_per_second: The rate of all workers together; ``None`` for no limit.
    """

    id: str
    folder: str
    storage_options: Mapping[str, Any] | str
    client_options: Mapping[str, Any]
    credentials: str | None
    requests_per_second: float | None

    def store(self) -> Store:
        """Returns the folder."""
        return store_of(self.folder, self.storage_options)

    def create_shared_state(self, client: Any) -> Event:
        """Creates what the workers share, on the scheduler. Returns the event that ends the job."""
        Variable(self._name("paused-until"), client=client).set(0.0)
        return Event(self._name("stop"), client=client)

    def gate(self) -> Gate:
        """Returns the gate of a task. To be called in the thread of the task."""
        rate, hold = None, 0.0
        if self.requests_per_second is not None:
            leases, hold = rate_leases(self.requests_per_second)
            rate = Semaphore(leases, name=self._name("rate"))
        stop, paused_until = Event(self._name("stop")), Variable(self._name("paused-until"))
        return Gate(stop, paused_until, rate, hold)

    def _name(self, what: str) -> str:
        return f"scenario-search-{self.id}-{what}"

    def client(self, gate: Gate) -> AsyncScenario:
        """Returns a client whose requests pass a gate.

        Raises:
            ConfigurationError: The credentials are missing, or cannot be used.
        """
        own = {} if self.credentials is None else imported(self.credentials)()
        return AsyncScenario(
            **{**self.client_options, **own, "limiter": gate, "on_retry": gate.pause}
        )


def absolute(path: str | os.PathLike[str]) -> str:
    """Returns a URL as it is, and a path from the root on: workers may run in another folder."""
    text = os.fspath(path)
    return text if "://" in text else str(Path(text).absolute())


def new_job(
    folder: str | os.PathLike[str],
    credentials: Callable[[], Mapping[str, Any]] | str | None,
    client_options: Mapping[str, Any] | None,
    storage_options: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | str | None,
    requests_per_second: float | None,
) -> Job:
    """Returns a job, if nothing that it holds may be secret.

    Raises:
        InvalidParamsError: Something may be secret, or cannot be imported by workers.
    """
    return Job(
        id=uuid.uuid4().hex[:12],
        folder=absolute(folder),
        storage_options=_public_storage_options(storage_options),
        client_options=_public_client_options(client_options),
        credentials=_importable(credentials, "credentials"),
        requests_per_second=requests_per_second,
    )


def store_of(url: str, options: Mapping[str, Any] | str) -> Store:
    """Returns a folder in a store.

    Args:
        url: Its URL.
        options: The options of its file system, or the name of a function that returns them.
    """
    return Store(url, imported(options)() if isinstance(options, str) else options)


def _importable(function: Callable[[], Any] | str | None, name: str) -> str | None:
    """Returns the name by which another process imports a function.

    Args:
        function: The function, or its name: ``package.module:function``.
        name: The parameter's name, for the error.

    Raises:
        InvalidParamsError: It cannot be imported, so that it would have to be sent.
    """
    if function is None:
        return None
    path = function
    if not isinstance(function, str):
        path = f"{getattr(function, '__module__', None)}:{getattr(function, '__qualname__', None)}"
    try:
        target = imported(str(path))
    except (ImportError, AttributeError, ValueError):
        target = None
    is_same = isinstance(function, str) or target is function
    if not callable(target) or not is_same or str(path).startswith("__main__:"):
        raise InvalidParamsError(
            Message(
                "{} must be a function that workers can import, such as "
                "'my_package.credentials:load', not {!r}",
                named(name),
                str(path),
            )
        )
    return str(path)


def imported(path: str) -> Callable[[], Any]:
    """Returns the function that has a name."""
    module, _, names = path.partition(":")
    value: Any = importlib.import_module(module)
    for name in names.split("."):
        value = getattr(value, name)
    function: Callable[[], Any] = value
    return function


def _public_client_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the options of a client, if none may be secret or cannot travel.

    Raises:
        InvalidParamsError: One is not for here, or no option.
    """
    options = dict(options or {})
    known = attrs.fields_dict(ClientOptions)
    for name in sorted(options.keys() - _TRAVELLING):
        if name not in known:
            raise InvalidParamsError(f"client_options has no {name!r}")
        raise InvalidParamsError(
            Message(
                "{} takes no {}, which may be secret or cannot travel: leave it to the "
                "environment of the workers, or return it from the function {}",
                named("client_options"),
                name,
                named("credentials"),
            )
        )
    return options


def _public_storage_options(
    options: Mapping[str, Any] | Callable[[], Any] | str | None,
) -> Mapping[str, Any] | str:
    """Returns the options of a file system, if none may be secret, or the name of a function.

    Raises:
        InvalidParamsError: An option has the name of a secret, or the function cannot be imported.
    """
    if options is None or isinstance(options, Mapping):
        if secret := _secret_names(options or {}):
            raise InvalidParamsError(
                Message(
                    "{} holds {}, which may be secret: leave it to the environment of the "
                    "workers, or pass an importable function that returns the options",
                    named("storage_options"),
                    ", ".join(sorted(secret)),
                )
            )
        return dict(options or {})
    return _importable(options, "storage_options") or {}


def _secret_names(options: Mapping[str, Any]) -> set[str]:
    names = {str(name) for name in options if _SECRET_NAME.search(str(name).lower())}
    for value in options.values():
        if isinstance(value, Mapping):
            names |= _secret_names(value)
    return names
