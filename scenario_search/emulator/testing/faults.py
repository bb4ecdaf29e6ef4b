"""Faults on demand: which responses go wrong, how, and how often.

A test describes what happens to the next requests, and the emulator does it on the wire. Nothing is
random: a rule counts the requests it applies to, and its counters decide.
"""

from __future__ import annotations

import fnmatch
import math
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
import orjson
from attrs.validators import optional

from scenario_search.emulator.contract.arguments import (
    must_be_boolean,
    must_be_seconds,
    must_be_whole,
)
from scenario_search.emulator.contract.signatures import takes

__all__ = ["Fault", "Faults", "Limit", "Rule", "rule_from_json"]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_HEADER_VALUE: Final = re.compile("[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
_OF_THE_CONNECTION: Final = ("content-length", "transfer-encoding")
_MOST_TIMES: Final = 2**53
_SEARCHES: Final = "/v1/search/*"
_QUOTA_EXCEEDED: Final = {"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"}


def _sendable_headers(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{field.name} must be names with texts, not {value!r:.60}")
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise TypeError(
                f"{field.name} must be names with texts, not {name!r:.60}: {text!r:.60}"
            )
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{field.name}: {name!r:.60} is no name of a header")
        if not _HEADER_VALUE.fullmatch(text):
            raise ValueError(
                f"{field.name}: the value of {name} has a line break or another character"
                f" that no header may have: {text!r:.60}"
            )
        if name.lower() in _OF_THE_CONNECTION:
            raise ValueError(
                f"{field.name}: {name} follows from the body; for a body that is shorter than"
                " promised use truncate"
            )


def _headers(value: Mapping[str, str] | None) -> Mapping[str, str]:
    return {} if value is None else value


def _sendable_body(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
    try:
        if isinstance(value, str):
            value.encode()
        elif not isinstance(value, bytes):
            orjson.dumps(value)
    except UnicodeEncodeError as error:
        raise ValueError(f"{field.name} has no form in UTF-8: {error}") from None
    except TypeError as error:
        raise TypeError(f"{field.name} must be text, bytes or JSON values: {error}") from None


@attrs.frozen(kw_only=True)
class Fault:
    """The fault of one request. By default there is none.

    Attributes:
        status: Respond with this status, 200 to 599, instead of searching.
        headers: Headers to set on the response, usual or not, such as ``Retry-After``. The headers
            that set the length of the body are not allowed.
        body: The body of the response: text and bytes as they are, anything else as JSON. Without
            it a ``status`` of 400 and above has the API's usual error body. A 204 or 304 has none.
        latency: Seconds to wait before the request is handled.
        stall: Send nothing more until the client disconnects or the emulator stops: before the
            headers, or together with ``truncate`` after that many bytes of the body.
        truncate: Announce the whole body, send this many bytes of it, and close the connection.
        reset: Reset the connection (TCP RST) without a response.
        malformed_json: Respond as usual, but with only half of the JSON text.
    """

    status: int | None = attrs.field(default=None, validator=optional(must_be_whole(200, 599)))
    headers: Mapping[str, str] = attrs.field(
        default=None, converter=_headers, validator=_sendable_headers
    )
    body: Any = attrs.field(default=None, validator=_sendable_body)
    latency: float = attrs.field(default=0.0, validator=must_be_seconds)
    stall: bool = attrs.field(default=False, validator=must_be_boolean)
    truncate: int | None = attrs.field(default=None, validator=optional(must_be_whole(0, 2**31)))
    reset: bool = attrs.field(default=False, validator=must_be_boolean)
    malformed_json: bool = attrs.field(default=False, validator=must_be_boolean)


@attrs.define
class Limit:
    """A number of requests that pass, per minute or in all. Further requests get a 429.

    Each response has the headers ``RateLimit-Limit`` and ``RateLimit-Remaining``. A limit per
    minute also sets ``RateLimit-Reset``, and ``Retry-After`` with a 429.

    Attributes:
        number: The number of requests.
        minutely: Whether it is per minute, from the first request on.
        used: The number of requests seen, in this minute or in all.
    """

    number: int
    minutely: bool
    _clock: Callable[[], float]
    used: int = 0
    _until: float = 0.0

    def next_fault(self) -> Fault:
        """Counts a request, and returns a fault with its headers or with a 429."""
        now = self._clock()
        if self.minutely and now >= self._until:
            self.used, self._until = 0, now + 60
        self.used += 1
        left = self.number - self.used
        headers = {"RateLimit-Limit": f"{self.number}", "RateLimit-Remaining": f"{max(left, 0)}"}
        wait = f"{math.ceil(self._until - now)}"
        if self.minutely:
            headers["RateLimit-Reset"] = wait
        if left >= 0:
            return Fault(headers=headers)
        if not self.minutely:
            return Fault(status=429, headers=headers, body=_QUOTA_EXCEEDED)
        headers["Retry-After"] = wait
        details = {"actionName": "search", "actionLimit": self.number}
        body = {"error": "Too many requests", "code": "TOO_MANY_REQUESTS", "details": details}
        return Fault(status=429, headers=headers, body=body)


@attrs.define
class Rule:
    """Faults or a limit, and the requests that they apply to.

    Attributes:
        faults: One fault for every matching request. Several are a sequence that is used once, in
            which None lets a request pass.
        path: A shell pattern that the request's path must match, such as ``/v1/search/*``.
        method: The HTTP method, or None for any.
        every: Apply to every n-th matching request only.
        times: Apply to at most this many requests; None for no limit.
        limit: In place of faults, the number of requests that pass.
        matched: The number of requests that have matched so far.
        met: The number of requests that have met a fault.
    """

    faults: tuple[Fault | None, ...]
    path: str = "*"
    method: str | None = None
    every: int = 1
    times: int | None = None
    limit: Limit | None = None
    matched: int = 0
    met: int = 0

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Counts a request, and returns its fault or None."""
        if self.method not in {None, method} or not fnmatch.fnmatchcase(path, self.path):
            return None
        self.matched += 1
        if self.limit is not None:
            answered = self.limit.next_fault()
            self.met += answered.status is not None
            return answered
        if self.matched % self.every or (self.times is not None and self.met >= self.times):
            return None
        at = self.matched // self.every - 1 if len(self.faults) > 1 else 0
        fault = self.faults[at] if at < len(self.faults) else None
        self.met += fault is not None
        return fault


def _path_pattern(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{field.name} must be text, not {value!r:.60}")
    if value[:1] not in {"/", "*", "?", "["}:
        raise ValueError(
            f'{field.name} must start with "/" or "*", or no request matches: {value!r:.60}'
        )


def _method_name(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError(f"{field.name} must be one such as POST, not {value!r:.60}")


@attrs.frozen(kw_only=True)
class _NewRule(Fault):
    """The arguments of `Faults.add`.

    `Fault` and `Rule` describe those that are not listed here.

    Args:
        sequence: In place of one fault, one for each matching request in turn: a `Fault`, a dict
            of its attributes, or None to let a request pass. After it, requests pass.
        per_minute: In place of a fault, a rate limit: so many searches pass in each minute. Others
            are a 429 with ``Retry-After``. All have ``RateLimit-Limit``, ``RateLimit-Remaining``
            and ``RateLimit-Reset``. Without ``path``, all three searches count.
        quota: In place of a fault, so many searches pass in all. Others are a 429 with the code
            ``QUOTA_EXCEEDED``.
    """

    sequence: Sequence[Fault | Mapping[str, Any] | None] | None = None
    per_minute: int | None = attrs.field(
        default=None, validator=optional(must_be_whole(0, _MOST_TIMES))
    )
    quota: int | None = attrs.field(default=None, validator=optional(must_be_whole(0, _MOST_TIMES)))
    path: str = attrs.field(default="*", validator=_path_pattern)
    method: str | None = attrs.field(default=None, validator=optional(_method_name))
    every: int = attrs.field(default=1, validator=must_be_whole(1, _MOST_TIMES))
    times: int | None = attrs.field(default=None, validator=optional(must_be_whole(1, _MOST_TIMES)))

    def rule(self, clock: Callable[[], float]) -> Rule:
        """Returns the rule that these arguments describe."""
        single = Fault(**{name: getattr(self, name) for name in _PYTHON_NAMES})
        limits = [each for each in (self.per_minute, self.quota) if each is not None]
        if (single != Fault()) + (self.sequence is not None) + len(limits) != 1:
            raise ValueError(
                "A rule needs a fault, such as status=503, or a sequence, per_minute or quota:"
                " one of them"
            )
        method = self.method.upper() if self.method else None
        if limits:
            if self.every != 1 or self.times is not None:
                raise ValueError("per_minute and quota count all requests, without every or times")
            path = _SEARCHES if self.path == "*" else self.path
            limit = Limit(limits[0], self.per_minute is not None, clock)
            return Rule((), path, method, limit=limit)
        # A closing None keeps a sequence of one from being taken for "every request".
        faults = (single,) if self.sequence is None else (*_steps(self.sequence), None)
        return Rule(faults, self.path, method, self.every, self.times)


class Faults:
    """The rules in force, in the order they were added. Threads may share it.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    @takes(_NewRule)
    def add(self, **arguments: Any) -> Rule:
        """Adds a rule that makes matching requests fail from now on.

        Returns:
            The rule. Read its counters, or pass it to `remove`.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is out of range or can't be sent, a sequence is empty or has an
                unknown key, or the arguments are not exactly one of a fault, a sequence and a
                limit. Either error names the argument, and no rule is added.

        Examples:
            The first two searches get a 503, the third succeeds::

                emulator.faults.add(status=503, headers={"Retry-After": "1"}, times=2)

            Sixty searches pass in each minute::

                emulator.faults.add(per_minute=60)
        """
        rule = _NewRule(**arguments).rule(self._clock)
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Removes a rule. Removing it again is not an error."""
        with self._lock:
            self._rules = [other for other in self._rules if other is not rule]

    def clear(self) -> None:
        """Removes all rules; requests pass again."""
        with self._lock:
            self._rules.clear()

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Returns the fault of the first rule that has one for this request.

        The fault has the headers of the limits that the request passed before it.
        """
        headers: dict[str, str] = {}
        with self._lock:
            for rule in self._rules:
                if (fault := rule.next_fault(method, path)) is None:
                    continue
                headers |= fault.headers
                if rule.limit is None or fault.status is not None:
                    return attrs.evolve(fault, headers=headers)
        return Fault(headers=headers) if headers else None

    def __iter__(self) -> Iterator[Rule]:
        with self._lock:
            return iter(list(self._rules))

    def __len__(self) -> int:
        return len(self._rules)


_PYTHON_NAMES: Final = {field.name: field.name for field in attrs.fields(Fault)}


def _steps(sequence: Any, names: Mapping[str, str] = _PYTHON_NAMES) -> list[Fault | None]:
    """The faults of a sequence, whose dicts have these keys."""
    if isinstance(sequence, str | bytes | Mapping) or not isinstance(sequence, Iterable):
        raise TypeError(f"sequence must be a list of faults, not {sequence!r:.60}")
    steps: list[Fault | None] = []
    for number, step in enumerate(sequence):
        try:
            if isinstance(step, Mapping):
                steps.append(Fault(**_arguments(step, names)))
            elif step is None or isinstance(step, Fault):
                steps.append(step)
            else:
                raise TypeError(f"a fault, its values or nothing is needed, not {step!r:.60}")
        except (TypeError, ValueError) as error:
            raise type(error)(f"sequence, step {number}: {error}") from None
    if not steps:
        raise ValueError("sequence must have one step or more")
    return steps


def rule_from_json(faults: Faults, value: Mapping[str, Any]) -> Rule:
    """Adds the rule that a JSON object of the control plane describes.

    Its keys are the arguments of `Faults.add`, in camel case.

    Raises:
        ValueError: A key or a value is wrong. The message has the argument's Python name.
    """
    known = {_camel(name): name for name in _PYTHON_NAMES}
    try:
        arguments = _arguments(
            value, {_camel(each.name): each.name for each in attrs.fields(_NewRule)}
        )
        if arguments.get("sequence") is not None:
            arguments["sequence"] = _steps(arguments["sequence"], known)
        return faults.add(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(str(error)) from None


def _arguments(value: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    if unknown := sorted(map(str, value.keys() - known.keys())):
        raise ValueError(f"Unknown key {unknown[0]!r:.60}; use {', '.join(sorted(known))}")
    return {known[key]: entry for key, entry in value.items()}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))
