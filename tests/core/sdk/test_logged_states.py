"""What changed in a log of verdicts shows in digests, and what is new in the last groups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.sdk.logged_states import LoggedState, LoggedStates, hashes_of

ORDERS = st.lists(st.integers(0, 2**41), max_size=60)


def states(orders: list[int], state: str = "bad") -> list[LoggedState]:
    return [LoggedState(f"mail\n{n}\udc80", state, order) for n, order in enumerate(orders)]


class TestGroups:
    @given(ORDERS, st.integers(1, 9))
    def test_hold_each_record_once(self, orders: list[int], most: int) -> None:
        groups = list(LoggedStates(states(orders)).groups(most))
        found = [uid for group in groups for uid in group.uids]
        assert sorted(found) == sorted(each.uid for each in states(orders))
        by_uid = {each.uid: each.order for each in states(orders)}
        for group in groups:
            assert len(group.uids) <= most or len({by_uid[uid] for uid in group.uids}) == 1

    @given(st.lists(st.integers(0, 2**20), min_size=1, max_size=60, unique=True))
    def test_of_old_records_stay(self, orders: list[int]) -> None:
        before = LoggedStates(states(orders))
        new = [LoggedState(f"new-{n}", "bad", max(orders) + 1 + n) for n in range(3)]
        after = {g.digest for g in LoggedStates([*states(orders), *new]).groups(4)}
        changed = [g for g in before.groups(4) if g.digest not in after]
        # What is new joins the last group, or halves the one that had been all.
        assert len(changed) <= 2

    def test_name_what_the_log_says(self) -> None:
        [one] = LoggedStates(states([1, 2])).groups(5)
        [other] = LoggedStates(states([1, 2], "good")).groups(5)
        assert one.uids == other.uids
        assert one.digest != other.digest

    def test_of_an_empty_log_are_none(self) -> None:
        assert list(LoggedStates([]).groups(5)) == []


class TestSaidOf:
    def test_tells_of_the_records_asked_for(self) -> None:
        asked = hashes_of([each.uid for each in states([1, 2])] + ["unknown"])
        some = LoggedStates(states([1, 2, 3]))
        assert some.said_of(asked) == LoggedStates(states([1, 2])[::-1]).said_of(asked)
        assert some.said_of(asked) != LoggedStates(states([1, 2], "good")).said_of(asked)
        assert some.said_of(asked) != LoggedStates(states([1])).said_of(asked)
        assert some.said_of(hashes_of([])) == LoggedStates([]).said_of(asked)
