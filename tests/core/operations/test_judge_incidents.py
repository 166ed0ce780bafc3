"""Verdicts of the labelling page on their way to the connector that keeps them, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sftsec_core.api.domain import Actor, Verdict
from sftsec_core.api.errors import (
    AuthorizationError,
    ConnectorError,
    ConnectorUnavailableError,
    DataError,
)
from sftsec_core.operations.add_verdicts import add_verdicts, same_verdict
from sftsec_core.operations.authorize import ANALYST
from sftsec_core.operations.context import Context
from sftsec_core.operations.judge_incidents import (
    GivenVerdict,
    GoneError,
    judge_incidents,
    retract_verdicts,
)
from sftsec_core.operations.list_label_queue import list_label_queue, list_page_verdicts
from sftsec_core.store.label_queue import QueuedIncident
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context

Kept = list[tuple[str, Verdict]]


@dataclass
class Platform:
    """Where verdicts are kept; `error` is raised by the next write."""

    kept: Kept = field(default_factory=list)
    error: ConnectorError | None = None
    open: type[MemoryConnector] | None = None


class KeepsForGood(MemoryConnector):
    """Keeps verdicts, each once."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(MemorySource())
        self.platform = platform

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        new = [each for each in verdicts if each not in self.platform.kept]
        self.platform.kept += new
        if self.platform.error is not None:
            error, self.platform.error = self.platform.error, None
            raise error
        return len(new)


class Keeps(KeepsForGood):
    """Keeps verdicts until they are taken back."""

    def retract_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        for each in verdicts:
            self.platform.kept.remove(each)
        return len(verdicts)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def admin(tmp_path: Path, platform: Platform) -> Iterator[Context]:
    kinds = {None: Keeps, KeepsForGood: KeepsForGood}
    plugin = MemoryPlugin(lambda: kinds[platform.open](platform))  # type: ignore[index]
    labels = {"benign": ["benign"], "malicious": ["true_positive", "malicious"]}
    with memory_context(tmp_path, plugin, labels=labels) as context:
        context.label_queue.add([queued("a", "b", "c"), queued("d")])
        yield context


def queued(uid: str, *copies: str) -> QueuedIncident:
    return QueuedIncident("mail", "siem", uid, uid, "benign", 0.5, "why", copies=copies)


def analyst(context: Context, name: str) -> Context:
    return context.acting_as(Actor(name, frozenset({ANALYST}), "server"))


@pytest.fixture
def ann(admin: Context) -> Context:
    return analyst(admin, "ann")


def give(context: Context, place: int = 0, label: str = "malicious", key: str = "k") -> None:
    found = list_label_queue(context, ["mail"]).incidents[place]
    judge_incidents(context, [GivenVerdict(key, found.place, label, "seen")])


def waiting(context: Context) -> list[str]:
    return [each.uid for each in list_label_queue(context, ["mail"]).incidents]


