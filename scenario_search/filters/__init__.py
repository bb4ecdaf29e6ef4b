"""The filter language: `F` writes filters, `parse` reads them back, `Raw` passes text through."""

from scenario_search.filters.expressions import (
    F,
    Field,
    Filter,
    Raw,
    Value,
    check_fields,
    format_error,
    parse,
)

__all__ = ["F", "Field", "Filter", "Raw", "Value", "check_fields", "format_error", "parse"]
