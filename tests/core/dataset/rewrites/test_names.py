"""Hosts and users become others of the same build, everywhere in an incident or nowhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from sftsec_core.dataset.rewrites.draw import KeyedDraw
from sftsec_core.dataset.rewrites.names import HOSTS, USERS, NameKind, swap_hosts, swap_users
from sftsec_core.dataset.rewrites.registry import Rewrite
from tests.core.dataset.rewrites.texts import KEYS, MOST_SECONDS, TEXTS, slowest

DRAW = KeyedDraw.of(13, "ab", 0)
KINDS = [pytest.param(HOSTS, swap_hosts, id="hosts"), pytest.param(USERS, swap_users, id="users")]


def hosts(text: str, beside: str = "") -> str:
    return swap_hosts([text], beside, DRAW)[0]


def users(text: str, beside: str = "") -> str:
    return swap_users([text], beside, DRAW)[0]


class TestSwaps:
    @pytest.mark.parametrize(("kind", "swap"), KINDS)
    @given(text=TEXTS, draw=KEYS)
    def test_all_but_names_stays(
        self, kind: NameKind, swap: Rewrite, text: str, draw: KeyedDraw
    ) -> None:
        [out] = swap([text], "", draw)
        old, new = list(kind.places(text)), list(kind.places(out))
        assert len(old) == len(new)
        # With its names put back the text is the old one.
        for was, now in zip(old, new, strict=True):
            out = re.sub(rf"(?i)(?<![A-Za-z0-9_]){re.escape(now)}(?![A-Za-z0-9_])", was, out)
        assert out.casefold() == text.casefold()

    @pytest.mark.parametrize(("kind", "swap"), KINDS)
    @given(text=TEXTS, draw=KEYS)
    def test_twice_finds_the_same_places(
        self, kind: NameKind, swap: Rewrite, text: str, draw: KeyedDraw
    ) -> None:
        [once] = swap([text], "", draw)
        [again] = swap([once], "", draw)
        assert swap([text], "", draw) == [once]
        assert len(list(kind.places(again))) == len(list(kind.places(text)))

    @pytest.mark.parametrize(("kind", "swap"), KINDS)
    def test_large_texts_take_bounded_time(self, kind: NameKind, swap: Rewrite) -> None:
        assert kind.words
        assert slowest(lambda text: swap([text], "", DRAW)) < MOST_SECONDS


class TestSwapHosts:
    def test_digits_of_a_name_change(self) -> None:
        made = hosts(r"copy a \\FILES03\c$ && ping files03")
        assert re.fullmatch(r"copy a \\\\FILES(\d\d)\\c\$ && ping files\1", made)
        assert "03" not in made

    def test_a_name_without_digits_changes(self) -> None:
        made = hosts(r"copy a \\\\Backup\\data")
        assert re.fullmatch(r"copy a \\\\\\\\[A-Z][a-z]+\\\\data", made)
        assert "Backup" not in made

    @pytest.mark.parametrize(
        "text",
        [
            r"\\live.sysinternals.com\tools\x.exe",
            r"\\localhost\c$",
            r"C:\\Temp\\x and \\.\pipe\x and \\?\C:\x",
            r"copy \\backup\x && run backup",
            r"\\srv01\x http://srv01.example.com/",
            r"\\<HOST:0a1b2c3d>\x",
        ],
    )
    def test_what_may_be_something_else_stays(self, text: str) -> None:
        assert hosts(text) == text

    def test_what_another_field_holds_stays(self) -> None:
        assert hosts(r"\\srv01\x", beside="SRV01") == r"\\srv01\x"


class TestSwapUsers:
    def test_a_user_changes_everywhere(self) -> None:
        made = users("cat /home/ann7/a; chown ann7 b; ls /home/ann7")
        assert re.fullmatch(r"cat /home/([a-z]+\d)/a; chown \1 b; ls /home/\1", made)
        assert "ann" not in made

    def test_case_and_build_are_kept(self) -> None:
        made = users(r"C:\Users\Ann.Bell\x.exe")
        assert re.fullmatch(r"C:\\Users\\[A-Z][a-z]+\.[a-z]+\\x\.exe", made)

    def test_two_users_stay_two(self) -> None:
        first, second = re.findall(r"/home/(\w+)", users("/home/mary /home/john"))
        assert len({first, second, "mary", "john"}) == 4

    @pytest.mark.parametrize(
        "text",
        [
            r"C:\Users\Public\x C:\Users\Administrator\y /home/root/z",
            "cat /home/test/x; test -f y",
            "mail to ann7@example.com from /home/ann7/x",
            "https://example.com/home/ann7/",
            "/home/<USER:0a1b2c3d>/x",
        ],
    )
    def test_what_may_be_something_else_stays(self, text: str) -> None:
        assert users(text) == text
