"""Signatures written once: functions that take the keywords of an attrs class's constructor.

Type checkers see the class's keywords on the function (through a ``ParamSpec``), and so do
``help()`` and notebooks (through ``__signature__``), with the descriptions of the fields. Secrets
among the keywords are hidden before the function sees them. A keyword that the class does not
have raises a ``TypeError`` that names the function, since callers do not know the class.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import attrs

from scenario_search.hidden import hide_secrets
from scenario_search.wire.params import fields_as_shown

__all__ = [
    "check_keywords",
    "description",
    "docstring",
    "makes",
    "returns_same",
    "signature_of",
    "takes",
    "takes_beside",
    "takes_beside_two",
]

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")


def signature_of(cls: type[Any], *, returns: Any = inspect.Signature.empty) -> Any:
    """Returns the signature of a method that takes the constructor keywords of an attrs class.

    Args:
        cls: The attrs class.
        returns: The return annotation.
    """
    keywords = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=field.type,
        )
        for field in fields_as_shown(cls)
    ]
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Signature([own, *keywords], return_annotation=returns)


def docstring(text: str, cls: type[Any]) -> str:
    """Returns a docstring with the descriptions of the fields of an attrs class.

    Args:
        text: The docstring. The fields replace its argument ``options``, which comes last.
        cls: The attrs class.
    """
    lines = [
        f"    {field.name}: {doc}{_default(field)}"
        for field in fields_as_shown(cls)
        if (doc := description(field))
    ]
    text, *rest = re.split(r"\n\n(?=Returns:|Raises:)", inspect.cleandoc(text))
    text = re.sub(r"\n    options:.*", "", text, flags=re.DOTALL)
    heading = [] if "\nArgs:\n" in text else ["", "Args:"]
    return "\n".join([text, *heading, *lines, *(f"\n{part}" for part in rest)])


def description(field: attrs.Attribute[Any]) -> str:
    """Returns what an attrs class declares about a field; nothing where it declares none."""
    metadata = field.metadata
    doc: str = metadata["parameter"].doc if "parameter" in metadata else metadata.get("doc", "")
    return doc


def _default(field: attrs.Attribute[Any]) -> str:
    """Returns the sentence about a field's default; nothing where that is ``None``."""
    default: Any = field.default
    if default is None or isinstance(default, attrs.Factory) or default is attrs.NOTHING:  # type: ignore[arg-type]
        return ""
    if field.name.endswith("_bytes"):
        return f" Default: {default // 2**20} MiB."
    return f" Default: {default:g}." if type(default) is float else f" Default: {default!r}."


def _taking(
    signature: Callable[..., Any], refused: Mapping[str, str], *, lists: bool = True
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Returns the decorator of a method whose last parameter stands for an attrs class's keywords.

    Args:
        signature: The attrs class.
        refused: Messages for keywords that it does not have but that callers will try.
        lists: Whether the docstring lists the keywords.
    """
    cls: Any = signature

    def decorate(method: Callable[..., R]) -> Callable[..., R]:
        declared = inspect.signature(method)
        *own, _ = declared.parameters.values()
        _, *keywords = signature_of(cls).parameters.values()
        names = [parameter.name for parameter in keywords]
        shown = method.__qualname__.removesuffix(".__init__")

        @functools.wraps(method)
        def called(*args: Any, **values: Any) -> R:
            hide_secrets(values)
            check_keywords(shown, values, names, refused)
            return method(*args, **values)

        doc = inspect.cleandoc(method.__doc__ or "")
        described: Any = called
        described.__signature__ = declared.replace(parameters=[*own, *keywords])
        described.__doc__ = (docstring(doc, cls) if lists else doc) or None
        return called

    return decorate


def check_keywords(
    function: str,
    keywords: Iterable[str],
    names: list[str],
    refused: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Checks that a function takes the keywords of a call.

    Args:
        function: The function's name, to show.
        keywords: The call's keywords.
        names: The keywords that the function takes.
        refused: Messages for others that callers will try.

    Raises:
        TypeError: It does not take one of them. The message names the nearest that it takes.
    """
    for name in keywords:
        if name not in names:
            import difflib  # noqa: PLC0415 - for errors only

            near = difflib.get_close_matches(name, names, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            message = f"{function}() got an unexpected keyword argument {name!r}{hint}"
            raise TypeError(refused.get(name) or message)


def takes(
    signature: Callable[P, Any], **refused: str
) -> Callable[[Callable[Concatenate[S, ...], R]], Callable[Concatenate[S, P], R]]:
    """Declares that a method takes the keywords of an attrs class's constructor.

    Its docstring lists them.

    Args:
        signature: The attrs class.
        refused: Messages for keywords that it does not have but that callers will try.
    """
    return _taking(signature, refused)


def takes_beside(
    signature: Callable[P, Any],
) -> Callable[[Callable[Concatenate[S, A, ...], R]], Callable[Concatenate[S, A, P], R]]:
    """As :func:`takes`, for a method that has one positional argument of its own."""
    return _taking(signature, {})


def takes_beside_two(
    signature: Callable[P, Any],
) -> Callable[[Callable[Concatenate[S, A, B, ...], R]], Callable[Concatenate[S, A, B, P], R]]:
    """As :func:`takes`, for a method that has two positional arguments of its own."""
    return _taking(signature, {})


class CopyMethod(Protocol[P]):
    """What type checkers see of a method that returns an object of its own object's class.

    Declared by ``__get__``, since mypy loses the class where a decorator returns a ``Callable``.
    """

    def __get__(self, instance: S, owner: Any) -> Callable[P, S]:
        """Returns the bound method."""
        ...


def returns_same(
    signature: Callable[P, Any], **refused: str
) -> Callable[[Callable[..., Any]], CopyMethod[P]]:
    """As :func:`takes`, for a method that returns an object of its own object's class.

    The keywords are listed where such objects are made, so its docstring does not repeat them.
    """
    return cast(
        Callable[[Callable[..., Any]], CopyMethod[P]], _taking(signature, refused, lists=False)
    )


class MakerMethod(Protocol[P]):
    """What type checkers see of a class method that returns an object of its class."""

    def __get__(self, instance: Any, owner: type[S]) -> Callable[P, S]:
        """Returns the bound method."""
        ...


def makes(
    signature: Callable[P, Any], **refused: str
) -> Callable[[Callable[..., Any]], MakerMethod[P]]:
    """As :func:`returns_same`, for a class method that returns an object of its class."""
    taking = _taking(signature, refused, lists=False)

    def decorate(method: Any) -> Any:
        return classmethod(taking(method.__func__))

    return decorate
