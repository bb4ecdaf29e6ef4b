"""The filter language: `F` writes filters, `parse` reads them, `Raw` passes text through.

``F.width >= 1024`` is a `Filter`; ``&``, ``|`` and ``~`` join filters; ``str(filter)`` is the text
that the API receives, and ``parse(str(filter)) == filter``::

    str((F.tags == "dragon") & ~F.nsfw.is_in(["nudity"]) & (F.created_at >= date(2024, 1, 1)))
    # tags = dragon AND nsfw NOT IN [nudity] AND createdAt >= "2024-01-01"

The language is the one of the Search guide ("Filter Syntax") and of Meilisearch, which the API runs
on ("Filter expression reference"). What cannot be a filter raises an `InvalidFilterError`; what
Python itself would get wrong (``and``, ``or``, ``not``, ``in``, chained comparisons, a missing
parenthesis) raises a `TypeError`.
"""

from scenario_search.filters.expressions import F, Field, check_fields
from scenario_search.filters.parser import format_error, parse
from scenario_search.filters.tree import Filter, Raw
from scenario_search.filters.values import Value

__all__ = ["F", "Field", "Filter", "Raw", "Value", "check_fields", "format_error", "parse"]
