"""How often the watch over drift raises a false alarm, and how surely it finds a drift.

A simulated stream, or the sites of a folder of alerts, one as the reference of another: sites that
run the same services are no drift of each other. The drift is a fifth of foreign events.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import TEXT_INPUT, InputField, InputKind, TaskSpec
from sftsec_core.api.errors import DataError
from sftsec_core.drift.check import monitors
from sftsec_core.drift.reference import HeldOut, Reference
from sftsec_core.drift.sketch import Rows, Sketch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Inputs

FOREIGN = 0.2  # of the events of a window: the documented size of a drift
SITE = "organization.name"
_KEY = b"bench"
_VOCABULARY = 400
_BURST = 3.0  # mean copies of an event
_FOREIGN_POOL = 2000
KINDS = ("text", "category", "number", "score")


@dataclass(frozen=True, slots=True)
class BenchStream:
    """Events with the model's answers.

    Attributes:
        inputs: n of them, in their order.
        proba: shape (n, 2); the second column is the attack's.
    """

    inputs: Sequence[Inputs]
    proba: NDArray[np.float64]

    @property
    def decided(self) -> NDArray[np.int64]:
        """The columns that are decided on, shape (n,)."""
        return (self.proba[:, 1] >= 0.5).astype(np.int64)

    def rows(self, reference: Reference) -> Rows:
        """As a window counts them."""
        return reference.reader.rows(self.inputs, self.proba, self.decided, _KEY)


def run_drift_bench(
    events: int, window: int, false_alarms: float, seed: int, folder: Path | None = None
) -> dict[str, Any]:
    """Count false alarms and found drifts.

    Args:
        events: of the simulated stream, in whole windows.
        window: events of a window.
        false_alarms: how many an event may cost.
        seed: of the simulation.
        folder: `train|dev|test.jsonl.gz` with `organization.name`; None: the simulation alone.

    Returns:
        A row for each stream: stream, drift, windows, events, alarms, found (share of the
        windows, 0 to 1).

    Raises:
        DataError: when the folder cannot be read or its records name fewer than two sites.
    """
    random = np.random.default_rng(seed)
    streams = {} if folder is None else _read_sites(folder)
    rows = list(_simulated(events, window, false_alarms, random))
    rows += _between(streams, window, false_alarms, random)
    return {"window": window, "false_alarms_per_event": false_alarms, "rows": rows}


# --- simulated


def _simulated(
    events: int, window: int, false_alarms: float, random: np.random.Generator
) -> Iterator[dict[str, Any]]:
    reference = _reference(_make(3000, random))
    pool = _make(max(events // 10, 2000), random).rows(reference)
    count = events // window
    windows = [_bursts(pool, window, random) for _ in range(count)]
    yield _told("simulated", None, windows, reference, false_alarms)
    for kind in KINDS:
        foreign = _make(_FOREIGN_POOL, random, kind).rows(reference)
        shifted = [_mixed(each, foreign, random) for each in windows[: min(count, 200)]]
        yield _told("simulated", kind, shifted, reference, false_alarms)


def _make(count: int, random: np.random.Generator, kind: str | None = None) -> BenchStream:
    """Make events; all of them are foreign in what `kind` says."""
    base = 10_000 if kind == "text" else 0
    words = base + random.zipf(1.3, size=(count, 8)) % _VOCABULARY
    hosts = random.zipf(1.5, size=count) % 30 + (100 if kind == "category" else 0)
    sizes = random.lognormal(6, 1, count) * (20 if kind == "number" else 1)
    inputs: list[Inputs] = [
        {
            TEXT_INPUT: " ".join(f"w{word * 7919 % 100_003:x}" for word in line),
            "host": f"host-{host}",
            "bytes": float(size),
        }
        for line, host, size in zip(words, hosts, sizes, strict=True)
    ]
    attack = random.beta(8, 2, count) if kind == "score" else random.beta(0.3, 6, count)
    return BenchStream(inputs, np.stack([1 - attack, attack], axis=1))


def _bursts(pool: Rows, window: int, random: np.random.Generator) -> Rows:
    """Events that come with their copies, as alerts do."""
    copies = random.geometric(1 / _BURST, size=window)
    picked = np.repeat(random.integers(0, len(pool), size=window), copies)[:window]
    return pool.take(picked)


def _mixed(window: Rows, foreign: Rows, random: np.random.Generator) -> Rows:
    """Put foreign events in the place of a fifth of a window's."""
    share = int(len(window) * FOREIGN)
    kept = window.take(np.sort(random.permutation(len(window))[share:]))
    return _joined(kept, foreign.take(random.integers(0, len(foreign), size=share)))


