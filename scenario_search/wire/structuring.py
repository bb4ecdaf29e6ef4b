"""The structure hooks of the response classes: generated code that takes JSON as it comes.

For each class one straight-line function is generated. It assigns the values of the known keys and
keeps the JSON object itself beside them, unchanged: ``extra`` and ``to_dict()`` are read from
there. Nothing is coerced: a scalar of the wrong type is kept as it came. Where an object or an
array is documented and something else came, structuring fails and names the place.

A field whose type is a class of its own is structured by the hook that the converter has for that
class, so a user's hook takes effect. Where that is the converter's own hook for a JSON scalar, the
generated code assigns the value and calls nothing.

Where nothing of a user's is involved, an object inside of a document is only checked, and made when
it is first read: most programs read few of them, and an export reads none. See
:func:`scenario_search.wire.document.defer`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import attrs

from scenario_search.errors import APIResponseValidationError
from scenario_search.wire.document import Document, defer
from scenario_search.wire.schema import (
    JsonField,
    array_item,
    is_document,
    json_fields,
    other_fields,
    shared_keys,
)
from scenario_search.wire.validation import (
    SCALARS,
    Hook,
    fits_function,
    mismatches,
    refused,
    validation_error,
)

if TYPE_CHECKING:
    import cattrs

__all__ = ["as_it_came", "calls_users_hooks", "hook_error", "structure_hook", "users_hooks"]

_OWN = "_structures_documented_json"


class _MismatchError(Exception):
    """The JSON does not fit. The places are named afterwards."""


def hook_error(error: BaseException | None) -> BaseException | None:
    """Returns what a user's hook raised, where it is the reason why structuring failed."""
    if isinstance(error, APIResponseValidationError):
        return error.__cause__
    return None if isinstance(error, _MismatchError) else error


def _refuse() -> NoReturn:
    raise _MismatchError


def as_it_came(value: Any, kind: Any) -> Any:
    """Structures a JSON scalar: returns it, whatever its type. Makes no more than subclasses."""
    return value if kind in SCALARS else kind(value)


def users_hooks(converter: cattrs.BaseConverter) -> Callable[[Any], Hook | None]:
    """Returns a function that returns the hook of a kind, unless it is one of this library's."""

    def hook_of(kind: Any) -> Hook | None:
        if isinstance(kind, TypeVar):
            return None
        hook: Hook = converter.get_structure_hook(kind)
        return None if _is_plain(hook, kind) or hasattr(hook, _OWN) else hook

    return hook_of


def calls_users_hooks(kind: Any, converter: cattrs.BaseConverter) -> bool:
    """Returns whether structuring a kind calls anything but this library's lenient hooks for it.

    Args:
        kind: A response class, or what one of its fields is annotated as.
        converter: Where the hooks come from.
    """
    if (item := array_item(kind)) is not None:
        return calls_users_hooks(item, converter)
    if isinstance(kind, TypeVar):
        return False
    hook = converter.get_structure_hook(kind)
    # A user may have registered this library's hook of another class, or a strict one.
    structured: Any = getattr(hook, _OWN, None)
    if structured is kind:
        return any(calls_users_hooks(field.kind, converter) for field in json_fields(kind))
    return not _is_plain(hook, kind)


def _is_plain(hook: Hook, kind: Any) -> bool:
    return hook is as_it_came and kind in SCALARS


def structure_hook(
    cls: type[Any], converter: cattrs.BaseConverter, *, strict: bool = False
) -> Hook:
    """Returns the structure hook of a response class.

    The hook raises :class:`APIResponseValidationError`, whose paths begin at the object.

    Args:
        cls: A response class, or a user's subclass of one.
        converter: Where the hooks of the fields' types come from.
        strict: Whether the JSON must be as documented in every field.
    """

    def fail(data: Any, error: Exception) -> NoReturn:
        # What hooks of users do is not ours to know: one may fail now and pass when asked again.
        problems = mismatches(data, cls, "$", strict=strict, hook_of=users_hook_of_fields)
        raise validation_error(problems, otherwise=refused("$", error)) from hook_error(error)

    users_hook = users_hooks(converter)

    def users_hook_of_fields(kind: Any) -> Hook | None:
        return None if kind is cls else users_hook(kind)

    scope: dict[str, Any] = {
        "cls": cls,
        "new": cls.__new__,
        "refuse": _refuse,
        "fail": fail,
        "fits": fits_function(cls),
        **shared_keys(cls),
    }
    lines = [
        "def structure(data, _):",
        "  try:",
        f"    if {'not fits(data)' if strict else 'data.__class__ is not dict'}: refuse()",
        "    self = new(cls)",
    ]
    for index, field in enumerate(json_fields(cls)):
        if _is_deferred(field, cls, converter):
            assignment = _deferral(field, index, cls, converter, scope)
        else:
            assignment = _assignment(field, index, converter, scope)
        lines += [f"    {line}" for line in assignment]
    lines += ["    self._json = data", "    self._extra = None"]
    for index, other in enumerate(other_fields(cls), len(json_fields(cls))):
        lines.append(f"    self.{other.name} = {_default(other.default, index, scope)}")
    if hasattr(cls, "__attrs_post_init__"):
        lines.append("    self.__attrs_post_init__()")
    lines += ["  except Exception as error: fail(data, error)", "  return self"]
    code = compile("\n".join(lines), f"<structure {cls.__name__}>", "exec")
    exec(code, scope)  # noqa: S102 - the text comes from our own declarations only
    hook: Hook = scope["structure"]
    setattr(hook, _OWN, None if strict else cls)
    return hook


