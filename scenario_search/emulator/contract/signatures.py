"""Signatures written once: methods that take what an attrs class takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

__all__ = ["takes"]

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")


def takes(
    options: Callable[P, object],
) -> Callable[[Callable[Concatenate[S, ...], R]], Callable[Concatenate[S, P], R]]:
    """Gives a method the parameters of an options class, and their descriptions."""

    def decorate(method: Callable[Concatenate[S, ...], R]) -> Callable[Concatenate[S, P], R]:
        described: Any = method
        own, *_ = inspect.signature(method).parameters.values()
        described.__signature__ = inspect.Signature(
            [own, *inspect.signature(options).parameters.values()]
        )
        _, arguments = inspect.cleandoc(options.__doc__ or "").split("\n\n", 1)
        described.__doc__ = f"{inspect.cleandoc(method.__doc__ or '')}\n\n{arguments}"
        return cast(Callable[Concatenate[S, P], R], method)

    return decorate