def _joined(one: Rows, other: Rows) -> Rows:
    return Rows(
        np.concatenate([one.keys, other.keys]),
        {name: np.concatenate([one.places[name], other.places[name]]) for name in one.places},
        np.concatenate([one.points, other.points]),
        np.concatenate([one.labels, other.labels]),
        np.concatenate([one.judged, other.judged]),
    )


# --- sites


def _between(
    streams: Mapping[str, BenchStream],
    window: int,
    false_alarms: float,
    random: np.random.Generator,
) -> Iterator[dict[str, Any]]:
    foreign = _make(_FOREIGN_POOL, random, "text")
    for one, other in permutations(sorted(streams), 2):
        reference = _reference(streams[one])
        rows = streams[other].rows(reference)
        windows = [
            rows.take(slice(start, start + window))
            for start in range(0, len(rows) - window + 1, window)
        ]
        name = f"{one} to {other}"
        yield _told(name, None, windows, reference, false_alarms)
        strange = foreign.rows(reference)
        shifted = [_mixed(each, strange, random) for each in windows]
        yield _told(name, "text", shifted, reference, false_alarms)


def _read_sites(folder: Path) -> dict[str, BenchStream]:
    from sftsec_core.bench.quality_data import PARTS, read_records

    by_site: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    try:
        for part in PARTS:
            for record in read_records(folder / f"{part}.jsonl.gz"):
                by_site[record["organization"]["name"]].append(record)
        streams = {
            site: _stream(sorted(records, key=lambda one: str(one["@timestamp"])))
            for site, records in by_site.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder}: a record is no alert of a site: {error!r}") from error
    if len(streams) < 2:
        raise DataError(f"{folder}: its records name no two sites in {SITE}")
    return streams


def _stream(records: Sequence[Mapping[str, Any]]) -> BenchStream:
    """As the model of a task reads them; nothing is known of its scores."""
    inputs: list[Inputs] = [
        {
            TEXT_INPUT: str(each["rule"]["name"]),
            "host": str(each["host"]["name"]),
            "bytes": float(each["event"]["count"]),
        }
        for each in records
    ]
    return BenchStream(inputs, np.full((len(inputs), 2), 0.5))


# --- both


def _reference(stream: BenchStream) -> Reference:
    all_of_them = np.ones(len(stream.inputs), dtype=np.bool_)
    part = HeldOut(
        stream.inputs, stream.proba, stream.decided, stream.decided, all_of_them, all_of_them
    )
    return Reference.of(_TASK, stream.inputs, part, _KEY)


_TASK = TaskSpec(
    "bench",
    (
        InputField(TEXT_INPUT, InputKind.TEXT, (TEXT_INPUT,)),
        InputField("host", InputKind.CATEGORY, ("host",)),
        InputField("bytes", InputKind.NUMBER, ("bytes",)),
    ),
    ("benign", "attack"),
    "benign",
)


def _told(
    stream: str,
    kind: str | None,
    windows: Sequence[Rows],
    reference: Reference,
    false_alarms: float,
) -> dict[str, Any]:
    bins = reference.reader.bins()
    alarms = sum(
        any(each.drifted for each in monitors(Sketch.of(rows, bins), reference, false_alarms))
        for rows in windows
    )
    return {
        "stream": stream,
        "drift": kind,
        "windows": len(windows),
        "events": sum(map(len, windows)),
        "alarms": alarms,
        "found": alarms / len(windows) if windows else 0.0,
    }
