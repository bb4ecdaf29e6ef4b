"""Files of the demo assets: pictures, and small but real sounds, meshes, texts and videos.

Videos are H.264 in MP4, made without an encoder: every macroblock is sent as plain samples
(I_PCM, ITU-T H.264, 7.3.5), which any decoder has to know. To stay small they have fewer pixels
than the documented width and height, which is the size players show them at.
"""

from __future__ import annotations

import json
import math
import re
import struct
import wave
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from scenario_search.emulator.demo.data import AUDIO_RATE, MESH_JSON
from scenario_search.emulator.demo.drawing.pictures import PALETTES, draw_asset, picture_of
from scenario_search.emulator.demo.picks import Pick
from scenario_search.emulator.demo.scenes import scene_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["media_bytes"]

FRAMES, FRAME_RATE = 16, 8
SCALES = {
    "day": (0, 2, 4, 7, 9, 12, 14, 16),
    "dawn": (0, 2, 4, 5, 7, 9, 11, 12),
    "sunset": (0, 2, 3, 5, 7, 8, 10, 12),
    "night": (0, 2, 3, 5, 7, 8, 11, 12),
}
"""Semitones above A3: a major pentatonic scale for the day, minor ones towards the night."""


def media_bytes(document: Mapping[str, Any]) -> tuple[bytes, str]:
    """The asset's file and its MIME type.

    Videos, sounds, meshes and texts are made for the kinds `video`, `audio`, `3d` and `text`;
    any other kind gets its picture.
    """
    metadata = document.get("metadata")
    kind = metadata.get("kind") if isinstance(metadata, dict) else None
    if kind == "video":
        return _video(document), "video/mp4"
    if kind == "audio":
        return _sound(document), "audio/wav"
    if kind == "3d":
        return _mesh(document), "model/gltf-binary"
    if kind == "text":
        return str(document.get("content") or "").encode(), "text/plain"
    mime_type = document.get("mimeType")
    known = mime_type in ("image/jpeg", "image/webp")
    return draw_asset(document), str(mime_type) if known else "image/png"


def _sound(document: Mapping[str, Any]) -> bytes:
    """A melody on a plucked tone, as long as the documented size says (2 to 30 seconds)."""
    pick = Pick("melody", document.get("id"))
    size = document["metadata"].get("size")
    seconds = (size - 44) / (2 * AUDIO_RATE) if isinstance(size, int | float) else 2.0
    samples = int(AUDIO_RATE * min(max(2.0, seconds), 30.0))
    scale = SCALES[scene_of(document).time]
    sound = np.zeros(samples)
    step, at, start = pick.number(2, 5), 3, 0
    while start < samples:
        at = min(max(at + pick.number(-2, 2), 0), len(scale) - 1)
        length = AUDIO_RATE * pick.one((1, 1, 2)) * 2 // (step * 2)
        time = np.arange(min(length * 2, samples - start)) / AUDIO_RATE
        pitch = 220 * 2 ** (scale[at] / 12) * math.tau
        tone = np.sin(pitch * time) + 0.4 * np.sin(2 * pitch * time)
        sound[start : start + len(time)] += tone * np.exp(-3.5 * time)
        start += length
    # The last quarter second fades, so that a loop does not click.
    sound[-AUDIO_RATE // 4 :] *= np.linspace(1, 0, AUDIO_RATE // 4)
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(AUDIO_RATE)
        loudest = float(np.abs(sound).max()) or 1.0
        file.writeframes((sound / loudest * 26000).astype("<i2").tobytes())
    return out.getvalue()


def _mesh(document: Mapping[str, Any]) -> bytes:
    """A cut gem as binary glTF 2.0, colored by the scene's palette."""
    pick = Pick("mesh", document.get("id"))
    around = np.arange(6) * math.tau / 6
    height, waist = pick.between(0.9, 1.5), pick.between(0.5, 0.8)
    belt = [(math.cos(a) * waist, 0.0, math.sin(a) * waist) for a in around]
    corners, normals = [], []
    for at in range(6):
        for tip, ends in (((0, height, 0), (at - 5, at)), ((0, -height * 0.7, 0), (at, at - 5))):
            face = np.array([tip, belt[ends[0]], belt[ends[1]]], dtype="<f4")
            normal = np.cross(face[1] - face[0], face[2] - face[0])
            corners.append(face)
            normals.append(np.tile(normal / np.linalg.norm(normal), (3, 1)).astype("<f4"))
    places = np.concatenate(corners)
    binary = places.tobytes() + np.concatenate(normals).tobytes()
    half, count = len(binary) // 2, len(places)
    color = pick.one(PALETTES[scene_of(document).palette][0])
    vectors = {"componentType": 5126, "count": count, "type": "VEC3"}
    low, high = (limit.astype(float).round(6).tolist() for limit in (places.min(0), places.max(0)))
    gltf = {
        "asset": {"version": "2.0", "generator": "scenario-search demo"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "material": 0}]}],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*(round(part / 255, 3) for part in color), 1],
                    "metallicFactor": 0.2,
                    "roughnessFactor": 0.3,
                }
            }
        ],
        "accessors": [
            {"bufferView": 0, "min": low, "max": high, **vectors},
            {"bufferView": 1, **vectors},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": half},
            {"buffer": 0, "byteOffset": half, "byteLength": half},
        ],
        "buffers": [{"byteLength": len(binary)}],
    }
    # Spaces after the JSON are the padding the format itself asks for.
    text = json.dumps(gltf, separators=(",", ":")).encode().ljust(MESH_JSON)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _bits(*codes: tuple[int, int | None]) -> str:
    """Bits of numbers: of a given width, or as Exp-Golomb codes where the width is None."""
    text = ""
    for value, width in codes:
        if width is None:
            binary = f"{value + 1:b}"
            text += "0" * (len(binary) - 1) + binary
        else:
            text += f"{value:0{width}b}"
    return text


