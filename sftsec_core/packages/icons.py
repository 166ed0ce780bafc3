"""The app's mark as a PNG of any size: three nodes of a loop, drawn by arithmetic.

No picture lies in the repository, and the same size gives the same bytes.
"""

from __future__ import annotations

import math
import zlib

from sftsec_core.packages.archive import zlib_of

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BACK = (24, 58, 92)
_LINE = (255, 255, 255)
_NODE = (255, 176, 46)
_SAMPLES = 4  # a side of the grid of points that are looked at in each pixel
_NODES = tuple(
    (0.5 + 0.29 * math.cos(math.radians(angle)), 0.5 + 0.29 * math.sin(math.radians(angle)))
    for angle in (-90, 30, 150)
)


def icon_png(size: int) -> bytes:
    """Draw the mark.

    Args:
        size: its side in pixels.
    """
    rows = b"".join(b"\x00" + _row(y, size) for y in range(size))
    head = size.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])  # 8 bits, red green blue
    return b"".join(
        [_SIGNATURE, _chunk(b"IHDR", head), _chunk(b"IDAT", zlib_of(rows)), _chunk(b"IEND", b"")]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + check


def _row(y: int, size: int) -> bytes:
    return b"".join(bytes(_pixel(x, y, size)) for x in range(size))


def _pixel(x: int, y: int, size: int) -> tuple[int, ...]:
    """The mean over a few points of the pixel, so that round things look round."""
    steps = [(step + 0.5) / _SAMPLES for step in range(_SAMPLES)]
    seen = [_colour((x + dx) / size, (y + dy) / size) for dy in steps for dx in steps]
    return tuple(round(sum(one[part] for one in seen) / len(seen)) for part in range(3))


def _colour(x: float, y: float) -> tuple[int, int, int]:
    if any(math.dist((x, y), node) < 0.115 for node in _NODES):
        return _NODE
    ring = abs(math.dist((x, y), (0.5, 0.5)) - 0.29) < 0.028
    return _LINE if ring else _BACK
