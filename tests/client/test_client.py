from __future__ import annotations

import pickle

import pytest
from fake_transport import correct_page, faked_client

from scenario_search import (
    AsyncScenario,
    ConfigurationError,
    NotFoundError,
)
from scenario_search.http.transport import Answer

# Copies


async def test_a_copy_shares_the_connections_and_changes_only_what_it_says() -> None:
    client, transport = faked_client(lambda body: correct_page([], body), timeout=9, max_retries=1)
    copy = client.with_options(max_retries=5)
    assert copy._requester.transport is client._requester.transport
    assert (copy.options.max_retries, copy.options.timeout) == (5, 9)
    assert client.options.max_retries == 1
    assert copy._requester.sleep is client._requester.sleep
    await copy.close()
    assert transport.closed


@pytest.mark.parametrize("name", ["session", "max_connections", "trace_configs"])
def test_what_belongs_to_the_connections_cannot_change_in_a_copy(name: str) -> None:
    client = AsyncScenario(api_key="key", api_secret="secret")
    with pytest.raises(ConfigurationError, match=f"{name} cannot be changed in a copy"):
        client.with_options(**{name: None})  # type: ignore[arg-type]


def test_a_copy_can_have_credentials_and_a_project_of_its_own() -> None:
    client = AsyncScenario(api_key="key", api_secret="secret", project_id="p")
    copy = client.with_options(bearer_auth="other", project_id="q")

    def authorization(of: AsyncScenario) -> str:
        return of._requester.headers(of._requester.credentials, None)["Authorization"]

    assert authorization(copy) == "Bearer other"
    assert authorization(client).startswith("Basic ")
    assert (client._requester.project_id, copy._requester.project_id) == ("p", "q")


def test_an_unknown_option_is_refused() -> None:
    client = AsyncScenario(api_key="key", api_secret="secret")
    with pytest.raises(TypeError):
        client.with_options(retries=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        AsyncScenario(api_key="key", api_secret="secret", retries=5)  # type: ignore[call-arg]


def test_a_client_cannot_be_pickled() -> None:
    client = AsyncScenario(api_key="key", api_secret="secret")
    with pytest.raises(TypeError, match="make a client in each process"):
        pickle.dumps(client)


async def test_the_name_of_an_endpoint_that_is_not_there_says_so() -> None:
    client, _ = faked_client(lambda _: Answer(404, {}, b"{}", 0.0))
    with pytest.raises(NotFoundError, match="404"):
        await client.search.workflow_search(query="x")
