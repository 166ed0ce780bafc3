"""The generated stream is deterministic and as awkward as it claims."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from sftsec_core.demo.stream import Record, generate, generate_open

ROWS = 3000


def lines(records: list[Record]) -> list[str]:
    return [json.dumps(record.to_json(), sort_keys=True) for record in records]


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert lines(list(generate(300))) == lines(list(generate(300)))
    assert lines(list(generate(300))) != lines(list(generate(300, seed=1)))


def test_one_in_six_is_malicious() -> None:
    truth = {record.uid: record.malicious for record in generate(ROWS)}
    assert len(truth) == ROWS
    assert 0.13 < sum(truth.values()) / ROWS < 0.2


def test_has_copies_conflicts_and_undetermined_verdicts() -> None:
    records = list(generate(ROWS))
    texts = Counter(json.dumps(r.fields, sort_keys=True) for r in records)
    words = defaultdict(set)
    for record in records:
        words[record.uid].add(record.verdict in ("true_positive", "malicious"))
    assert sum(count > 1 for count in texts.values()) > ROWS * 0.05
    assert sum(len(each) == 2 for each in words.values()) > ROWS * 0.005
    assert any(record.verdict == "undetermined" for record in records)


def test_second_opinions_come_from_another_analyst() -> None:
    analysts = defaultdict(list)
    for record in generate(ROWS):
        analysts[record.uid].append(record.analyst)
    assert all(len(set(names)) == len(names) for names in analysts.values())


def test_open_incidents_have_uids_without_verdicts() -> None:
    judged = {record.uid for record in generate(200)}
    for record in generate_open(50):
        assert "label" not in record.to_json()
        assert record.uid not in judged


def test_the_truth_is_not_in_the_line() -> None:
    assert all("malicious" not in record.to_json() for record in generate(100))
