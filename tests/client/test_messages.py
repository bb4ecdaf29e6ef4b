from __future__ import annotations

import pickle

import pytest

from scenario_search import ConfigurationError, InvalidParamsError, SearchAssetSearchParams
from scenario_search.messages import Message, Term, named
from scenario_search.wire.params import validate

TOO_LARGE = Message("{} must be at most {}, not {!r}", named("limit"), 100, "{limit} `limit`")


def test_python_says_a_parameter_as_it_is_written() -> None:
    assert str(TOO_LARGE) == "`limit` must be at most 100, not '{limit} `limit`'"


def test_a_vocabulary_says_its_terms_and_leaves_values_alone() -> None:
    expected = "--limit must be at most 100, not '{limit} `limit`'"
    assert TOO_LARGE.worded({"limit": "--limit"}) == expected


def test_messages_inside_of_a_message_are_worded_too() -> None:
    reference = Term("reference", "an asset id")
    message = Message("{} {}", named("like", "[3]"), Message("must be {}", reference))
    assert str(message) == "`like[3]` must be an asset id"
    assert message.worded({"like": "--like", "reference": "a file"}) == "--like must be a file"


def test_an_error_words_each_of_its_messages() -> None:
    with pytest.raises(InvalidParamsError) as raised:
        validate(SearchAssetSearchParams(query="x", limit=0, query_semantic_ratio=2))
    error = raised.value
    assert str(error) == error.message == error.worded({})
    words = error.worded({"limit": "--limit", "query_semantic_ratio": "--semantic"})
    assert words == (
        "--semantic must be a number from 0 to 1, not 2; "
        "--limit must be a whole number from 1 to 100, not 0"
    )


def test_an_error_keeps_its_terms_when_it_is_pickled() -> None:
    error = pickle.loads(pickle.dumps(ConfigurationError("plain", TOO_LARGE)))
    assert error.worded({"limit": "--limit"}).startswith("plain; --limit must be")
