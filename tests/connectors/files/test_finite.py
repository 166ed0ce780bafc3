"""NaN and Infinity, which JSON lacks and many write, in a document."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_files import finite, streams
from tests.connectors.files.helpers import pull, texts, write

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text('aN\\"Infity-,[', max_size=12),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('NaInfity\\"', max_size=9), inner),
)


def nulls(value: Any) -> Any:
    return json.loads(json.dumps(value), parse_constant=lambda _: None)


class TestStream:
    @given(value=VALUES, piece=st.integers(1, 12))
    def test_is_what_python_reads_as_null(self, value: Any, piece: int) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(streams, "PIECE", piece)
            stream = finite.FiniteStream(io.BytesIO(json.dumps(value).encode()))
            assert json.loads(stream.read()) == nulls(value)

    def test_leaves_texts_as_they_are(self) -> None:
        raw = b'{"a": "NaN, \\"-Infinity", "NaN": NaN, "b": -Infinity}'
        read = json.loads(finite.FiniteStream(io.BytesIO(raw)).read())
        assert read == {"a": 'NaN, "-Infinity', "NaN": None, "b": None}


class TestDocument:
    @pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
    @pytest.mark.parametrize("wrap", [b"[%b]", b'{"Records": [%b]}', b"%b"])
    def test_is_read_with_null(self, word: bytes, wrap: bytes, tmp_path: Path) -> None:
        rows = b'{\n"message": "NaN"},\n{"message": "two", "score": %b}'
        rows = rows if b"[" in wrap else rows.replace(b"},", b"}")
        raw = wrap % (rows % word)
        found, rejected = pull(write(tmp_path / "a.json", raw))
        assert (texts(found), rejected) == (["NaN", "two"], [])
        assert "score" not in found[1].fields
