from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from scenario_search import InvalidParamsError
from scenario_search.dask import crawl_to_parquet, download
from scenario_search.dask.jobs import new_job

CANARY = "canary0815"


@pytest.mark.parametrize(
    "keywords",
    [
        {"client_options": {"api_secret": CANARY}},
        {"client_options": {"default_headers": {"X-Key": CANARY}}},
        {"storage_options": {"client_kwargs": {"aws_secret_access_key": CANARY}}},
        {"extra_headers": {"X-Key": CANARY}},
        {"credentials": lambda: {"api_key": CANARY}},
        {"credentials": "no_such_module:load"},
        {"requests_per_second": 0},
        {"max_requests": True},
        {"save_every": -1},
        {"client_options": {"colour": 1}},
        {"max_items": 5},
        {"filter": "width >"},
        {"shards": 0},
        {"of": "pictures"},
    ],
)
def test_what_cannot_be_used_is_refused_before_there_is_a_cluster(
    keywords: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    with pytest.raises(InvalidParamsError) as info:
        crawl_to_parquet(str(folder), **keywords)
    assert CANARY not in str(info.value)
    assert not folder.exists()


def test_a_download_refuses_the_same(tmp_path: Path) -> None:
    with pytest.raises(InvalidParamsError, match="client_options"):
        download(str(tmp_path), str(tmp_path / "files"), client_options={"bearer_auth": CANARY})


@pytest.mark.parametrize("function", [os.getcwd, "os:getcwd", "os.path:join"])
def test_a_function_travels_by_its_name(function: Any) -> None:
    job = new_job("folder", function, {"timeout": 5.0}, function, None)
    assert job.credentials == job.storage_options
    assert CANARY.encode() not in pickle.dumps(job)


def test_a_path_is_sent_from_the_root_on_and_a_url_as_it_is() -> None:
    assert new_job("folder", None, None, None, None).folder == str(Path.cwd() / "folder")
    assert new_job("s3://b/folder", None, None, None, None).folder == "s3://b/folder"
