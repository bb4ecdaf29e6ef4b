from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from itertools import islice

import pytest

from scenario_search.emulator.demo.data import (
    AUDIO_RATE,
    DEMO_PROJECT,
    Document,
    demo_documents,
    iter_assets,
    scene_of,
    subject_of,
)
from scenario_search.emulator.demo.scenes import idea_of
from scenario_search.emulator.demo.words import PALETTES, SUBJECTS

DEMO = demo_documents()
OWN = [asset for asset in DEMO.assets if asset["ownerId"] == DEMO_PROJECT]
BY_ID = {asset["id"]: asset for asset in DEMO.assets}
CAPABILITIES = {
    "txt2img", "img2img", "txt2video", "img2video", "video2video", "video2img", "txt23d", "img23d",
    "3d23d", "txt2audio", "audio2audio", "txt2txt", "img2txt",
}  # fmt: skip


def of_kind(kind: str) -> list[Document]:
    return [asset for asset in DEMO.assets if asset["metadata"]["kind"] == kind]


def test_the_documented_numbers_of_documents_come_out() -> None:
    assert (len(DEMO.assets), len(DEMO.models), len(DEMO.workflows)) == (500, 60, 12)


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    text = json.dumps(DEMO, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "fde3af4d37d52863c67ba900ea3bc9bb1fcfc2cb11b18545cf9c00e9e73d8132"
    )


def test_some_own_assets_have_all_tags_of_the_guides_fifth_example() -> None:
    wanted = {"character", "fantasy", "warrior"}
    assert sum(wanted <= set(asset["tags"]) for asset in OWN) >= 3


def test_another_seed_gives_other_assets() -> None:
    assert not BY_ID.keys() & {asset["id"] for asset in demo_documents(1, assets=50).assets}


def test_fewer_assets_are_the_first_of_more() -> None:
    assert list(iter_assets(0, 60)) == DEMO.assets[:60]


def test_assets_are_made_one_at_a_time() -> None:
    assert len(list(islice(iter_assets(0, 10**12), 3))) == 3


@pytest.mark.parametrize("documents", DEMO, ids=DEMO._fields)
def test_ids_are_unique_and_look_like_the_services(documents: list[Document]) -> None:
    assert all(re.fullmatch(r"(asset|model|workflow)_\w{22}", one["id"]) for one in documents)
    assert len({one["id"] for one in documents}) == len(documents)


@pytest.mark.parametrize("documents", DEMO, ids=DEMO._fields)
def test_dates_are_in_order_and_within_two_fixed_years(documents: list[Document]) -> None:
    for one in documents:
        assert "2024-01-01" <= one["createdAt"] <= one["updatedAt"] < "2026-01-01"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["createdAt"])


def test_assets_come_in_bursts_all_over_the_two_years() -> None:
    days = Counter(asset["createdAt"][:10] for asset in DEMO.assets)
    assert max(days.values()) >= 10
    assert {day[:4] for day in days} == {"2024", "2025"}


def test_a_filter_on_own_images_has_at_least_230_hits() -> None:
    assert sum(asset["metadata"]["kind"] == "image" for asset in OWN) >= 230


@pytest.mark.parametrize("word", ["castle", "dragon"])
def test_the_guides_queries_have_more_than_a_page_of_own_hits(word: str) -> None:
    assert sum(word in asset["metadata"].get("prompt", "") for asset in OWN) >= 20


def test_public_assets_are_others_as_well_as_own() -> None:
    public = Counter(asset["ownerId"] for asset in DEMO.assets if asset["privacy"] == "public")
    assert public[DEMO_PROJECT] >= 50
    assert public.total() - public[DEMO_PROJECT] >= 50


def test_others_have_private_assets_that_no_search_may_show() -> None:
    assert any(a["ownerId"] != DEMO_PROJECT and a["privacy"] == "private" for a in DEMO.assets)


@pytest.mark.parametrize("privacy", ["private", "public", "unlisted"])
def test_own_assets_have_every_privacy(privacy: str) -> None:
    assert any(asset["privacy"] == privacy for asset in OWN)


@pytest.mark.parametrize("kind", ["image", "video", "audio", "3d", "text"])
def test_every_kind_is_there_in_the_own_project(kind: str) -> None:
    assert sum(asset["metadata"]["kind"] == kind for asset in OWN) >= 5


@pytest.mark.parametrize("type", ["canvas", "uploaded", "inference-txt2img", "txt2video"])
def test_the_documented_types_are_there(type: str) -> None:
    assert any(asset["metadata"].get("type") == type for asset in OWN)


def test_uploads_have_no_prompt_but_a_description() -> None:
    uploads = [one for one in DEMO.assets if one["metadata"].get("type") == "uploaded"]
    assert uploads
    assert all("prompt" not in one["metadata"] and one["description"] for one in uploads)


def test_every_subject_has_enough_images_to_measure_likeness() -> None:
    counts = Counter(subject_of(asset) for asset in of_kind("image"))
    assert counts.keys() == SUBJECTS.keys()
    assert min(counts.values()) >= 11


@pytest.mark.parametrize("field", ["teamId", "description", "score"])
def test_some_assets_lack_what_real_ones_may_lack(field: str) -> None:
    lacking = sum(field not in asset for asset in DEMO.assets)
    assert 0 < lacking < len(DEMO.assets) / 2


def test_most_videos_meshes_and_sounds_have_a_thumbnail_of_another_id() -> None:
    previews = [asset for kind in ("video", "3d", "audio") for asset in of_kind(kind)]
    shown = [asset for asset in previews if "thumbnail" in asset]
    assert len(previews) / 2 < len(shown) < len(previews)
    assert all(asset["thumbnail"]["assetId"] not in BY_ID for asset in shown)


