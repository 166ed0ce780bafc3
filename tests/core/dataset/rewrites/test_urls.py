"""URLs are written otherwise and ask for the same."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.dataset.rewrites.draw import KeyedDraw
from sftsec_core.dataset.rewrites.urls import Url, encode_percent, reorder_parameters
from tests.core.dataset.rewrites.texts import KEYS, MOST_SECONDS, TEXTS, slowest

DRAW = KeyedDraw.of(13, "ab", 0)
WORDS = st.text("abXYZ019%2F%41._~-", max_size=8)
URLS = st.builds(
    lambda host, path, pairs, end: f"https://{host}/{path}?{'&'.join(pairs)}{end}",
    st.sampled_from(["h.example", "u@h.example:8080"]),
    WORDS,
    st.lists(st.builds("{}={}".format, st.text("abcd", min_size=1, max_size=2), WORDS)),
    st.sampled_from(["", "#top"]),
)


def asked(url: str) -> tuple[str, str, list[tuple[str, str]], str]:
    parts = urlsplit(url)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return parts.netloc, unquote(parts.path), pairs, parts.fragment


class TestReorderParameters:
    @given(URLS, KEYS)
    def test_asks_for_the_same(self, url: str, draw: KeyedDraw) -> None:
        once = reorder_parameters(url, draw)
        assert asked(once) == asked(url)
        assert asked(reorder_parameters(once, draw)) == asked(url)

    @given(TEXTS, KEYS)
    def test_characters_of_any_text_stay(self, text: str, draw: KeyedDraw) -> None:
        assert sorted(reorder_parameters(text, draw)) == sorted(text)

    @pytest.mark.parametrize(
        ("text", "same"),
        [
            ("a=1&b=2", "b=2&a=1"),
            ("/p.php?a=1&b=2", "/p.php?b=2&a=1"),
            ("curl 'http://h.example/?a=1&b=2' -s", "curl 'http://h.example/?b=2&a=1' -s"),
            ("POST /p?a=1&b=<USER:0a1b2c3d> HTTP/1.1", "POST /p?a=1&b=<USER:0a1b2c3d> HTTP/1.1"),
            ("POST /p?a=1&b=2 HTTP/1.1", "POST /p?b=2&a=1 HTTP/1.1"),
        ],
    )
    def test_bounded_urls_have_another_order(self, text: str, same: str) -> None:
        assert reorder_parameters(text, DRAW) == same

    @pytest.mark.parametrize(
        "text",
        [
            "curl http://h.example/?a=1&b=2",
            "http://h.example/?a=1&a=2",
            "http://h.example/?a=1&amp;b=2",
            "http://h.example/?a=1;id&b=2",
            "http://h.example/?a=$(id)&b=2",
            "http://h.example/?a=1",
            "javascript:a=1&b=2",
        ],
    )
    def test_what_may_be_something_else_stays(self, text: str) -> None:
        assert reorder_parameters(text, DRAW) == text

    def test_large_texts_take_bounded_time(self) -> None:
        assert slowest(lambda text: reorder_parameters(text, DRAW)) < MOST_SECONDS


class TestEncodePercent:
    @given(URLS, KEYS)
    def test_asks_for_the_same(self, url: str, draw: KeyedDraw) -> None:
        once = encode_percent(url, draw)
        assert asked(once) == asked(url)
        assert asked(encode_percent(once, draw)) == asked(url)

    @given(TEXTS, KEYS)
    def test_decodes_to_the_same_text(self, text: str, draw: KeyedDraw) -> None:
        assert unquote(encode_percent(text, draw)) == unquote(text)

    def test_leaves_names_and_host(self) -> None:
        made = [
            encode_percent("https://host.example/?name=", KeyedDraw.of(1, "ab", n))
            for n in range(9)
        ]
        assert set(made) == {"https://host.example/?name="}

    def test_encodes_three_letters_at_most(self) -> None:
        made = [encode_percent("/abc/def?x=ghi", KeyedDraw.of(1, "ab", n)) for n in range(40)]
        assert {each.count("%") for each in made} == {1, 2, 3}

    def test_large_texts_take_bounded_time(self) -> None:
        assert slowest(lambda text: encode_percent(text, DRAW)) < MOST_SECONDS


class TestUrl:
    @given(st.one_of(URLS, TEXTS))
    def test_parts_make_the_text_again(self, text: str) -> None:
        url = Url.read(text)
        assert url is None or str(url) == text
