"""HTTP in, HTTP out: the endpoints, and what every answer has in common.

Each answer is JSON with an ``x-request-id``; each request is recorded and may meet a fault. What
takes time runs in worker threads: the event loop moves bytes, and reads requests that are short.
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import socket
import struct
import threading
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from scenario_search.emulator.contract.fields import KINDS, Kind
from scenario_search.emulator.contract.refusals import EmulatorStoppedError, RefusedError
from scenario_search.emulator.contract.requests import SearchRequest, read_search
from scenario_search.emulator.engine.engine import SearchResult
from scenario_search.emulator.engine.running import Running
from scenario_search.emulator.http.control import Control
from scenario_search.emulator.http.errors import REQUEST_ID, error_response, framework_error
from scenario_search.emulator.http.guard import CONTROL_PREFIX, Guard
from scenario_search.emulator.http.openapi import openapi_document
from scenario_search.emulator.store.files import FOLDERS
from scenario_search.emulator.store.store import StoreError
from scenario_search.emulator.testing.faults import Fault
from scenario_search.emulator.testing.seen import SeenRequest, SeenRequests
from scenario_search.emulator.vectors.model_files import ModelUnavailableError

__all__ = ["GZIP_FROM", "make_application"]

GZIP_FROM = 32 * 1024
"""Smaller bodies are not compressed: on a loopback it would cost more than it saves."""

_SHORT = 4 * 1024
"""Bytes of a body: to read so many takes no longer than to hand them to a thread."""

_JSON = "application/json"
# A loaded file may be a page with scripts, which must not act as a page of the emulator.
_OF_FILES = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
_logger = logging.getLogger("scenario_search.emulator")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


_SEEN = web.RequestKey("seen", SeenRequest)


def make_application(running: Running) -> web.Application:
    """Returns the web application of a running emulator."""
    app = web.Application(
        client_max_size=running.options.max_body_bytes, middlewares=[_observed(running)]
    )
    guard = Guard(running.options)
    guard.protect(app)
    api = _Api(running, guard)
    for kind in KINDS:
        app.router.add_post(f"/v1/search/{kind}", api.search(kind))
    for prefix in ("", "/v1"):
        app.router.add_get(f"{prefix}/openapi.json", api.openapi)
    app.router.add_get("/healthz", api.health)
    app.router.add_get("/readyz", api.readiness)
    for folder in FOLDERS:
        app.router.add_get(f"/{folder}/{{name}}", api.file)
    Control(running).add_routes(app.router)
    return app


class _Api:
    def __init__(self, running: Running, guard: Guard) -> None:
        self._running = running
        self._guard = guard
        self._openapi: bytes | None = None

    def search(self, kind: Kind) -> _Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            running = self._running
            self._guard.authenticate(request)
            if request.content_type != _JSON:
                raise RefusedError(
                    415,
                    "Content-Type must be application/json",
                    "UNSUPPORTED_MEDIA_TYPE",
                    details={"contentType": request.content_type},
                )
            body = await _recorded_body(request, running.seen)
            packed = "gzip" in request.headers.get("Accept-Encoding", "")

            def read() -> SearchRequest:
                return read_search(kind, body, request.query)

            wanted = read() if len(body) <= _SHORT else await running.in_reader(read)
            left = threading.Event()
            # The client reaches the files by the name by which it reaches the API.
            origin = f"http://{request.host}"

            def answer() -> tuple[bytes, bool]:
                text = _search_body(wanted, running.search(wanted, left, origin))
                if packed and len(text) >= GZIP_FROM:
                    return gzip.compress(text, 1), True
                return text, False

            try:
                text, compressed = await running.in_reader(answer, computes=wanted.computes)
            finally:
                left.set()  # the client may have, which cancels this
            response = web.Response(body=text, content_type=_JSON)
            if compressed:
                response.headers["Content-Encoding"] = "gzip"
            return response

        return handler

    async def file(self, request: web.Request) -> web.StreamResponse:
        running = self._running
        path, query_string = request.rel_url.raw_path, request.query_string
        content, media_type = await running.in_reader(lambda: running.read_file(path, query_string))
        return web.Response(body=content, content_type=media_type, headers=_OF_FILES)

    async def health(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ok"})

    async def readiness(self, _: web.Request) -> web.StreamResponse:
        if not self._running.ready.is_set():
            raise RefusedError(503, "The emulator is loading its documents", "NOT_READY")
        return web.json_response({"status": "ready"})

    async def openapi(self, _: web.Request) -> web.StreamResponse:
        if self._openapi is None:
            self._openapi = orjson.dumps(openapi_document(self._running.url))
        return web.Response(body=self._openapi, content_type=_JSON)


def _search_body(wanted: SearchRequest, result: SearchResult) -> bytes:
    """The answer's JSON, with the hits spliced in as they are stored."""
    if wanted.page_mode:
        rest: dict[str, int] = {
            "page": wanted.page,
            "hitsPerPage": wanted.limit,
            "totalPages": -(-result.total // wanted.limit),
            "totalHits": result.total,
        }
    else:
        rest = {
            "offset": wanted.offset,
            "limit": wanted.limit,
            "estimatedTotalHits": result.total,
        }
    return b'{"hits":[' + b",".join(result.hits) + b"]," + orjson.dumps(rest)[1:]


async def _recorded_body(request: web.Request, seen: SeenRequests) -> bytes:
    body = await request.read()
    seen.add_body(request[_SEEN], body)
    return body


def _observed(running: Running) -> Any:
    """Returns the middleware around every handler: record, fault, errors as JSON, request id."""

    @web.middleware
    async def observed(request: web.Request, handler: _Handler) -> web.StreamResponse:
        seen = _seen(request)
        request[_SEEN] = seen
        fault = None
        if not request.path.startswith(CONTROL_PREFIX):
            running.seen.add(seen)
            fault = running.faults.next_fault(request.method, request.path)
        if fault is None:
            response = await _answer(request, handler)
            response.headers[REQUEST_ID] = seen.request_id
            seen.status = response.status
            return response
        return await _FaultyAnswer(running, request, handler, fault, seen).send()

    return observed


def _seen(request: web.Request) -> SeenRequest:
    secret = {"authorization", "proxy-authorization", "cookie"}
    return SeenRequest(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers={
            name.lower(): "[redacted]" if name.lower() in secret else _readable(value)
            for name, value in request.headers.items()
        },
        request_id=uuid.uuid4().hex,
    )


def _readable(value: str) -> str:
    """A header's value; bytes that are no UTF-8 become question marks of their own."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _answer(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as error:
        return error_response(error)
    except web.HTTPException as error:
        return error_response(framework_error(error))
    except (web.PayloadAccessError, web.RequestPayloadError):
        return error_response(RefusedError(400, "The body could not be read", "BAD_REQUEST"))
    except EmulatorStoppedError:
        return error_response(RefusedError(503, "The emulator is stopping", "STOPPING"))
    except StoreError as error:
        _logger.error("%s", error)  # noqa: TRY400 - it says all there is to know
        return error_response(RefusedError(500, str(error), "DATABASE_FAILED"))
    except ModelUnavailableError as error:
        return error_response(RefusedError(500, str(error), "MODEL_UNAVAILABLE"))
    except Exception:
        _logger.exception("the emulator failed on %s %s", request.method, request.path)
        return error_response(RefusedError(500, "Internal error of the emulator", "INTERNAL_ERROR"))


class _FaultyAnswer:
    """One answer that goes wrong as its fault says."""

    def __init__(
        self,
        running: Running,
        request: web.Request,
        handler: _Handler,
        fault: Fault,
        seen: SeenRequest,
    ) -> None:
        self._running = running
        self._request = request
        self._handler = handler
        self._fault = fault
        self._seen = seen

    async def send(self) -> web.StreamResponse:
        fault = self._fault
        with contextlib.suppress(web.HTTPException, web.RequestPayloadError):
            await _recorded_body(self._request, self._running.seen)
        if fault.latency:
            await self._running.sleep(fault.latency)
        if fault.reset:
            return self._abort(web.Response(), reset=True)
        if fault.stall and fault.truncate is None:
            await self._running.stopping.wait()
            return self._abort(web.Response())
        response = await self._usual_or_scripted()
        response.headers[REQUEST_ID] = self._seen.request_id
        for name, value in fault.headers.items():
            response.headers[name] = value
        self._seen.status = response.status
        if fault.truncate is not None:
            return await self._truncated(response, fault.truncate)
        return response

    async def _usual_or_scripted(self) -> web.Response:
        fault = self._fault
        if fault.status is None and fault.body is None:
            response = await _answer(self._request, self._handler)
            if not isinstance(response, web.Response):
                raise TypeError("Only a whole response can be made faulty")
            if fault.malformed_json and isinstance(response.body, bytes):
                return web.Response(
                    status=response.status,
                    body=response.body[: len(response.body) // 2],
                    headers=response.headers,
                )
            return response
        status = fault.status or 200
        content_type = _JSON
        if isinstance(fault.body, str | bytes):
            body = fault.body.encode() if isinstance(fault.body, str) else fault.body
            content_type = "text/html" if body.lstrip().startswith(b"<") else content_type
        elif fault.body is not None:
            body = orjson.dumps(fault.body)
        elif status >= 400:
            body = RefusedError(status, f"Scripted {status}", "SCRIPTED").body()
        else:
            body = b""
        return web.Response(status=status, body=body, content_type=content_type)

    async def _truncated(self, whole: web.Response, size: int) -> web.StreamResponse:
        body = whole.body if isinstance(whole.body, bytes) else b""
        headers = whole.headers.copy()
        headers["Content-Length"] = str(max(len(body), size + 1))
        part = web.StreamResponse(status=whole.status, headers=headers)
        await part.prepare(self._request)
        await part.write(body[:size])
        if self._fault.stall:
            await self._running.stopping.wait()
        return self._abort(part)

    def _abort(self, response: web.StreamResponse, *, reset: bool = False) -> web.StreamResponse:
        transport = self._request.transport
        if transport is not None:
            connection = transport.get_extra_info("socket")
            if reset and connection is not None:
                # Lingering for no time makes the kernel send RST in place of FIN.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()
            else:
                transport.close()
        return response