def test_spoken_lines_have_text_and_transcription() -> None:
    spoken = [asset for asset in of_kind("audio") if "transcription" in asset]
    assert spoken
    assert all(asset["transcription"] == asset["metadata"]["text"] for asset in spoken)


def test_the_size_of_a_sound_is_that_of_whole_seconds() -> None:
    sizes = {asset["metadata"]["size"] for asset in of_kind("audio")}
    assert all((size - 44) % (2 * AUDIO_RATE) == 0 for size in sizes)


def test_texts_have_their_content_and_its_size() -> None:
    for asset in of_kind("text"):
        assert asset["metadata"]["size"] == len(asset["content"].encode())


def test_captions_differ_from_prompts_in_their_subject_words() -> None:
    for index in range(300):
        idea = idea_of(0, index, None)
        nouns = SUBJECTS[idea.scene.subject].nouns
        assert not any(re.search(rf"\b{noun}\b", idea.caption) for noun in nouns), idea


def test_prompts_and_captions_are_read_back_as_the_subject_they_were_made_for() -> None:
    for index in range(600):
        idea = idea_of(0, index, None)
        assert scene_of({"id": "x", "metadata": {"prompt": idea.prompt}}).subject == (
            idea.scene.subject
        ), idea
        assert subject_of({"description": idea.caption}) == idea.scene.subject, idea


def test_a_prompt_settles_time_weather_and_palette() -> None:
    document = {"id": "a", "metadata": {"prompt": "castle at dusk, thick fog, icy blue palette"}}
    assert scene_of(document) == ("castle", "sunset", "fog", "icy")


def test_what_the_words_leave_open_follows_the_id() -> None:
    scenes = {scene_of({"id": str(at), "metadata": {"prompt": "a castle"}}) for at in range(200)}
    assert {scene.palette for scene in scenes} == PALETTES.keys()
    assert {scene.subject for scene in scenes} == {"castle"}


@pytest.mark.parametrize("document", [{}, {"metadata": None}, {"metadata": {"prompt": 3}}])
def test_a_document_without_words_is_abstract(document: Document) -> None:
    assert subject_of(document) == "abstract"


def test_series_share_a_prompt_but_not_a_seed() -> None:
    prompts = Counter(asset["metadata"].get("prompt") for asset in of_kind("image"))
    prompt, times = prompts.most_common(2)[1]
    assert times == 4
    seeds = {a["metadata"]["seed"] for a in DEMO.assets if a["metadata"].get("prompt") == prompt}
    assert len(seeds) == 4


def test_model_ids_of_assets_are_the_demos_models() -> None:
    models = {model["id"]: model for model in DEMO.models}
    used = [asset["metadata"] for asset in DEMO.assets if "modelId" in asset["metadata"]]
    assert len(used) > 400
    assert all(models[one["modelId"]]["type"] == one["modelType"] for one in used)


def test_no_asset_is_made_with_another_projects_private_model() -> None:
    models = {model["id"]: model for model in DEMO.models}
    for asset in DEMO.assets:
        model = models.get(asset["metadata"].get("modelId"))
        assert not model or model["privacy"] == "public" or model["ownerId"] == asset["ownerId"]


def test_models_have_every_documented_capability() -> None:
    assert {one for model in DEMO.models for one in model["capabilities"]} == CAPABILITIES


def test_examples_of_models_are_assets_made_with_them() -> None:
    shown = 0
    for model in DEMO.models:
        for asset_id in model["exampleAssetIds"]:
            shown += 1
            assert BY_ID[asset_id]["metadata"]["modelId"] == model["id"]
    assert shown >= 100


def test_public_models_show_public_examples() -> None:
    for model in DEMO.models:
        if model["privacy"] == "public":
            assert {BY_ID[one]["privacy"] for one in model["exampleAssetIds"]} <= {"public"}


def test_parents_and_concepts_are_models_of_the_demo() -> None:
    ids = {model["id"] for model in DEMO.models}
    parents = {model["parentModelId"] for model in DEMO.models if "parentModelId" in model}
    concepts = {one["modelId"] for model in DEMO.models for one in model["concepts"]}
    assert parents
    assert concepts
    assert parents | concepts <= ids


def test_some_models_have_whole_compliance_metadata_and_some_none() -> None:
    found = [model.get("complianceMetadata") for model in DEMO.models]
    assert None in found
    assert any(one and len(one) == 5 for one in found)


def test_names_hold_accents_and_other_scripts() -> None:
    names = "".join(asset["metadata"].get("name", "") for asset in DEMO.assets)
    assert "Château" in names
    assert "龍" in names


def test_some_assets_are_labelled_unsafe() -> None:
    assert 5 <= sum(bool(asset["nsfw"]) for asset in DEMO.assets) <= 60


def test_urls_stand_under_the_base() -> None:
    asset = next(iter_assets(0, 1, base_url="http://127.0.0.1:1"))
    assert asset["url"].startswith(f"http://127.0.0.1:1/assets/{asset['id']}.")


def test_new_words_keep_coming_as_the_number_of_assets_grows() -> None:
    def vocabulary(start: int, end: int) -> set[str]:
        prompts = (idea_of(0, index, None).prompt for index in range(start, end))
        return {word for prompt in prompts for word in re.findall(r"\w+", prompt)}

    assert len(vocabulary(0, 500)) < len(vocabulary(0, 4000)) - 500


@pytest.mark.parametrize("models", [0, 1, 5])
def test_assets_can_do_without_models(models: int) -> None:
    demo = demo_documents(assets=50, models=models, workflows=0)
    assert len(demo.assets) == 50
    assert len(demo.models) == models
