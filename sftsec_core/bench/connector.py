"""How fast a connector pulls and pushes, beside its vendor's plain client in the same run.

Each side runs in a process of its own, so that its peak memory is its own, and the sides take
turns, round by round: what else the machine does falls on all of them, and the median counts.
"""

from __future__ import annotations

import multiprocessing
import secrets
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import orjson

from sftsec_core.api.contracts import AddsRecords, ConnectorSpec, PullsParts
from sftsec_core.api.errors import ConnectorError, NotFoundError, SftsecError
from sftsec_core.bench.alerts import FIELDS, alerts, detections
from sftsec_core.bench.ingest import compared, measured_ingest
from sftsec_core.bench.memory import peak_rss_mb
from sftsec_core.operations.gc_tuning import raise_gc_thresholds
from sftsec_core.operations.preflight import connector_config, read

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from sftsec_core.api.contracts import ReferenceClient

T = TypeVar("T")
ROWS = 200_000
_CHUNK = 500
_NEW = 100  # one alert in so many is new when a data set is built again


@dataclass(frozen=True, slots=True)
class Job:
    """What one process measures.

    Attributes:
        file: the configuration, and `connector` one of its connectors.
        name: of what the benchmark makes on the platform.
        side: a key of `SIDES`.
        folder: of the data sets that are built.
        rows: records that are there, and detections to write.
        batch: detections a push.
    """

    file: Path
    connector: str
    name: str
    rows: int
    batch: int
    side: str = ""
    folder: Path | None = None


