"""What can be filtered, sorted and searched in each kind of document.

One declaration a kind, from which follow the store's columns, the names a filter or a
`sortBy` may use, and the attributes that text search reads. The fields are those of the
"Filterable Fields" tables of the Search guide; workflows are in no guide, so theirs are the
scalar fields and lists of a workflow hit.

`folded` is the one rule for comparing text, used for what is stored and for what is asked.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

__all__ = [
    "FIELDS",
    "KINDS",
    "SEARCHABLE",
    "Indexed",
    "InvalidSortError",
    "Kind",
    "Scalar",
    "SortKey",
    "column_fields",
    "filterable_field",
    "folded",
    "has_column",
    "index_document",
    "parse_sort",
    "searchable_texts",
    "value_at",
]

Kind: TypeAlias = Literal["assets", "models", "workflows"]
FieldType: TypeAlias = Literal["string", "number", "date", "string[]"]
Scalar: TypeAlias = float | str

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

MAX_VALUE_BYTES: Final = 468
"""A value is compared on its first 468 bytes of UTF-8 (Meilisearch's limit for a facet value)."""


class InvalidSortError(ValueError):
    """A `sortBy` entry that names no sortable field or is not `field:asc` or `field:desc`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind.

    Attributes:
        name: Its name in filters and in `sortBy`.
        path: The keys that lead to it in the document.
        type: Its documented type. It says what a well-formed document holds; documents that
            hold something else are compared by what they hold.
        filterable: Whether filters may name it.
        sortable: Whether `sortBy` may name it.
        member: For a list of objects, the key of each object whose value is compared.
        prose: Whether it holds sentences, for which the store keeps an index of trigrams.
    """

    name: str
    path: tuple[str, ...]
    type: FieldType = "string"
    filterable: bool = True
    sortable: bool = False
    member: str | None = None
    prose: bool = False


@dataclass(frozen=True, slots=True)
class SortKey:
    """One entry of `sortBy`."""

    field: Field
    descending: bool


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the store keeps of a document beside its JSON.

    Attributes:
        present: Bit `n` is set when the document has the key of field `n` (null included).
        null: Bit `n` is set when that value is null.
        filled: Bit `n` is set when the value is neither null, `""`, `[]` nor `{}`.
        scalars: For each field of `column_fields`, its number or folded text, or None.
        elements: (field number, number or folded text) of every element of every list.
    """

    present: int
    null: int
    filled: int
    scalars: tuple[Scalar | None, ...]
    elements: frozenset[tuple[int, Scalar]]


def _metadata(
    name: str, type_: FieldType = "string", *, sortable: bool = False, prose: bool = False
) -> Field:
    return Field(name, ("metadata", name), type_, sortable=sortable, prose=prose)


def _own(
    name: str,
    type_: FieldType = "string",
    *,
    filterable: bool = True,
    sortable: bool = False,
    prose: bool = False,
) -> Field:
    return Field(name, tuple(name.split(".")), type_, filterable, sortable, prose=prose)


FIELDS: Final[Mapping[Kind, tuple[Field, ...]]] = {
    "assets": (
        _metadata("kind"),
        _metadata("width", "number", sortable=True),
        _metadata("height", "number", sortable=True),
        _metadata("size", "number"),
        _metadata("aspectRatio"),
        _own("mimeType"),
        _own("privacy"),
        _own("ownerId"),
        _own("authorId"),
        _own("createdAt", "date", sortable=True),
        _own("updatedAt", "date", sortable=True),
        _own("score", "number", filterable=False, sortable=True),
        _metadata("seed"),
        _metadata("modelId"),
        _metadata("baseModelId"),
        _metadata("modelType"),
        _metadata("numInferenceSteps", "number"),
        _metadata("guidance", "number"),
        _metadata("scheduler"),
        _own("tags", "string[]"),
        _own("collectionIds", "string[]"),
        _own("nsfw", "string[]"),
        _metadata("name", prose=True),
        _metadata("prompt", prose=True),
        _metadata("text", prose=True),
        _metadata("negativePrompt", prose=True),
    ),
    "models": (
        _own("type"),
        _own("source"),
        _own("parentModelId"),
        _own("privacy"),
        _own("ownerId"),
        _own("authorId"),
        _own("createdAt", "date", sortable=True),
        _own("updatedAt", "date", sortable=True),
        _own("score", "number", filterable=False, sortable=True),
        # The guide gives models the same sorting as assets; as they have no size, it ties them all.
        _own("width", "number", filterable=False, sortable=True),
        _own("height", "number", filterable=False, sortable=True),
        _own("trainingImagesNumber", "number"),
        _own("capabilities", "string[]"),
        _own("tags", "string[]"),
        _own("collectionIds", "string[]"),
        Field("concepts", ("concepts",), "string[]", member="modelId"),
        _own("exampleAssetIds", "string[]"),
        _own("complianceMetadata.subProcessor"),
        _own("complianceMetadata.modelProvider"),
        _own("complianceMetadata.maintainer"),
        _own("name", prose=True),
    ),
    "workflows": (
        _own("status"),
        _own("privacy"),
        _own("ownerId"),
        _own("authorId"),
        _own("createdAt", "date", sortable=True),
        _own("updatedAt", "date", sortable=True),
        _own("score", "number", filterable=False, sortable=True),
        _own("tags", "string[]"),
        _own("collectionIds", "string[]"),
        _own("name", prose=True),
        _own("shortDescription", prose=True),
        _own("description", prose=True),
    ),
}
"""The fields of each kind. A field's place here is its number in the store; at most 63 a kind."""

SEARCHABLE: Final[Mapping[Kind, tuple[tuple[str, ...], ...]]] = {
    "assets": (
        ("metadata", "name"),
        ("metadata", "prompt"),
        ("description",),
        ("tags",),
        ("metadata", "seed"),
    ),
    "models": (("name",), ("shortDescription",), ("tags",), ("capabilities",)),
    "workflows": (("name",), ("shortDescription",), ("description",), ("tags",)),
}
"""The paths text search reads, the weightiest first (Search guide, "Text Search"; an asset's
captions are its `description`)."""

_NUMBERS: Final[Mapping[Kind, Mapping[str, int]]] = {
    kind: {field.name: number for number, field in enumerate(fields)}
    for kind, fields in FIELDS.items()
}


def filterable_field(kind: Kind, name: str) -> tuple[int, Field] | None:
    """The number and the field that filters on `kind` mean by `name`; None if there is none."""
    number = _NUMBERS[kind].get(name)
    if number is None or not FIELDS[kind][number].filterable:
        return None
    return number, FIELDS[kind][number]


def has_column(field: Field) -> bool:
    """Whether the store keeps a column for the field; a list has rows of its own instead."""
    return field.type != "string[]"


def column_fields(kind: Kind) -> tuple[Field, ...]:
    """The fields of `kind` that have a column, in the order of `Indexed.scalars`."""
    return tuple(field for field in FIELDS[kind] if has_column(field))


def parse_sort(kind: Kind, sort_by: list[str] | tuple[str, ...]) -> tuple[SortKey, ...]:
    """Reads the `sortBy` of a request.

    Args:
        kind: The kind of document that is searched.
        sort_by: Entries such as `createdAt:desc`, the most important first.

    Returns:
        The sort keys; of two entries for one field only the first counts.

    Raises:
        InvalidSortError: An entry has another form or names a field that can't be sorted by.
    """
    keys: dict[str, SortKey] = {}
    for entry in sort_by:
        name, colon, order = entry.rpartition(":")
        if not colon or order not in ("asc", "desc"):
            raise InvalidSortError(
                f'Invalid sort field "{entry}": write a field, a colon and "asc" or "desc"'
            )
        number = _NUMBERS[kind].get(name)
        if number is None or not FIELDS[kind][number].sortable:
            known = ", ".join(field.name for field in FIELDS[kind] if field.sortable)
            raise InvalidSortError(
                f'Invalid sort field "{name}": the sortable fields of {kind} are {known}'
            )
        keys.setdefault(name, SortKey(FIELDS[kind][number], order == "desc"))
    return tuple(keys.values())


def folded(text: str) -> str:
    """The form in which text is compared: trimmed, decomposed, in lower case, and cut.

    That is Meilisearch's: white space at both ends is dropped, compatibility decomposition
    (NFKD) makes `é` written as one or as two characters the same, and lower case makes `=`,
    `CONTAINS`, ranges and sorting ignore case. What is left is cut at `MAX_VALUE_BYTES`, on a
    character boundary. U+0000 becomes U+FFFD, since SQLite ends some texts at it, and half a
    surrogate pair becomes a question mark.
    """
    text = text.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.encode(errors="replace").decode())
    text = text.lower()
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if len(text) * 4 <= MAX_VALUE_BYTES:
        return text
    encoded = text.encode()
    if len(encoded) <= MAX_VALUE_BYTES:
        return text
    return encoded[:MAX_VALUE_BYTES].decode(errors="ignore")


