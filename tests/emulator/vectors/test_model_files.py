from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import attrs
import numpy as np
import pytest
from emulator_calls import search
from PIL import Image

from scenario_search.emulator import Emulator
from scenario_search.emulator.likeness.efficientnet import WEIGHTS
from scenario_search.emulator.likeness.features import PictureReader
from scenario_search.emulator.meaning.embedding import MODEL, TOKENIZER, MiniLMEmbedder
from scenario_search.emulator.vectors import model_files
from scenario_search.emulator.vectors.model_files import ModelFile, ModelUnavailableError

FILES = [WEIGHTS, MODEL, TOKENIZER]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.package)
class TestEachFile:
    def test_is_the_known_one(self, file: ModelFile) -> None:
        assert file.checked().is_file()

    def test_of_a_package_that_is_not_installed_names_it(
        self, file: ModelFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def missing(name: str) -> None:
            raise PackageNotFoundError(name)

        monkeypatch.setattr(model_files, "distribution", missing)
        with pytest.raises(ModelUnavailableError, match=f"{file.package} is not installed"):
            file.checked()

    def test_of_a_package_that_is_not_whole_names_the_file(
        self, file: ModelFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        nowhere = SimpleNamespace(locate_file=lambda path: tmp_path / path)
        monkeypatch.setattr(model_files, "distribution", lambda _: nowhere)
        with pytest.raises(ModelUnavailableError, match=file.path):
            file.checked()

    def test_that_was_changed_is_refused_and_says_what_to_install(self, file: ModelFile) -> None:
        other = attrs.evolve(file, sha256="0" * 64)
        with pytest.raises(ModelUnavailableError) as raised:
            other.checked()
        assert file.sha256 in str(raised.value)
        assert f"'{file.package}=={file.version}'" in str(raised.value)


def test_a_changed_model_is_not_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = SimpleNamespace(locate_file=lambda _: tmp_path / "model")
    (tmp_path / "model").write_bytes(b"not a model")
    monkeypatch.setattr(model_files, "distribution", lambda _: changed)
    with pytest.raises(ModelUnavailableError, match="has another"):
        MiniLMEmbedder().embed(["castle"])
    with pytest.raises(ModelUnavailableError, match="has another"):
        PictureReader().features(Image.fromarray(np.zeros((8, 8, 3), np.uint8)))


async def test_a_search_by_image_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = SimpleNamespace(locate_file=lambda _: "nowhere")
    monkeypatch.setattr(model_files, "distribution", lambda _: nowhere)
    async with Emulator.demo() as emulator:
        _, page = await search(emulator, {"filter": "kind = image", "limit": 1})
        status, body = await search(emulator, {"image": page["hits"][0]["id"]})
    assert (status, body["code"]) == (500, "MODEL_UNAVAILABLE")
    assert "pip install 'scenario-search[emulator]'" in body["error"]
