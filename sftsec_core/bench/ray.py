"""Training and scoring on a Ray cluster of this machine, with kills, beside plain commands.

The plugin `ray` is enabled by its name in the sites' sftsec.yaml. The cluster's nodes are real
processes that talk over the loopback interface.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.errors import TrainingError
from sftsec_core.bench.kills_site import TASK, make_site
from sftsec_core.bench.process_memory import PeakMemory
from sftsec_core.bench.ray_nodes import TOKEN, ray_nodes
from sftsec_core.bench.train import KINDS, make_texts

if TYPE_CHECKING:
    from sftsec_core.bench.ray_nodes import RayNodes

Tell = Callable[[str], None]
PHASES = ("message", "stage_started", "stage_finished")
"""Events at which a worker is killed: before the first of the training, in it, and after it."""
_PROGRAM = "from sftsec_core.cli import main; main()"
_DISTINCT = 20_000  # texts that the input is made of, each with a number of its own behind it


@dataclass(frozen=True, slots=True)
class RayPlan:
    """What is measured.

    Attributes:
        rows: that are scored, on all workers; a tenth of them by one and by all.
        workers: of the cluster, a processor each.
    """

    rows: int
    workers: int = 2


def run_ray_bench(plan: RayPlan, tell: Tell = lambda _text: None) -> dict[str, Any]:
    """Train and score on a cluster of two nodes.

    Returns:
        "trained": for each way "case", "workers" (that took part), "seconds" and "same" (whether
        the model has the digest of the one that was trained here); "scored": for each way "case",
        "rows", "seconds", "rows_per_s", "largest_mb" (RSS of the largest process) and "private_mb"
        (of all processes of the cluster and the command together, at most).

    Raises:
        TrainingError: when a command fails, or the nodes do not start.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with ray_nodes(1, max(plan.workers, 2)) as nodes:
            trained = _trained(folder, nodes, max(plan.workers, 2), tell)
            scored = score_on(folder / "site-0", nodes, plan, tell)
    return {"trained": trained, "scored": scored}


# --- training


def _trained(folder: Path, nodes: RayNodes, cpus: int, tell: Tell) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cases: Mapping[str, tuple[dict[str, Any] | None, Callable[[int, dict[str, Any]], None] | None]]
    cases = {
        "local": (None, None),
        "ray": ({}, None),
        "a worker killed in each of three phases": ({}, _Killer(PHASES)),
        "the node killed in training": ({"cpus": cpus}, NodeKiller(nodes, cpus)),
    }
    for number, (case, (launcher, act)) in enumerate(cases.items()):
        site = folder / f"site-{number}"
        make_site(site, "linear")
        if launcher is not None:
            launch_on(site, nodes, **launcher)
        started = time.monotonic()
        used = retrain(site, act or (lambda _workers, _event: None))
        seconds = time.monotonic() - started
        digest = live_digest(site)
        first = found[0]["digest"] if found else digest
        row = {"case": case, "workers": used, "seconds": seconds, "same": digest == first}
        found.append({**row, "digest": digest})
        tell(f"{case}: {used} workers, {'the same' if digest == first else 'another'} digest")
    return found


def launch_on(site: Path, nodes: RayNodes, **launcher: object) -> None:
    """Have the site's task trained on a cluster."""
    file = site / "sftsec.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["plugins"] = ["core", "files", "pii", "ray"]
    place = {"name": "ray", "address": nodes.address, "token": f"env:{TOKEN}", **launcher}
    settings["tasks"][TASK]["train"]["launcher"] = place
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")


def retrain(site: Path, act: Callable[[int, dict[str, Any]], None]) -> int:
    """Retrain, and let `act` see each event with the process id of the worker.

    Returns:
        How many workers took part.

    Raises:
        TrainingError: when the command fails.
    """
    workers: list[int] = []
    command = _command(site, "retrain", TASK, "--events", "-")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None  # noqa: PT018, S101 - both were asked for
        said = ""
        for line in process.stdout:
            with suppress(ValueError):
                event = json.loads(line)
                if found := re.search(r"on node .*, process (\d+)", str(event.get("text"))):
                    workers.append(int(found[1]))
                act(workers[-1] if workers else 0, event)
        said = process.stderr.read()
    if process.returncode:
        raise TrainingError(f"sftsec retrain failed: {said.strip()[-300:]}")
    return len(workers)


