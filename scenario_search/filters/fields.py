"""The fields a filter may name, per endpoint: each is written once, here.

The tables for assets and models are those of the Search guide ("Filterable Fields"). Workflow
search has no documented table: its rows are this library's choice, taken from the scalar and list
fields of its hits. A field that is missing here can still be sent with ``F["any.field"]``.

`DocumentedFields` turns the table into attributes, so that type checkers and tab completion know
the names; `scenario_search.filters.F` is the one that makes `Field` objects of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    NoReturn,
    TypeVar,
    get_args,
    overload,
)

from scenario_search.names import camel_case

__all__ = [
    "FIELDS",
    "DocumentedField",
    "DocumentedFields",
    "FieldType",
    "Kind",
    "field_hints",
    "nearest",
]

Kind = Literal["assets", "models", "workflows"]
FieldType = Literal["string", "number", "date", "string[]"]

T = TypeVar("T")


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Returns up to three of ``names`` that look like ``name``, the nearest first."""
    import difflib  # noqa: PLC0415 - for errors only

    by_lower = {known.lower(): known for known in names}
    return [by_lower[m] for m in difflib.get_close_matches(name.lower(), by_lower, n=3)]


def field_hints(name: str, kind: Kind) -> str:
    """Returns what to write in place of a field that ``kind`` lacks, to end a message with.

    That is the nearest names, and the endpoints that have such a field.
    """
    close = nearest(name, FIELDS[kind])
    elsewhere = [other for other, fields in FIELDS.items() if name in fields]
    hints = f"; did you mean {' or '.join(close)}?" if close else ""
    return hints + (f"; it is a field of {' and '.join(elsewhere)}" if elsewhere else "")


class DocumentedField:
    """One filterable field. As an attribute of a `DocumentedFields` it is what that makes of it.

    Attributes:
        value_type: Its type.
        about: What it holds, by the kind of hits, for each kind that has it.
        name: Its name on the wire, such as ``createdAt``.
    """

    def __init__(self, value_type: FieldType, **about: str) -> None:
        self.value_type = value_type
        self.about: Mapping[str, str] = about
        self.name = ""

    @classmethod
    def of_all(cls, value_type: FieldType, about: str) -> DocumentedField:
        """Returns a field that holds the same in hits of each endpoint."""
        return cls(value_type, **dict.fromkeys(get_args(Kind), about))

    def __set_name__(self, owner: type[_Namespace[Any]], name: str) -> None:
        self.name = owner._prefix + camel_case(name)

    @overload
    def __get__(self, instance: None, owner: object) -> DocumentedField: ...
    @overload
    def __get__(self, instance: _Namespace[T], owner: object) -> T: ...
    def __get__(self, instance: _Namespace[T] | None, owner: object) -> DocumentedField | T:
        return self if instance is None else instance._make(self.name)


class _Namespace(Generic[T]):
    _prefix: ClassVar[str] = ""
    _shown_as: ClassVar[str] = "F"

    _make: Callable[[str], T]

    def __init__(self, make: Callable[[str], T]) -> None:
        object.__setattr__(self, "_make", make)

    # Declared out of sight of type checkers, which refuse to set a field by themselves.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, _: object) -> NoReturn:
            shown = f"{self._shown_as}.{name}"
            raise AttributeError(f"{shown} cannot be set: a filter is written {shown} == ...")

        def __delattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"{self._shown_as}.{name} cannot be deleted")

    def __dir__(self) -> list[str]:
        return sorted(name for name in dir(type(self)) if not name.startswith("_"))

    def __repr__(self) -> str:
        return self._shown_as

    if not TYPE_CHECKING:  # a type checker must not believe that every name exists

        def __getattr__(self, name: str) -> T:
            shown = self._shown_as
            # Protocols (copy, pickle, IPython) look for names like these and expect a plain no.
            if name.startswith("_"):
                raise AttributeError(f"{shown} has no attribute {name!r}")
            for python_name in dir(self):
                if camel_case(python_name) == name:
                    return getattr(self, python_name)
            if name == "metadata" and not self._prefix:
                raise AttributeError(
                    "F.metadata is not a field: name what is in it directly, such as F.prompt"
                )
            close = nearest(name, dir(self))
            hint = f"did you mean {' or '.join(close)}? " if close else ""
            raise AttributeError(
                f"{shown}.{name} is not a documented field: {hint}"
                f'a field that is not documented is written F["{self._prefix}{name}"]'
            )


