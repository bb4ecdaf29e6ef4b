"""The control plane: what `Emulator` offers in Python, over HTTP for another process.

Under ``/__emulator__/``. It asks for no credentials on a loopback address, and for those of the API
on others. A request with an ``Origin`` header is refused, so that no web page can reach it.

===========================  ======================================================================
``GET status``               URL, project, counts of documents
``GET documents/{kind}``     the documents as JSONL, as they were loaded; ``?id=`` chooses
``POST documents/{kind}``    load JSONL, by gzip or not; answers ``{"added", "updated", ...}``
``DELETE documents/{kind}``  delete ``{"ids": [...]}``; answers ``{"deleted"}``
``POST prepare``             compute what `Emulator.prepare` computes
``POST reset``               clear requests and faults; with ``{"documents": true}`` the data too
``GET requests``             the requests seen, oldest first
``DELETE requests``          clear them
``GET faults``               the rules in force
``POST faults``              add a rule: the arguments of `Faults.add`, in camel case
``DELETE faults``            take all rules back
``POST refuse``              refuse connections for ``{"seconds"}``, but not this one
``POST expire-urls``         make every URL that was answered so far a 403
===========================  ======================================================================
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping
from io import BufferedReader, BytesIO
from typing import Any, Final

import attrs
import orjson
from aiohttp import web

from scenario_search.emulator.contract.fields import KINDS, Kind
from scenario_search.emulator.contract.refusals import RefusedError, bad_request
from scenario_search.emulator.engine.running import Running
from scenario_search.emulator.http.guard import CONTROL_PREFIX
from scenario_search.emulator.store.sources import JsonLines, unpacked
from scenario_search.emulator.store.store import InvalidDocumentError
from scenario_search.emulator.testing.faults import rule_from_json
from scenario_search.emulator.testing.seen import SeenRequest

__all__ = ["Control"]

_AT_ONCE: Final = 1000
_SHOWN = ("method", "path", "query", "headers", "status", "request_id")


class Control:
    """The handlers of the control plane of one emulator."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._tasks: set[asyncio.Task[None]] = set()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Adds the paths of the module's table."""
        for method, path, handler in (
            ("GET", "status", self._status),
            ("GET", "documents/{kind}", self._documents),
            ("POST", "documents/{kind}", self._load),
            ("DELETE", "documents/{kind}", self._delete),
            ("POST", "prepare", self._prepare),
            ("POST", "reset", self._reset),
            ("GET", "requests", self._requests),
            ("DELETE", "requests", self._clear_requests),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._clear_faults),
            ("POST", "refuse", self._refuse),
            ("POST", "expire-urls", self._expire_urls),
        ):
            router.add_route(method, f"{CONTROL_PREFIX}/{path}", handler)

    async def _status(self, _: web.Request) -> web.StreamResponse:
        running = self._running
        counts = await running.in_reader(running.library.counts)
        project_id = running.options.project_id
        return _answer({"url": running.url, "projectId": project_id, "documents": counts})

    async def _documents(self, request: web.Request) -> web.StreamResponse:
        running, kind, ids = self._running, _kind(request), request.query.getall("id", [])

        def numbers() -> list[int]:
            store = running.library.store
            if ids:
                return sorted(store.numbers_of(kind, ids).values())
            return list(map(int, store.select_numbers(kind)))

        listed = await running.in_reader(numbers)

        async def lines() -> AsyncIterator[bytes]:
            for start in range(0, len(listed), _AT_ONCE):
                some = listed[start : start + _AT_ONCE]
                read = functools.partial(running.library.store.raw_documents, kind, some)
                yield b"".join(b"%s\n" % raw for raw in await running.in_reader(read))

        return web.Response(body=lines(), content_type="application/x-ndjson")

    async def _prepare(self, request: web.Request) -> web.StreamResponse:
        value = await _object(request)
        wanted = {name: value.get(name, True) for name in ("texts", "pictures")}
        if not all(isinstance(each, bool) for each in wanted.values()):
            raise bad_request('"texts" and "pictures" must be true or false')
        await asyncio.wrap_future(self._running.prepare(**wanted))
        return _answer({})

    async def _load(self, request: web.Request) -> web.StreamResponse:
        lines = JsonLines("body", unpacked(BufferedReader(BytesIO(await request.read()))))
        try:
            report = await asyncio.wrap_future(self._running.load(lines, _kind(request)))
        except InvalidDocumentError as error:
            raise bad_request(
                str(error), "INVALID_DOCUMENT", details={"stored": error.stored}
            ) from None
        except OSError as error:
            raise bad_request(str(error), "INVALID_DOCUMENT") from None
        return _answer(
            {
                "added": report.added,
                "updated": report.updated,
                "invisible": report.invisible,
                "invisibleProjects": list(report.invisible_projects),
            }
        )

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        value = await _object(request)
        ids = value.get("ids")
        if not isinstance(ids, list) or not all(isinstance(entry, str) for entry in ids):
            raise bad_request('"ids" must be an array of strings')
        deleted = await asyncio.wrap_future(self._running.delete(ids, _kind(request)))
        return _answer({"deleted": deleted})

    async def _reset(self, request: web.Request) -> web.StreamResponse:
        documents = (await _object(request)).get("documents", False)
        if not isinstance(documents, bool):
            raise bad_request('"documents" must be true or false')
        await asyncio.wrap_future(self._running.reset(documents=documents))
        return _answer({})

    async def _requests(self, _: web.Request) -> web.StreamResponse:
        return _answer({"requests": [_shown(seen) for seen in self._running.seen.listed()]})

    async def _clear_requests(self, _: web.Request) -> web.StreamResponse:
        self._running.seen.clear()
        return _answer({})

    async def _faults(self, _: web.Request) -> web.StreamResponse:
        rules = [
            attrs.asdict(rule, filter=lambda field, _: not field.name.startswith("_"))
            for rule in self._running.faults
        ]
        return _answer({"faults": rules})

    async def _add_fault(self, request: web.Request) -> web.StreamResponse:
        try:
            rule_from_json(self._running.faults, await _object(request))
        except ValueError as error:
            raise bad_request(str(error)) from None
        return _answer({})

    async def _clear_faults(self, _: web.Request) -> web.StreamResponse:
        self._running.faults.clear()
        return _answer({})

    async def _refuse(self, request: web.Request) -> web.StreamResponse:
        seconds = (await _object(request)).get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise bad_request('"seconds" must be a number from 0')
        await self._running.listener.refuse(request.transport)

        async def accept_later() -> None:
            await self._running.sleep(seconds)
            await self._running.listener.accept()

        task = asyncio.create_task(accept_later())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return _answer({})

    async def _expire_urls(self, _: web.Request) -> web.StreamResponse:
        self._running.library.files.expire_urls()
        return _answer({})


def _answer(content: dict[str, Any]) -> web.Response:
    return web.Response(
        body=orjson.dumps(content, default=_json_form), content_type="application/json"
    )


def _shown(seen: SeenRequest) -> dict[str, Any]:
    shown = {field: getattr(seen, field) for field in _SHOWN}
    # As it came: it may be nested deeper than what can be written.
    shown["json"] = None if seen.json is None else orjson.Fragment(seen.body)
    return shown


def _json_form(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _kind(request: web.Request) -> Kind:
    for kind in KINDS:
        if request.match_info["kind"] == kind:
            return kind
    raise RefusedError(404, "Not Found", "NOT_FOUND", details={"kinds": list(KINDS)})


async def _object(request: web.Request) -> dict[str, Any]:
    body = await request.read()
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise bad_request("Invalid JSON body", "INVALID_JSON") from None
    if not isinstance(value, dict):
        raise bad_request("The body must be a JSON object", "INVALID_JSON")
    return value
