"""An encrypted file gives back what was written, and nothing that was changed."""

from __future__ import annotations

import os
import secrets
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.sealed_files import (
    CHUNK,
    SealedReader,
    SealedWriter,
    buffered,
    is_sealed,
    key_id_of,
)

KEY_ID, KEY = b"k" * 8, b"s" * 32
HEADER = 39
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5)


def write(path: Path, content: bytes, piece: int = 1 << 20) -> Path:
    with SealedWriter(path, KEY_ID, KEY) as file:
        for start in range(0, len(content), piece):
            file.write(content[start : start + piece])
    return path


def reader(path: Path) -> SealedReader:
    return SealedReader(path, lambda _key_id: KEY)


def read(path: Path) -> bytes:
    with buffered(reader(path)) as file:
        return file.read()


@pytest.fixture
def content() -> bytes:
    return secrets.token_bytes(3 * CHUNK + 100)


class TestRoundTrip:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("piece", [1000, CHUNK, 1 << 20])
    def test_gives_what_was_written(self, tmp_path: Path, size: int, piece: int) -> None:
        content = secrets.token_bytes(size)
        assert read(write(tmp_path / "f", content, piece)) == content

    def test_hides_what_was_written(self, tmp_path: Path) -> None:
        path = write(tmp_path / "f", b"canary" * 50_000)
        assert b"canary" not in path.read_bytes()
        assert is_sealed(path)
        assert key_id_of(path) == KEY_ID

    def test_same_content_is_never_the_same_file(self, tmp_path: Path) -> None:
        first, second = (write(tmp_path / name, b"same").read_bytes() for name in "ab")
        assert first[HEADER:] != second[HEADER:]

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 3 * CHUNK + 200), st.integers(0, 2 * CHUNK))))
    def test_any_part_can_be_read(self, parts: list[tuple[int, int]]) -> None:
        content = bytes(range(251)) * (3 * CHUNK // 251 + 1)
        with TemporaryDirectory() as folder:
            path = write(Path(folder, "f"), content)
            with buffered(reader(path)) as file:
                for start, count in parts:
                    file.seek(start)
                    assert file.read(count) == content[start : start + count]
                assert file.seek(-10, os.SEEK_END) == len(content) - 10
                assert file.read() == content[-10:]

    def test_parquet_and_arrays_lie_in_it(self, tmp_path: Path) -> None:
        table = pa.table({"text": [f"row {n}" for n in range(5000)]})
        with SealedWriter(tmp_path / "t", KEY_ID, KEY) as target:
            pq.write_table(table, target)
        with buffered(reader(tmp_path / "t")) as file, pq.ParquetFile(file) as parquet:
            assert parquet.read() == table
        with SealedWriter(tmp_path / "a", KEY_ID, KEY) as target:
            np.savez(target, a=np.arange(9))
        with buffered(reader(tmp_path / "a")) as file, np.load(file) as arrays:
            assert arrays["a"].tolist() == list(range(9))


class TestMemory:
    def test_is_bounded_by_a_chunk(self, tmp_path: Path) -> None:
        tracemalloc.start()
        try:
            with SealedWriter(tmp_path / "f", KEY_ID, KEY) as file:
                for _ in range(256):
                    file.write(bytes(CHUNK))
            with buffered(reader(tmp_path / "f")) as source:
                while source.read(CHUNK):
                    pass
            assert tracemalloc.get_traced_memory()[1] < 20 * CHUNK  # of 256
        finally:
            tracemalloc.stop()


class TestChangedFile:
    @pytest.mark.parametrize("place", [8, 20, 33, HEADER, HEADER + CHUNK + 16, -1])
    def test_any_changed_byte_is_found(self, tmp_path: Path, content: bytes, place: int) -> None:
        path = write(tmp_path / "f", content)
        raw = bytearray(path.read_bytes())
        raw[place] ^= 1
        path.write_bytes(raw)
        with pytest.raises(IntegrityError, match="was changed, damaged or cut off"):
            read(path)

    @pytest.mark.parametrize(
        "left", [HEADER + CHUNK + 16, HEADER + 2 * (CHUNK + 16), -1, -(100 + 16), HEADER + 16]
    )
    def test_cut_off_file_is_refused_when_opened(
        self, tmp_path: Path, content: bytes, left: int
    ) -> None:
        path = write(tmp_path / "f", content)
        path.write_bytes(path.read_bytes()[:left])
        with pytest.raises(IntegrityError, match="cut off"):
            reader(path)

    def test_chunks_that_changed_places_are_found(self, tmp_path: Path, content: bytes) -> None:
        path = write(tmp_path / "f", content)
        raw, size = path.read_bytes(), CHUNK + 16
        first, second = raw[HEADER : HEADER + size], raw[HEADER + size : HEADER + 2 * size]
        path.write_bytes(raw[:HEADER] + second + first + raw[HEADER + 2 * size :])
        with pytest.raises(IntegrityError):
            read(path)

    def test_chunk_of_another_file_is_found(self, tmp_path: Path) -> None:
        first = write(tmp_path / "a", b"first").read_bytes()
        second = write(tmp_path / "b", b"other").read_bytes()
        (tmp_path / "a").write_bytes(first[:HEADER] + second[HEADER:])
        with pytest.raises(IntegrityError):
            read(tmp_path / "a")

    @pytest.mark.parametrize("raw", [b"", b"PAR1", b"SFTSEC\x01\n", b"SFTSEC\x01\n" + bytes(40)])
    def test_what_is_no_such_file_is_refused(self, tmp_path: Path, raw: bytes) -> None:
        (tmp_path / "f").write_bytes(raw)
        with pytest.raises(IntegrityError, match="not an encrypted file, or was cut off"):
            reader(tmp_path / "f")
