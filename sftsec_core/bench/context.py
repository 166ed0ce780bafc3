"""How fast figures of earlier events are, and what a million keys cost, beside pandas.

Alerts a second apart, of 200 rules, on hosts that are drawn at random: the state counts each and
gives its figures. The peer is what one would write for training instead: pandas' rolling counts by
group, over all events at once, which gives one figure, keeps no state and cannot score.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Incident
from sftsec_core.api.settings.context import ContextSettings
from sftsec_core.bench.memory import peak_rss_mb
from sftsec_core.dataset.context.events import ContextReader
from sftsec_core.dataset.context.replay import ContextPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = 200
_START = datetime(2026, 1, 1, tzinfo=UTC)
_SALT = b"bench"


def run_context_bench(events: int, hosts: int, *, peer: bool = True) -> dict[str, Any]:
    """Count synthetic alerts by rule, host and both, in the default windows.

    Args:
        events: how many.
        hosts: how many hosts they are drawn from.
        peer: measure pandas too, where it is installed.

    Returns:
        `events`, `keys`, `inputs`; `events_per_s` and `figures_per_s` of the processor's
        time on one core; `state_bytes_per_key`, packed; `peak_rss_mb` of the process; and `peer`,
        None where it was not measured.
    """
    settings = ContextSettings(max_keys=max(1_000, 3 * events))
    state = ContextPlan(settings, _SALT, _START + timedelta(days=3660)).state()
    reader = ContextReader(settings, _SALT)
    spent = 0.0
    for incident in _alerts(events, hosts):
        started = time.process_time()
        event = reader(incident)
        if event is not None:
            state.add(event)
        spent += time.process_time() - started
    peak = peak_rss_mb()
    sizes = [len(packed) for _, _, packed in state.packed()]
    return {
        "events": events,
        "keys": len(state),
        "inputs": len(settings.inputs),
        "events_per_s": round(events / spent, 1),
        "figures_per_s": round(events * len(settings.inputs) / spent, 1),
        "state_bytes_per_key": round(sum(sizes) / len(sizes), 1),
        "peak_rss_mb": round(peak, 1),
        "peer": _pandas(events, hosts) if peer and find_spec("pandas") else None,
    }


def _alerts(count: int, hosts: int) -> Iterator[Incident]:
    random = Random(13)  # noqa: S311 - a benchmark's data, no secret
    for number in range(count):
        fields = {
            "rule.name": f"rule {random.randrange(RULES)}",
            "host.name": f"host {random.randrange(hosts)}",
        }
        yield Incident(f"e{number}", fields, at=_START + timedelta(seconds=number))


def _pandas(events: int, hosts: int) -> dict[str, Any]:
    """Counts of each host's events in a day, by pandas: one figure of the state's many."""
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

    rows = [(each.at, each.fields["host.name"]) for each in _alerts(events, hosts)]
    frame = pd.DataFrame(rows, columns=["at", "host"]).assign(one=1).set_index("at")
    started = time.process_time()
    frame.groupby("host")["one"].rolling("1D", closed="left").sum()
    spent = time.process_time() - started
    return {"name": f"pandas {pd.__version__}", "figures_per_s": round(events / spent, 1)}
