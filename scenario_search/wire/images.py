"""Reference images: anything a user has in hand, to an asset id or a data URL.

The API takes the id of an existing asset, or a data URL. Files, bytes and Pillow images are
turned into data URLs here; this reads and encodes, so the clients call it off the event loop.
"""

from __future__ import annotations

import base64
import inspect
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import (
    Any,
    BinaryIO,
    NoReturn,
    Protocol,
    TypeAlias,
    TypedDict,
    TypeVar,
    cast,
    runtime_checkable,
)

import attrs

from scenario_search.errors import InvalidParamsError
from scenario_search.messages import Message, Term
from scenario_search.wire.image_types import HEAD, picture_type

__all__ = [
    "ImageSource",
    "Images",
    "ImagesDict",
    "PillowImage",
    "check_long_texts",
    "image_problem",
    "image_reference",
    "is_long",
    "like_unlike",
    "read_references",
    "reference_images",
    "with_references",
]


P = TypeVar("P")


@runtime_checkable
class PillowImage(Protocol):
    """What is used of ``PIL.Image.Image``, so that Pillow need not be there."""

    @property
    def mode(self) -> str:
        """The pixel format, such as ``"RGB"``."""
        ...

    def convert(self, mode: Any) -> Any:
        """Returns the picture in another pixel format."""

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """Writes the picture to a file object."""


ImageSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PillowImage
)
"""An asset id, a data URL, a path, bytes, an open binary file, or a Pillow image."""


@attrs.frozen(kw_only=True)
class Images:
    """Pictures that hits should resemble, and pictures that they should not resemble."""

    like: Sequence[ImageSource] = ()
    """References to come close to: asset ids, data URLs, paths, bytes, files, Pillow images."""
    unlike: Sequence[ImageSource] = ()
    """References to stay away from."""


class ImagesDict(TypedDict, total=False):
    """The same as :class:`Images`, as a plain dict."""

    like: Sequence[ImageSource]
    unlike: Sequence[ImageSource]


def like_unlike(
    images: Images | Mapping[str, Any],
) -> tuple[Sequence[ImageSource], Sequence[ImageSource]]:
    """Returns both lists of an ``images`` parameter."""
    if isinstance(images, Images):
        return images.like, images.unlike
    return images.get("like", ()), images.get("unlike", ())


def reference_images(
    params: Any,
) -> tuple[Sequence[ImageSource], Sequence[ImageSource], Sequence[ImageSource]]:
    """Returns the reference images of a search: ``image``, if it is set, then like and unlike."""
    image, images = getattr(params, "image", None), getattr(params, "images", None)
    like, unlike = ((), ()) if images is None else map(_each, like_unlike(images))
    return () if image is None else (image,), like, unlike


def _each(side: Any) -> Sequence[ImageSource]:
    """Returns the images of a side; a request that nobody checked may have one in a list's place.

    Text, bytes and files can be iterated over too, but are one image.
    """
    if side is None:
        return ()
    single = isinstance(side, (str, bytes, bytearray, memoryview)) or hasattr(side, "read")
    if single or not isinstance(side, Iterable):
        return (side,)
    return cast("Sequence[ImageSource]", side)


def read_references(
    params: Any, *, max_bytes: int | None
) -> tuple[list[str], list[str], list[str]]:
    """Returns the reference images of a search as they are sent. See :func:`reference_images`.

    Raises:
        InvalidParamsError: One cannot be read, or is larger than ``max_bytes``.
    """
    image, like, unlike = (
        [image_reference(source, max_bytes=max_bytes) for source in side]
        for side in reference_images(params)
    )
    return image, like, unlike


def with_references(params: P, *, max_bytes: int) -> P:
    """Returns a request whose reference images are text: asset ids and data URLs.

    Raises:
        InvalidParamsError: One cannot be read, or is larger than ``max_bytes``.
    """
    image, like, unlike = read_references(params, max_bytes=max_bytes)
    changes: dict[str, Any] = {"image": image[0]} if image else {}
    if like or unlike:
        changes["images"] = Images(like=like, unlike=unlike)
    request: Any = params
    with_text: P = attrs.evolve(request, **changes) if changes else params
    return with_text


_REFERENCE = Term("image reference", "an existing AssetId or a valid data URL")

# Compiled when first used, by `re` itself: most programs search without a picture.
_DATA_URL = r"(?ai)data:image/[\w.+-]+(;[\w.+-]+=[\w.+-]+)*(;base64,[A-Za-z0-9+/]+={0,2}|,[^,].*)"
_START_OF_DATA_URL = r"(?ai)data:image/[\w.+-]+(;[\w.+-]+=[\w.+-]+)*(;base64,[A-Za-z0-9+/]|,[^,])"
_FILE_NAME = r"(?i)[/\\]|\.(png|jpe?g|jfif|gif|webp|bmp|tiff?|avif|hei[cf]|svg|tga|psd)$"
_WEB_ADDRESS = r"(?i)(?!file:)[a-z][a-z0-9+.-]*://"
_ASSET_ID = r"(?a)[\w.:-]+"

_SENDABLE = {
    *("image/png", "image/jpeg", "image/gif", "image/webp"),
    *("image/avif", "image/heic", "image/tiff", "image/bmp"),
}

_LONG = 2**16
"""Characters. A longer text is not searched where an event loop would wait."""

_NO_DATA_URL = "is not a valid data URL, which looks like data:image/png;base64,iVBORw0KGgo="

# Modes that PNG lacks, and the one that loses nothing, or no more than a screen would.
_PNG_MODE = {
    "La": "LA",
    "PA": "RGBA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "LAB": "RGB",
    "HSV": "RGB",
    "I": "I;16",
    "I;16B": "I;16",
}


