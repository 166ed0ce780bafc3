"""What kill -9 costs: small trainings killed at random instants and resumed until they are done.

Beside it the same with transformers.Trainer and its own checkpoints. Both save as often, train an
encoder of the same size on as many texts, on the CPU in one thread, so that a model is the same to
the last bit unless a kill has changed it.

A kill is SIGKILL to the process group of a training. Its instant is drawn: first one of the phases
that are still to come, the next ones above all, then one of that phase's beginnings (a step, a
checkpoint), then a delay up to what it takes undisturbed. So short phases are struck as often as
long ones, and each training many times. What counts is the phase in which the kill has struck.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

from sftsec_core.bench.kills_child import FIRST, IMPORTED, MADE, SAVE, STEP
from sftsec_core.bench.kills_site import TASK, make_site
from sftsec_core.bench.warm import WarmServer, kill_group
from sftsec_core.operations.stopping import sigterm_interrupts
from sftsec_core.store.store import Store

SIDES = {"sftsec": "sftsec retrain", "trainer": "transformers.Trainer"}
CHILD = "sftsec_core.bench.kills_child"
START = "start"
_NEAREST = 0.4  # the chance of the nearest phase; of the next one the same of what is left
_HANGS_S = 300.0


@dataclass(frozen=True, slots=True)
class Instant:
    """When to kill: so many seconds after a phase began."""

    phase: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """A process, from its start to its end.

    Attributes:
        phases: that it began, in order, as `name:which`; the first is `start:`.
        seconds: how long each took; the last one up to the process's end.
        made: the digests of what it made; None when it did not come to its end.
        killed: whether it was killed.
    """

    phases: tuple[str, ...]
    seconds: tuple[float, ...]
    made: str | None
    killed: bool


@dataclass(slots=True)
class Tally:
    """What the trainings of one side came to.

    Attributes:
        struck: kills by the phase that was under way.
        again: how often phases were begun that an earlier process of the training had begun.
    """

    trainings: int = 0
    kills: int = 0
    lost: int = 0
    twice: int = 0
    different: int = 0
    steps: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)

    def add(self, attempts: Sequence[Attempt], whole: str, *, once: bool) -> None:
        """Count a training's processes."""
        self.trainings += 1
        made = attempts[-1].made
        self.lost += made is None
        self.different += made is not None and made != whole
        self.twice += not once
        begun = Counter(phase for each in attempts for phase in each.phases)
        for phase, times in begun.items():
            name = name_of(phase)
            self.again[name] += times - 1
            self.steps += name in (FIRST, STEP)
        self.struck.update(name_of(each.phases[-1]) for each in attempts if each.killed)


def run_kill_bench(
    kills: int,
    *,
    recipe: str = "full",
    every_s: float = 0.0,
    beside: bool = True,
    seed: int = 0,
    jobs: int = 2,
    tell: Callable[[str, int], None] = lambda _side, _kills: None,
) -> dict[str, Any]:
    """Kill trainings so often, and count what it cost.

    Args:
        kills: how many on each side.
        recipe: "full", or "linear", which takes no steps and imports no torch.
        every_s: seconds between two checkpoints of ours; the Trainer saves after each step.
        beside: measure transformers.Trainer too, beside `full`.
        seed: of the instants.
        jobs: trainings at once.
        tell: called with a side and its kills so far, before the first and after each, by one
            thread at a time.

    Returns:
        sides, rows of: side, seconds (of an undisturbed training), trainings, kills, lost (did not
        come to their end), twice (made or promoted more than one model), different (another model
        than the undisturbed one), steps (training steps that the trainings take), repeated (steps
        that were begun again, as a share of those), step_s and save_s (median seconds of a step
        and of a checkpoint, undisturbed), again (phases that were begun again), phases (kills by
        the phase that was under way).

    Raises:
        RuntimeError: when a training does not come to its end undisturbed.
    """
    chosen = SIDES if beside and recipe == "full" else {"sftsec": SIDES["sftsec"]}
    imported = IMPORTED["linear"] + (IMPORTED["full"] if recipe == "full" else ())
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with (
        sigterm_interrupts(),
        tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch,
        WarmServer(CHILD, imported, environment) as server,
    ):
        make_site(Path(scratch) / "template", recipe)
        sides = [
            _Side(name, server, Path(scratch), every_s, f"{seed}-{name}", tell).measure(kills, jobs)
            for name in chosen
        ]
        return {"sides": sides}


