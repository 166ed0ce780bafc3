"""How much a step that redacts finds of what its author labelled, what it spoils, and how fast.

A text counts as found when nothing of its hidden values remains, not even a word of three letters.
A replacement is right in a text that hides something, up to the number of its hidden values, and
wrong elsewhere. The speed is that of the synthetic stream of `sftsec bench ingest`, on one core.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from sftsec_core.api.contracts import LabelledText, Step, StepContext, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.api.errors import ConfigError
from sftsec_core.bench.corpus import write_corpus

_WORD = re.compile(r"[^\W_]{3,}")
_PLACEHOLDER = re.compile(r"<[A-Z]+:[0-9a-f]+>")
_FIELD = "message"
_ROUNDS = 3


def run_redaction_bench(
    spec: StepSpec[Any], settings: Mapping[str, Any], rows: int
) -> dict[str, Any]:
    """Measure a step on its author's labelled texts and on a synthetic stream.

    Args:
        spec: the step; it has `labelled_texts`.
        settings: of the step, as under `steps` of a task.
        rows: incidents of the stream.

    Returns:
        step, recall (rows by kind: kind, count, developed, held_out; 0 to 1), precision (rows by
        the step's own kinds: kind, replaced, precision), benign (count, changed: their share),
        incidents_per_s, mb_per_s (10**6 bytes of text a second of CPU time).

    Raises:
        ConfigError: the step has no labelled texts.
    """
    if spec.labelled_texts is None:
        msg = f"step {spec.name!r} has no labelled texts: name one that has, such as redact"
        raise ConfigError(msg)
    texts = list(spec.labelled_texts())

    def make() -> Step:
        return spec.create(spec.configure(settings), StepContext((_FIELD,), bytes(32)))

    return {"step": spec.name, **measure(make(), texts), **_speed(make, rows)}


def measure(step: Step, texts: Sequence[LabelledText]) -> dict[str, Any]:
    """Recall, precision and the share of benign texts changed, as `run_redaction_bench` says."""
    found: dict[str, dict[bool, list[bool]]] = {}
    changed: list[bool] = []
    replaced: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for each in texts:
        before = Counter(step.counts())
        (after,) = step([Incident("1", dict(each.fields))])
        counts = Counter(step.counts()) - before
        replaced += counts
        right += _right(counts, len(each.hidden))
        if each.hidden:
            halves = found.setdefault(each.kind, {False: [], True: []})
            halves[each.held_out].append(is_found(each, after.fields))
        else:
            changed.append(after.fields != each.fields)
    return {
        "recall": [_recall(kind, halves) for kind, halves in sorted(found.items())],
        "precision": [
            {"kind": kind, "replaced": count, "precision": round(right[kind] / count, 4)}
            for kind, count in sorted(replaced.items())
        ],
        "benign": {"count": len(changed), "changed": _share(changed)},
    }


def is_found(text: LabelledText, redacted: Mapping[str, Any]) -> bool:
    """Whether nothing of the hidden values remains, not even a word of three letters."""
    after, before = _strings(redacted), _strings(text.fields)
    for value in text.hidden:
        if value in after:
            return False
        for word in _WORD.findall(value):
            # A word may stand elsewhere in the text too: only its own place must be gone.
            if after.count(word) > before.count(word) - value.count(word):
                return False
    return True


def _right(counts: Counter[str], most: int) -> Counter[str]:
    right: Counter[str] = Counter()
    for kind, count in counts.most_common():
        right[kind] = min(count, most - right.total())
    return right


def _recall(kind: str, halves: Mapping[bool, Sequence[bool]]) -> dict[str, Any]:
    return {
        "kind": kind,
        "count": len(halves[False]) + len(halves[True]),
        "developed": _share(halves[False]),
        "held_out": _share(halves[True]),
    }


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _strings(value: object) -> str:
    return _PLACEHOLDER.sub("<>", json.dumps(value, ensure_ascii=False))


def _speed(make: Callable[[], Step], rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
        path = Path(scratch) / "incidents.jsonl"
        write_corpus(path, rows)
        with path.open("rb") as stream:
            texts = [orjson.loads(line)[_FIELD] for line in stream]
    incidents = [Incident(str(number), {_FIELD: text}) for number, text in enumerate(texts)]
    best = float("inf")
    for _ in range(_ROUNDS):
        step = make()  # a step may remember what it has seen
        begin = time.process_time()
        step(incidents)
        best = min(best, time.process_time() - begin)
    size = sum(len(text.encode()) for text in texts)
    return {
        "rows": rows,
        "incidents_per_s": round(rows / best),
        "mb_per_s": round(size / best / 1e6, 2),
    }
