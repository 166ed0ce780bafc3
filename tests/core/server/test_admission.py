"""Places for requests, by what their heads say."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from sftsec_core.server.admission import Admission
from sftsec_core.server.error_responses import ProblemError


def refused(admission: Admission, owner: str) -> int:
    with pytest.raises(ProblemError) as caught, admission.place(owner):
        pass
    assert caught.value.headers["Retry-After"] == "1"
    return caught.value.status


class TestPlace:
    def test_bounds_all_and_each_token(self) -> None:
        admission = Admission(requests=3, per_token=2, bytes=10)
        with ExitStack() as held:
            for owner in ("a", "a", "b"):
                held.enter_context(admission.place(owner))
            assert (refused(admission, "a"), refused(admission, "b")) == (429, 503)
        assert admission.in_hand == 0
        with admission.place("a"):
            assert admission.in_hand == 1

    def test_is_free_after_an_error(self) -> None:
        admission = Admission(requests=1, per_token=1, bytes=10)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), admission.place("a"):
                raise ZeroDivisionError


class TestBody:
    def test_bounds_the_bytes_in_hand(self) -> None:
        admission = Admission(requests=9, per_token=9, bytes=10)
        with admission.body(6), pytest.raises(ProblemError) as caught, admission.body(5):
            pass
        assert caught.value.status == 503
        with admission.body(6), admission.body(4):
            pass

    def test_one_body_always_has_room(self) -> None:
        admission = Admission(requests=9, per_token=9, bytes=10)
        with admission.body(11), pytest.raises(ProblemError), admission.body(1):
            pass
