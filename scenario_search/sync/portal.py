"""The portal: one event loop, in a thread of its own, shared by all synchronous clients.

It starts on first use, serves any number of clients and threads, and lives as long as the process.
Its thread is a daemon, so it never delays the end of the interpreter. For the same reason this
module does not use ``anyio.from_thread.start_blocking_portal``: that waits for its thread when it
is collected, and no thread but the main one runs while the interpreter shuts down.
"""

from __future__ import annotations

import asyncio
import atexit
import copy
import functools
import os
import queue
import signal
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import anyio
from anyio.from_thread import BlockingPortal

from scenario_search.caller_warnings import PendingWarnings, collect_warnings, warn_caller

if TYPE_CHECKING:
    from scenario_search.http.transport import Transport

__all__ = ["Caller", "Items", "check_process", "close", "reset_in_fork", "synchronous"]

P = ParamSpec("P")
T = TypeVar("T")

_POLL_INTERVAL = 0.1
"""Seconds between two checks for what does not wake up a waiting thread."""
_CLOSE_TIMEOUT = 1.0
"""Seconds that the end of the interpreter waits for connections to close."""
_END = object()


class _Portal(threading.Thread):
    """The portal's thread."""

    def __init__(self) -> None:
        super().__init__(name="scenario-search", daemon=True)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.started: Future[BlockingPortal] = Future()
        self.start()

    def run(self) -> None:
        try:
            anyio.run(self._serve_calls)
        except BaseException as error:
            if self.started.done():
                raise
            # For example, no file descriptor is left for an event loop.
            self.started.set_exception(error)

    def takes_calls(self) -> bool:
        """Whether calls can run in it, or will be able to once it has started."""
        # A thread whose start has failed is alive for a moment after it says so.
        failed = self.started.done() and self.started.exception() is not None
        return not failed and self.is_alive()

    async def _serve_calls(self) -> None:
        async with BlockingPortal() as portal:
            self.loop = asyncio.get_running_loop()
            self.started.set_result(portal)
            await portal.sleep_until_stopped()


# Reentrant, since a signal handler or a finalizer may use a client wherever it interrupts.
_lock = threading.RLock()
_portal: _Portal | None = None
_transports: weakref.WeakSet[Transport] = weakref.WeakSet()
_inherited: list[object] = []
"""What a forked process must neither use nor collect: it shares its epoll with the parent."""


def _running_portal() -> _Portal:
    """Returns the portal. Starts one if there is none, or if it has ended."""
    global _portal  # noqa: PLW0603 - a process has one portal
    if sys.is_finalizing():
        raise RuntimeError(
            "The interpreter is shutting down, so no request can be sent: use the client before "
            "the program ends, for example inside 'with'"
        )
    with _lock:
        if _portal is None or not _portal.takes_calls():
            _portal = _Portal()
        return _portal


