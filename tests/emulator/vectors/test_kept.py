from __future__ import annotations

import numpy as np
import pytest

from scenario_search.emulator.store.store import Store
from scenario_search.emulator.vectors import kept as kept_vectors
from scenario_search.emulator.vectors.kept import KeptVectors, RowTable


def test_rows_made_anew_are_kept_whatever_their_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_vectors, "_ROWS_A_PART", 2)
    with Store() as store:
        store.upsert("assets", [{"id": f"{n}"} for n in range(5)])
        numbers = store.select_numbers("assets")

        def opened() -> tuple[KeptVectors, RowTable]:
            table = RowTable(1)
            return KeptVectors(store, "assets", "rows", "maker", table), table

        kept, _ = opened()
        for value in (1, 2):
            kept.remove(numbers)
            kept.update(numbers.tolist(), np.full((5, 1), value, np.float16))
            kept.keep(store.revision("assets"))
        _, table = opened()
        found, rows = table.rows_of(numbers)
        assert found.tolist() == numbers.tolist()
        assert rows[:, 0].tolist() == [2.0] * 5
