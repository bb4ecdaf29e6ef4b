from __future__ import annotations

import json
import struct
import wave
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from scenario_search.emulator.demo.data import AUDIO_RATE, demo_documents
from scenario_search.emulator.demo.media import media_bytes

ASSETS = demo_documents(assets=200).assets


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [asset for asset in ASSETS if asset["metadata"]["kind"] == kind]


def boxes(data: bytes) -> dict[bytes, bytes]:
    found, at = {}, 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        assert size >= 8
        found[name] = data[at + 8 : at + size]
        at += size
    assert at == len(data)
    return found


@pytest.mark.parametrize("kind", ["image", "video", "audio", "3d", "text"])
def test_the_file_has_the_documented_type_and_size(kind: str) -> None:
    for asset in of_kind(kind)[:5]:
        data, mime_type = media_bytes(asset)
        assert mime_type == asset["mimeType"]
        assert len(data) == asset["metadata"]["size"]


@pytest.mark.parametrize("kind", ["image", "video", "audio", "3d", "text"])
def test_the_same_asset_gives_the_same_bytes(kind: str) -> None:
    assert media_bytes(of_kind(kind)[0]) == media_bytes(of_kind(kind)[0])


def test_images_come_with_the_type_of_their_bytes() -> None:
    asset = of_kind("image")[0] | {"mimeType": "image/heic"}
    data, mime_type = media_bytes(asset)
    assert mime_type == "image/png"
    assert Image.open(BytesIO(data)).format == "PNG"


def test_a_sound_is_a_wave_file_one_can_hear() -> None:
    data, _ = media_bytes(of_kind("audio")[0])
    with wave.open(BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, AUDIO_RATE)
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert max(samples) > 20000


@pytest.mark.parametrize("size", [None, 0, -1, 10**12, "big"])
def test_a_picture_of_no_sensible_size_is_not_padded(size: object) -> None:
    document = of_kind("image")[0]
    metadata = {**document["metadata"], "width": 64, "height": 64, "size": size}
    data, _ = media_bytes({**document, "metadata": metadata})
    assert 0 < len(data) < 100_000


@pytest.mark.parametrize("size", [None, 0, -1, 10**12, "big", float("nan")])
def test_a_sound_of_no_sensible_size_has_a_sensible_length(size: object) -> None:
    data, _ = media_bytes({"id": "a", "metadata": {"kind": "audio", "size": size}})
    assert 2 <= (len(data) - 44) / 2 / AUDIO_RATE <= 30


def test_two_sounds_differ() -> None:
    one, other = of_kind("audio")[:2]
    same_size = other | {"metadata": other["metadata"] | {"size": one["metadata"]["size"]}}
    assert media_bytes(one)[0] != media_bytes(same_size)[0]


def test_a_mesh_is_binary_gltf_whose_triangles_face_outwards() -> None:
    data, _ = media_bytes(of_kind("3d")[0])
    magic, version, length, json_length = struct.unpack_from("<4s3I", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    gltf = json.loads(data[20 : 20 + json_length])
    binary = data[28 + json_length :]
    assert gltf["buffers"][0]["byteLength"] == len(binary)
    numbers = struct.unpack(f"<{len(binary) // 4}f", binary)
    half = len(numbers) // 2
    places, normals = numbers[:half], numbers[half:]
    for at in range(0, half, 9):
        middle = [sum(places[at + axis : at + 9 : 3]) for axis in range(3)]
        assert sum(a * b for a, b in zip(middle, normals[at : at + 3], strict=True)) > 0


def test_a_video_is_an_mp4_file_with_sixteen_frames() -> None:
    asset = of_kind("video")[0]
    top = boxes(media_bytes(asset)[0])
    assert list(top) == [b"ftyp", b"mdat", b"moov"]
    track = boxes(boxes(top[b"moov"])[b"trak"])
    width, height = struct.unpack(">II", track[b"tkhd"][-8:])
    assert (width >> 16, height >> 16) == (asset["metadata"]["width"], asset["metadata"]["height"])
    table = boxes(boxes(boxes(track[b"mdia"])[b"minf"])[b"stbl"])
    sizes = struct.unpack(">16I", table[b"stsz"][12:])
    assert sum(sizes) == len(top[b"mdat"])
    assert struct.unpack(">I", table[b"stco"][8:]) == (len(top[b"ftyp"]) + 16,)


@pytest.mark.parametrize("sides", [{}, {"width": 0, "height": 9}, {"width": "9", "height": 70_000}])
def test_a_video_of_no_sensible_size_is_one_of_its_own(sides: dict[str, object]) -> None:
    data, mime_type = media_bytes({"id": "a", "metadata": {"kind": "video", **sides}})
    header = boxes(boxes(boxes(data)[b"moov"])[b"trak"])[b"tkhd"]
    width, height = (side >> 16 for side in struct.unpack(">II", header[-8:]))
    assert mime_type == "video/mp4"
    assert (width, height) in {(320, 176), (176, 320), (240, 240)}


def test_no_start_code_hides_in_a_videos_frames() -> None:
    frames = boxes(media_bytes(of_kind("video")[0])[0])[b"mdat"]
    at = 0
    while at < len(frames):
        (size,) = struct.unpack_from(">I", frames, at)
        frame = frames[at + 4 : at + 4 + size]
        assert frame[0] == 0x65
        assert b"\0\0\1" not in frame
        assert b"\0\0\0" not in frame
        at += 4 + size


def test_a_text_is_its_content() -> None:
    asset = of_kind("text")[0]
    assert media_bytes(asset)[0].decode() == asset["content"]