def run_connector_bench(
    file: Path,
    connector: str,
    *,
    rows: int = ROWS,
    rounds: int = 3,
    name: str | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Measure a connector on made-up data, which is deleted again.

    Args:
        file: the configuration.
        connector: its name in there.
        rows: alerts to write and pull, and detections to push.
        rounds: turns of every side.
        name: of what is made on the platform; None draws one.
        say: told how it goes.

    Returns:
        connector, type, rows, rounds, record_bytes (of a record as JSON), batch (detections a
        push); for each of the sides pull and push (ours), scan, scan_fields and bulk (the plain
        client's) SIDE_per_s and SIDE_cpu_s (of the client's process; the medians of the rounds)
        and SIDE_peak_mb (the highest); pull_ratio and push_ratio, the medians of the rounds'
        pull_ratios and push_ratios: our rate by the plain client's, by the faster scan's; for a
        connector that tells what changed, second: a data set that is built again after a hundredth
        was added (`sftsec_core.bench.ingest.compared`).

    Raises:
        NotFoundError: when the configuration names no such connector.
        ConnectorError: when its type has nothing to compare with, something is there already, a
            side fails or does not bring everything, or not all could be deleted.
    """
    from sftsec_core.scoring.delivery import DeliverySettings

    name = name or f"sftsec-bench-{secrets.token_hex(6)}"
    job = Job(file, connector, name, rows, DeliverySettings().batch)
    kind, reference_client = _reference_client(job)
    with ExitStack() as stack:
        # To be told to end is no reason to leave anything behind either.
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        stack.callback(signal.signal, signal.SIGTERM, before)
        stack.callback(reference_client.close)
        stack.callback(reference_client.clear)
        say(f"writing {rows:,} made-up alerts to {name}; all of that name is deleted at the end")
        reference_client.set_up(alerts(rows))
        say("warming the platform up")
        for side in _READING:
            _in_a_process(replace(job, side=side))
        found = [_round(job, number, rounds, reference_client, say) for number in range(rounds)]
        second = _second(job, reference_client, say)
        say("deleting them")
    return {
        "connector": connector,
        "type": kind,
        "rows": rows,
        "rounds": rounds,
        "record_bytes": len(orjson.dumps([record for _, record in alerts(100)])) // 100,
        "batch": job.batch,
        **summary(found),
        **({} if second is None else {"second": second}),
    }


def summary(rounds: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """What the rounds come to.

    Args:
        rounds: of each the sides, with per_s, cpu_s and peak_mb.
    """
    told: dict[str, Any] = {}
    for side in SIDES:
        told[f"{side}_per_s"] = round(statistics.median(each[side]["per_s"] for each in rounds))
        told[f"{side}_cpu_s"] = round(statistics.median(each[side]["cpu_s"] for each in rounds), 2)
        told[f"{side}_peak_mb"] = round(max(each[side]["peak_mb"] for each in rounds))
    for ours, theirs in (("pull", ("scan", "scan_fields")), ("push", ("bulk",))):
        ratios = [
            round(each[ours]["per_s"] / max(each[side]["per_s"] for side in theirs), 3)
            for each in rounds
        ]
        told |= {f"{ours}_ratio": statistics.median(ratios), f"{ours}_ratios": ratios}
    return told


def _round(
    job: Job,
    number: int,
    rounds: int,
    reference_client: ReferenceClient,
    say: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    # Back and forth, so that no side is always the one that comes first.
    sides = list(SIDES)[:: -1 if number % 2 else 1]
    found = {}
    for side in sides:
        writes = side in _WRITING
        if writes:
            reference_client.empty(side)
        found[side] = measured = _in_a_process(replace(job, side=side))
        arrived = reference_client.count(side) if writes else job.rows
        if not measured.pop("count") == arrived == job.rows:
            raise ConnectorError(f"{side}: not all of {job.rows:,} came through")
        say(f"round {number + 1} of {rounds}: {side} {measured['per_s']:,.0f} a second")
    return found


def _second(
    job: Job, reference_client: ReferenceClient, say: Callable[[str], None]
) -> dict[str, Any] | None:
    """Build a data set, add a hundredth, build it again; None for a connector without parts."""
    connector = reference_client.connect("push")
    connector.close()
    if not isinstance(connector, PullsParts) or not isinstance(reference_client, AddsRecords):
        return None
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
        grown, whole = (replace(job, folder=Path(scratch) / name) for name in ("grown", "whole"))
        first = _in_a_process(grown, _build)
        say(f"building a data set of them took {first['cpu_seconds']} s of CPU time")
        reference_client.add(islice(alerts(job.rows + -(-job.rows // _NEW)), job.rows, None))
        second, rebuilt = _in_a_process(grown, _build), _in_a_process(whole, _build)
    return compared(first, second, rebuilt)


def _build(job: Job) -> dict[str, Any]:
    _, reference_client = _reference_client(job)
    connector = reference_client.connect("push")
    try:
        return measured_ingest(cast("PullsParts", connector), FIELDS[0], cast("Path", job.folder))
    finally:
        connector.close()
        reference_client.close()


# --- one side, in a process of its own ----------------------------------------------------------


class _Watch:
    """Adds up wall and CPU time while it runs."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def start(self) -> None:
        self._begin = (time.perf_counter(), time.process_time())

    def stop(self) -> None:
        self.seconds += time.perf_counter() - self._begin[0]
        self.cpu += time.process_time() - self._begin[1]


def _pull(reference_client: ReferenceClient, _job: Job, watch: _Watch) -> int:
    from sftsec_core.api.domain import PullWindow

    connector = reference_client.connect("push")
    try:
        watch.start()
        pages = connector.pull(PullWindow(fields=FIELDS))
        count = sum(len(page.incidents) for page in pages)
        watch.stop()
    finally:
        connector.close()
    return count


def _scan(reference_client: ReferenceClient, _job: Job, watch: _Watch) -> int:
    return _read(reference_client, (), watch)


def _scan_fields(reference_client: ReferenceClient, _job: Job, watch: _Watch) -> int:
    return _read(reference_client, ("@timestamp", *FIELDS), watch)


def _read(reference_client: ReferenceClient, fields: Sequence[str], watch: _Watch) -> int:
    watch.start()
    count = sum(1 for _ in reference_client.scan(fields))
    watch.stop()
    return count


def _push(reference_client: ReferenceClient, job: Job, watch: _Watch) -> int:
    connector = reference_client.connect(job.side)
    count = 0
    try:
        for batch in _chunks(detections(job.rows, job.name), job.batch):
            watch.start()
            count += len(connector.push(batch).written)
            watch.stop()
    finally:
        connector.close()
    return count


def _bulk(reference_client: ReferenceClient, job: Job, watch: _Watch) -> int:
    made = ((each.uid, reference_client.document(each)) for each in detections(job.rows, job.name))

    def documents() -> Iterator[tuple[str, Mapping[str, Any]]]:
        while True:  # making the documents is not the plain client's work
            watch.stop()
            chunk = list(islice(made, _CHUNK))
            watch.start()
            if not chunk:
                return
            yield from chunk

    watch.start()
    count = reference_client.write(job.side, documents())
    watch.stop()
    return count


SIDES: Mapping[str, Callable[[ReferenceClient, Job, _Watch], int]] = {
    "pull": _pull,
    "scan": _scan,
    "scan_fields": _scan_fields,
    "push": _push,
    "bulk": _bulk,
}
_READING = ("pull", "scan", "scan_fields")
_WRITING = frozenset({"push", "bulk"})
_OURS = frozenset({"pull", "push"})


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _reference_client(job: Job) -> tuple[str, ReferenceClient]:
    settings, plugins = read(job.file)
    if job.connector not in settings.connectors:
        raise NotFoundError("connector", job.connector, settings.connectors)
    spec, config = connector_config(settings, plugins, job.file, job.connector)
    if spec.reference_client is None:
        others = sorted(
            each.name for each in plugins.specs(ConnectorSpec).values() if each.reference_client
        )
        known = f" (types that have one: {', '.join(others)})" if others else ""
        raise ConnectorError(
            f"type {spec.name!r} has no plain client to measure it beside{known}",
            connector=job.connector,
        )
    return spec.name, spec.reference_client(config, job.name)


def _measure(job: Job) -> dict[str, float]:
    _, reference_client = _reference_client(job)
    if job.side in _OURS:
        raise_gc_thresholds()  # as our command line does; the plain client has Python's thresholds
    watch = _Watch()
    try:
        count = SIDES[job.side](reference_client, job, watch)
    finally:
        reference_client.close()
    per_s = count / max(watch.seconds, 1e-9)
    return {"count": count, "per_s": per_s, "cpu_s": watch.cpu, "peak_mb": peak_rss_mb()}


def _in_a_process(job: Job, measure: Callable[[Job], dict[str, Any]] = _measure) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(job, measure, sender), daemon=True)
    process.start()
    sender.close()
    try:
        result = receiver.recv()
    except EOFError:
        result = ConnectorError(f"{job.side or 'build'}: the process died")
    finally:  # also on Ctrl-C: nothing may write any more when the data is deleted
        process.terminate()
        process.join()
    if isinstance(result, SftsecError):
        raise result
    return dict(result)


def _report(job: Job, measure: Callable[[Job], dict[str, Any]], sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us, and cleans up
    try:
        sender.send(measure(job))
    except SftsecError as error:
        sender.send(ConnectorError(f"{job.side}: {error}"))
    except Exception as error:  # noqa: BLE001 - each vendor's client has errors of its own
        sender.send(ConnectorError(f"{job.side}: {type(error).__name__}"))