def image_problem(source: Any) -> str | Message | None:
    """Returns why something cannot be a reference image, without reading it; ``None`` if it can."""
    if isinstance(source, str):
        return _text_problem(source)
    if isinstance(source, (os.PathLike, bytes, bytearray, memoryview, PillowImage)):
        return None
    if isinstance(source, io.TextIOBase):
        return "is a file in text mode: open it in binary mode"
    read = getattr(source, "read", None)
    if inspect.iscoroutinefunction(read):
        return f"is a {type(source).__name__}, which must be awaited: pass what its read() gives"
    if callable(read):
        return None
    return (
        "must be an asset id, a data URL, a path, bytes, a binary file or a Pillow image, "
        f"not {type(source).__name__}"
    )


def _text_problem(source: str) -> str | Message | None:
    if source[:5].lower() == "data:":
        if is_long(source):
            is_valid = re.match(_START_OF_DATA_URL, source[:_LONG])
        else:
            is_valid = re.fullmatch(_DATA_URL, source)
        return None if is_valid else _NO_DATA_URL
    if re.match(_WEB_ADDRESS, source):
        return Message(
            "must be {}, not a web address: fetch the picture and pass its bytes", _REFERENCE
        )
    if not is_long(source) and re.search(_FILE_NAME, source):
        path = source.removeprefix("file://")[:80]
        return Message("must be {}; for a file pass Path({!r})", _REFERENCE, path)
    if is_long(source) or not re.fullmatch(_ASSET_ID, source):
        return Message("must be {}, not {!r}", _REFERENCE, source[:80])
    return None


def is_long(source: object) -> bool:
    """Whether an image is a text that :func:`image_problem` does not read to its end."""
    return isinstance(source, str) and len(source) > _LONG


def check_long_texts(params: Any) -> None:
    """Reads long data URLs to their end. Takes a while, so call it off the event loop.

    Raises:
        InvalidParamsError: One is not valid.
    """
    for source in chain.from_iterable(reference_images(params)):
        if isinstance(source, str) and is_long(source) and not re.fullmatch(_DATA_URL, source):
            raise InvalidParamsError(f"The data URL given {_NO_DATA_URL}")


def image_reference(source: ImageSource, *, max_bytes: int | None = None) -> str:
    """Returns the asset id or data URL that the API takes for a reference image.

    Args:
        source: An asset id or a data URL (returned unchanged), a path, bytes, a binary file
            object (read from where it stands), or a Pillow image (sent as PNG).
        max_bytes: How large a picture may be; no more than one byte beyond it is read.

    Raises:
        InvalidParamsError: It cannot be read, is too large, or is no picture.
    """
    if isinstance(source, str):
        _check_size("the data URL given", _data_url_size(source), max_bytes)
        return source
    what, data = _read(source, max_bytes)
    _check_size(what, len(data), max_bytes)
    mime_type = picture_type(data[:HEAD])
    if mime_type not in _SENDABLE:
        reason = f"its first bytes are {data[:12]!r}" if data else "it is empty"
        raise InvalidParamsError(f"Cannot use {what} as an image: {reason}")
    return f"data:{mime_type};base64,{base64.b64encode(data).decode('ascii')}"


def _read(source: Any, max_bytes: int | None) -> tuple[str, bytes]:
    """Returns the name of a source, and its bytes, or as many as show it to be too large."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "the bytes given", bytes(source)
    if isinstance(source, os.PathLike):
        what = os.fsdecode(source)
        try:
            with open(source, "rb") as file:  # noqa: PTH123 - any os.PathLike is welcome
                return what, _read_file(file, what, max_bytes)
        except (OSError, ValueError) as error:
            _cannot_read(what, error)
    if isinstance(source, PillowImage):
        return "the Pillow image given", _encode_png(source)
    what = str(getattr(source, "name", "the file given"))
    return what, _read_file(source, what, max_bytes)


def _read_file(file: Any, what: str, max_bytes: int | None) -> bytes:
    content = bytearray()
    while max_bytes is None or len(content) <= max_bytes:
        try:
            chunk = file.read(-1 if max_bytes is None else max_bytes + 1 - len(content))
        except (OSError, TypeError, ValueError) as error:
            _cannot_read(what, error)
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise InvalidParamsError(f"Cannot use {what} as an image: open it in binary mode")
        content += chunk
        # A raw file or a socket may give less than it was asked for, before its end.
        if max_bytes is None or not chunk:
            break
    return bytes(content)


def _encode_png(image: PillowImage) -> bytes:
    encoded = io.BytesIO()
    try:
        if mode := _PNG_MODE.get(image.mode):
            image = image.convert(mode)
        image.save(encoded, format="PNG")
    except (OSError, SystemError, ValueError) as error:
        _cannot_read("the Pillow image given", error)
    return encoded.getvalue()


def _cannot_read(what: str, error: Exception) -> NoReturn:
    reason = getattr(error, "strerror", None) or error
    raise InvalidParamsError(f"Cannot use {what} as an image: {reason}") from error


def _data_url_size(url: str) -> int:
    """Returns how many bytes a base64 data URL holds; an asset id holds none."""
    comma = url.find(",")
    return 0 if comma < 0 else (len(url) - comma - 1) * 3 // 4 - url.count("=", -2)


def _check_size(what: str, size: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size > max_bytes:
        raise InvalidParamsError(
            f"Cannot use {what} as an image: it is larger than max_image_bytes "
            f"({max_bytes:,} bytes)"
        )
