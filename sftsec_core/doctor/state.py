"""The store: whether it opens, and what waits or was left behind in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sftsec_core.doctor.finding import Finding, fault, ok, warning
from sftsec_core.store.migrations import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sftsec_core.store.inspection import Inspection

MOST_SKEW = timedelta(seconds=5)
OLD_OUTBOX = timedelta(days=1)
_SHOWN = 3
# What a person types to resume a run; other kinds come from the queue alone.
_RESUMES = {
    "retrain": "retrain",
    "score": "score",
    "dataset": "dataset build",
    "backtest": "model backtest",
    "functions": "labels functions",
}


def check_revision(store: Inspection) -> Iterator[Finding]:
    """Whether the store is of this version, and whole."""
    found = store.revision()
    if found == HEAD:
        yield from _check_file(store, found)
    elif found is None:
        yield ok("store", f"{store.where} is empty; the first command fills it")
    elif found < HEAD:
        yield warning(
            "store",
            f"{store.where} is at schema {found}, this version at {HEAD}",
            "make a copy; the next command migrates it, and older versions read it no more",
        )
    else:
        yield fault(
            "store",
            f"{store.where} is at schema {found}, which this version ({HEAD}) does not know",
            "upgrade sftsec on this machine",
        )


def _check_file(store: Inspection, revision: str) -> Iterator[Finding]:
    damage = store.damage()
    if damage is None:
        yield ok("store", f"{store.where}, schema {revision}")
    else:
        yield fault("store", f"{store.where} is damaged: {damage}", "restore a copy of it")


def check_runs(store: Inspection) -> Iterator[Finding]:
    """Whether runs were killed and not resumed."""
    lost = store.lost_runs()
    if not lost:
        yield ok("runs", "none was killed and left")
        return
    shown = ", ".join(f"{each.id} ({each.kind} {each.task})" for each in lost[:_SHOWN])
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    command = _RESUMES.get(lost[0].kind)
    remedy = f"sftsec {command} {lost[0].task}" if command else "sftsec worker run resumes them"
    yield warning("runs", f"killed and not resumed: {shown}{more}", remedy)


def check_workers(store: Inspection) -> Iterator[Finding]:
    """Whether workers are there for what is queued, none was lost, and schedules are kept."""
    workers, queued = store.workers(), store.queued_runs()
    alive = [each.name for each in workers if each.alive]
    lost = [each.name for each in workers if not each.alive]
    if lost and not alive:
        text = f"{', '.join(lost[:_SHOWN])} lost, and no other one is alive"
        yield warning("workers", text, "start one (sftsec worker run), and see why it ended")
    elif queued and not alive:
        text = f"{queued:,} runs are queued and no worker is alive"
        yield warning("workers", text, "sftsec worker run")
    else:
        yield ok("workers", f"{len(alive)} alive, {queued:,} runs queued")
    for each in workers:
        if each.alive and each.problem:
            yield fault(
                "scheduler",
                f"{each.name} does not queue all that is due: {each.problem}",
                "sftsec schedule list, and mend what it names",
            )


def check_outbox(store: Inspection, now: datetime) -> Iterator[Finding]:
    """Whether detections wait for long, or were pushed without success."""
    waiting = store.waiting()
    for each in waiting:
        age = now - each.oldest
        text = f"{each.detections:,} detections wait for {each.connector}, since {_span(age)}"
        if age > OLD_OUTBOX:
            failed = f"; {each.failed:,} failed before" if each.failed else ""
            remedy = f"sftsec connector check {each.connector}, then sftsec score"
            yield warning("outbox", text + failed, remedy)
        else:
            yield ok("outbox", text)
    if not waiting:
        yield ok("outbox", "nothing waits")


def check_audit(entries: int, copied: Mapping[str, int]) -> Iterator[Finding]:
    """How far the audit log was copied out of the reach of those who run sftsec.

    Args:
        entries: the number of its last entry.
        copied: the number of the last copied one, by connector.
    """
    if not copied:
        yield ok("audit log", f"{entries:,} entries, copied nowhere (sftsec audit push copies it)")
    for name, seq in sorted(copied.items()):
        if seq > entries:
            yield fault(
                "audit log",
                f"{name} has {seq:,} entries, the log only {entries:,}",
                "sftsec audit verify: it was cut off, or the store is an older copy",
            )
        else:
            yield ok("audit log", f"{entries:,} entries, {entries - seq:,} not yet in {name}")


def check_clocks(store: Inspection, now: datetime) -> Iterator[Finding]:
    """Whether this clock agrees with the database's and is not behind what hosts wrote."""
    skew, newest = store.clock_skew(), store.newest_heartbeat()
    if skew is not None:
        yield judge_skew("the database", skew)
    if newest is not None and newest - now > MOST_SKEW:
        yield warning(
            "clock",
            f"a run wrote its heartbeat {_span(newest - now)} ahead of this clock",
            "set the clocks of all hosts by NTP (timedatectl set-ntp true)",
        )
    elif skew is None:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def judge_skew(who: str, skew: timedelta) -> Finding:
    """Whether two clocks agree.

    Args:
        who: has the other clock.
        skew: how far this machine's is ahead.
    """
    seconds = abs(skew).total_seconds()
    if abs(skew) <= MOST_SKEW:
        return ok("clock", f"within {seconds:.1f} s of {who}")
    where = "ahead of" if skew > timedelta(0) else "behind"
    return warning(
        "clock",
        f"{_span(abs(skew))} {where} {who}: leases and cursors need clocks that agree",
        "set the clocks by NTP (timedatectl set-ntp true)",
    )


def check_hosts(versions: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Whether all hosts that share the store run the same versions.

    Args:
        versions: of plugins, by the host whose newest run had them.
    """
    differing = sorted(
        {
            plugin
            for each in versions.values()
            for plugin in each
            if len({other[plugin] for other in versions.values() if plugin in other}) > 1
        }
    )
    if not differing:
        yield ok("hosts", f"{len(versions)} with the same versions")
        return
    shown = "; ".join(
        f"{host}: {', '.join(f'{name} {found[name]}' for name in differing if name in found)}"
        for host, found in sorted(versions.items())
    )
    yield warning("hosts", f"versions differ: {shown}", "install one version on all hosts")


def _span(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
