"""The queue of the labelling page: its order, copies, verdicts, and how long it keeps events."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.store import label_queue
from sftsec_core.store.label_queue import (
    FILE,
    KEPT_S,
    LabellingQueue,
    PageVerdict,
    QueuedIncident,
)
from sftsec_core.store.private import private_files

NOW = 1_800_000_000.0


def request(number: int, *, task: str = "mail", digest: str = "") -> QueuedIncident:
    return QueuedIncident(
        task=task,
        connector="siem",
        uid=f"i{number}",
        digest=digest or f"d{number}",
        label="malicious",
        probability=0.5,
        reason="the model is not sure",
        at=NOW - 60,
        fields={"message": f"text {number}"},
    )


def verdict(on: QueuedIncident, key: str = "k1", analyst: str = "ann") -> PageVerdict:
    return PageVerdict(
        key=key,
        place=on.place,
        task=on.task,
        connector=on.connector,
        uid=on.uid,
        uids=on.uids,
        label="benign",
        value="false_positive",
        analyst=analyst,
        at=NOW,
    )


@pytest.fixture
def queue(tmp_path: Path) -> LabellingQueue:
    made = LabellingQueue(tmp_path)
    assert made.add([request(1), request(2), request(3)], NOW) == 3
    return made


def uids(queue: LabellingQueue, *tasks: str) -> list[str]:
    return [each.uid for each in queue.waiting(tasks or ("mail",))]


def judged(queue: LabellingQueue, place: int = 0, key: str = "k1") -> PageVerdict:
    (made,) = queue.note([verdict(queue.waiting(["mail"])[place], key)])
    queue.keep([key])
    return made


class TestOrder:
    def test_newest_request_stands_first(self, queue: LabellingQueue) -> None:
        queue.add([request(4), request(5)], NOW + 1)
        assert uids(queue) == ["i4", "i5", "i1", "i2", "i3"]

    def test_cursor_reads_what_is_behind(self, queue: LabellingQueue) -> None:
        first = queue.waiting(["mail"], limit=2)
        queue.add([request(4)], NOW + 1)
        rest = queue.waiting(["mail"], after=first[-1].place)
        assert [each.uid for each in rest] == ["i3"]

    def test_only_named_tasks_are_read(self, queue: LabellingQueue) -> None:
        queue.add([request(1, task="dns")], NOW)
        assert uids(queue, "dns") == ["i1"]
        assert (queue.count(["dns"]), queue.count(["mail", "dns"]), queue.count([])) == (1, 4, 0)

    def test_oldest_fall_out_of_a_full_queue(
        self, queue: LabellingQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(label_queue, "MOST_WAITING", 4)
        queue.add([request(4), request(5)], NOW)
        assert uids(queue) == ["i4", "i5", "i1", "i2"]


class TestCopies:
    def test_equal_inputs_are_one_row(self, queue: LabellingQueue) -> None:
        assert queue.add([request(4, digest="d1"), request(5, digest="d1")], NOW) == 0
        first = queue.waiting(["mail"])[0]
        assert (first.uids, first.fields) == (("i1", "i4", "i5"), {"message": "text 5"})

    def test_repeated_request_keeps_its_place(self, queue: LabellingQueue) -> None:
        assert queue.add([request(3)], NOW + 1) == 0
        assert uids(queue) == ["i1", "i2", "i3"]
        assert queue.waiting(["mail"])[2].copies == ()

    def test_other_content_replaces_the_row(self, queue: LabellingQueue) -> None:
        before = queue.waiting(["mail"])[2]
        assert queue.add([request(3, digest="other")], NOW + 1) == 1
        assert uids(queue) == ["i3", "i1", "i2"]
        assert queue.find([before.place]) == {}


class TestVerdict:
    def test_takes_its_incident_off(self, queue: LabellingQueue) -> None:
        made = judged(queue)
        assert uids(queue) == ["i2", "i3"]
        (shown,) = queue.verdicts(["mail"])
        assert shown == replace(made, kept=True)
        assert queue.find([made.place])[made.place].uid == "i1"

    def test_counts_only_once_kept(self, queue: LabellingQueue) -> None:
        queue.note([verdict(queue.waiting(["mail"])[0])])
        assert uids(queue) == ["i1", "i2", "i3"]
        assert queue.verdicts(["mail"]) == []

    def test_repeated_key_keeps_the_first_time(self, queue: LabellingQueue) -> None:
        first = judged(queue)
        again = verdict(queue.find([first.place])[first.place])
        (found,) = queue.note([replace(again, at=NOW + 9)])
        assert (found.at, found.kept) == (NOW, True)

    def test_refused_one_leaves_no_trace(self, queue: LabellingQueue) -> None:
        queue.note([verdict(queue.waiting(["mail"])[0])])
        queue.drop(["k1"])
        assert queue.by_keys(["k1"]) == {}

    def test_retracted_one_lets_it_wait_again(self, queue: LabellingQueue) -> None:
        made = judged(queue)
        queue.settle("mail", "siem", ["i1"])  # a build has pulled it meanwhile
        queue.retract(["k1"], NOW + 5)
        queue.retract(["k1"], NOW + 9)
        assert uids(queue) == ["i1", "i2", "i3"]
        assert queue.verdicts(["mail"])[0].retracted == NOW + 5
        assert queue.on([made.place]) == []

    def test_second_analyst_keeps_it_off(self, queue: LabellingQueue) -> None:
        first = judged(queue)
        incident = queue.find([first.place])[first.place]
        queue.note([verdict(incident, "k2", "bob")])
        queue.keep(["k2"])
        queue.retract(["k1"])
        assert uids(queue) == ["i2", "i3"]
        assert [each.analyst for each in queue.on([first.place])] == ["bob"]

    def test_given_elsewhere_takes_it_off(self, queue: LabellingQueue) -> None:
        queue.settle(None, "siem", ["i2"])
        queue.settle("dns", "siem", ["i1"])
        queue.settle(None, "other", ["i3"])
        assert uids(queue) == ["i1", "i3"]


class TestVersion:
    def test_changes_with_each_write_alone(self, queue: LabellingQueue) -> None:
        seen = [queue.version()]
        uids(queue)
        assert queue.version() == seen[0]
        judged(queue)
        seen.append(queue.version())
        queue.retract(["k1"])
        seen.append(queue.version())
        assert len(set(seen)) == 3

    def test_of_no_file_is_none(self, tmp_path: Path) -> None:
        made = LabellingQueue(tmp_path)
        made.settle(None, "siem", ["i1"])
        assert (made.version(), made.waiting(["mail"]), made.count(["mail"])) == ("none", [], 0)
        assert list(tmp_path.iterdir()) == []


class TestRetention:
    def test_judged_events_go_after_a_month(self, queue: LabellingQueue) -> None:
        place = judged(queue).place
        queue.add([request(4)], NOW + KEPT_S - 1)
        assert place in queue.find([place])
        queue.add([request(5)], NOW + KEPT_S + 1)
        assert queue.find([place]) == {}
        assert queue.verdicts(["mail"]) == []
        assert uids(queue) == ["i5", "i4", "i2", "i3"]


class TestForget:
    def test_removes_incidents_with_their_verdicts(
        self, queue: LabellingQueue, tmp_path: Path
    ) -> None:
        gone = queue.find([judged(queue).place])
        (uid,) = (each.uid for each in gone.values())
        assert queue.forget(lambda _, other: other == uid, only_count=True) == 2
        assert queue.find(list(gone)) == gone
        assert queue.forget(lambda connector, other: (connector, other) == ("siem", uid)) == 2
        assert queue.find(list(gone)) == {}
        assert queue.verdicts(["mail"]) == []
        assert f"text {uid.removeprefix('i')}".encode() not in (tmp_path / FILE).read_bytes()

    def test_leaves_the_copies_of_others(self, queue: LabellingQueue) -> None:
        queue.add([replace(request(7, digest="d2"), copies=("i8",))], NOW)
        assert queue.forget(lambda _, uid: uid == "i8") == 1
        kept = next(each for each in queue.waiting(["mail"]) if each.uid == "i2")
        assert kept.uids == ("i2", "i7")


class TestFile:
    def test_is_its_owners_alone(self, tmp_path: Path) -> None:
        with private_files():
            LabellingQueue(tmp_path).add([request(1)])
        assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600

    def test_broken_one_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be read as one" * 20)
        with pytest.raises(StoreError, match=r"labelling\.db cannot be read"):
            LabellingQueue(tmp_path).waiting(["mail"])
        with pytest.raises(StoreError, match=r"labelling\.db cannot be written"):
            LabellingQueue(tmp_path).add([request(1)])

    def test_writers_at_once_lose_nothing(self, queue: LabellingQueue, tmp_path: Path) -> None:
        waiting = queue.waiting(["mail"])

        def judge(number: int) -> None:
            own = LabellingQueue(tmp_path)
            own.note([verdict(waiting[number % 3], f"k{number}", f"analyst {number}")])
            own.keep([f"k{number}"])

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(judge, range(18)))
        assert len(queue.verdicts(["mail"])) == 18
        assert uids(queue) == []
