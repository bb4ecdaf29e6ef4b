from __future__ import annotations

import base64
import io
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from PIL import Image, ImageDraw

from scenario_search import Scenario
from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.fields import Kind
from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.contract.requests import read_search
from scenario_search.emulator.engine.engine import Engine
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.engine.options import EmulatorOptions
from scenario_search.emulator.likeness import likenesses
from scenario_search.emulator.meaning.meanings import text_of
from scenario_search.emulator.vectors.index import Vectors

MEANINGS = {"castle": 0, "fortress": 0, "dragon": 1, "wyvern": 1, "tree": 2}


class Dictionary:
    """An embedder that knows a few words; words of one meaning have one axis."""

    dimensions = 3

    def __init__(self, name: str = "dictionary") -> None:
        self.name = name
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        result = np.zeros((len(texts), 3), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().replace(".", " ").replace(",", " ").split():
                if word in MEANINGS:
                    result[row, MEANINGS[word]] = 1
            result[row] /= np.linalg.norm(result[row]) or 1
        return result


class Broken(Dictionary):
    def embed(self, texts: Sequence[str]) -> Vectors:
        raise RuntimeError("out of order")


def asset(id: str, name: str = "", **fields: Any) -> dict[str, Any]:
    return {"id": id, "ownerId": "project_demo", "metadata": {"name": name}, **fields}


def load(library: Library, *documents: dict[str, Any], kind: Kind = "assets") -> None:
    library.load(documents, kind)


@pytest.fixture
def embedder() -> Dictionary:
    return Dictionary()


@pytest.fixture
def library(embedder: Dictionary) -> Iterator[Library]:
    with Library(None, embedder) as library:
        yield library


def found(library: Library, body: dict[str, Any], **options: Any) -> tuple[list[str], int]:
    request = read_search(body.pop("kind", "assets"), orjson.dumps(body), {})
    with ThreadPoolExecutor(1) as beside:
        answer = Engine(library, beside, EmulatorOptions(**options)).search(request)
    return [orjson.loads(hit)["id"] for hit in answer.hits], answer.total


def ids(library: Library, body: dict[str, Any], **options: Any) -> list[str]:
    return found(library, body, **options)[0]


class TestWhatIsSeen:
    @pytest.fixture
    def library(self, embedder: Dictionary) -> Iterator[Library]:
        with Library(None, embedder) as library:
            load(
                library,
                asset("mine", "x", privacy="private"),
                asset("mine, public", "x", privacy="public"),
                asset("theirs", "x", ownerId="project_other", privacy="private"),
                asset("theirs, public", "x", ownerId="project_other", privacy="public"),
                {"id": "nobody's", "metadata": {"name": "x"}},
            )
            yield library

    def test_by_default_the_own_project_and_what_names_no_owner(self, library: Library) -> None:
        assert ids(library, {"query": "x"}) == ["mine", "mine, public", "nobody's"]

    def test_public_is_what_is_public_in_all_projects(self, library: Library) -> None:
        assert ids(library, {"query": "x", "public": True}) == ["mine, public", "theirs, public"]

    def test_a_filter_can_not_widen_it(self, library: Library) -> None:
        body = {"filter": "ownerId = project_other OR privacy = private"}
        assert ids(library, body) == ["mine"]

    def test_another_project_is_refused(self, library: Library) -> None:
        request = read_search("assets", b'{"query": "x"}', {"projectId": "project_other"})
        with ThreadPoolExecutor(1) as beside, pytest.raises(RefusedError) as caught:
            Engine(library, beside, EmulatorOptions()).search(request)
        assert caught.value.status == 403


class TestFilters:
    def test_a_wrong_field_is_named_in_the_documented_words(self, library: Library) -> None:
        with pytest.raises(RefusedError) as caught:
            ids(library, {"filter": "width > 1 AND colour = red"})
        assert caught.value.message == '"colour" is not a filterable field'
        assert caught.value.details == {"field": "colour", "position": 14}

    def test_wrong_syntax_starts_with_the_documented_words(self, library: Library) -> None:
        with pytest.raises(RefusedError) as caught:
            ids(library, {"filter": "width >"})
        assert (caught.value.status, caught.value.code) == (400, "INVALID_FILTER")
        assert caught.value.message.startswith("Invalid filter syntax")

    def test_text_is_searched_within_the_filter(self, library: Library) -> None:
        load(library, asset("a", "castle", tags=["x"]), asset("b", "castle", tags=["y"]))
        assert ids(library, {"query": "castle", "filter": "tags = y"}) == ["b"]


class TestSort:
    @pytest.fixture
    def library(self, embedder: Dictionary) -> Iterator[Library]:
        with Library(None, embedder) as library:
            load(
                library,
                asset("typo, new", "castel", createdAt="2024-03-01T00:00:00.000Z"),
                asset("old", "castle", createdAt="2024-01-01T00:00:00.000Z"),
                asset("new", "castle", createdAt="2024-02-01T00:00:00.000Z"),
            )
            yield library

    def test_without_a_query_it_is_the_order(self, library: Library) -> None:
        body = {"filter": "createdAt > 2000", "sortBy": ["createdAt:desc"]}
        assert ids(library, body) == ["typo, new", "new", "old"]

    def test_beside_a_query_it_breaks_ties(self, library: Library) -> None:
        body = {"query": "castle", "sortBy": ["createdAt:desc"]}
        assert ids(library, body) == ["new", "old", "typo, new"]

    def test_it_can_be_put_before_relevance(self, library: Library) -> None:
        body = {"query": "castle", "sortBy": ["createdAt:desc"]}
        assert ids(library, body, sort_first=True) == ["typo, new", "new", "old"]

    @pytest.mark.parametrize("order", ["asc", "desc"])
    def test_beside_meaning_it_is_ignored(self, library: Library, order: str) -> None:
        plain = {"query": "castle", "querySemanticRatio": 0.5}
        assert ids(library, plain | {"sortBy": [f"createdAt:{order}"]}) == ids(library, plain)


class TestPages:
    @pytest.fixture
    def library(self, embedder: Dictionary) -> Iterator[Library]:
        with Library(None, embedder) as library:
            load(library, *(asset(f"{number:03}", "castle") for number in range(230)))
            yield library

    @pytest.mark.parametrize(
        "body",
        [
            {"query": "castle"},
            {"filter": 'name = "castle"'},
            {"query": "castle", "querySemanticRatio": 0.5},
            {"query": "fortress", "querySemanticRatio": 1},
        ],
    )
    @pytest.mark.parametrize("size", [7, 100])
    def test_pages_join_without_gap_or_repetition(
        self, library: Library, body: dict[str, Any], size: int
    ) -> None:
        walked: list[str] = []
        for offset in range(0, 230, size):
            walked += ids(library, body | {"offset": offset, "limit": size})
        assert walked == [f"{number:03}" for number in range(230)]

    def test_the_modes_agree(self, library: Library) -> None:
        by_page = ids(library, {"query": "castle", "page": 3, "hitsPerPage": 50})
        assert by_page == ids(library, {"query": "castle", "offset": 100, "limit": 50})

    @pytest.mark.parametrize("query", ["castle", ""])
    def test_nothing_lies_past_the_cap(self, library: Library, query: str) -> None:
        body = {"query": query, "filter": "name = castle", "offset": 95, "limit": 20}
        assert ids(library, body, result_cap=100) == [f"{number:03}" for number in range(95, 100)]
        assert ids(library, body | {"offset": 100}, result_cap=100) == []
        assert ids(library, body | {"offset": 2**53 - 1}, result_cap=100) == []

    def test_without_an_option_the_cap_is_a_thousand(self, library: Library) -> None:
        load(library, *(asset(f"more {number}", "castle") for number in range(800)))
        body = {"filter": "name = castle", "offset": 995, "limit": 20}
        assert (len(ids(library, body)), found(library, body)[1]) == (5, 1000)

    @pytest.mark.parametrize(("capped", "total"), [(True, 100), (False, 230)])
    def test_totals_stop_at_the_cap_or_not(
        self, library: Library, capped: bool, total: int
    ) -> None:
        body = {"query": "castle"}
        assert found(library, body, result_cap=100, capped_totals=capped)[1] == total


class TestMeaning:
    @pytest.fixture
    def library(self, embedder: Dictionary) -> Iterator[Library]:
        with Library(None, embedder) as library:
            load(
                library,
                asset("dragon", "dragon"),
                asset("castle", "castle"),
                asset("word", "fortress of nothing", description="tree"),
            )
            yield library

    def test_at_one_only_meaning_counts(self, library: Library) -> None:
        hits, total = found(library, {"query": "fortress", "querySemanticRatio": 1})
        assert hits == ["castle", "word", "dragon"]
        assert total == 3

    def test_at_zero_only_words_count(self, library: Library, embedder: Dictionary) -> None:
        assert found(library, {"query": "fortress"}) == (["word"], 1)
        assert not embedder.embedded

    def test_in_between_both_do(self, library: Library) -> None:
        hits, total = found(library, {"query": "fortress", "querySemanticRatio": 0.4})
        assert hits[0] == "word"
        assert set(hits) == {"castle", "word", "dragon"}
        assert total == 3

    def test_it_stays_within_the_filter(self, library: Library) -> None:
        body = {"query": "fortress", "querySemanticRatio": 1, "filter": "name = dragon"}
        assert found(library, body) == (["dragon"], 1)

    def test_what_is_loaded_later_is_found(self, library: Library) -> None:
        body = {"query": "fortress", "querySemanticRatio": 1, "limit": 1}
        assert ids(library, dict(body)) == ["castle"]
        library.delete(["castle"], "assets")
        load(library, asset("late", "fortress"))
        assert ids(library, dict(body)) == ["late"]

    def test_restoring_embeds_only_what_has_changed(
        self, library: Library, embedder: Dictionary
    ) -> None:
        body = {"query": "fortress", "querySemanticRatio": 1}
        before = found(library, dict(body))
        library.store.remember()
        load(library, asset("word", "tree"), asset("more", "fortress"))
        assert found(library, dict(body)) != before
        embedder.embedded.clear()
        library.restore()
        assert found(library, dict(body)) == before
        assert len(embedder.embedded) == 2  # the one that had changed, and the query

    def test_a_query_without_meaning_finds_by_words(self, library: Library) -> None:
        assert ids(library, {"query": "nothing", "querySemanticRatio": 0.5}) == ["word"]

    def test_a_broken_embedder_is_an_error_at_one_only(self) -> None:
        with Library(None, Broken()) as library:
            load(library, asset("castle", "castle"))
            assert ids(library, {"query": "castle", "querySemanticRatio": 0.9}) == ["castle"]
            with pytest.raises(RefusedError) as caught:
                ids(library, {"query": "castle", "querySemanticRatio": 1})
        assert (caught.value.status, caught.value.code) == (500, "EMBEDDER_FAILED")


FORTRESS = {"query": "fortress", "querySemanticRatio": 1, "limit": 1}


class TestKeptVectors:
    def test_documents_are_embedded_once(self, tmp_path: Path) -> None:
        with Library(tmp_path / "a.db", Dictionary()) as library:
            load(library, asset("castle", "castle"), asset("dragon", "dragon"))
            library.prepare(texts=True, pictures=False)
        with Library(tmp_path / "a.db", again := Dictionary()) as library:
            assert ids(library, dict(FORTRESS)) == ["castle"]
            assert again.embedded == ["fortress"]

    def test_what_changed_before_a_crash_is_caught_up(self, tmp_path: Path) -> None:
        with Library(tmp_path / "a.db", Dictionary()) as library:
            load(library, asset("castle", "castle"), asset("dragon", "dragon"))
            library.prepare(texts=True, pictures=False)
            library.store.upsert("assets", [asset("dragon", "fortress")])
            library.store.delete("assets", ["castle"])
        with Library(tmp_path / "a.db", Dictionary()) as library:
            assert ids(library, dict(FORTRESS)) == ["dragon"]
            assert ids(library, {"query": "fortress"}) == ["dragon"]

    def test_another_embedder_makes_them_anew(self, tmp_path: Path) -> None:
        with Library(tmp_path / "a.db", Dictionary()) as library:
            load(library, asset("castle", "castle"))
            library.prepare(texts=True, pictures=False)
        with Library(tmp_path / "a.db", other := Dictionary("other")) as library:
            assert ids(library, dict(FORTRESS)) == ["castle"]
        assert "castle" in other.embedded

    def test_many_small_loads_stay_readable(self, tmp_path: Path) -> None:
        with Library(tmp_path / "a.db", Dictionary()) as library:
            library.prepare(texts=True, pictures=False)
            for number in range(70):
                load(library, asset(f"{number}", "dragon"))
            load(library, asset("castle", "castle"))
            assert len(library.store.blobs("assets", "meanings/")) < 65
        with Library(tmp_path / "a.db", Dictionary()) as library:
            assert ids(library, dict(FORTRESS)) == ["castle"]
            assert found(library, {"query": "wyvern", "querySemanticRatio": 1})[1] == 71


def picture(seed: int) -> bytes:
    """A PNG of random stripes."""
    pick = random.Random(seed)
    image = Image.new("RGB", (96, 96), tuple(pick.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(30):
        line = [pick.randrange(96) for _ in range(4)]
        draw.line(line, fill=tuple(pick.randrange(256) for _ in range(3)), width=4)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def data_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


class TestLikeness:
    @pytest.fixture
    def library(self, embedder: Dictionary, tmp_path: Path) -> Iterator[Library]:
        for seed in range(6):
            (tmp_path / f"{seed}.png").write_bytes(picture(seed))
        (tmp_path / "sound.png").write_bytes(b"no picture")
        with Library(tmp_path / "a.db", embedder) as library:
            documents = [
                *(asset(f"{seed}", "castle" if seed < 3 else "dragon") for seed in range(6)),
                asset("sound", "dragon"),
                asset("nothing"),
                asset("secret", ownerId="project_other"),
            ]
            library.load(documents, folder=tmp_path)
            models: list[dict[str, Any]] = [
                {"id": "model a", "name": "castle", "exampleAssetIds": ["0", "4", "gone"]},
                {"id": "model b", "name": "dragon", "exampleAssetIds": ["1"]},
                {"id": "model c", "name": "dragon", "exampleAssetIds": ["nothing"]},
                {"id": "model d", "name": "dragon"},
            ]
            library.load(models, "models")
            yield library

    @pytest.mark.parametrize("ratio", [0, 0.5, 1])
    def test_a_picture_finds_itself_first(self, library: Library, ratio: float) -> None:
        body = {"image": data_url(picture(3)), "imageSemanticRatio": ratio}
        hits, total = found(library, body)
        assert hits[0] == "3"
        assert total == 6

    def test_a_screenshot_finds_the_picture_that_it_shows(self, library: Library) -> None:
        window = Image.new("RGB", (400, 240), "white")
        window.paste(Image.open(io.BytesIO(picture(3))).resize((192, 192)), (180, 30))
        out = io.BytesIO()
        window.save(out, "PNG")
        body = {"image": data_url(out.getvalue()), "imageSemanticRatio": 0}
        assert found(library, body)[0][0] == "3"

    def test_an_asset_id_stands_for_its_picture(self, library: Library) -> None:
        assert ids(library, {"image": "3"}) == ids(library, {"image": data_url(picture(3))})

    def test_images_like_one_is_the_same_as_image(self, library: Library) -> None:
        assert ids(library, {"images": {"like": ["3"]}}) == ids(library, {"image": "3"})

    def test_unlike_puts_a_picture_last(self, library: Library) -> None:
        assert ids(library, {"images": {"unlike": ["3"]}})[-1] == "3"

    def test_it_stays_within_the_filter(self, library: Library) -> None:
        assert found(library, {"image": "0", "filter": "name = dragon"})[1] == 3

    def test_with_a_query_both_count(self, library: Library) -> None:
        hits, total = found(library, {"image": "3", "query": "castle"})
        assert set(hits[:4]) == {"0", "1", "2", "3"}
        assert total == 6

    def test_a_query_brings_in_what_has_no_picture(self, library: Library) -> None:
        hits, total = found(library, {"image": "3", "query": "dragon"})
        assert hits[0] == "3"
        assert "sound" in hits
        assert total == 7

    def test_meaning_counts_beside_a_picture(self, library: Library) -> None:
        body = {"image": "3", "query": "fortress", "querySemanticRatio": 1}
        assert set(ids(library, body)[:4]) == {"0", "1", "2", "3"}

    def test_a_model_is_as_alike_as_its_best_example(self, library: Library) -> None:
        hits, total = found(library, {"kind": "models", "image": data_url(picture(4))})
        assert hits == ["model a", "model b"]
        assert total == 2

    @pytest.mark.parametrize(
        ("image", "problem"),
        [
            ("none", 'Unknown asset id "none"'),
            ("secret", 'Unknown asset id "secret"'),
            ("https://example.com/x.png", "Unknown asset id"),
            ("nothing", 'The asset "nothing" has no picture'),
            ("sound", 'The asset "sound" has no picture'),
            ("data:image/png;base64,AAAA", "Invalid image"),
            ("data:image/tiff;base64,AAAA", "not supported"),
        ],
    )
    def test_a_picture_that_can_not_be_is_a_400(
        self, library: Library, image: str, problem: str
    ) -> None:
        with pytest.raises(RefusedError) as caught:
            ids(library, {"image": image})
        assert caught.value.status == 400
        assert problem in caught.value.message

    def test_all_pictures_of_a_search_share_the_limit_of_pixels(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(likenesses, "MAX_PIXELS", 2 * 96 * 96)
        images = {"like": [data_url(picture(1))], "unlike": [data_url(picture(2))]}
        assert ids(library, {"images": images})
        images["unlike"].append(data_url(picture(3)))
        with pytest.raises(RefusedError, match="96 x 96 pixels; at most 0") as raised:
            ids(library, {"images": images})
        assert raised.value.status == 400

    def test_all_pictures_of_a_search_share_the_limit_of_time(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(likenesses, "MAX_SECONDS", 0.0)
        with pytest.raises(RefusedError, match="take longer than 0 s") as raised:
            ids(library, {"image": data_url(picture(1))})
        assert raised.value.status == 400

    def test_work_on_pictures_ends_when_the_client_leaves_and_what_was_done_stays(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        left, looked = threading.Event(), []
        usual = library.files.picture

        def leaving(document: dict[str, Any], side: int) -> bytes | None:
            looked.append(document["id"])
            left.set()
            return usual(document, side)

        monkeypatch.setattr(likenesses, "_AT_ONCE", 1)
        monkeypatch.setattr(library.files, "picture", leaving)
        request = read_search("assets", orjson.dumps({"image": data_url(picture(3))}), {})
        with (
            ThreadPoolExecutor(1) as beside,
            pytest.raises(CancelledError, match="disconnected"),
        ):
            Engine(library, beside, EmulatorOptions()).search(request, left)
        assert looked == ["0"]
        assert len(ids(library, {"image": data_url(picture(3))})) == 6
        assert looked.count("0") == 1

    def test_reference_pictures_are_not_read_for_a_client_that_has_left(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def read(*_: Any) -> None:
            raise AssertionError("a picture was read")

        left = threading.Event()
        left.set()
        monkeypatch.setattr(likenesses, "read_image", read)
        with pytest.raises(CancelledError, match="disconnected"):
            library.likenesses.looked_for([data_url(picture(1))], [], bool, left)

    def test_sort_breaks_ties(self, library: Library, tmp_path: Path) -> None:
        (tmp_path / "copy.png").write_bytes(picture(3))
        library.load([asset("copy", createdAt="2024-01-01")], folder=tmp_path)
        body = {"image": "3", "sortBy": ["createdAt:asc"], "limit": 2}
        assert ids(library, body) == ["copy", "3"]

    def test_a_new_picture_is_looked_at_anew(self, library: Library, tmp_path: Path) -> None:
        ids(library, {"image": "0"})
        (tmp_path / "5.png").write_bytes(picture(77))
        library.load([asset("5")], folder=tmp_path)
        assert ids(library, {"image": data_url(picture(77))})[0] == "5"

    def test_restoring_brings_files_back_and_looks_only_at_what_has_changed(
        self, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = {"image": data_url(picture(3)), "imageSemanticRatio": 0}
        before = found(library, dict(body))
        library.store.remember()
        (tmp_path / "3.png").write_bytes(picture(9))
        (tmp_path / "new.png").write_bytes(picture(3))
        library.load([asset("3"), asset("new")], folder=tmp_path)
        library.delete(["5"], "assets")
        assert found(library, dict(body))[0][0] == "new"
        looked: list[str] = []
        usual = library.files.picture

        def noted(document: dict[str, Any], side: int) -> bytes | None:
            looked.append(document["id"])
            return usual(document, side)

        library.restore()
        monkeypatch.setattr(library.files, "picture", noted)
        assert found(library, dict(body)) == before
        assert sorted(looked) == ["3", "5"]
        assert library.files.loaded({"id": "new"}) is None
        assert library.files.loaded({"id": "5"}) == picture(5)

    def test_what_is_deleted_is_not_found(self, library: Library) -> None:
        ids(library, {"image": "0"})
        library.delete(["3"], "assets")
        assert "3" not in ids(library, {"image": "0"})

    def test_features_are_kept(
        self, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = ids(library, {"image": "0"})
        library.close()
        reader = "scenario_search.emulator.likeness.features.PictureReader"
        monkeypatch.setattr(f"{reader}.features", None)
        with Library(tmp_path / "a.db", Dictionary()) as again:
            assert ids(again, {"image": "0"}) == before

    def test_a_kept_picture_that_has_changed_since_is_looked_at_anew(
        self, library: Library, tmp_path: Path
    ) -> None:
        ids(library, {"image": "0"})
        (tmp_path / "5.png").write_bytes(picture(77))
        (tmp_path / "6.png").write_bytes(picture(6))
        library.load([asset("5"), asset("6")], folder=tmp_path)
        ids(library, {"image": "6", "filter": "name = castle"})
        library.close()
        with Library(tmp_path / "a.db", Dictionary()) as again:
            assert ids(again, {"image": data_url(picture(77))})[0] == "5"


def test_the_text_of_an_asset_starts_with_its_prompt() -> None:
    document = {
        "id": "a",
        "metadata": {"name": "N", "prompt": "P", "seed": "123"},
        "tags": ["x", 5, "y"],
        "description": "D",
    }
    assert text_of("assets", document) == "P. N. D. x, y"


def test_the_text_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    with Library(tmp_path / "a.db", Dictionary()) as library:
        load(library, asset("castle", "castle"))
    with Library(tmp_path / "a.db", Dictionary()) as library:
        library.store.put_blobs("assets", {"text index": b"\0" * 8 + b"something else"})
    with Library(tmp_path / "a.db", Dictionary()) as library:
        assert ids(library, {"query": "castle"}) == ["castle"]


def test_the_emulator_hands_its_options_on() -> None:
    options: dict[str, Any] = {"result_cap": 2, "capped_totals": False, "sort_first": True}
    with Emulator(**options) as emulator:
        made = [asset("exact", "castle", score=1), asset("typo", "castel", score=3)]
        emulator.load_sync([*made, asset("other", "castle", score=2)])
        keys = {"api_key": emulator.api_key, "api_secret": emulator.api_secret}
        with Scenario(base_url=emulator.url, **keys) as client:
            page = client.search.asset_search(query="castle", sort_by=["score:desc"])
    assert ([hit.id for hit in page.hits], page.estimated_total_hits) == (["typo", "other"], 3)
