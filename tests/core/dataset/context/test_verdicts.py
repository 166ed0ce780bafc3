"""Which verdicts were known at a time."""

from __future__ import annotations

from sftsec_core.dataset.context.verdicts import VerdictHistory
from tests.core.dataset.context.streams import alert, events


class TestVerdictHistory:
    def test_knows_a_verdict_from_its_time_on(self) -> None:
        one, other = events([alert("a", 0), alert("b", 1)])
        key = one.keys[0]
        assert key is not None
        known = VerdictHistory([(one, 100, True), (other, 200, False)])
        assert [known.known(key, at, 1000) for at in (100, 101, 200, 201)] == [
            (0, 0), (1, 1), (1, 1), (2, 1),
        ]  # fmt: skip

    def test_forgets_what_lies_before_the_window(self) -> None:
        (one,) = events([alert("a", 0)])
        key = one.keys[0]
        assert key is not None
        known = VerdictHistory([(one, 100, True)])
        assert (known.known(key, 150, 50), known.known(key, 151, 50)) == ((1, 1), (0, 0))
        assert known.known(b"another", 150, 50) == (0, 0)