class _Side:
    """Runs and kills the trainings of one side."""

    def __init__(
        self,
        name: str,
        server: WarmServer,
        scratch: Path,
        every_s: float,
        seed: str,
        tell: Callable[[str, int], None],
    ) -> None:
        self._name, self._server, self._scratch = name, server, scratch
        self._every_s, self._seed, self._tell = every_s, seed, tell
        self._lock, self._tally = Lock(), Tally()
        self._planned = 0
        self._stopped = False

    def measure(self, kills: int, jobs: int) -> dict[str, Any]:
        """Train once undisturbed, then kill trainings."""
        self._tell(SIDES[self._name], 0)
        folder = self._fresh("undisturbed")
        started = time.monotonic()
        whole = self._attempt(folder, None)
        seconds = time.monotonic() - started
        if whole.made is None:
            raise RuntimeError(
                f"{SIDES[self._name]} does not come to its end undisturbed: {_last_error(folder)}"
            )
        with ThreadPoolExecutor(jobs) as pool:
            working = [
                pool.submit(self._trainings, whole, whole.made, kills, number)
                for number in range(jobs)
            ]
            try:
                for each in working:
                    each.result()
            except BaseException:
                self._stopped = True  # a Ctrl-C reaches this thread alone
                raise
        return self._row(seconds, whole)

    def _row(self, seconds: float, whole: Attempt) -> dict[str, Any]:
        tally = self._tally
        repeated = tally.again[FIRST] + tally.again[STEP]
        return {
            "side": SIDES[self._name],
            "seconds": round(seconds, 1),
            "trainings": tally.trainings,
            "kills": tally.kills,
            "lost": tally.lost,
            "twice": tally.twice,
            "different": tally.different,
            "steps": tally.steps,
            "repeated": round(repeated / tally.steps, 4) if tally.steps else 0.0,
            "step_s": _median_s(whole, STEP),
            "save_s": _median_s(whole, SAVE),
            "again": {name: times for name, times in tally.again.items() if times},
            "phases": dict(tally.struck.most_common()),
        }

    def _trainings(self, whole: Attempt, made: str, kills: int, number: int) -> None:
        """Train and kill until there were enough kills."""
        instants = random.Random(f"{self._seed}-{number}")  # noqa: S311 - instants, no secret
        while self._tally.kills < kills and not self._stopped:
            folder = self._fresh(f"work-{number}")
            attempts: list[Attempt] = []
            while not attempts or (attempts[-1].killed and not self._stopped):
                planned = self._plan_kill(kills)
                reached = [phase for each in attempts for phase in each.phases]
                instant = draw_instant(whole, reached, instants) if planned else None
                attempts.append(self._attempt(folder, instant))
                if planned:
                    self._count_kill(struck=attempts[-1].killed)
            if self._stopped:
                return
            once = self._name != "sftsec" or is_once(folder)
            with self._lock:
                self._tally.add(attempts, made, once=once)

    def _plan_kill(self, kills: int) -> bool:
        with self._lock:
            more = self._planned < kills
            self._planned += more
            return more

    def _count_kill(self, *, struck: bool) -> None:
        with self._lock:
            if not struck:
                self._planned -= 1  # it came to its end before
                return
            self._tally.kills += 1
            self._tell(SIDES[self._name], self._tally.kills)

    def _attempt(self, folder: Path, instant: Instant | None) -> Attempt:
        """Start a process and kill it, with all that it started, at an instant."""
        request = {"side": self._name, "folder": str(folder), "every_s": self._every_s}
        group, told = self._server.start(request)
        try:
            return follow(told, instant, lambda: kill_group(group))
        finally:
            os.close(told)

    def _fresh(self, name: str) -> Path:
        folder = self._scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._scratch / "template", folder)
        return folder


def name_of(phase: str) -> str:
    """The name of a phase, without which of its kind it is."""
    return phase.partition(":")[0]


def draw_instant(whole: Attempt, reached: Sequence[str], instants: random.Random) -> Instant | None:
    """Draw when to kill the next process of a training.

    Args:
        whole: the undisturbed process.
        reached: phases that the training's processes have begun.
        instants: the generator.

    Returns:
        The instant; None to let the process come to its end, which grows likelier towards it.
    """
    known = [whole.phases.index(each) for each in reached if each in whole.phases]
    furthest = max(known, default=0)
    left: dict[str, list[int]] = {}
    for place in range(furthest, len(whole.phases)):
        left.setdefault(name_of(whole.phases[place]), []).append(place)
    for name, places in left.items():
        if name != MADE and instants.random() < _NEAREST:
            place = instants.choice(places)
            return Instant(whole.phases[place], instants.uniform(0, whole.seconds[place]))
    return None


def follow(told: int, instant: Instant | None, kill: Callable[[], None]) -> Attempt:
    """Read what a process says of its phases until it ends, and kill it at an instant.

    Args:
        told: descriptor of a pipe of lines `name:which`; it ends when the process does.
        instant: None lets it come to its end.
        kill: ends the process.
    """
    phases, seconds, rest = [f"{START}:"], [], b""
    began = time.monotonic()
    hangs_at, kill_at, killed = began + _HANGS_S, None, False
    while True:
        if instant is not None and kill_at is None and instant.phase in phases:
            kill_at = time.monotonic() + instant.delay_s
        until = hangs_at if kill_at is None or killed else kill_at
        if not select.select([told], [], [], max(0.0, until - time.monotonic()))[0]:
            kill()
            killed, hangs_at = kill_at is not None, time.monotonic() + _HANGS_S
            continue
        block = os.read(told, 65536)
        if not block:
            break
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            now = time.monotonic()
            seconds.append(now - began)
            phases.append(line.decode())
            began = now
    seconds.append(time.monotonic() - began)
    made = phases[-1].partition(":")[2] if name_of(phases[-1]) == MADE else None
    return Attempt(tuple(phases), tuple(seconds), made, killed and made is None)


def _median_s(whole: Attempt, name: str) -> float:
    found = [
        seconds
        for phase, seconds in zip(whole.phases, whole.seconds, strict=True)
        if name_of(phase) == name
    ]
    return round(median(found), 4) if found else 0.0


def is_once(folder: Path) -> bool:
    """Whether a site has one model, of one run, promoted once at most, and a whole audit log.

    A process that is killed once its run has ended leaves the next one a run that finds nothing
    new; it makes no model.
    """
    with Store.open(None, folder=folder / ".sftsec") as store:
        store.audit.verify()
        ended = {run.status for run in store.runs.list()}
        moves = len(store.models.alias_history(TASK, "live"))
        known = list(store.models.list(None))
        makers = [run for model in known for run in store.models.registrations(model.digest)]
    models = [each for each in (folder / ".sftsec" / "models").iterdir() if each.is_dir()]
    one = len(makers) == 1 and models == [model.folder for model in known]
    return one and moves <= 1 and ended in ({"succeeded"}, {"refused"})


def _last_error(folder: Path) -> str:
    lines = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"
