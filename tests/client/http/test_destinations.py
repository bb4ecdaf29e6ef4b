from __future__ import annotations

import pytest

from scenario_search.http.destinations import file_url_problem

API = "https://api.example/v1"

LOCAL = [
    *(
        "127.0.0.1",
        "127.8.9.1",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "[::1]",
        "0.0.0.0",
        "[::]",
    ),
    *("127.1", "0x7f000001", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]"),
    *("169.254.169.254", "[fe80::1]", "[fe80::1%25eth0]", "[::ffff:169.254.169.254]"),
]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", LOCAL)
def test_a_server_elsewhere_cannot_lead_to_this_machine(host: str, scheme: str) -> None:
    problem = file_url_problem(f"{scheme}://{host}:8080/a.png", API, allow_http=True)
    assert problem == "is not fetched: a server elsewhere must not lead to this machine"


@pytest.mark.parametrize("host", ["cdn.example", "93.184.216.34", "[2606:2800::1]", "api.example"])
def test_other_hosts_are_reached(host: str) -> None:
    assert file_url_problem(f"https://{host}/a.png", API, allow_http=False) is None
    assert file_url_problem(f"http://{host}/a.png", API, allow_http=True) is None
    assert file_url_problem(f"http://{host}/a.png", API, allow_http=False) is not None


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
def test_a_server_on_this_machine_may_lead_to_it(host: str) -> None:
    url = f"http://{host}/a.png"
    assert file_url_problem(url, "http://127.0.0.1:8000/v1", allow_http=False) is None


def test_a_server_on_this_machine_must_not_lead_to_its_link() -> None:
    url = "http://169.254.169.254/latest/meta-data"
    assert file_url_problem(url, "http://127.0.0.1:8000/v1", allow_http=True) is not None


@pytest.mark.parametrize(
    "url",
    ["", "a.png", "ftp://cdn.example/a", "https:\\\\cdn.example/a", "https://[::1", "https://a b"],
)
def test_what_is_not_a_url_of_a_file(url: str) -> None:
    assert file_url_problem(url, API, allow_http=True) is not None
