"""The mark is a PNG of the size that is asked for, the same each time."""

from __future__ import annotations

import zlib

import pytest

from sftsec_core.packages.icons import icon_png


def pixels(png: bytes, size: int) -> list[tuple[int, ...]]:
    """Read back what an uncompressed, unfiltered picture of one chunk holds."""
    at = png.index(b"IDAT")
    length = int.from_bytes(png[at - 4 : at], "big")
    rows = zlib.decompress(png[at + 4 : at + 4 + length])
    width = 3 * size + 1
    assert len(rows) == width * size
    lines = [rows[start + 1 : start + width] for start in range(0, len(rows), width)]
    return [tuple(line[n : n + 3]) for line in lines for n in range(0, len(line), 3)]


class TestIcon:
    @pytest.mark.parametrize("size", [36, 72])
    def test_is_a_png_of_its_size(self, size: int) -> None:
        png = icon_png(size)
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(png[16:20], "big") == int.from_bytes(png[20:24], "big") == size
        assert png.endswith(b"IEND\xaeB`\x82")
        assert icon_png(size) == png
        found = pixels(png, size)
        assert len(found) == size * size
        assert found[0] == found[-1] == (24, 58, 92)  # the ground
        assert (255, 176, 46) in found  # a node
        assert (255, 255, 255) in found  # the ring
