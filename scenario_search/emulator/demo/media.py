"""Files of the demo assets: pictures, and small but real sounds, meshes, texts and videos.

Videos are H.264 in MP4 without an encoder: every macroblock is sent as plain samples (I_PCM,
ITU-T H.264, 7.3.5), which any decoder has to know. To stay small they have fewer pixels than the
documented width and height, which is the size players show them at.
"""

from __future__ import annotations

import json
import math
import struct
import wave
from collections.abc import Mapping
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from scenario_search.emulator.demo.data import AUDIO_RATE
from scenario_search.emulator.demo.drawing.pictures import PALETTES, draw_asset, picture_of
from scenario_search.emulator.demo.picks import Pick
from scenario_search.emulator.demo.scenes import scene_of

__all__ = ["media_bytes"]

FRAMES = 16
_LONGEST_PICTURE = 64 * 2**20

# A NAL unit of an IDR slice, its header's bits, and the type of its first macroblock (I_PCM) up to
# the next byte. idr_pic_id takes turns, since pictures that follow each other must differ in it.
_SLICE_STARTS = (bytes.fromhex("6588848680"), bytes.fromhex("65888221a0"))
_SLICE_END = b"\x80"
_BLOCK_START = (0x0D, 0x00)
"""The type of each further macroblock (I_PCM), aligned.

No sample is 0 in the range of video (16 to 240), so two zero bytes never follow each other, and
the escapes that H.264 asks for there are never needed.
"""
_SAMPLES_AT, _SHOWN_AT = 40, 248
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
    return _padded(draw_asset(document), metadata), str(mime_type) if known else "image/png"


def _padded(picture: bytes, metadata: object) -> bytes:
    """Returns a picture's file as long as its document says; decoders ignore what follows."""
    size = metadata.get("size") if isinstance(metadata, dict) else None
    if not isinstance(size, int) or size > _LONGEST_PICTURE:
        return picture
    return picture.ljust(size, b"\0")


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
    height, waist = pick.between(0.9, 1.5), pick.between(0.5, 0.8)
    color = pick.one(PALETTES[scene_of(document).palette][0])
    gem = _template("gem.glb")
    end = 20 + int.from_bytes(gem[12:16], "little")
    gltf = json.loads(gem[20:end])
    gltf["nodes"][0]["scale"] = [round(side, 4) for side in (waist, height, waist)]
    surface = gltf["materials"][0]["pbrMetallicRoughness"]
    surface["baseColorFactor"] = [*(round(part / 255, 3) for part in color), 1]
    text = json.dumps(gltf, separators=(",", ":")).encode().ljust(end - 20)
    return gem[:20] + text + gem[end:]


def _frame(image: Image.Image, number: int) -> bytes:
    """One picture as a sample: the length and an IDR slice of I_PCM macroblocks."""
    full = np.asarray(image.convert("YCbCr"), dtype=np.float32)
    rows, columns = image.height // 16, image.width // 16
    light = 16 + full[..., 0] * (219 / 255)
    color = 16 + full[..., 1:] * (224 / 255)
    color = color.reshape(rows * 8, 2, columns * 8, 2, 2).mean(axis=(1, 3))
    parts = [np.tile(np.array(_BLOCK_START), (rows * columns, 1))]
    for plane, side in ((light, 16), (color[..., 0], 8), (color[..., 1], 8)):
        blocks = plane.reshape(rows, side, columns, side).swapaxes(1, 2)
        parts.append(blocks.reshape(rows * columns, side * side))
    blocks = np.concatenate(parts, axis=1).round().astype(np.uint8).tobytes()
    unit = _SLICE_STARTS[number % 2] + blocks[len(_BLOCK_START) :] + _SLICE_END
    return len(unit).to_bytes(4) + unit


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
        frames.append(_frame(view, number))
    boxes = bytearray(_template("clip-{}x{}.mp4.boxes".format(*coded)))
    sides = [document["metadata"].get(name) for name in ("width", "height")]
    if all(isinstance(side, int) and 0 < side < 65536 for side in sides):
        struct.pack_into(">HxxHxx", boxes, _SHOWN_AT, *sides)
    return b"".join((boxes[:_SAMPLES_AT], *frames, boxes[_SAMPLES_AT:]))


@cache
def _template(name: str) -> bytes:
    """A file of the folder ``templates``, whose README says how it was made."""
    return resources.files("scenario_search.emulator.demo").joinpath("templates", name).read_bytes()