def _packed(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)


def _unit(kind: int, payload: bytes) -> bytes:
    """A NAL unit, with the escape that keeps start codes out of it."""
    return bytes([kind]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", payload)


def _plain_frame(image: Image.Image, number: int) -> bytes:
    """One picture as an IDR slice of I_PCM macroblocks."""
    full = np.asarray(image.convert("YCbCr"), dtype=np.float32)
    rows, columns = image.height // 16, image.width // 16
    light = 16 + full[..., 0] * (219 / 255)
    color = 16 + full[..., 1:] * (224 / 255)
    color = color.reshape(rows * 8, 2, columns * 8, 2, 2).mean(axis=(1, 3))
    parts = [np.tile(np.array([0x0D, 0x00]), (rows * columns, 1))]  # mb_type I_PCM, aligned
    for plane, side in ((light, 16), (color[..., 0], 8), (color[..., 1], 8)):
        blocks = plane.reshape(rows, side, columns, side).swapaxes(1, 2)
        parts.append(blocks.reshape(rows * columns, side * side))
    blocks = np.concatenate(parts, axis=1).round().astype(np.uint8).tobytes()
    # first_mb, slice_type I, parameter set, frame_num, idr_pic_id, marking (2), slice_qp_delta
    header = _bits((0, None), (7, None), (0, None), (0, 4), (number % 2, None), (0, 2), (0, None))
    return _unit(0x65, _packed(header + _bits((25, None))) + blocks[2:] + b"\x80")


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def _full_box(name: bytes, flags: int, *parts: bytes) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


def _movie(frames: Sequence[bytes], coded: tuple[int, int], shown: tuple[int, int]) -> bytes:
    """An MP4 file (ISO/IEC 14496-12) of one H.264 track."""
    rows, columns = coded[1] // 16, coded[0] // 16
    profile = bytes([66, 0xC0, 40])
    # ids, frame_num bits, order type 2, no references, no gaps, size in blocks, flags, stop bit
    sequence = _bits((0, None), (0, None), (2, None), (0, None), (0, 1), (columns - 1, None),
                     (rows - 1, None), (0b11001, 5))  # fmt: skip
    sps = _unit(0x67, profile + _packed(sequence))
    picture = _bits((0, None), (0, None), (0, 2), (0, None), (0, None), (0, None), (0, 3),
                    (0, None), (0, None), (0, None), (0b0001, 4))  # fmt: skip
    pps = _unit(0x68, _packed(picture))
    config = b"\x01" + profile + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps
    config += b"\x01" + struct.pack(">H", len(pps)) + pps
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    samples = [struct.pack(">I", len(frame)) + frame for frame in frames]
    head = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    count, duration = len(samples), len(samples) * 1000 // FRAME_RATE
    entry = bytes(6) + struct.pack(">H16xHHII4xH32xHh", 1, *coded, 72 << 16, 72 << 16, 1, 24, -1)
    table = _box(
        b"stbl",
        _full_box(b"stsd", 0, struct.pack(">I", 1), _box(b"avc1", entry, _box(b"avcC", config))),
        _full_box(b"stts", 0, struct.pack(">III", 1, count, 1000 // FRAME_RATE)),
        _full_box(b"stsc", 0, struct.pack(">IIII", 1, 1, count, 1)),
        _full_box(
            b"stsz", 0, struct.pack(">II", 0, count), *(len(one).to_bytes(4) for one in samples)
        ),
        _full_box(b"stco", 0, struct.pack(">II", 1, len(head) + 8)),
    )
    data_here = _full_box(b"dref", 0, struct.pack(">I", 1), _full_box(b"url ", 1))
    media = _box(
        b"mdia",
        _full_box(b"mdhd", 0, struct.pack(">4I2H", 0, 0, 1000, duration, 0x55C4, 0)),
        _full_box(b"hdlr", 0, bytes(4), b"vide", bytes(12), b"Video\0"),
        _box(b"minf", _full_box(b"vmhd", 1, bytes(8)), _box(b"dinf", data_here), table),
    )
    sides = struct.pack(">II", shown[0] << 16, shown[1] << 16)
    track = _full_box(
        b"tkhd", 3, struct.pack(">5I8x4H", 0, 0, 1, 0, duration, 0, 0, 0, 0), matrix, sides
    )
    header = struct.pack(">4IIH10x", 0, 0, 1000, duration, 0x10000, 0x100)
    movie = _full_box(b"mvhd", 0, header, matrix, bytes(24), struct.pack(">I", 2))
    return head + _box(b"mdat", *samples) + _box(b"moov", movie, _box(b"trak", track, media))


def _video(document: Mapping[str, Any]) -> bytes:
    """Two seconds of the camera drifting over the scene, which ends where it began."""
    still = picture_of(document, max_side=384)
    wide = still.width > still.height
    coded = (320, 176) if wide else (176, 320) if still.height > still.width else (240, 240)
    frames = []
    for number in range(FRAMES):
        swing = math.sin(number * math.tau / FRAMES)
        width, height = still.width * (0.9 - 0.05 * swing), still.height * (0.9 - 0.05 * swing)
        left, top = (still.width - width) * (0.5 + 0.4 * swing), (still.height - height) / 2
        view = still.resize(
            coded, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height)
        )
        frames.append(_plain_frame(view, number))
    metadata = document["metadata"]
    given = (metadata.get("width"), metadata.get("height"))
    good = all(isinstance(side, int) and 0 < side < 65536 for side in given)
    shown = (int(given[0]), int(given[1])) if good else coded
    return _movie(frames, coded, shown)
