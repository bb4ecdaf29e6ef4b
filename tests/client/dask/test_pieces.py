from __future__ import annotations

from pathlib import Path

import pytest

from scenario_search import CrawlPiece, SearchAssetSearchParams, SearchAssetSearchResponse
from scenario_search.converter import structure
from scenario_search.dask.pieces import PieceFiles, Saved
from scenario_search.dask.stores import Store

PIECE = CrawlPiece(SearchAssetSearchParams(public=True))
FOLDER = f"_crawl/{PIECE.name}"


@pytest.fixture
def files(tmp_path: Path) -> PieceFiles:
    return PieceFiles(Store(str(tmp_path), {}), PIECE)


def save(files: PieceFiles, saved: Saved, *ids: str) -> Saved:
    rows, buffer = files.rows()
    rows.write([structure({"id": id_}, SearchAssetSearchResponse) for id_ in ids])
    return files.save(saved, rows, buffer, f"after {ids[-1]}".encode())


def finish(files: PieceFiles, saved: Saved, *ids: str) -> int:
    rows, buffer = files.rows()
    rows.write([structure({"id": id_}, SearchAssetSearchResponse) for id_ in ids])
    return files.finish(saved, rows, buffer, {"incomplete": None})


def test_what_was_saved_is_where_the_next_attempt_goes_on(files: PieceFiles) -> None:
    assert files.saved() == Saved()
    saved = save(files, save(files, Saved(), "a", "b"), "c")
    assert files.saved() == saved
    assert saved.checkpoint == b"after c"
    assert finish(files, saved, "d") == 4


def test_a_file_that_is_not_whole_does_not_count(files: PieceFiles, tmp_path: Path) -> None:
    first = save(files, Saved(), "a")
    save(files, first, "b")
    path = max((tmp_path / FOLDER).iterdir())
    path.write_bytes(path.read_bytes()[:-20])
    assert files.saved() == first


def test_two_attempts_do_not_mix(files: PieceFiles) -> None:
    start = save(files, Saved(), "a")
    one = save(files, start, "b")
    other = save(files, save(files, start, "c"), "d")
    save(files, one, "e")
    assert files.saved().checkpoint in (b"after d", b"after e")
    assert files.saved().files[0] == start.files[0]
    assert finish(files, other) == 3


def test_a_chain_whose_beginning_is_gone_does_not_count(files: PieceFiles, tmp_path: Path) -> None:
    saved = save(files, save(files, Saved(), "a"), "b")
    (tmp_path / FOLDER / saved.files[0]).unlink()
    assert files.saved() == Saved()


def test_a_result_says_how_many_rows_it_has_and_leaves_nothing_beside(
    files: PieceFiles, tmp_path: Path
) -> None:
    assert files.finished() is None
    finish(files, save(files, Saved(), "a"), "b")
    assert files.finished() == {"hits": 2, "incomplete": None}
    assert not (tmp_path / FOLDER).exists()


def test_a_piece_without_hits_has_a_result_too(files: PieceFiles) -> None:
    assert finish(files, Saved()) == 0
    assert files.finished() == {"hits": 0, "incomplete": None}
