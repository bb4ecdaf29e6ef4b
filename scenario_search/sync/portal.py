"""The portal: one event loop, in a thread of its own, that all plain code of a process shares.

It starts on first use, serves any number of clients and threads, and lives as long as the
process, in a daemon thread, so that it never holds up the end of the interpreter.

Calls go straight to the portal's loop. ``BlockingPortal.start_task_soon`` waits twice, for the
start of a task and for its end: 0.28 ms against 0.08 for a call that does nothing. Ctrl-C in the
first wait would leave the request running, and an event loop in the caller's thread keeps it from
being noticed there at all.
"""

from __future__ import annotations

import asyncio
import atexit
import copy
import os
import queue
import re
import signal
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, cast

import anyio
from anyio.from_thread import BlockingPortal

from scenario_search.caller_warnings import (
    PendingWarnings,
    collect_warnings,
    in_package,
    warn_caller,
)

if TYPE_CHECKING:
    from scenario_search.http.transport import Transport

__all__ = [
    "Caller",
    "Items",
    "check_process",
    "each",
    "items_of",
    "leave_behind_in_fork",
    "plain_errors",
    "plain_words",
    "run",
]

P = ParamSpec("P")
T = TypeVar("T")

_GLANCE = 0.1
"""Seconds between two looks for an interrupt that does not end a wait by itself."""

_Errands = queue.SimpleQueue[Callable[[], object] | None]
"""What a thread is to do while it waits for a call; ``None`` once the call is over."""

_Started = Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]]

_END = object()
# Reentrant, since a signal's handler or a finalizer may use a client wherever it interrupts.
_lock = threading.RLock()
_started: _Started | None = None
_transports: weakref.WeakSet[Transport] = weakref.WeakSet()
_process = os.getpid()
_left_behind: list[object] = []
"""What a forked process inherits and must neither use nor collect: its epoll is the parent's."""