class ComplianceFields(_Namespace[T]):
    """``F.compliance_metadata``: a group of model fields, not a field itself."""

    _prefix = "complianceMetadata."
    _shown_as = "F.compliance_metadata"

    sub_processor = DocumentedField("string", models="company whose machines run the model")
    model_provider = DocumentedField("string", models="company that made the model")
    maintainer = DocumentedField("string", models="company that keeps the model up")

    # Without these, a comparison with the group would quietly be False and the term lost.
    def __eq__(self, other: object) -> NoReturn:
        raise TypeError(f"{self!r} is a group of fields: name one of {', '.join(dir(self))}")

    __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]


class DocumentedFields(_Namespace[T]):
    """Every documented field as an attribute, snake_case for the wire's camelCase.

    Args:
        make: called with a field's wire name; what it returns is the attribute's value.
    """

    # Assets: metadata
    kind = DocumentedField("string", assets="broad sort: image, video, 3d, audio, ...")
    width = DocumentedField("number", assets="pixels across")
    height = DocumentedField("number", assets="pixels down")
    size = DocumentedField("number", assets="file size in bytes")
    aspect_ratio = DocumentedField("string", assets="sides as text, such as 16:9")
    mime_type = DocumentedField("string", assets="MIME type of the file")
    name = DocumentedField(
        "string",
        assets="name given to the asset",
        models="name given to the model",
        workflows="name given to the workflow",
    )

    # Assets: how they were generated
    prompt = DocumentedField("string", assets="prompt it was generated from")
    text = DocumentedField("string", assets="spoken text, for text to speech")
    negative_prompt = DocumentedField("string", assets="what the generation was told to avoid")
    seed = DocumentedField("string", assets="random seed, as text")
    model_id = DocumentedField("string", assets="id of the model that generated it")
    base_model_id = DocumentedField("string", assets="id of the model under that model")
    model_type = DocumentedField("string", assets="type of that model, such as flux.1")
    num_inference_steps = DocumentedField("number", assets="denoising steps")
    guidance = DocumentedField("number", assets="guidance scale")
    scheduler = DocumentedField("string", assets="scheduler of the denoising steps")
    nsfw = DocumentedField("string[]", assets="labels of unsafe content; empty when safe")

    # Models
    type = DocumentedField("string", models="model type, such as flux.1-lora")
    source = DocumentedField("string", models="where it comes from, such as training")
    parent_model_id = DocumentedField("string", models="id of the model it derives from")
    capabilities = DocumentedField("string[]", models="what it can do, such as img2img")
    concepts = DocumentedField("string[]", models="ids of the concept models linked to it")
    training_images_number = DocumentedField("number", models="how many images it was trained on")
    example_asset_ids = DocumentedField("string[]", models="ids of its example assets")

    @property
    def compliance_metadata(self) -> ComplianceFields[T]:
        """Who provides, runs and keeps a model."""
        return ComplianceFields(self._make)

    # Workflows
    description = DocumentedField("string", workflows="what the workflow does")
    short_description = DocumentedField("string", workflows="the same in a line")
    status = DocumentedField("string", workflows="state of the workflow, such as ready")

    # Shared
    tags = DocumentedField(
        "string[]",
        assets="tags of the asset",
        models="tags of the model",
        workflows="tags of the workflow",
    )
    collection_ids = DocumentedField.of_all("string[]", "ids of the collections it is in")
    privacy = DocumentedField.of_all("string", "who can see it, such as public")
    author_id = DocumentedField.of_all("string", "id of the user who made it")
    owner_id = DocumentedField(
        "string",
        assets="id of its project; the API narrows to the caller's own by itself",
        models="id of its project; the API narrows to the caller's own by itself",
        workflows="id of its project",
    )
    created_at = DocumentedField.of_all("date", "when it was made")
    updated_at = DocumentedField.of_all("date", "when it last changed")


def _table(kind: Kind) -> Mapping[str, DocumentedField]:
    fields = [
        field
        for namespace in (DocumentedFields, ComplianceFields)
        for field in vars(namespace).values()
        if isinstance(field, DocumentedField) and kind in field.about
    ]
    return MappingProxyType({field.name: field for field in fields})


FIELDS: Mapping[Kind, Mapping[str, DocumentedField]] = MappingProxyType(
    {kind: _table(kind) for kind in get_args(Kind)}
)
"""Filterable fields of each endpoint by wire name."""