def _assignment(
    field: JsonField, index: int, converter: cattrs.BaseConverter, scope: dict[str, Any]
) -> list[str]:
    """Returns the lines that set one field, and adds what they name to the scope."""
    get, item = f"data.get(key{index})", array_item(field.kind)
    kind = field.kind if item is None else item
    # The hits of a page that does not know the class of its hits stay JSON.
    hook = as_it_came if isinstance(kind, TypeVar) else converter.get_structure_hook(kind)
    plain = isinstance(kind, TypeVar) or _is_plain(hook, kind)
    target = f"self.{field.name}"
    if field.default is None and item is None and plain:
        return [f"{target} = {get}"]
    scope[f"hook{index}"] = hook
    scope[f"kind{index}"] = kind
    absent = f"if value is None: {target} = {_default(field.default, index, scope)}"
    if item is None:
        made = "value" if plain else f"hook{index}(value, kind{index})"
        return [f"value = {get}", absent, f"else: {target} = {made}"]
    made = "value" if plain else f"[hook{index}(item, kind{index}) for item in value]"
    array = f"if value.__class__ is list: {target} = {made}"
    return [f"value = {get}", array, f"el{absent}", "else: refuse()"]


def _is_deferred(field: JsonField, cls: type[Any], converter: cattrs.BaseConverter) -> bool:
    """Returns whether a field holds an object that can be made when it is first read.

    Making it must be certain to succeed, once the shape of its JSON was checked, and whatever the
    converter was asked for may have changed by then.
    """
    kind = field.kind
    return (
        is_document(kind)
        and hasattr(converter.get_structure_hook(kind), _OWN)
        and _reads(cls) is _reads(kind) is _reads(Document)
        and not other_fields(kind)
        and not hasattr(kind, "__attrs_post_init__")
        and all(
            not inner.needed
            and (
                _is_plain(converter.get_structure_hook(inner.kind), inner.kind)
                or _is_deferred(inner, kind, converter)
            )
            for inner in json_fields(kind)
        )
    )


def _reads(cls: type[Any]) -> Any:
    """Returns what makes an object that was deferred. A user's subclass may have replaced it."""
    return inspect.getattr_static(cls, "__getattr__")


def _deferral(
    field: JsonField,
    index: int,
    cls: type[Any],
    converter: cattrs.BaseConverter,
    scope: dict[str, Any],
) -> list[str]:
    """Returns the lines that check what one field will be made of, and leave it unset."""
    defer(cls, field.name, field.wire, structure_hook(field.kind, converter))
    return [
        f"value = data.get(key{index})",
        f"if value is None: self.{field.name} = {_default(field.default, index, scope)}",
        f"elif not ({_is_shaped('value', field.kind)}): refuse()",
    ]


def _is_shaped(name: str, kind: Any) -> str:
    """Returns the expression that says whether all containers in a variable are as documented."""
    shaped = f"{name}.__class__ is dict"
    for index, field in enumerate(json_fields(kind)):
        if is_document(field.kind):
            inner = f"{name}_{index}"
            is_shaped = _is_shaped(inner, field.kind)
            shaped += f" and (({inner} := {name}.get({field.wire!r})) is None or {is_shaped})"
    return shaped


def _default(default: Any, index: int, scope: dict[str, Any]) -> str:
    """Returns the expression of a field's value where the JSON has none."""
    if default is attrs.NOTHING:
        return "refuse()"
    if default is None:
        return "None"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        scope[f"default{index}"] = default.factory
        return f"default{index}({'self' if default.takes_self else ''})"
    scope[f"default{index}"] = default
    return f"default{index}"
