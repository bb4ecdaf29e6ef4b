"""Pictures transformed on the fly, by the parameters that the service's CDN documents.

Source: "Content Delivery Network" in Scenario's documentation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, Self

import attrs
from PIL import Image, ImageColor, ImageFilter, ImageOps

from scenario_search.emulator.contract.refusals import bad_request
from scenario_search.emulator.store.signatures import SIGNATURE

__all__ = ["Transform"]

_MOST_SIDE = 8192
_MOST_PIXELS = 50_000_000
_MOST_MADE = 4096 * 4096
"""Pixels of a result. Pillow can't be interrupted, and needs seconds for so many."""

# The name of a format to Pillow's. ``auto`` is the CDN's choice.
_FORMATS = {
    "auto": "WEBP",
    "jpeg": "JPEG",
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "avif": "AVIF",
    "tiff": "TIFF",
    "tif": "TIFF",
}
_FITS = ("cover", "contain", "fill", "inside", "outside")


def _number(least: int, most: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise bad_request(f'"{name}" must be a whole number from {least} to {most}')
        return int(text)

    return read


def _side(name: str, text: str) -> int | None:
    return None if text == "auto" else _number(1, _MOST_SIDE)(name, text)


def _one_of(*known: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in known:
            raise bad_request(f'"{name}" must be one of {", ".join(known)}')
        return text

    return read


def _boolean(name: str, text: str) -> bool:
    return _one_of("true", "false")(name, text) == "true"


def _colour(name: str, text: str) -> tuple[int, ...]:
    try:
        return ImageColor.getrgb(f"#{text}")[:3]
    except ValueError:
        raise bad_request(f'"{name}" must be a colour in hexadecimal, without #') from None


def _parameter(read: Callable[[str, str], Any], default: Any) -> Any:
    return attrs.field(default=default, metadata={"read": read})


@attrs.frozen(kw_only=True)
class Transform:
    """What a picture is made into; the attributes are the CDN's parameters."""

    width: int | None = _parameter(_side, None)
    height: int | None = _parameter(_side, None)
    quality: int = _parameter(_number(1, 100), 100)
    format: str = _parameter(_one_of("origin", *_FORMATS), "origin")
    fit: str = _parameter(_one_of(*_FITS), "cover")
    rotate: int = _parameter(_number(0, 360), 0)
    blur: int = _parameter(_number(0, 100), 0)
    greyscale: bool = _parameter(_boolean, default=False)
    flatten: bool = _parameter(_boolean, default=False)
    background: tuple[int, ...] = _parameter(_colour, (0, 0, 0))

    @classmethod
    def read(cls, values: Mapping[str, Sequence[str]]) -> Self:
        """Returns what the parameters of a URL ask for, beside those that sign it.

        Raises:
            RefusedError: A 400: a parameter is not known, stands twice or has no such value.
        """
        fields = attrs.fields_dict(cls)
        chosen = {}
        for name in values.keys() - set(SIGNATURE):
            if name not in fields or len(values[name]) != 1:
                raise bad_request(f'"{name:.60}" is not a parameter of pictures, or stands twice')
            chosen[name] = fields[name].metadata["read"](name, values[name][0])
        return cls(**chosen)

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self != type(self)()

    def longer_side(self, width: object, height: object) -> int | None:
        """Returns how many pixels the longer side of a picture of this shape needs to have.

        None stands for all there are.
        """
        if not (isinstance(width, int) and isinstance(height, int) and min(width, height) > 0):
            return None
        scales = [
            wanted / given
            for wanted, given in ((self.width, width), (self.height, height))
            if wanted is not None
        ]
        longer = max(width, height)
        return min(math.ceil(longer * max(scales)), longer) if scales else None

    def applied(self, picture: bytes) -> tuple[bytes, str]:
        """Returns a picture transformed, and its media type.

        Raises:
            RefusedError: A 400: it is no picture that can be read, or it is too large; or this
                Pillow cannot write the format.
        """
        try:
            with Image.open(BytesIO(picture)) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise bad_request("The picture is too large to be transformed")
                format = _FORMATS.get(self.format, image.format or "PNG")
                image.load()
                changed = self._changed(image)
        # Pillow's readers raise whatever their parsing stumbles on.
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            raise bad_request("The file is no picture that can be transformed") from None
        Image.init()
        if format not in Image.SAVE:
            raise bad_request(f"This emulator's Pillow cannot write {self.format}")
        if format == "JPEG" and changed.mode not in ("L", "RGB"):
            changed = self._flattened(changed)
        out = BytesIO()
        # For AVIF and WebP; by default they take two to five times as long.
        changed.save(out, format, quality=self.quality, speed=10, method=2)
        return out.getvalue(), Image.MIME[format]

    def _changed(self, image: Image.Image) -> Image.Image:
        image = ImageOps.exif_transpose(image)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        if self.rotate:
            image = image.rotate(
                -self.rotate, Image.Resampling.BICUBIC, expand=True, fillcolor=self.background
            )
        image = self._fitted(image)
        if self.blur:
            image = image.filter(ImageFilter.GaussianBlur(self.blur))
        if self.flatten:
            image = self._flattened(image)
        if self.greyscale:
            image = image.convert("LA" if image.mode == "RGBA" else "L")
        return image

    def _fitted(self, image: Image.Image) -> Image.Image:
        size = self._size(image)
        if size[0] * size[1] > _MOST_MADE:
            raise bad_request(
                f"The picture would have {size[0]} x {size[1]} pixels; at most {_MOST_MADE} in all"
                " can be made"
            )
        if size == image.size:
            return image
        if self.width is not None and self.height is not None:
            if self.fit == "cover":
                return ImageOps.fit(image, size)
            if self.fit == "contain":
                return ImageOps.pad(image, size, color=self.background)
        return image.resize(size, Image.Resampling.LANCZOS)

    def _size(self, image: Image.Image) -> tuple[int, int]:
        width, height = self.width, self.height
        if width is None and height is None:
            return image.size
        if width is not None and height is not None and self.fit in ("cover", "contain", "fill"):
            return width, height
        scales = [(width or 0) / image.width, (height or 0) / image.height]
        scale = min(filter(None, scales)) if self.fit == "inside" else max(scales)
        across, down = (min(max(1, round(side * scale)), _MOST_SIDE) for side in image.size)
        return across, down

    def _flattened(self, image: Image.Image) -> Image.Image:
        if image.mode not in ("RGBA", "LA"):
            return image
        over = image.convert("RGBA")
        backdrop = Image.new("RGBA", over.size, (*self.background, 255))
        return Image.alpha_composite(backdrop, over).convert("RGB" if image.mode == "RGBA" else "L")
