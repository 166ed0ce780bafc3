"""Private addresses become private ones of the same block; public ones stay what they are."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.dataset.rewrites.addresses import swap_addresses
from sftsec_core.dataset.rewrites.draw import KeyedDraw
from tests.core.dataset.rewrites.texts import KEYS, MOST_SECONDS, TEXTS, slowest

DRAW = KeyedDraw.of(13, "ab", 0)
BLOCKS = [ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
PRIVATE = st.builds(
    lambda block, number: str(block[number % block.num_addresses]),
    st.sampled_from(BLOCKS),
    st.integers(0, 1 << 24),
)


def swapped(text: str, draw: KeyedDraw = DRAW, beside: str = "") -> str:
    [out] = swap_addresses([text], beside, draw)
    return out


def addresses(text: str) -> list[ipaddress.IPv4Address]:
    found = []
    for word in DOTTED.findall(text):
        try:
            found.append(ipaddress.IPv4Address(word))
        except ValueError:
            continue
    return found


class TestSwapAddresses:
    @given(TEXTS, KEYS)
    def test_all_but_addresses_stays(self, text: str, draw: KeyedDraw) -> None:
        assert DOTTED.sub("?", swapped(text, draw)) == DOTTED.sub("?", text)

    @given(TEXTS, KEYS)
    def test_twice_keeps_what_once_kept(self, text: str, draw: KeyedDraw) -> None:
        once = swapped(text, draw)
        assert swapped(text, draw) == once
        same = [a == b for a, b in zip(DOTTED.findall(text), DOTTED.findall(once), strict=True)]
        again = DOTTED.findall(swapped(once, draw))
        assert [a == b for a, b in zip(DOTTED.findall(once), again, strict=True)] == same

    @given(st.lists(st.one_of(PRIVATE, st.ip_addresses(v=4).map(str))), KEYS)
    def test_never_makes_a_public_address(self, given_: list[str], draw: KeyedDraw) -> None:
        text = " ".join(given_)
        before, after = addresses(text), addresses(swapped(text, draw))
        for old, new in zip(before, after, strict=True):
            block = next((block for block in BLOCKS if old in block), None)
            assert new == old if block is None else new in block

    @given(st.lists(PRIVATE, min_size=2, unique=True), KEYS)
    def test_networks_stay_together_and_apart(self, given_: list[str], draw: KeyedDraw) -> None:
        made = swapped(" ".join(given_), draw).split()
        assert len(set(made)) == len(given_)
        for octets in (2, 3):
            before = [address.split(".")[:octets] for address in given_]
            after = [address.split(".")[:octets] for address in made]
            assert [b == before[0] for b in before] == [a == after[0] for a in after]

    @given(PRIVATE, KEYS)
    def test_ends_that_say_something_stay(self, address: str, draw: KeyedDraw) -> None:
        old, new = (int(each.rpartition(".")[2]) for each in (address, swapped(address, draw)))
        assert (new == old) == (old in {0, 1, 255})

    @pytest.mark.parametrize(
        "text",
        [
            "8.8.8.8 172.32.0.1 11.0.0.1",
            "10.1.2.3.example.com",
            "v10.1.2.3 10.1.2.3-rc 010.1.2.3",
            "<IP:0a1b2c3d>",
            "route add 10.1.0.0/16 then ping 10.1.2.3",
            "scan 10.0.0.0/8",
        ],
    )
    def test_what_is_no_host_stays(self, text: str) -> None:
        assert swapped(text) == text

    def test_texts_of_an_incident_agree(self) -> None:
        one, other = swap_addresses(["from 10.1.2.3", "to http://10.1.2.3:80/"], "", DRAW)
        assert one != "from 10.1.2.3"
        assert addresses(one) == addresses(other)

    def test_what_another_field_holds_stays(self) -> None:
        assert swapped("10.1.2.3", beside="source 10.1.2.3") == "10.1.2.3"

    def test_large_texts_take_bounded_time(self) -> None:
        assert slowest(swapped) < MOST_SECONDS