class _Killer:
    """Kills a worker at each of some events, a new one each time."""

    def __init__(self, phases: Sequence[str]) -> None:
        self._phases, self._killed = list(phases), {0}

    def __call__(self, worker: int, event: dict[str, Any]) -> None:
        due = bool(self._phases) and event.get("event") == self._phases[0]
        if due and worker not in self._killed:
            self._phases.pop(0)
            self._killed.add(worker)
            with suppress(ProcessLookupError):  # it was faster: one worker less takes part
                os.kill(worker, signal.SIGKILL)


class NodeKiller:
    """Kills the second node when the training begins, and starts another one."""

    def __init__(self, nodes: RayNodes, cpus: int) -> None:
        self._nodes, self._cpus = nodes, cpus

    def __call__(self, worker: int, event: dict[str, Any]) -> None:
        """See an event of the run, and the process id of its worker."""
        if worker and self._cpus and event.get("event") == "stage_started":
            self._nodes.kill(1)
            self._nodes.add(self._cpus)
            self._cpus = 0


# --- scoring


def score_on(site: Path, nodes: RayNodes, plan: RayPlan, tell: Tell) -> list[dict[str, Any]]:
    """Score made-up incidents with a site's live model, plainly and on the cluster.

    Returns:
        "scored" of `run_ray_bench`.

    Raises:
        TrainingError: when a command fails.
    """
    launch_on(site, nodes)
    small, large = site / "small.jsonl", site / "large.jsonl"
    tenth = max(plan.rows // 10, 1)
    _write(small, tenth)
    _write(large, plan.rows)
    found = [_measured("sftsec predict --lines", tenth, _plain(site, small), tell)]
    for file, rows, workers in (
        (small, tenth, 1),
        (small, tenth, plan.workers),
        (large, plan.rows, plan.workers),
    ):
        output = site / f"scores-{file.stem}-{workers}"
        command = _on_ray(site, file, output, nodes, workers, plan.workers)
        case = (
            f"sftsec ray score, {workers} workers" if workers > 1 else "sftsec ray score, 1 worker"
        )
        found.append(_measured(case, rows, command, tell))
    return found


def _write(file: Path, rows: int) -> None:
    texts, _ = make_texts(KINDS["urls"], min(rows, _DISTINCT))
    with file.open("w", encoding="utf-8") as out:
        for number in range(rows):
            row = {"id": f"i{number}", "message": f"{texts[number % len(texts)]} {number}"}
            out.write(json.dumps(row) + "\n")


def _plain(site: Path, file: Path) -> Callable[[], None]:
    def run() -> None:
        with file.open("rb") as given:
            command = _command(site, "predict", TASK, "-", "--lines")
            _check(subprocess.run(command, stdin=given, capture_output=True, check=False))

    return run


def _on_ray(
    site: Path, file: Path, output: Path, nodes: RayNodes, workers: int, most: int
) -> Callable[[], None]:
    """The command that scores a file, divided so that `most` workers have four parts each."""
    part_mb = max(1, min(16, file.stat().st_size // (4 * most * 10**6)))
    place = ("--address", nodes.address, "--token", f"env:{TOKEN}", "--workers", str(workers))
    parts = ("--output", str(output), "--part-mb", str(part_mb))
    command = _command(site, "ray", "score", TASK, str(file), *parts, *place)
    return lambda: _check(subprocess.run(command, capture_output=True, check=False))


def _measured(case: str, rows: int, run: Callable[[], None], tell: Tell) -> dict[str, Any]:
    started = time.monotonic()
    with PeakMemory() as memory:
        run()
    seconds = time.monotonic() - started
    tell(f"{case}: {rows:,} rows in {seconds:,.0f} s, {memory.largest_mb:,.0f} MB at most")
    return {
        "case": case,
        "rows": rows,
        "seconds": seconds,
        "rows_per_s": rows / seconds,
        "largest_mb": memory.largest_mb,
        "private_mb": memory.private_mb,
    }


def _command(site: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-c", _PROGRAM, "-c", str(site / "sftsec.yaml"), *arguments]


def live_digest(site: Path) -> str:
    """The digest of the site's live model.

    Raises:
        TrainingError: when there is none.
    """
    command = _command(site, "model", "show", f"{TASK}@live", "--json")
    done = subprocess.run(command, capture_output=True, check=False)
    _check(done)
    return str(json.loads(done.stdout)["digest"])


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode:
        raise TrainingError(f"a command failed: {done.stderr.decode().strip()[-300:]}")
