"""Pictures from bytes that may be anything: size limits first, one kind of error for the rest."""

from __future__ import annotations

import base64
import binascii
import re
from io import BytesIO
from urllib.parse import unquote_to_bytes

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = [
    "MAX_PIXELS",
    "SUPPORTED_TYPES",
    "UnreadableImageError",
    "read_data_url",
    "read_image",
]

# Media type to Pillow's name of the format. Formats with few readers and many bugs are left out.
SUPPORTED_TYPES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/jpg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000

# Behind what is transparent: neither a black nor a white drawing is lost on it.
BACKDROP = (128, 128, 128, 255)

_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?P<parameters>(?:;[^;,]*)*),", re.IGNORECASE)


class UnreadableImageError(ValueError):
    """This is no picture that can be read; the message says why."""


def read_data_url(text: str, *, max_bytes: int = MAX_BYTES) -> tuple[bytes, str]:
    """Takes a data URL apart (RFC 2397).

    Base64 may lack its padding and hold white space; percent escapes are resolved in either form.

    Args:
        text: The URL; scheme and media type in any case.
        max_bytes: The most bytes of content.

    Returns:
        The content, not looked into, and its media type in lower case.

    Raises:
        UnreadableImageError: It is no data URL, its media type is not in `SUPPORTED_TYPES`, it is
            too large, or its base64 is wrong.
    """
    # Three characters a byte at most, percent-encoded base64 aside; the rest is not even matched.
    if len(text) > 4 * max_bytes + 1024:
        raise _too_large(max_bytes)
    head = _DATA_URL.match(text.lstrip()[:1024])
    if head is None:
        raise UnreadableImageError(
            "the image is no data URL; it must look like data:image/png;base64,..."
        )
    media_type = head["type"].strip().lower()
    if media_type not in SUPPORTED_TYPES:
        raise UnreadableImageError(
            f"the image's media type {media_type or '(none)'} is not supported; "
            f"use one of {', '.join(SUPPORTED_TYPES)}"
        )
    content = unquote_to_bytes(text.lstrip()[head.end() :])
    parameters = [part.strip().lower() for part in head["parameters"].split(";")]
    if "base64" in parameters:
        compact = b"".join(content.split()).rstrip(b"=")
        try:
            content = base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
        except binascii.Error as error:
            raise UnreadableImageError(
                f"the image's data URL holds wrong base64: {error}"
            ) from error
    if len(content) > max_bytes:
        raise _too_large(max_bytes)
    return content, media_type


def read_image(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Reads a picture as RGB.

    Of an animation the first frame is read; EXIF orientation is applied; what is transparent is
    laid over grey; 16-bit greys are brought to 8 bit. The content decides the format.

    Args:
        data: A PNG, JPEG, WebP or GIF file.
        max_bytes: The most bytes.
        max_pixels: The most pixels, width times height, known before anything is decoded.

    Raises:
        UnreadableImageError: It is none of these, is damaged or cut short, or too large.
    """
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    if not data:
        raise UnreadableImageError("the image is empty")
    try:
        with Image.open(BytesIO(data), formats=sorted(set(SUPPORTED_TYPES.values()))) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise UnreadableImageError(
                    f"the image has {width} x {height} pixels; "
                    f"at most {max_pixels} in all can be read"
                )
            image.load()
            return _as_rgb(ImageOps.exif_transpose(image))
    except UnreadableImageError:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(
            f"the image has far more pixels than the {max_pixels} that can be read"
        ) from error
    except UnidentifiedImageError as error:
        raise UnreadableImageError(
            "the image is no PNG, JPEG, WebP or GIF file, or damaged at its start"
        ) from error
    # Pillow's readers raise whatever their parsing stumbles on, warnings made errors included.
    except Exception as error:
        raise UnreadableImageError(f"the image cannot be read: {error}") from error


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        grey = np.clip(np.asarray(image) // 256, 0, 255).astype(np.uint8)
        image = Image.fromarray(grey)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, BACKDROP), over)
    return image.convert("RGB")


def _too_large(max_bytes: int) -> UnreadableImageError:
    return UnreadableImageError(f"the image is larger than {max_bytes} bytes")
