"""What an encoder is shown of a text, and where it stands in the original."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.recipes.views import VIEWS, ViewName, view

HASH = "d41d8cd98f00b204e9800998ecf8427e"
GUID = "123e4567-e89b-12d3-a456-426614174000"
BLOB = "q8Zr2Lk9Vt4Xw7Bn1Pm6Hs3Jd5Fg0Ky"


class TestView:
    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("plain", "a%20b", "a%20b"),
            ("decoded", "q=%27%20or%201%3D1", "q=' or 1=1"),
            ("decoded", "%2527", "%27"),
            ("decoded", "%c3%a9 %e9", "é é"),
            ("decoded", r"\x3cscript\x3e \u0041\ud83d\ude00", "<script> A\U0001f600"),
            ("decoded", "&lt;b&gt; &#39; &#x27; &nosuch; AT&T;", "<b> ' ' &nosuch; AT&T;"),
            ("decoded", r"%00 \ud800 100% \x", r"%00 \ud800 100% \x"),
            ("decoded", "a%0d%0ab", "a  b"),
            ("split", "https://evilSite.top/a/b?q=1", "https://evil Site . top / a / b ? q = 1"),
            ("split", "Invoke-WebRequest x64", "Invoke - Web Request x 64"),
            ("shapes", f"{HASH} {GUID} 12345678 443", "hex32 guid num8 443"),
            ("shapes", f"-p {BLOB}== /v20240101/x", "-p blob64 /vnum8/x"),
            (
                "shapes",
                "deadbeef 0x7f454c46 internationalization",
                "deadbeef hex8 internationalization",
            ),
            (
                "shapes",
                "HKEY_LOCAL_MACHINE some-long-option-name",
                "HKEY_LOCAL_MACHINE some-long-option-name",
            ),
        ],
    )
    def test_shows_the_text_as_named(self, name: ViewName, text: str, expected: str) -> None:
        assert view(name, text).text == expected

    @given(
        st.sampled_from(VIEWS), st.text(st.sampled_from("aB1%2f\\xu0&#;=/._- é\ud800"), max_size=80)
    )
    def test_places_ascend_within_the_text(self, name: ViewName, text: str) -> None:
        seen = view(name, text)
        places = [seen.place(index) for index in range(len(seen.text) + 1)]
        assert places == sorted(places)
        assert places[-1] == len(text)
        assert all(0 <= place <= len(text) for place in places)

    def test_knows_where_a_character_stands(self) -> None:
        text = f"a%20b {HASH} zQ"
        for name in ("decoded", "split", "shapes"):
            seen = view(name, text)
            assert text[seen.place(seen.text.index("z"))] == "z"
            assert text[seen.place(seen.text.index("b"))] == "b"

    @given(st.text(max_size=60))
    def test_shapes_of_shapes_are_the_same(self, text: str) -> None:
        once = view("shapes", text.replace("%", "").replace("&", "").replace("\\", "")).text
        assert view("shapes", once).text == once

    @pytest.mark.parametrize("name", VIEWS)
    @pytest.mark.parametrize(
        "part", ["%41", "\\x41", "\\u", "&#", "aB", "1a", "a/", "=", "0-", "é"]
    )
    def test_takes_linear_time(self, name: ViewName, part: str) -> None:
        text = part * (100_000 // len(part))
        began = perf_counter()
        view(name, text)
        assert perf_counter() - began < 2
