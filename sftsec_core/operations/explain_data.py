"""What a data set lacks and why, in lines that name the true cause."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from sftsec_core.api.domain import InputKind, Message, PullWindow
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.values import ALL_TIME
from sftsec_core.dataset.snapshot import FIELD_PREFIX
from sftsec_core.operations.pulling import describe_spans, window_of

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector
    from sftsec_core.api.domain import Example, Incident, Rejection
    from sftsec_core.dataset.resolve import Resolution
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.running import Run

_SHOWN = 3
_NAMES_SHOWN = 12
_PROBED_PAGES = 5
_PROBED = 200
_UNMAPPED = "review: unmapped verdict"


def warn_of_gaps(
    run: Run, snapshot: Snapshot, resolution: Resolution, events: Mapping[str, int]
) -> None:
    """Tell what was rejected and why, what had no text, which words no label lists, and so on.

    Args:
        run: the run under way.
        snapshot: the rows.
        resolution: their labels.
        events: what `context` counted of them; empty without one.
    """
    lines = [_rejected(run, snapshot), _empty(run, snapshot), _unmapped(run, resolution)]
    for line in (*lines, _empty_fields(run, snapshot), _uncounted(snapshot, events)):
        if line:
            run.emit(Message(text=line, level="warning"))


def refuse_few(
    run: Run, snapshot: Snapshot, resolution: Resolution, examples: Sequence[Example]
) -> None:
    """Refuse to learn from no example, or from one label because of what was left out.

    Raises:
        DataError: with every cause and its count.
    """
    labels = {example.label for example in examples}
    if not labels:
        causes = list(_causes(run, snapshot, resolution)) or [_probe(run)]
        raise DataError(f"there are no labelled examples: {'; '.join(causes)}")
    if len(labels) == 1 and (causes := list(_reviewed(run, resolution))):
        said = f"all examples ({len(examples):,}) have the label {labels.pop()!r}"
        raise DataError(f"{said}, and {'; '.join(causes)}")


def _causes(run: Run, snapshot: Snapshot, resolution: Resolution) -> Iterator[str]:
    rejected = _rejected(run, snapshot)
    if rejected:
        yield rejected
    if nothing_read := _empty(run, snapshot):
        yield nothing_read
    unmapped = _unmapped(run, resolution)
    if unmapped:
        yield unmapped
    yield from _reviewed(run, resolution)
    if left_out := resolution.counts["automated_left_out"]:
        are = "1 label is" if left_out == 1 else f"{left_out:,} labels are"
        yield f"{are} left out, since no person gave them (automated_weight is 0)"
    if snapshot.counts.get("empty"):
        wanted = sorted({name for one in run.spec.inputs for name in one.fields})
        yield _without_text(wanted, run)


def _rejected(run: Run, snapshot: Snapshot) -> str | None:
    """How many records were rejected, with the most frequent reasons."""
    total, read = snapshot.counts["rejected"], snapshot.counts["read"]
    if not total:
        return None
    reasons = run.context.store.quarantine.reasons(run.info.id)
    if not reasons:  # taken over from an earlier pull with what did not change
        return f"{_rejected_of(total, read)}, as before; `sftsec quarantine list` shows them"
    # A record that another run met since is that run's, and one that was pulled again after a kill
    # counts twice: then the reasons are right, and their counts are not.
    exact = sum(reasons.values()) == total
    shown = "; ".join(
        f"{reason} ({n:,})" if exact else reason for reason, n in islice(reasons.items(), _SHOWN)
    )
    more = f" and {len(reasons) - _SHOWN:,} other reasons" if len(reasons) > _SHOWN else ""
    return f"{_rejected_of(total, read)}: {shown}{more}; `sftsec quarantine list` shows them"


def _rejected_of(total: int, read: int) -> str:
    if read == 1:
        return "the one record is rejected"
    if total == read:
        return f"all {total:,} records are rejected"
    return f"{total:,} of {read:,} records {'is' if total == 1 else 'are'} rejected"


def _empty(run: Run, snapshot: Snapshot) -> str | None:
    """How many records have no value in any field that the task reads: nothing is wrong with them.

    A snapshot of a version that put them into quarantine does not count them.
    """
    count, read = snapshot.counts.get("empty", 0), snapshot.counts["read"]
    if not count:
        return None
    fields = dict.fromkeys(name for one in run.spec.inputs for name in one.fields)
    have = f"{count:,} of {read:,} records {'has' if count == 1 else 'have'}"
    if count == read:
        have = "the one record has" if read == 1 else f"none of {read:,} records has"
    article = "a" if have.startswith("none") else "no"
    more = "; `text_fallback` names fields to read in their place" if _lacks_fallback(run) else ""
    return f"{have} {article} value in a field that the task reads ({_some(list(fields))}){more}"


def _lacks_fallback(run: Run) -> bool:
    return any(one.kind is InputKind.TEXT and not one.fallback for one in run.spec.inputs)


def _unmapped(run: Run, resolution: Resolution) -> str | None:
    """Which words no label lists, how many incidents each, and the lines that would map them."""
    words = resolution.unmapped
    if not words:
        return None
    shown = ", ".join(f"{word!r} ({n:,})" for word, n in islice(words.items(), _NAMES_SHOWN))
    more = f" and {len(words) - _NAMES_SHOWN:,} more" if len(words) > _NAMES_SHOWN else ""
    name, label = run.spec.name, _attack_label(run)
    example = next(iter(words))
    return (
        f"{_have(sum(words.values()))} a verdict that no label lists: {shown}{more}; in "
        f"the configuration write each under what it means: tasks.{name}.labels.{label}: "
        f"[{example}], or another label, or tasks.{name}.verdicts.undetermined"
    )


def _have(count: int) -> str:
    return "1 incident has" if count == 1 else f"{count:,} incidents have"


def _attack_label(run: Run) -> str:
    return next((label for label in run.spec.labels if label != run.spec.benign), "LABEL")


def _reviewed(run: Run, resolution: Resolution) -> Iterator[str]:
    """How many incidents go to review, by cause; unmapped words have a line of their own."""
    found = {
        cause.removeprefix("review: "): count
        for cause, count in resolution.counts.items()
        if cause.startswith("review: ") and cause != _UNMAPPED
    }
    if not found:
        return
    total = sum(found.values())
    causes = ", ".join(f"{cause} ({count:,})" for cause, count in found.items())
    if len(found) == 1:
        causes = next(iter(found))
    alone = total == len(resolution.review) and not resolution.labels
    go = "1 incident goes" if total == 1 else f"{total:,} incidents go"
    whole = ("the " if total == 1 else "all ") + go if alone else go
    yield f"{whole} to review: {causes}; `sftsec labels review {run.spec.name}` lists them"


def _empty_fields(run: Run, snapshot: Snapshot) -> str | None:
    """Which of the fields that the task reads have no value in any row."""
    task, inputs = run.task, run.spec.inputs
    read = dict.fromkeys(name for one in inputs for name in one.fields)
    read |= dict.fromkeys(task.context.fields if task.context else ())
    read |= dict.fromkeys(task.evaluation.groups)
    read |= dict.fromkeys(n for each in task.labelling_functions.values() for n in each.reads)
    read = {name: None for name in read if name in snapshot.fields}
    rows = snapshot.counts["kept"]
    if not rows or len(read) < 2:  # a row without any input is a rejection
        return None
    filled = dict.fromkeys(read, 0)
    for batch in snapshot.batches([FIELD_PREFIX + name for name in read]):
        for name in read:
            filled[name] += batch.num_rows - batch[FIELD_PREFIX + name].null_count
    absent = [name for name, count in filled.items() if not count]
    if not absent:
        return None
    return f"no incident of {rows:,} has a value in {_some(absent)}, which the task reads"


def _uncounted(snapshot: Snapshot, events: Mapping[str, int]) -> str | None:
    """How many incidents `context` does not count, and why."""
    untimed, ahead = events.get("events_without_time", 0), events.get("events_dated_ahead", 0)
    why = [f"{untimed:,} without a time"] if untimed else []
    why += [f"{ahead:,} dated later than tomorrow"] if ahead else []
    if not why:
        return None
    of = f"of {snapshot.counts['kept']:,} incidents"
    return f"{of} `context` does not count {' and '.join(why)}"


def _without_text(wanted: Sequence[str], run: Run) -> str:
    """Say which fields incidents with a verdict have, and whether the others have the text."""
    judged = _first_incidents(run, PullWindow(labelled=True))
    others = _first_incidents(run, PullWindow())
    text = [name for name in wanted if any(name in one.fields for one in others)]
    if judged and text and not any(name in one.fields for name in wanted for one in judged):
        return (
            f"incidents with a verdict have the fields {_some(_names(judged))}, and others have "
            f"{', '.join(text)}: verdicts and texts are records of their own; write each verdict "
            "into the record of its event"
        )
    return absent_fields(wanted, others)


def absent_fields(wanted: Sequence[str], incidents: Sequence[Incident]) -> str:
    """Say which fields incidents have, where they lack those that a task reads."""
    there = _names(incidents)
    if blank := [name for name in wanted if name in there]:
        return f"{', '.join(blank)} {'is' if len(blank) == 1 else 'are'} blank in those looked at"
    close = [
        f"{name}: perhaps {like[0]}"
        for name in wanted
        if name not in there and (like := difflib.get_close_matches(name, there, 1))
    ]
    meant = f" ({', '.join(close)})" if close else ""
    return f"the incidents have the fields {_some(there)}, not {', '.join(wanted)}{meant}"


def _probe(run: Run) -> str:
    """Look why the pull brought nothing: no incident, none in the window, or no verdict."""
    names, now = run.task.connectors, run.info.started_at
    windows = [window_of(run.context, run.task, name, now, labelled=True) for name in names]
    bounds = [window.since for window in windows if window.since is not None]
    who = f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'}"
    judged = _first_incidents(run, PullWindow(labelled=True))
    if judged and bounds:
        at = max((one.at for one in judged if one.at is not None), default=None)
        example = f", one of {at.isoformat(timespec='minutes')}" if at else ""
        since = min(bounds).isoformat(timespec="minutes")
        spans = describe_spans(run.context.settings, run.context.plugins, run.task)
        return (
            f"{who} incidents with a verdict{example}, but none since {since}: raise "
            f"tasks.{run.spec.name}.window, now {' and '.join(dict.fromkeys(spans.values()))}, or "
            f"set it to {ALL_TIME}"
        )
    there = _first_incidents(run, PullWindow())
    if there:
        keys = " and ".join(f"connectors.{each}" for each in names)
        return (
            f"{who} incidents, but none with a verdict; name the field that holds it in "
            f"{keys}; the fields are {_some(_names(there))}"
        )
    return f"{who} no incident at all: `sftsec connector check {' '.join(names)}` looks at it"


def _first_incidents(run: Run, window: PullWindow) -> Sequence[Incident]:
    found: list[Incident] = []
    for name in run.task.connectors:
        with run.context.connector(name) as connector:
            found += first_records(connector, window)[0]
    return found


def first_records(
    connector: Connector, window: PullWindow
) -> tuple[list[Incident], list[Rejection]]:
    """The first incidents that a connector brings, and what it rejects on the way; some hundred.

    Raises:
        ConnectorError: when it cannot be read.
    """
    found: list[Incident] = []
    rejected: list[Rejection] = []
    for page in islice(connector.pull(window), _PROBED_PAGES):
        found += page.incidents
        rejected += page.rejected
        if len(found) >= _PROBED:
            break
    return found, rejected


def _names(incidents: Sequence[Incident]) -> list[str]:
    """The fields' names, the most frequent first."""
    counts = Counter(name for incident in incidents for name in sorted(incident.fields))
    return [name for name, _ in counts.most_common()]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    return (", ".join(names[:_NAMES_SHOWN]) or "(none)") + more
