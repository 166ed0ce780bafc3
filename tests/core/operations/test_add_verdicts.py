"""Verdicts of analysts on their way to a connector that keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.domain import Verdict
from sftsec_core.api.errors import ConnectorError, DataError
from sftsec_core.operations.add_verdicts import add_verdicts, read_verdicts, same_verdict
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


class TakesAll(MemoryConnector):
    """Takes verdicts, each once; remembers the batches."""

    def __init__(self) -> None:
        super().__init__(MemorySource())
        self.batches: list[int] = []
        self.known: set[str] = set()

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        self.batches.append(len(verdicts))
        new = {uid for uid, _ in verdicts} - self.known
        self.known |= new
        return len(new)


def many(count: int) -> Iterator[tuple[str, Verdict]]:
    for number in range(count):
        yield f"i{number % 1000}", Verdict("spam", f"analyst-{number % 2}", AT)


class TestAddVerdicts:
    def test_sends_batches_and_counts_new_ones(self, tmp_path: Path) -> None:
        connector = TakesAll()
        with memory_context(tmp_path, MemoryPlugin(lambda: connector)) as context:
            done = add_verdicts(context, "siem", many(1200))
            (entry,) = context.store.audit.tail(9)
        assert done.to_json() == {"connector": "siem", "read": 1200, "added": 1000}
        assert connector.batches == [500, 500, 200]
        assert (entry.action, entry.object) == ("labels.added", "siem")
        analysts = ["analyst-0", "analyst-1"]
        assert entry.details == {"read": 1200, "added": 1000, "analysts": analysts}

    def test_needs_a_connector_that_takes_them(self, tmp_path: Path) -> None:
        plugin = MemoryPlugin(lambda: MemoryConnector(MemorySource()))
        with memory_context(tmp_path, plugin) as context:
            with pytest.raises(ConnectorError, match="on the platform itself"):
                add_verdicts(context, "siem", many(1))
            assert list(context.store.audit.tail(9)) == []


class TestSameVerdict:
    def test_is_given_now_on_each_incident(self) -> None:
        before = datetime.now(UTC)
        found = dict(same_verdict(["a", "b"], "spam", "ann", "seen"))
        assert list(found) == ["a", "b"]
        (verdict,) = set(found.values())
        assert (verdict.value, verdict.analyst, verdict.reason) == ("spam", "ann", "seen")
        assert verdict.at is not None
        assert before <= verdict.at <= datetime.now(UTC)


class TestReadVerdicts:
    def test_takes_what_a_line_says(self) -> None:
        line = b'{"incident": "a", "verdict": "spam", "analyst": "bob", "reason": "r", "at": '
        lines = [line + b'"2026-01-05T09:00:00+01:00"}', b" \n", b'{"incident":"b","verdict":"x"}']
        (uid, first), (_, second) = read_verdicts(lines, "v.jsonl", "ann")
        assert (uid, first) == ("a", Verdict("spam", "bob", AT, "r"))
        assert (second.value, second.analyst, second.reason) == ("x", "ann", None)
        assert second.at is not None

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            (b"{", "not such an object"),
            (b"[]", "not such an object"),
            (b"\xff", "not such an object"),
            (b'{"incident": "b"}', "'verdict' is missing"),
            (b'{"incident": "", "verdict": "x"}', "'incident' is missing"),
            (b'{"incident": 5, "verdict": "x"}', "'incident' is missing"),
            (b'{"incident": "b", "verdict": "x", "at": "noon"}', "at"),
        ],
    )
    def test_names_the_line_that_is_wrong(self, line: bytes, told: str) -> None:
        given = read_verdicts([b'{"incident": "a", "verdict": "x"}', line], "v.jsonl", "ann")
        assert next(given)[0] == "a"
        with pytest.raises(DataError, match=rf"v\.jsonl:2: .*{told}") as caught:
            next(given)
        assert str(caught.value).endswith("nothing from here on was sent")