def close(function: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> None:
    """Runs a coroutine function that closes something, from wherever garbage is collected.

    That may be the portal's own thread, which cannot wait for it, or the end of the interpreter,
    where it does not run: the process is about to close all connections.
    """
    if sys.is_finalizing():
        return
    if threading.current_thread() is _portal:
        threading.Thread(target=Caller().run, args=(function, *args), daemon=True).start()
    else:
        Caller().run(function, *args)


def check_process(process: int, what: str) -> None:
    """Raises a :class:`RuntimeError` that begins with ``what`` in any process but this one."""
    if process != os.getpid():
        raise RuntimeError(
            f"{what} before this process was forked, and goes on in its parent: start again here"
        )


class Caller:
    """A thread that waits for calls, and meanwhile runs callbacks for them.

    Thus a caller's functions and iterators run in the caller's thread: they may use synchronous
    clients, write to a notebook's cell, and own what belongs to one thread. Ctrl-C ends them.

    Calls may follow each other or run concurrently. What they have started may send callbacks to
    any thread that waits for one of them, or to the next one that does.
    """

    def __init__(self) -> None:
        self._callbacks: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._warned: PendingWarnings = []

    def run(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a coroutine function in the portal and returns its result.

        An exception in this thread, such as Ctrl-C or an error of a callback, cancels it.

        Raises:
            asyncio.CancelledError: Ctrl-C, where an event loop runs in this thread and handles it.
            RuntimeError: This is the portal's own thread, the interpreter is shutting down, or a
                callback has forked the process.
        """
        # The future of start_task_soon would not do: Ctrl-C may arrive in there, while the call is
        # handed over, and SystemExit in one call would end the portal, and with it all others.
        outcome: Future[T] = Future()
        outcome.add_done_callback(lambda _: self._callbacks.put(lambda: None))
        task: asyncio.Task[Any] | None = None

        async def call() -> None:
            nonlocal task
            task = asyncio.current_task()
            try:
                with collect_warnings(self._warned):
                    outcome.set_result(await function(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
                outcome.set_exception(error)

        def cancel() -> None:
            # Calls start in their order, so this one has begun, if it ever will.
            if task is not None:
                task.cancel()

        portal = _running_portal()
        if threading.current_thread() is portal:
            raise RuntimeError(
                "A synchronous client cannot be used in its own event loop (in a limiter or a "
                "hook), since it would wait for itself: use it in another thread"
            )
        process = os.getpid()
        try:
            with _interrupts() as interrupts:
                portal.started.result().start_task_soon(call)
                self._wait(outcome, portal, process, interrupts)
            return outcome.result()
        except BaseException as error:
            if not outcome.done() and portal.takes_calls() and process == os.getpid():
                portal.started.result().start_task_soon(cancel)
                while isinstance(error, Exception) and not outcome.done() and portal.is_alive():
                    wait([outcome], _POLL_INTERVAL)
            raise
        finally:
            with suppress(IndexError):  # another thread may take the last one
                while self._warned:
                    warn_caller(*self._warned.pop(0))

    def _wait(
        self, outcome: Future[Any], portal: _Portal, process: int, interrupts: list[int]
    ) -> None:
        """Runs callbacks until a call is over and no callback is left.

        The timeout is for what does not end the wait by itself: Ctrl-C on Windows, an exception
        set by another thread (some notebooks run cells in threads), Ctrl-C that an event loop
        handles, and the end of the portal.
        """
        while True:
            done = outcome.done()
            try:
                callback = self._callbacks.get(timeout=0 if done else _POLL_INTERVAL)
            except queue.Empty:
                if done:
                    return
                if not portal.is_alive():
                    raise RuntimeError("The event loop of synchronous clients has ended") from None
            else:
                callback()
                check_process(process, "This call was started")
            if interrupts:
                raise asyncio.CancelledError

    def iterate(self, iterator: AsyncIterator[T]) -> Iterator[T]:
        """Iterates over an asynchronous iterator, and requests each item when it is wanted."""
        while (item := self.run(anext, iterator, _END)) is not _END:
            yield cast("T", item)

    async def iterate_here(self, items: Iterable[T]) -> AsyncIterator[T]:
        """Iterates over an iterable in the thread, and takes each item when it is wanted."""

        def iterated() -> Iterator[T]:
            # In a generator, since no future accepts the StopIteration that iter() may raise.
            yield from items

        def take(answer: Future[T | object]) -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(next(iterator, _END))
                except Exception as error:  # noqa: BLE001 - raised where it was asked
                    answer.set_exception(error)

        iterator = iterated()
        while True:
            answer: Future[T | object] = Future()
            self._callbacks.put(partial(take, answer))
            if (item := await asyncio.wrap_future(answer)) is _END:
                return
            yield cast("T", item)

    def redirect_progress(self, options: dict[str, Any]) -> None:
        """Has ``progress``, if a call's options have it, called in the thread.

        It is called with the statistics as they are now, however they change later.
        """
        if callable(progress := options.get("progress")):
            options["progress"] = lambda stats: self._callbacks.put(
                partial(progress, copy.copy(stats))
            )

    def forget(self) -> None:
        """Drops the callbacks that are left, once nothing can send more of them."""
        self._callbacks = queue.SimpleQueue()


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collects the Ctrl-C's that an event loop in this thread handles.

    The loop stands still during a call: ``asyncio.run`` would cancel its main task, and a
    notebook's kernel would schedule a callback, and the call would go on.
    """
    signals: list[int] = []
    handler = None
    with suppress(RuntimeError):  # no loop runs in this thread
        asyncio.get_running_loop()
        handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield signals
        return

    def handle(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        handler(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield signals
    finally:
        signal.signal(signal.SIGINT, handler)


class Items(Iterator[T]):
    """An iterator that any number of threads may share. ``what`` names its items."""

    def __init__(self, items: Iterator[T], what: str) -> None:
        self._items, self._what = items, what
        self._process = os.getpid()
        self._lock = threading.RLock()  # reentrant as the portal's own

    def __next__(self) -> T:
        # Before the lock, whose owner may be a thread that no longer runs: after a fork, or while
        # the interpreter shuts down.
        check_process(self._process, "This iteration was started")
        if sys.is_finalizing():
            _running_portal()
        with self._lock:
            return next(self._items)

    def __repr__(self) -> str:
        return f"<An iteration over {self._what}: use it in 'for'>"


def synchronous(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """Returns an asynchronous method as a synchronous one, with its signature and its docstring.

    It is for classes that have, as ``_here``, an object with the method, and perhaps ``_caller``.
    """

    @functools.wraps(method)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        caller: Caller = getattr(self, "_caller", None) or Caller()
        caller.redirect_progress(kwargs)
        return caller.run(method, self._here, *args, **kwargs)

    return call


def reset_in_fork(transport: Transport) -> None:
    """Has a forked process make connections of its own for a transport."""
    with _lock:
        _transports.add(transport)


def _reset() -> None:
    """Lets a forked process start anew. It keeps what it inherits, and never touches it."""
    global _lock, _portal  # noqa: PLW0603 - a process has one portal
    _lock = threading.RLock()
    _silence(_portal)  # The tasks go on in the parent.
    _inherited.append(_portal)
    _portal = None
    _inherited.extend(transport.leave_behind() for transport in list(_transports))


@atexit.register
def _close_connections() -> None:
    """Warns of clients that were not closed, while their loop can still close the connections."""
    with _lock:
        unclosed = [transport for transport in list(_transports) if transport.warn_unclosed()]
    _silence(_portal)  # The tasks end with the process.
    if unclosed and _portal is not None and _portal.loop is not None and _portal.is_alive():
        closed = threading.Event()
        _portal.loop.call_soon_threadsafe(closed.set)
        # Bounded, since a hook of a caller may block the loop.
        closed.wait(_CLOSE_TIMEOUT)


def _silence(portal: _Portal | None) -> None:
    """Keeps a portal's tasks from reporting that they were destroyed before they ended."""
    if portal is not None and portal.loop is not None:
        portal.loop.set_exception_handler(lambda _loop, _context: None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
