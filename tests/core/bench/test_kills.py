"""The benchmark of kills: nothing is lost, twice, or another model; where it strikes."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from threading import Thread

import pytest

from sftsec_core.bench.kills import Attempt, Instant, Tally, draw_instant, follow, run_kill_bench

PHASES = ("start:", "pull:", "first step:0", "save:1", "step:1", "save:2", "end:", "made:d1")
WHOLE = Attempt(PHASES, (0.5, 0.2, 0.1, 0.1, 0.1, 0.1, 0.0, 0.0), "d1", killed=False)


def draws() -> random.Random:
    return random.Random(1)  # noqa: S311 - reproducible instants, no secret


def killed(*phases: str) -> Attempt:
    return Attempt(phases, (0.0,) * len(phases), None, killed=True)


@pytest.mark.slow
class TestKillBench:
    def test_loses_nothing_to_kills(self) -> None:
        told: list[int] = []
        (ours,) = run_kill_bench(
            3, recipe="linear", seed=4, jobs=1, tell=lambda _side, kills: told.append(kills)
        )["sides"]
        assert (ours["kills"], sum(ours["phases"].values())) == (3, 3)
        assert told == [0, 1, 2, 3]
        assert ours["again"]["start"] == 3
        assert ours["trainings"] >= 1
        assert (ours["lost"], ours["twice"], ours["different"]) == (0, 0, 0)


class TestInstants:
    def test_strike_every_phase(self) -> None:
        dice = draws()
        drawn = [draw_instant(WHOLE, ["start:"], dice) for _ in range(300)]
        found = {each.phase for each in drawn if each is not None}
        assert found == set(PHASES) - {"made:d1"}
        assert all(0 <= each.delay_s <= 0.5 for each in drawn if each is not None)

    def test_let_the_last_phase_end(self) -> None:
        dice = draws()
        drawn = [draw_instant(WHOLE, ["end:"], dice) for _ in range(99)]
        assert 20 < drawn.count(None) < 99

    def test_leave_out_what_is_over(self) -> None:
        dice = draws()
        reached = ["start:", "pull:", "step:1", "start:"]
        drawn = {each.phase for _ in range(99) if (each := draw_instant(WHOLE, reached, dice))}
        assert drawn == {"step:1", "save:2", "end:"}

    def test_end_with_the_training(self) -> None:
        assert draw_instant(WHOLE, PHASES, draws()) is None


class TestFollow:
    @pytest.fixture
    def pipe(self) -> Iterator[tuple[int, int]]:
        reader, writer = os.pipe()
        yield reader, writer
        os.close(reader)

    def test_reads_phases_to_the_end(self, pipe: tuple[int, int]) -> None:
        os.write(pipe[1], b"pull:\nmade:d1 d2\n")
        os.close(pipe[1])
        attempt = follow(pipe[0], None, lambda: None)
        assert attempt.phases == ("start:", "pull:", "made:d1 d2")
        assert (attempt.made, attempt.killed, len(attempt.seconds)) == ("d1 d2", False, 3)

    def test_kills_within_the_phase(self, pipe: tuple[int, int]) -> None:
        struck: list[float] = []

        def kill() -> None:
            struck.append(time.monotonic())
            os.close(pipe[1])

        writing = Thread(target=os.write, args=(pipe[1], b"pull:\nstep:1\n"))
        writing.start()
        started = time.monotonic()
        attempt = follow(pipe[0], Instant("step:1", 0.05), kill)
        writing.join()
        assert attempt.killed
        assert attempt.made is None
        assert attempt.phases[-1] == "step:1"
        assert struck[0] - started >= 0.05


class TestTally:
    def test_counts_what_is_begun_again(self) -> None:
        tally = Tally()
        last = Attempt(("start:", *PHASES[4:]), (0.0,) * 5, "d1", killed=False)
        tally.add([killed(*PHASES[:4]), killed("start:", "step:1"), last], "d1", once=True)
        assert (tally.steps, tally.again["step"], tally.again["start"]) == (2, 1, 2)
        assert tally.struck == {"save": 1, "step": 1}
        assert (tally.lost, tally.different, tally.twice) == (0, 0, 0)

    def test_tells_lost_from_different(self) -> None:
        tally = Tally()
        ended = Attempt(("start:",), (0.0,), None, killed=False)
        tally.add([killed("start:"), ended], "d1", once=True)
        tally.add([Attempt(PHASES, WHOLE.seconds, "d2", killed=False)], "d1", once=False)
        assert (tally.lost, tally.different, tally.twice) == (1, 1, 1)