def compared(value: object) -> Scalar | None:
    """What a JSON value is compared by: a float, folded text, or None when it is neither.

    Booleans compare as the words `true` and `false`; numbers as 64-bit floats, as in
    Meilisearch; one too large for that is not compared at all.
    """
    if isinstance(value, str):
        return folded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    return None


def value_at(document: dict[str, Any], path: tuple[str, ...]) -> tuple[bool, Any]:
    """Whether the document has the path, and the value there (None if it hasn't)."""
    value: Any = document
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False, None
        value = value[key]
    return True, value


_PLACES: Final = {
    kind: tuple((number, field, has_column(field)) for number, field in enumerate(fields))
    for kind, fields in FIELDS.items()
}


def index_document(kind: Kind, document: dict[str, Any]) -> Indexed:
    """Reads the fields of `kind` out of a document.

    Nothing in a document is an error here: a value of another type than documented is kept as
    what it is, so `width: "big"` compares as text, `tags: "x"` as a list of one and
    `width: [1, 2]` by any of its elements. Elements that are no scalars are left out, as are
    objects where no object belongs.
    """
    present = null = filled = 0
    scalars: list[Scalar | None] = []
    elements: set[tuple[int, Scalar]] = set()
    for number, field, in_column in _PLACES[kind]:
        exists, value = value_at(document, field.path)
        scalar: Scalar | None = None
        if exists:
            bit = 1 << number
            present |= bit
            if value is None:
                null |= bit
            elif value not in ("", [], {}):
                filled |= bit
            if isinstance(value, list):
                elements.update((number, element) for element in _elements(field, value))
            elif value is not None:
                scalar = compared(value)
        if in_column:
            scalars.append(scalar)
        elif scalar is not None:
            elements.add((number, scalar))
    return Indexed(present, null, filled, tuple(scalars), frozenset(elements))


def searchable_texts(kind: Kind, document: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The texts of each searchable attribute of a document, as they stand.

    Returns:
        One tuple for each path of `SEARCHABLE[kind]`, in that order: the texts of a list, the
        one text of a scalar (a number as JSON writes it), none where there is nothing to read.
    """
    return tuple(tuple(_texts(value_at(document, path)[1])) for path in SEARCHABLE[kind])


def _elements(field: Field, values: list[Any]) -> Iterator[Scalar]:
    for value in values:
        inner = value
        if field.member is not None and isinstance(value, dict):
            inner = value.get(field.member)
        element = compared(inner)
        if element is not None:
            yield element


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        for element in value:
            if not isinstance(element, list):
                yield from _texts(element)