class TestJudge:
    def test_writes_the_platforms_word_for_all_copies(
        self, ann: Context, platform: Platform
    ) -> None:
        give(ann)
        assert [uid for uid, _ in platform.kept] == ["a", "b", "c"]
        (said,) = {verdict for _, verdict in platform.kept}
        assert (said.value, said.analyst, said.reason) == ("true_positive", "ann", "seen")
        assert waiting(ann) == ["d"]

    def test_is_in_the_audit_log_by_name(self, ann: Context) -> None:
        give(ann)
        (entry,) = ann.store.audit.tail(1)
        assert (entry.actor, entry.action, entry.object) == ("ann", "labels.added", "siem")
        assert entry.details["incidents"] == 3

    def test_sent_twice_is_one_verdict(self, ann: Context, platform: Platform) -> None:
        place = list_label_queue(ann, ["mail"]).incidents[0].place
        for _ in range(2):
            judge_incidents(ann, [GivenVerdict("k", place, "malicious")])
        assert len(platform.kept) == 3
        assert len(list_page_verdicts(ann, ["mail"])) == 1

    def test_unanswered_one_is_repeated_with_its_time(
        self, ann: Context, platform: Platform
    ) -> None:
        platform.error = ConnectorUnavailableError("the answer is lost")
        with pytest.raises(ConnectorUnavailableError):
            give(ann)
        assert waiting(ann) == ["a", "d"]
        give(ann)
        assert len(platform.kept) == 3
        assert waiting(ann) == ["d"]

    def test_refused_one_is_forgotten(self, ann: Context, platform: Platform) -> None:
        platform.error = ConnectorError("no right")
        with pytest.raises(ConnectorError, match="no right"):
            give(ann)
        assert ann.label_queue.by_keys(["k"]) == {}

    @pytest.mark.parametrize(
        ("place", "label", "error", "told"),
        [
            (0, "maliciuos", DataError, "did you mean 'malicious'"),
            (99, "benign", GoneError, "read it again"),
        ],
    )
    def test_wrong_one_writes_nothing(
        self,
        ann: Context,
        platform: Platform,
        place: int,
        label: str,
        error: type[Exception],
        told: str,
    ) -> None:
        first, second = (each.place for each in list_label_queue(ann, ["mail"]).incidents)
        wrong = GivenVerdict("k2", place or second, label)
        with pytest.raises(error, match=told):
            judge_incidents(ann, [GivenVerdict("k1", first, "benign"), wrong])
        assert platform.kept == []
        assert waiting(ann) == ["a", "d"]

    def test_stays_within_the_tasks_given(self, ann: Context, platform: Platform) -> None:
        place = list_label_queue(ann, ["mail"]).incidents[0].place
        with pytest.raises(GoneError):
            judge_incidents(ann, [GivenVerdict("k", place, "benign")], ["dns"])
        assert platform.kept == []

    def test_disagreement_is_two_verdicts(
        self, admin: Context, ann: Context, platform: Platform
    ) -> None:
        place = list_label_queue(ann, ["mail"]).incidents[1].place
        judge_incidents(ann, [GivenVerdict("k1", place, "benign")])
        judge_incidents(analyst(admin, "bob"), [GivenVerdict("k2", place, "malicious")])
        said = [(v.analyst, v.value) for _, v in platform.kept]
        assert said == [("ann", "benign"), ("bob", "true_positive")]

    def test_key_of_another_analyst_is_refused(self, admin: Context, ann: Context) -> None:
        give(ann, key="k")
        with pytest.raises(DataError, match="another analyst's"):
            give(analyst(admin, "bob"), key="k")

    def test_command_line_takes_it_off_too(self, admin: Context) -> None:
        add_verdicts(admin, "siem", same_verdict(["a"], "benign", "cid", None))
        assert waiting(admin) == ["d"]


class TestRetract:
    def test_removes_all_that_were_written(self, ann: Context, platform: Platform) -> None:
        give(ann)
        (done,) = retract_verdicts(ann, ["k"])
        assert done.retracted is not None
        assert platform.kept == []
        assert waiting(ann) == ["a", "d"]
        assert ann.store.audit.tail(1)[0].action == "labels.retracted"

    def test_twice_changes_nothing(self, ann: Context) -> None:
        give(ann)
        first = retract_verdicts(ann, ["k"])
        assert retract_verdicts(ann, ["k"]) == first

    def test_of_another_analyst_is_refused(
        self, admin: Context, ann: Context, platform: Platform
    ) -> None:
        give(ann)
        with pytest.raises(AuthorizationError, match="bob is not permitted"):
            retract_verdicts(analyst(admin, "bob"), ["k"])
        assert len(platform.kept) == 3

    def test_of_no_verdict_is_gone(self, ann: Context) -> None:
        with pytest.raises(GoneError):
            retract_verdicts(ann, ["k"])

    def test_needs_a_platform_that_can(self, ann: Context, platform: Platform) -> None:
        give(ann)
        platform.open = KeepsForGood
        with pytest.raises(ConnectorError, match="a later one of yours"):
            retract_verdicts(ann, ["k"])
        assert waiting(ann) == ["d"]


class TestPermission:
    def test_others_neither_read_nor_write(self, admin: Context) -> None:
        stranger = admin.acting_as(Actor("splunk", frozenset(), "server"))
        for ask in (
            lambda: list_label_queue(stranger, ["mail"]),
            lambda: list_page_verdicts(stranger, ["mail"]),
            lambda: judge_incidents(stranger, []),
            lambda: retract_verdicts(stranger, []),
        ):
            with pytest.raises(AuthorizationError, match=r"splunk .*labels\.add"):
                ask()
