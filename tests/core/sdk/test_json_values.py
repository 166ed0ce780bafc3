"""JSON with numbers, nesting and characters that an attacker chose."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sftsec_core.sdk.json_values import read_any_json, read_json

DEPTH = 5


def nested(levels: int) -> bytes:
    return b"[" * levels + b"1" + b"]" * levels


def depth_of(value: Any) -> int:
    found = 0
    while isinstance(value, list):
        value, found = value[0], found + 1
    return found


class TestReadJson:
    @pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 10**18, 0, -7])
    def test_keeps_integers_of_64_bits(self, number: int) -> None:
        assert read_json(b'{"n": %d}' % number) == {"n": number}

    @pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 12345678901234567890123, -(10**25)])
    def test_gives_digits_of_longer_integers(self, number: int) -> None:
        assert read_json(b'{"n": [%d, 1]}' % number) == {"n": [str(number), 1]}

    @pytest.mark.parametrize("raw", [b"{", b'"\xff"', b'"\\ud800"', b"NaN", b""])
    def test_refuses_what_is_not_json(self, raw: bytes) -> None:
        with pytest.raises(orjson.JSONDecodeError):
            read_json(raw)

    def test_takes_long_integers_at_any_depth(self) -> None:
        raw = b"[" * 1000 + b"1" * 25 + b"]" * 1000
        assert depth_of(read_json(raw)) == 1000


class TestReadAnyJson:
    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            (b"9" * 5000, "9" * 5000),
            (b"-" + b"9" * 5000, "-" + "9" * 5000),
            (b"1e400", "1e400"),
            (b"[1.5, 1e3]", [1.5, 1000.0]),
            (b'{"\\ud800": "a\\udc00b"}', {"?": "a?b"}),
            (b'"\\ud83d\\ude00 \\uD800"', "\U0001f600 ?"),
            (b'"a\xffb"', "a\N{REPLACEMENT CHARACTER}b"),
            (b"[Infinity, NaN, 12345678901234567890123]", None),
        ],
    )
    def test_spoils_no_other_value(self, raw: bytes, value: Any) -> None:
        read = read_any_json(b'{"odd": ' + raw + b', "beside": "x"}', DEPTH)
        assert read["beside"] == "x"
        assert value is None or read["odd"] == value

    @pytest.mark.parametrize("levels", [5000, 300_000])
    def test_cuts_too_deep_a_value(self, levels: int) -> None:
        raw = b'{"deep": %b, "text": "]]}\\"[[", "beside": [[1], {"a": [2]}]}' % nested(levels)
        read = read_any_json(raw, DEPTH)
        assert depth_of(read["deep"]) == DEPTH - 1
        assert read["text"] == ']]}"[['
        assert read["beside"] == [[1], {"a": [2]}]

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{",
            b"[" * 200_000,
            b"[" * 2000 + b"]" * 1999,
            b"]" * 200_000,
            b'["' + b'\\"' * 200_000,
            b'{"a": ' + b"9" * 5000,
            nested(2000) + b"]",
        ],
    )
    def test_refuses_what_is_not_json(self, raw: bytes) -> None:
        with pytest.raises(ValueError, match="line 1 column"):
            read_any_json(raw, DEPTH)
