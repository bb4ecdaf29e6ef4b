"""Messages as values, so that each face can say a parameter in its own words.

Python says `limit`, the command line says ``--limit``: a message keeps its terms apart from its
text until it is written.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["Message", "Term", "named"]


@attrs.frozen
class Term:
    """What faces say differently.

    Attributes:
        key: What it stands for: a parameter's name, or another key of a face's vocabulary.
        text: How Python says it, and every face that has no word for the key.
    """

    key: str
    text: str


def named(name: str, within: str = "") -> Term:
    """Returns the term of a parameter.

    Args:
        name: Its name in Python.
        within: Which part of its value is meant, such as ``[0]``. Only Python says it.
    """
    return Term(name, f"`{name}{within}`")


@attrs.frozen(init=False)
class Message:
    """A message whose terms are not written yet.

    Args:
        template: The text, with ``{}`` in place of each part. Parts are never read as templates.
        parts: Terms, other messages, and values.
    """

    template: str
    parts: tuple[object, ...]

    def __init__(self, template: str, *parts: object) -> None:
        self.__attrs_init__(template, parts)  # pyright: ignore[reportAttributeAccessIssue]

    def worded(self, vocabulary: Mapping[str, str]) -> str:
        """Returns the text, in a vocabulary's words for the keys of its terms."""

        def word(part: object) -> object:
            if isinstance(part, Term):
                return vocabulary.get(part.key, part.text)
            return part.worded(vocabulary) if isinstance(part, Message) else part

        return self.template.format(*map(word, self.parts))

    def __str__(self) -> str:
        return self.worded({})
