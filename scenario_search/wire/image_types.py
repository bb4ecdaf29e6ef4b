"""What a file is, by its first bytes: whether what should be a picture is one."""

from __future__ import annotations

import re

__all__ = ["HEAD", "picture_type"]

HEAD = 512
"""The number of bytes, from the start of a file, that tell its type."""

_SIGNATURES = (
    ("image/png", rb"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", rb"\xff\xd8\xff"),
    ("image/webp", rb"RIFF.{4}WEBP"),
    ("image/gif", rb"GIF8[79]a"),
    ("image/avif", rb".{4}ftypavi[fs]"),
    ("image/heic", rb".{4}ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1)"),
    ("image/tiff", rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    ("image/bmp", rb"BM.{4}\0\0\0\0"),
    ("image/vnd.radiance", rb"#\?(?:RADIANCE|RGBE)"),
    ("image/x-exr", rb"v/1\x01"),
    ("image/vnd.adobe.photoshop", rb"8BPS\0[\x01\x02]"),
    ("image/x-icon", rb"\0\0\x01\0"),
    ("image/jxl", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    ("image/jp2", rb"\0\0\0\x0cjP  \r\n\x87\n"),
    # A text in UTF-8 may begin with a byte order mark.
    (
        "image/svg+xml",
        rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE svg[^>]*>|\s)*<svg[\s>]",
    ),
)
"""The beginnings of pictures, by MIME type: the formats' own specifications, as collected in the
WHATWG's "MIME Sniffing" and in the database of file(1)."""


def picture_type(head: bytes) -> str | None:
    """Returns the MIME type of a picture that begins with these bytes; ``None`` if it is none.

    Args:
        head: The first :data:`HEAD` bytes of the file, or all of them.
    """
    # Compiled when first used, by `re` itself: few programs have to do with files.
    kinds = (kind for kind, start in _SIGNATURES if re.match(start, head, re.DOTALL))
    return next(kinds, None)
