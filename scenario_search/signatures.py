"""Signatures written once: functions that take what an attrs class's constructor takes.

A type checker sees the class's keywords on the function (through a ``ParamSpec``), and so do
``help()`` and notebooks (through ``__signature__``). What may be secret among the keywords is
hidden before the function sees them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import attrs

from scenario_search.hidden import hide_secrets

__all__ = ["makes", "returns_same", "signature_of", "takes", "takes_beside"]

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")
A = TypeVar("A")


def signature_of(cls: type[Any], *names: str, returns: Any = inspect.Signature.empty) -> Any:
    """Give the signature of a method that takes the constructor keywords of an attrs class.

    Args:
        cls: The attrs class.
        names: The keywords, in the order they are shown; all, in the class's order, if none.
        returns: The return annotation.
    """
    by_name = {field.name: field for field in attrs.fields(cls)}
    keywords = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=by_name[name].default,
            annotation=by_name[name].type,
        )
        for name in (names or by_name)
    ]
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Signature([own, *keywords], return_annotation=returns)


def takes(
    signature: Callable[P, Any],
) -> Callable[[Callable[Concatenate[S, ...], R]], Callable[Concatenate[S, P], R]]:
    """Give a method the keywords of an attrs class's constructor."""

    def decorate(method: Callable[Concatenate[S, ...], R]) -> Callable[Concatenate[S, P], R]:
        hiding: Any = _hiding(method)
        hiding.__signature__ = signature_of(signature)  # type: ignore[arg-type]
        return cast(Callable[Concatenate[S, P], R], hiding)

    return decorate


def _hiding(method: Callable[..., R]) -> Callable[..., R]:
    """Hide the secrets among a method's keywords from the locals of any traceback."""

    @functools.wraps(method)
    def called(*args: Any, **keywords: Any) -> R:
        hide_secrets(keywords)
        return method(*args, **keywords)

    return called


class CopyMethod(Protocol[P]):
    """What type checkers see of a method that gives an object of its own object's class.

    Told by ``__get__``, since mypy loses the class where a decorator's ``Callable`` tells it.
    """

    def __get__(self, instance: S, owner: Any) -> Callable[P, S]:
        """Give the bound method."""
        ...


def returns_same(signature: Callable[P, Any]) -> Callable[[Callable[..., Any]], CopyMethod[P]]:
    """As :func:`takes`, for a method that returns an object of its own object's class."""
    return cast(Callable[[Callable[..., Any]], CopyMethod[P]], takes(signature))


class MakerMethod(Protocol[P]):
    """What type checkers see of a class method that makes an object of its class."""

    def __get__(self, instance: Any, owner: type[S]) -> Callable[P, S]:
        """Give the bound method."""
        ...


def makes(signature: Callable[P, Any]) -> Callable[[Callable[..., Any]], MakerMethod[P]]:
    """As :func:`takes`, for a class method that makes an object of its class."""

    def decorate(method: Any) -> Any:
        return classmethod(takes(signature)(method.__func__))

    return decorate


def takes_beside(
    signature: Callable[P, Any],
) -> Callable[[Callable[Concatenate[S, A, ...], R]], Callable[Concatenate[S, A, P], R]]:
    """As :func:`takes`, for a method that has one positional argument of its own."""

    def decorate(
        method: Callable[Concatenate[S, A, ...], R],
    ) -> Callable[Concatenate[S, A, P], R]:
        own = list(inspect.signature(method).parameters.values())[:2]
        keywords = list(signature_of(signature).parameters.values())[1:]  # type: ignore[arg-type]
        hiding: Any = _hiding(method)
        hiding.__signature__ = inspect.Signature([*own, *keywords])
        return cast(Callable[Concatenate[S, A, P], R], hiding)

    return decorate
