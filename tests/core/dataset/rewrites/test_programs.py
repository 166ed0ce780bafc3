"""The table of programs says one thing of each option."""

from __future__ import annotations

from sftsec_core.dataset.rewrites.programs import PROGRAMS


class TestPrograms:
    def test_windows_options_are_lower_case(self) -> None:
        options = [p.switches | p.valued | p.ends for p in PROGRAMS.values() if p.windows]
        assert all(each == each.casefold() for own in options for each in own)

    def test_no_option_is_of_two_kinds(self) -> None:
        for program in PROGRAMS.values():
            letters = {f"-{letter}" for letter in program.letters}
            kinds = [program.switches, program.valued, program.ends, letters]
            assert sum(map(len, kinds)) == len(set().union(*kinds))