def run(function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a coroutine function in the portal, and wait for what it gives.

    An exception in the waiting thread, such as Ctrl-C, cancels the coroutine.

    Raises:
        asyncio.CancelledError: Ctrl-C, where it cancels the tasks of an event loop that runs in
            the calling thread, as ``asyncio.run`` has it.
        RuntimeError: This is the portal's own thread, which would wait for itself.
    """
    return _run(partial(function, *args, **kwargs), [])


def each(iterator: AsyncIterator[T], caller: Caller | None = None) -> Iterator[T]:
    """Give what an asynchronous iterator gives; each item is asked for when it is wanted.

    Args:
        iterator: The iterator.
        caller: What does its errands while an item is waited for.

    Raises:
        RuntimeError: It was begun before the process was forked.
    """
    # Tasks that one item's call has started may warn during a later one.
    warned: PendingWarnings = []
    process = _process
    while (item := _run(partial(_next, iterator), warned, caller)) is not _END:
        yield cast("T", item)
        check_process(process, "This iteration was begun")


def check_process(process: int, what: str) -> None:
    """Refuse to go on in a forked process with what runs in its parent.

    Raises:
        RuntimeError: ``process`` is not this one. The message begins with ``what``.
    """
    if process != _process:
        raise RuntimeError(
            f"{what} before this process was forked, and goes on in its parent: begin anew here"
        )


class Items(Generic[T]):
    """What an iterator gives, for any number of threads that share it.

    Args:
        items: The iterator.
        what: What it gives, in the plural.
    """

    def __init__(self, items: Iterator[T], what: str) -> None:
        self._items = items
        self._what = what
        self._process = _process
        self._lock = threading.RLock()  # reentrant as the portal's own

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        # Before the lock, which a thread may have held that is not in the forked process.
        check_process(self._process, "This iteration was begun")
        with self._lock:
            return next(self._items)

    def __repr__(self) -> str:
        return f"<An iteration over {self._what}: use it in 'for'>"


def items_of(batches: AsyncIterator[list[T]], what: str, caller: Caller | None = None) -> Items[T]:
    """Give the items of lists that an asynchronous iterator gives. See :func:`each`."""
    # Not itertools.chain: one thread in it while another waits in it ends the interpreter.
    return Items((item for batch in each(batches, caller) for item in batch), what)


class Caller:
    """The thread that waits for a call, which does errands for the call in the meantime.

    So a caller's functions and iterators run where the caller is: they may use plain clients,
    show things in a notebook's cell, and hold what belongs to one thread. Ctrl-C ends them.

    There may be several calls, one after another or at once: what one of them has begun may send
    any of the threads that wait, or else the next one.
    """

    def __init__(self) -> None:
        # Both are for the portal's thread.
        self._waiting: list[_Errands] = []
        self._early: list[Callable[[], object]] = []

    def run(
        self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a coroutine function in the portal as :func:`run` does, and do its errands.

        An error of a function that it has told of ends it, and is raised.
        """
        return _run(partial(function, *args, **kwargs), [], self)

    def tell(self, function: Callable[[T], object], value: T) -> None:
        """Have the thread call a function, some time before its own call ends.

        It gets a copy of the value as it is now, for what is under way goes on meanwhile.
        """
        self._send(partial(function, copy.copy(value)))

    async def each(self, items: Iterable[T]) -> AsyncIterator[T]:
        """Give what the thread takes of an iterable, an item when it is wanted."""
        iterator: Iterator[T] = await self._asked(iter, items)
        while (item := await self._asked(next, iterator, _END)) is not _END:
            yield item

    async def _asked(self, function: Callable[..., Any], *args: object) -> Any:
        loop = asyncio.get_running_loop()
        answer = loop.create_future()

        def settle(settle_answer: Callable[[Any], None], value: object) -> None:
            if not answer.done():
                settle_answer(value)

        def errand() -> None:
            try:
                value = function(*args)
            except StopIteration as error:
                # No task can be told of one: it would wait for ever.
                raise RuntimeError(f"{function.__name__}() raised StopIteration") from error
            except Exception as error:  # noqa: BLE001 - it is raised where it was asked
                loop.call_soon_threadsafe(settle, answer.set_exception, error)
            else:
                loop.call_soon_threadsafe(settle, answer.set_result, value)

        self._send(errand)
        return await answer

    def forget(self) -> None:
        """Forget what nobody has waited for, once all that may send a thread has ended."""
        self._early.clear()

    def _send(self, errand: Callable[[], object]) -> None:
        if self._waiting:
            self._waiting[-1].put(errand)
        else:
            self._early.append(errand)

    async def _during(self, errands: _Errands, function: Callable[[], Awaitable[T]]) -> T:
        """Run a call whose thread does errands."""
        self._waiting.append(errands)
        while self._early:
            errands.put(self._early.pop(0))
        try:
            return await function()
        finally:
            self._waiting.remove(errands)


def plain_words(text: str) -> str:
    """Give a text of the asynchronous side as plain code has it."""
    return re.sub(r"\bAsync(?=[A-Z])", "Sync", re.sub(r"\basync (?=with\b|for\b)", "", text))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Have our errors say ``with`` where the asynchronous side says ``async with``."""
    try:
        yield
    except (TypeError, RuntimeError) as error:
        *_, (raised_in, _) = walk_tb(error.__traceback__)
        # What a caller's limiter or iterable says is left as it is.
        if in_package(raised_in):
            error.args = tuple(plain_words(a) if isinstance(a, str) else a for a in error.args)
        raise


async def _next(iterator: AsyncIterator[T]) -> T | object:
    return await anext(iterator, _END)


def leave_behind_in_fork(transport: Transport) -> None:
    """Have a forked process make connections of its own for a transport."""
    with _lock:
        _transports.add(transport)


def _run(
    function: Callable[[], Coroutine[Any, Any, T]],
    warned: PendingWarnings,
    caller: Caller | None = None,
) -> T:
    loop = _portal_loop()
    process = _process
    outcome: Future[T] = Future()
    errands: _Errands = queue.SimpleQueue()
    outcome.add_done_callback(lambda _: errands.put(None))
    if caller is not None:
        function = partial(caller._during, errands, function)
    task: asyncio.Task[None] | None = None

    async def call() -> None:
        try:
            with collect_warnings(warned):
                outcome.set_result(await function())
        except asyncio.CancelledError:
            outcome.cancel()
        except BaseException as error:  # noqa: BLE001 - SystemExit would end the loop for all
            outcome.set_exception(error)

    def start() -> None:
        nonlocal task
        task = loop.create_task(call())

    def stop() -> None:
        if task is not None:
            task.cancel()

    # Not asyncio.run_coroutine_threadsafe: Ctrl-C inside of it would leave the task running.
    try:
        with _Interrupts() as interrupts, plain_errors():
            loop.call_soon_threadsafe(start)
            return _result(outcome, errands, loop, interrupts)
    except BaseException as error:
        if not outcome.done() and process == _process:
            loop.call_soon_threadsafe(stop)
            while isinstance(error, Exception) and not (outcome.done() or loop.is_closed()):
                wait([outcome], _GLANCE)
        raise
    finally:
        while warned:
            warn_caller(*warned.pop(0))


def _result(
    outcome: Future[T],
    errands: _Errands,
    loop: asyncio.AbstractEventLoop,
    interrupts: _Interrupts,
) -> T:
    """Do errands until a call is over, with an eye on what cannot interrupt the wait.

    That is Ctrl-C on Windows, an exception set by another thread (as notebooks do whose cells
    run in threads), and Ctrl-C while an event loop runs in this thread.
    """
    while True:
        try:
            errand = errands.get(timeout=_GLANCE)
        except queue.Empty:
            if loop.is_closed():
                raise RuntimeError("The event loop of the plain clients was ended") from None
        else:
            if errand is None:
                return outcome.result()
            process = _process
            errand()
            check_process(process, "This call was begun")
        if interrupts.came():
            raise asyncio.CancelledError


class _Interrupts:
    """Sees Ctrl-C during a wait that keeps the event loop of the waiting thread from seeing it.

    ``asyncio.run`` only cancels its main task. A notebook's kernel, in a cell that awaits, only
    tells its loop of it.
    """

    def __enter__(self) -> Self:
        self._loop = _loop_here()
        self._came = False
        self._replaced: Any = None
        if self._loop is not None:
            self._cancelled_before = self._cancellations()
            handler = signal.getsignal(signal.SIGINT)
            # Our own is there while an errand makes a call.
            module = str(getattr(handler, "__module__", ""))
            of_a_kernel = module == __name__ or module.startswith("ipykernel.")
            if of_a_kernel and threading.current_thread() is threading.main_thread():
                self._replaced = handler
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._replaced is not None:
            signal.signal(signal.SIGINT, self._replaced)

    def came(self) -> bool:
        """Say whether there was one."""
        # The loop stands still meanwhile: only a signal's handler can have cancelled a task.
        return self._came or (
            self._loop is not None and self._cancellations() > self._cancelled_before
        )

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        self._replaced(number, frame)

    def _cancellations(self) -> int:
        """Count the requests to cancel a task of the loop."""
        return sum(task.cancelling() for task in asyncio.all_tasks(self._loop))


def _loop_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _portal_loop() -> asyncio.AbstractEventLoop:
    """Give the portal's loop. Starts the portal if there is none, or if it has come to an end."""
    started = _started
    if started is None or _has_ended(started):
        started = _start()
    _, loop = started.result()
    if loop is _loop_here():
        raise RuntimeError(
            "A plain client cannot be used in its own event loop (in a limiter or a hook), for it "
            "would wait for itself: do it in another thread"
        )
    return loop


def _start() -> _Started:
    global _started  # noqa: PLW0603 - there is one portal in a process
    with _lock:
        if _started is None or _has_ended(_started):
            started: _Started = Future()
            threading.Thread(
                target=_live_in_thread, args=(started,), name="scenario-search", daemon=True
            ).start()
            _started = started
        return _started


def _has_ended(started: _Started) -> bool:
    """Say whether it could not be started, or was ended."""
    return started.done() and (started.exception() is not None or started.result()[1].is_closed())


def _live_in_thread(started: _Started) -> None:
    try:
        anyio.run(_live, started)
    except BaseException as error:
        if started.done():
            raise
        # With no descriptor left, say, no loop can be made, and the callers would wait for ever.
        started.set_exception(error)


async def _live(started: _Started) -> None:
    async with BlockingPortal() as portal:
        started.set_result((portal, asyncio.get_running_loop()))
        await portal.sleep_until_stopped()


def _leave_behind() -> None:
    """Let a forked process begin anew; what it inherits is kept, and never touched."""
    global _lock, _process, _started  # noqa: PLW0603 - there is one portal in a process
    _lock = threading.RLock()
    _process = os.getpid()
    _left_behind.append(_started)
    if _started is not None and _started.done() and not _has_ended(_started):
        for task in asyncio.all_tasks(_started.result()[1]):
            # They go on in the parent; their copies end with this process, and need not say so.
            cast("Any", task)._log_destroy_pending = False
    _started = None
    _left_behind.extend(transport.leave_behind() for transport in list(_transports))


@atexit.register
def _end_unclosed_clients() -> None:
    """Warn of clients that were not closed, while their loop can still close the connections.

    Later the interpreter takes modules apart in no certain order, and the portal has stopped.
    """
    unclosed = [transport for transport in list(_transports) if transport.warn_unclosed()]
    if unclosed:
        run(asyncio.sleep, 0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_behind)
