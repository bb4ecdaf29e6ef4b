"""Faults on demand: which answers go wrong, how, and how often.

A test says what shall happen to the next requests; the emulator does it on the wire. Nothing is
random: a rule counts the requests it applies to, and its counters decide.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from attrs.validators import and_, deep_mapping, ge, instance_of, le, optional

__all__ = ["Fault", "Faults", "Rule", "rule_from_json"]


def _within(least: int, most: int) -> Any:
    return and_(instance_of(int), ge(least), le(most))


@attrs.frozen(kw_only=True)
class Fault:
    """What goes wrong with one request. With nothing set, the answer is the usual one.

    Attributes:
        status: Answer this status in place of searching.
        headers: Headers set on the answer, usual or not; ``Retry-After`` for instance.
        body: The answer's body: text or bytes as they are, anything else as JSON. Without it a
            ``status`` of 400 and above has the API's usual error body.
        latency: Seconds to wait before the request is handled.
        stall: Send nothing more, until the client leaves or the emulator stops: before the
            headers, or, together with ``truncate``, after that many bytes of the body.
        truncate: Promise the whole body, send this many bytes of it, and close the connection.
        reset: Reset the connection (TCP RST) with no answer.
        malformed_json: Answer as usual, but with half of the JSON text.
    """

    status: int | None = attrs.field(default=None, validator=optional(_within(200, 599)))
    headers: Mapping[str, str] = attrs.field(
        factory=dict, validator=deep_mapping(instance_of(str), instance_of(str))
    )
    body: Any = None
    latency: float = attrs.field(default=0.0, validator=[instance_of(int | float), ge(0)])
    stall: bool = attrs.field(default=False, validator=instance_of(bool))
    truncate: int | None = attrs.field(default=None, validator=optional(_within(0, 2**31)))
    reset: bool = attrs.field(default=False, validator=instance_of(bool))
    malformed_json: bool = attrs.field(default=False, validator=instance_of(bool))


@attrs.define
class Rule:
    """Faults, and the requests they meet.

    Attributes:
        faults: One fault for every matching request; several are a sequence that is gone through
            once, in which None lets a request pass.
        path: A shell pattern the request's path must match, such as ``/v1/search/*``.
        method: The HTTP method, or None for any.
        every: Meet only every n-th matching request.
        times: Meet this many requests at most; None for no end.
        matched: How many requests have matched so far.
        met: How many of them were met by a fault.
    """

    faults: tuple[Fault | None, ...]
    path: str = "*"
    method: str | None = None
    every: int = 1
    times: int | None = None
    matched: int = 0
    met: int = 0

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The fault for this request, which is counted, or None."""
        if self.method not in {None, method} or not fnmatch.fnmatchcase(path, self.path):
            return None
        self.matched += 1
        if self.matched % self.every or (self.times is not None and self.met >= self.times):
            return None
        at = self.matched // self.every - 1 if len(self.faults) > 1 else 0
        fault = self.faults[at] if at < len(self.faults) else None
        self.met += fault is not None
        return fault


class Faults:
    """The rules in force, in the order they were added. Threads may share it."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(
        self,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        latency: float = 0.0,
        stall: bool = False,
        truncate: int | None = None,
        reset: bool = False,
        malformed_json: bool = False,
        sequence: Sequence[Fault | Mapping[str, Any] | None] | None = None,
        path: str = "*",
        method: str | None = None,
        every: int = 1,
        times: int | None = None,
    ) -> Rule:
        """Let requests fail from now on.

        `Fault` and `Rule` say what each argument means. A ``sequence`` stands in place of one
        fault: one for each matching request in turn, as a `Fault`, a dict of its attributes, or
        None to let a request pass. After it, requests pass.

        Returns:
            The rule, whose counters can be read, and which `remove` takes.

        Raises:
            TypeError: A value is of a wrong type.
            ValueError: A value is out of range, or a sequence and a fault are given together.

        Examples:
            The first two searches are refused with a 503, the third is answered::

                emulator.faults.add(status=503, headers={"Retry-After": "1"}, times=2)
        """
        single = Fault(
            status=status,
            headers=dict(headers or {}),
            body=body,
            latency=latency,
            stall=stall,
            truncate=truncate,
            reset=reset,
            malformed_json=malformed_json,
        )
        if every < 1 or (times is not None and times < 1):
            raise ValueError("every and times must be 1 or more")
        if sequence is None:
            faults: Iterable[Fault | None] = (single,)
        elif single != Fault():
            raise ValueError("give a sequence or a single fault, not both")
        else:
            # A closing None keeps a sequence of one from being taken for "every request".
            faults = (*map(_fault_of, sequence), None)
        rule = Rule(tuple(faults), path, method.upper() if method else None, every, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Take this rule back. One that is gone already is no error."""
        with self._lock:
            self._rules = [other for other in self._rules if other is not rule]

    def clear(self) -> None:
        """Take all rules back; requests pass again."""
        with self._lock:
            self._rules.clear()

    def next_fault(self, method: str, path: str) -> Fault | None:
        """What shall happen to this request: the first rule that has a fault for it decides."""
        with self._lock:
            for rule in self._rules:
                if fault := rule.next_fault(method, path):
                    return fault
        return None

    def __iter__(self) -> Iterator[Rule]:
        with self._lock:
            return iter(list(self._rules))

    def __len__(self) -> int:
        return len(self._rules)


def _fault_of(value: Fault | Mapping[str, Any] | None) -> Fault | None:
    return Fault(**value) if isinstance(value, Mapping) else value


_RULE_KEYS = ("path", "method", "every", "times", "sequence")


def rule_from_json(faults: Faults, value: Mapping[str, Any]) -> Rule:
    """Add the rule that a JSON object of the control plane describes.

    Its keys are the arguments of `Faults.add`, with ``malformedJson`` in camel case.

    Raises:
        ValueError: A key or a value is wrong.
    """
    known = {_camel(field.name): field.name for field in attrs.fields(Fault)}
    arguments = _arguments(value, known | dict(zip(_RULE_KEYS, _RULE_KEYS, strict=True)))
    try:
        if "sequence" in arguments:
            steps = list(arguments["sequence"])
            arguments["sequence"] = [step and Fault(**_arguments(step, known)) for step in steps]
        return faults.add(**arguments)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a fault can't be like this: {error.args[0]}") from None


def _arguments(value: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    if unknown := sorted(value.keys() - known.keys()):
        raise ValueError(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return {known[key]: entry for key, entry in value.items()}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))
