"""Pictures that cannot be used, each another way, and a decompression bomb."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from tests.plugins.vision.pages import draw_page, encoded

_PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, with its checksum."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png(width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG with a header that may say something else than its rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return _PNG + body


def bomb() -> bytes:
    """A PNG of some kilobytes with 900 million pixels."""
    return png(30_000, 30_000, b"\0" * (30_000 * 3 + 1) * 40)


def malformed() -> dict[str, bytes]:
    """Twenty of them by their names."""
    page = draw_page(1, login=True)
    good, jpeg, gif, webp, bmp = (
        encoded(page, form) for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP")
    )
    lost = bytearray(good)
    lost[len(lost) // 2] ^= 0xFF
    return {
        "text": b"this is no picture",
        "html": b"<html><body><img src=x></body></html>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        "zeros": bytes(4096),
        "png signature alone": _PNG,
        "png cut off": good[: len(good) // 2],
        "png with a wrong byte": bytes(lost),
        "png without rows": png(200, 200, b""),
        "webp header alone": webp[:16],
        "png of no width": png(0, 10, b"\0"),
        "png of an unknown depth": png(10, 10, b"\0" * 310, depth=7),
        "png of an unknown filter": png(10, 10, (b"\x09" + b"\0" * 30) * 10),
        "png of a wrong length": _PNG + struct.pack(">I", 1 << 31) + b"IHDR" + bytes(13),
        "jpeg header alone": jpeg[:4],
        "jpeg cut off": jpeg[: len(jpeg) // 2],
        "gif cut off": gif[: len(gif) // 3],
        "webp cut off": webp[: len(webp) // 2],
        "bmp cut off": bmp[: len(bmp) // 2],
        "tiff": encoded(page, "TIFF"),
        "icon": encoded(page.resize((32, 32)), "ICO"),
    }


def with_metadata() -> bytes:
    """A JPEG that says where and by whom it was taken, and lies on its side."""
    facts = Image.Exif()
    facts[0x0112] = 6  # the camera was turned
    facts[0x013B] = "photographer-canary"
    return encoded(draw_page(1, login=True), "JPEG", exif=facts, comment=b"comment-canary")
