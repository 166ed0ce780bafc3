"""Options change places, their values with them; nothing else does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.dataset.rewrites.draw import KeyedDraw
from sftsec_core.dataset.rewrites.options import is_option, option_units, reorder_options
from sftsec_core.dataset.rewrites.programs import PROGRAMS, Program
from tests.core.dataset.rewrites.texts import KEYS, MOST_SECONDS, TEXTS, slowest

DRAW = KeyedDraw.of(13, "ab", 0)


@st.composite
def commands(draw: st.DrawFn) -> tuple[str, Program, list[list[str]]]:
    """A command of the table, with options of its own and other words between them."""
    name = draw(st.sampled_from(sorted(PROGRAMS)))
    program = PROGRAMS[name]
    letters = [f"-{letter}" for letter in program.letters]
    options = sorted({*program.switches, *letters} | program.valued)
    chosen = draw(st.lists(st.sampled_from(options), max_size=5, unique=True))
    units = [[each, "val"] if each in program.valued else [each] for each in chosen]
    units += [[word] for word in draw(st.lists(st.sampled_from(["a", "b.txt", "x=1"]), max_size=3))]
    units = draw(st.permutations(units))
    return " ".join([name, *(word for unit in units for word in unit)]), program, units


class TestReorderOptions:
    @given(commands(), KEYS)
    def test_units_stay_whole(
        self, made: tuple[str, Program, list[list[str]]], draw: KeyedDraw
    ) -> None:
        text, program, units = made
        out = reorder_options(text, draw)
        name = max((n for n in PROGRAMS if text.startswith(n)), key=len)
        read = option_units([name, *out[len(name) + 1 :].split()], program)
        assert read is not None
        assert Counter(map(tuple, read[1:])) == Counter(map(tuple, units))
        kept, given_ = (
            [unit for unit in each if not is_option(unit[0], program)] for each in (read[1:], units)
        )
        assert kept == given_

    @given(TEXTS, KEYS)
    def test_words_of_any_text_stay(self, text: str, draw: KeyedDraw) -> None:
        once = reorder_options(text, draw)
        assert Counter(once.split(" ")) == Counter(text.split(" "))
        assert Counter(reorder_options(once, draw).split(" ")) == Counter(text.split(" "))

    @pytest.mark.parametrize(
        ("text", "same"),
        [
            ("ls -l -a /tmp", {"ls -a -l /tmp"}),
            ("ls  -l /tmp  -a", {"ls  -a /tmp  -l"}),
            ("curl -o a.sh -s http://h/x", {"curl -s -o a.sh http://h/x"}),
            ("powershell -nop -w 1 -c ls -l -a", {"powershell -w 1 -nop -c ls -l -a"}),
            ("wget -q --header=a:b u>x", {"wget --header=a:b -q u>x"}),
        ],
    )
    def test_known_programs_have_another_order(self, text: str, same: set[str]) -> None:
        assert reorder_options(text, DRAW) in same

    @pytest.mark.parametrize(
        "text",
        [
            "find . -type f -name x",
            "curl -H a:b -H c:d u",
            "ls -l --sort=size -a",
            "curl -o -s u",
            "tar -x -f a",
            "ls -l -- -a",
            "schtasks /create /tn a",
        ],
    )
    def test_where_order_may_matter_it_stays(self, text: str) -> None:
        assert reorder_options(text, DRAW) == text

    def test_large_texts_take_bounded_time(self) -> None:
        assert slowest(lambda text: reorder_options(text, DRAW)) < MOST_SECONDS
