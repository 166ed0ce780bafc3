"""Counts add up, or say which do not."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset.sums import Sum, check_sums

WHOLE = Sum(("read",), ("kept", "dropped"))


class TestSums:
    def test_that_hold_pass(self) -> None:
        check_sums("it", {"read": 5, "kept": 3, "dropped": 2, "other": 9}, [WHOLE])

    @pytest.mark.parametrize("counts", [(5, 3, 1), (5, 3, 3), (5, 6, -1)])
    def test_that_fail_give_their_figures(self, counts: tuple[int, int, int]) -> None:
        read, kept, dropped = counts
        said = f"read {read} is not kept {kept} \\+ dropped {dropped}"
        with pytest.raises(IntegrityError, match=said):
            check_sums("it", {"read": read, "kept": kept, "dropped": dropped}, [WHOLE])

    def test_of_several_names_are_added(self) -> None:
        both = Sum(("found", "before"), ("written", "pending"))
        check_sums("it", {"found": 1, "before": 2, "written": 3, "pending": 0}, [both])
