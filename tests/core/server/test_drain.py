"""When a server that stops has finished."""

from __future__ import annotations

import pytest

from sftsec_core.server.drain import GRACE_S, Drain
from sftsec_core.server.error_responses import ProblemError


class TestDrain:
    def test_ends_when_nothing_is_in_hand(self) -> None:
        in_hand, now = [2], [100.0]
        drain = Drain(30.0, lambda: in_hand[0], lambda: now[0])
        in_hand[0] = 0
        assert not drain.is_over()
        in_hand[0] = 2
        drain.begin()
        assert not drain.is_over()
        in_hand[0] = 0
        assert not drain.is_over()
        now[0] += 2 * GRACE_S
        assert drain.is_over()

    def test_ends_when_the_time_is_up(self) -> None:
        now = [100.0]
        drain = Drain(30.0, lambda: 1, lambda: now[0])
        drain.begin()
        now[0] += 29
        drain.begin()  # a second time does not prolong it
        assert not drain.is_over()
        now[0] += 1
        assert drain.is_over()

    def test_refuses_what_comes_after_the_signal(self) -> None:
        now = [100.0]
        drain = Drain(30.0, lambda: 0, lambda: now[0])
        drain.check()
        drain.begin()
        drain.check()  # it was on its way
        now[0] += 2 * GRACE_S
        with pytest.raises(ProblemError) as caught:
            drain.check()
        assert (caught.value.status, caught.value.headers["Connection"]) == (503, "close")
