"""Warnings point at the line outside of this package that they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

import scenario_search
from scenario_search.caller_warnings import warn_caller


def test_a_folder_whose_name_begins_as_the_packages_is_outside() -> None:
    beside = f"{Path(scenario_search.__file__).parent}_jobs.py"
    call = compile("warn_caller('look here', UserWarning)", beside, "exec")
    with pytest.warns(UserWarning, match="look here") as caught:
        exec(call, {"warn_caller": warn_caller})
    assert caught[0].filename == beside
