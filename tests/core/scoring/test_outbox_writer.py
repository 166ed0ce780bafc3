"""Recording: a page's detections and its cursor together, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.api.domain import (
    Batch,
    Detection,
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    Suppression,
    Threshold,
    Verdict,
    inputs_digest,
)
from sftsec_core.api.errors import ConnectorUnavailableError, IntegrityError, StoreError
from sftsec_core.dataset.sums import SCORING, check_sums
from sftsec_core.scoring.outbox_writer import ScoreCounts, ScoreJob, score_to_outbox
from sftsec_core.scoring.scorer import Scorer, score_page
from sftsec_core.sdk.threshold import ThresholdDecider
from sftsec_core.store.store import Store
from tests.core.scoring.parts import Pages, WordModel, files, incident, read, scorer

JOB = ScoreJob("mail", "siem", "siem", PullWindow(labelled=False), run_id="run-1")


FROM_START = ScoreJob("mail", "siem", "siem", PullWindow(labelled=False), rescan=True)


def source(count: int = 5) -> Pages:
    return Pages([incident(number, f"spam {number}") for number in range(count)])


class Breaks(Pages):
    """Loses the connection behind the first page of a pull."""

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        yield next(super().pull(window, cursor=cursor))
        raise ConnectionError


def _append(path: Path, numbers: range) -> None:
    with path.open("ab") as file:
        for number in numbers:
            file.write(orjson.dumps({"id": str(number), "message": f"spam {number}"}) + b"\n")


def reviewing() -> Scorer:
    """Alerts from 0.8; reviews from 0.5. WordModel: no word 0.00, one 0.75, two 0.86."""
    return scorer(decider=ThresholdDecider(Threshold(0.8, "fixed", 0.8), 0, review_from=0.5))


class TestReview:
    TEXTS = ("hello", "spam", "spam spam", "virus", "lunch", "virus spam")

    def source(self) -> Pages:
        return Pages([incident(number, text) for number, text in enumerate(self.TEXTS)])

    def test_counts_add_up_to_what_was_scored(self, store: Store) -> None:
        keep = replace(
            reviewing(), suppress=lambda d: Suppression("x") if "5" in d.incident_uid else None
        )
        counts = score_to_outbox(store, self.source(), keep, JOB, request_labels=len)
        assert (counts.dismissed, counts.review) == (2, 2)
        assert (counts.detections, counts.suppressed) == (1, 1)
        assert counts.scored == 6
        given = counts.as_dict()
        assert given["scored"] == sum(
            given[name] for name in ("dismissed", "review", "detections", "suppressed")
        )

    def test_requests_verdicts_and_pushes_no_alert(self, store: Store) -> None:
        asked: list[LabelRequest] = []

        def request(requests: Sequence[LabelRequest]) -> int:
            asked.extend(requests)
            return len(requests)

        counts = score_to_outbox(store, self.source(), reviewing(), JOB, request_labels=request)
        assert [each.incident_uid for each in asked] == ["incident 1", "incident 3"]
        assert [each.label for each in asked] == ["spam", "virus"]
        assert "for review" in asked[0].reason
        assert asked[0].fields["message"] == "spam"
        assert counts.requested == 2
        assert store.label_requests.waiting(JOB.task, JOB.source) == 2
        assert store.outbox.pending("siem") == 2

    def test_failed_request_leaves_the_page(self, store: Store) -> None:
        def lost(_requests: Sequence[LabelRequest]) -> int:
            raise ConnectorUnavailableError("no answer", connector="siem")

        with pytest.raises(ConnectorUnavailableError):
            score_to_outbox(store, self.source(), reviewing(), JOB, request_labels=lost)
        assert store.cursors.get("mail", "siem") is None
        again = score_to_outbox(store, self.source(), reviewing(), JOB, request_labels=len)
        assert (again.scored, again.review, again.new) == (6, 2, 2)


class TestRecord:
    def test_keeps_detections_quarantine_and_cursor(self, store: Store) -> None:
        seen: list[int] = []
        counts = score_to_outbox(store, source(), scorer(), JOB, lambda now: seen.append(now.pages))
        assert counts.as_dict() == {
            "pages": 3,
            "pulled": 6,
            "already_labelled": 0,
            "empty": 0,
            "dropped_by_steps": 0,
            "scored": 5,
            "dismissed": 0,
            "review": 0,
            "drawn": 0,
            "requested": 0,
            "alerts": 5,
            "suppressed": 0,
            "detections": 5,
            "new": 5,
            "in_outbox": 0,
            "rejected": 1,
            "labels": {"spam": 5},
            "cut": 0,
            "cut_characters": {},
            "unknown_groups": 0,
            "unexplained": 0,
        }
        assert seen == [1, 2, 3]
        assert store.outbox.pending("siem") == 5
        assert store.cursors.get("mail", "siem") == "5"
        assert [one.where for one in store.quarantine.list("siem")] == ["row 2"]

    def test_leaves_out_what_analysts_judged(self, store: Store) -> None:
        """The verdict came by way of a detection: the source shows the event as unjudged."""
        given = source()
        score_to_outbox(store, given, scorer(), JOB)
        judged = replace(given.incidents[1], verdicts=(Verdict("false_positive"),))
        store.verdicts.add("siem", [judged])
        counts = score_to_outbox(store, given, scorer(model_digest="e" * 64), FROM_START)
        assert (counts.pulled, counts.already_labelled, counts.scored, counts.new) == (6, 1, 4, 4)

    def test_scores_judged_incident_with_other_content(self, store: Store) -> None:
        """A second attack in a judged network flow has the flow's uid."""
        given, model = source(), scorer(reading="r")
        judged = replace(given.incidents[1], verdicts=(Verdict("false_positive"),))
        store.verdicts.add("siem", [judged])
        store.judged_inputs.add("siem", "r", [(judged.uid, inputs_digest(read(judged)))])
        given.incidents.append(incident(1, "virus"))
        counts = score_to_outbox(store, given, model, JOB)
        assert (counts.pulled, counts.already_labelled, counts.new) == (7, 1, 5)
        assert counts.labels == {"spam": 4, "virus": 1}
        again = score_to_outbox(store, given, model, FROM_START)
        assert (again.already_labelled, again.in_outbox, again.new) == (1, 5, 0)

    def test_suppressed_go_to_the_audit_log(self, store: Store) -> None:
        def keep_back(detection: Detection) -> Suppression:
            return Suppression(f"maintenance of {detection.task}")

        counts = score_to_outbox(store, source(2), scorer(suppress=keep_back), JOB)
        assert (counts.suppressed, counts.detections) == (2, 0)
        (entry,) = store.audit.tail(action="detections.suppressed")
        assert entry.details == {
            "reason": "maintenance of mail",
            "count": 2,
            "incidents": ["incident 0", "incident 1"],
            "run": "run-1",
        }


class FirstWords(WordModel):
    """Reads the first ten characters of a text."""

    def unread(self, batch: Batch) -> list[list[tuple[int, int]]]:
        return [[(10, len(text))] if len(text) > 10 else [] for text in batch.text()]


class TestUnread:
    def test_counts_what_the_model_does_not_read(self, store: Store) -> None:
        texts = ["spam", "spam " * 4, "ham ham ham"]
        pages = Pages([incident(number, text) for number, text in enumerate(texts)])
        counts = score_to_outbox(store, pages, scorer(model=FirstWords()), JOB)
        assert counts.cut == 2
        assert counts.as_dict()["cut_characters"] == {"text": 11}
        assert counts.plus(counts).cut_characters == {"text": 22}


class TestCursor:
    def test_new_model_resumes_after_it_too(self, store: Store) -> None:
        given = source()
        score_to_outbox(store, given, scorer(), JOB)
        given.incidents.append(incident(9, "spam 9"))
        counts = score_to_outbox(store, given, scorer(model_digest="e" * 64), JOB)
        assert given.cursors == [None, "5"]
        assert (counts.pulled, counts.new) == (1, 1)

    def test_lost_source_repeats_nothing_recorded(
        self,
        store: Store,
    ) -> None:
        broken = Breaks(source().incidents)
        for recorded in (2, 4):
            with pytest.raises(ConnectionError):
                score_to_outbox(store, broken, scorer(), JOB)
            assert store.outbox.pending("siem") == recorded
        assert broken.cursors == [None, "2"]

    def test_slower_of_two_scorers_writes_nothing(self, store: Store) -> None:
        def overtake(_counts: object) -> None:
            score_to_outbox(store, source(), scorer(model_digest="e" * 64), JOB)

        with pytest.raises(StoreError, match="another process is scoring task 'mail'"):
            score_to_outbox(store, source(), scorer(), JOB, overtake)
        # The first page of the slower one, and what was left for the faster one.
        assert store.outbox.pending("siem") == 2 + 3

    def test_resumes_where_a_file_ended(self, store: Store, tmp_path: Path) -> None:
        _append(tmp_path / "in.jsonl", range(7))
        assert score_to_outbox(store, files(tmp_path), scorer(), JOB).new == 7
        assert score_to_outbox(store, files(tmp_path), scorer(), JOB).new == 0
        _append(tmp_path / "in.jsonl", range(7, 20))
        grown = score_to_outbox(store, files(tmp_path), scorer(), JOB)
        assert grown.new == 13
        assert store.outbox.pending("siem") == 20


class TestRescan:
    def test_finds_nothing_new_with_one_model(self, store: Store) -> None:
        given = source()
        score_to_outbox(store, given, scorer(), JOB)
        again = score_to_outbox(store, given, scorer(), FROM_START)
        assert (again.detections, again.new) == (5, 0)
        other = score_to_outbox(store, given, scorer(model_digest="e" * 64), FROM_START)
        assert (other.detections, other.new) == (5, 5)
        assert store.cursors.get("mail", "siem") == "5"

    def test_killed_is_resumed_by_a_plain_call(self, store: Store) -> None:
        given = source()
        score_to_outbox(store, given, scorer(), JOB)
        with pytest.raises(ConnectionError):
            score_to_outbox(
                store, Breaks(given.incidents), scorer(model_digest="e" * 64), FROM_START
            )
        score_to_outbox(store, given, scorer(model_digest="e" * 64), JOB)
        assert given.cursors[-1] == "2"
        assert store.outbox.pending("siem") == 10


def _without_odd(incidents: Sequence[Incident]) -> Sequence[Incident]:
    return [each for each in incidents if "odd" not in each.fields["message"]]


def _made(content: tuple[int, str]) -> Incident:
    return incident(*content)


def _refuse_virus(detection: Detection) -> Suppression | None:
    return Suppression("known") if detection.label == "virus" else None


class TestSums:
    @given(
        incidents=st.lists(
            st.tuples(
                st.integers(0, 6), st.sampled_from(["", "odd", "hello", "spam", "virus", "virus !"])
            ),
            max_size=14,
        ),
        sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
        judged=st.sets(st.integers(0, 6), max_size=2),
        contents=st.lists(
            st.tuples(st.integers(0, 6), st.sampled_from(["odd", "hello", "spam", "virus"])),
            max_size=4,
        ),
    )
    @settings(max_examples=15, deadline=None, derandomize=True)
    def test_hold_whatever_is_scored_twice(
        self,
        incidents: list[tuple[int, str]],
        sizes: tuple[int, int],
        judged: set[int],
        contents: list[tuple[int, str]],
    ) -> None:
        """Of `judged` only the uid is known, unless `contents` says what was judged of it."""
        found = [incident(number, text) for number, text in incidents]
        by_uid = judged - {number for number, _ in contents}
        with (
            TemporaryDirectory() as made,
            closing(Store.open(None, folder=Path(made), actor="t")) as store,
        ):
            verdict = (Verdict("false_positive"),)
            numbers = judged | {number for number, _ in contents}
            known = [replace(incident(number, ""), verdicts=verdict) for number in numbers]
            store.verdicts.add("siem", known)
            read_of = [(one.uid, inputs_digest(read(one))) for one in map(_made, contents)]
            store.judged_inputs.add("siem", "r", read_of)
            total = 0
            for size in sizes:
                made_of = scorer(steps=_without_odd, suppress=_refuse_virus, reading="r")
                pages = Pages(found, size)
                counts = score_to_outbox(store, pages, made_of, replace(FROM_START, run_id="r"))
                check_sums("the stream", counts.as_dict(), SCORING)
                unread = counts.rejected  # the page that begins at 2 has a record not to be read
                assert unread == (len(found) > 2 and 2 % size == 0)
                assert counts.pulled == len(found) + unread
                left = [
                    text
                    for number, text in incidents
                    if number not in by_uid
                    and ((number, text) not in contents or text == "odd")  # a step is first
                ]
                assert counts.already_labelled == len(found) - len(left)
                assert counts.empty == left.count("")
                assert counts.dropped_by_steps == left.count("odd")
                assert counts.suppressed == sum("virus" in text for text in left)
                total += counts.new
                assert total == sum(store.outbox.of_run("r").values())
            assert counts.new == 0

    def test_that_fail_end_the_page(self) -> None:
        page = score_page(next(source().pull(PullWindow())), scorer())
        assert ScoreCounts().with_page(page, 2).new == 2
        with pytest.raises(IntegrityError, match="the scored page do not add up: pulled 3"):
            ScoreCounts().with_page(replace(page, pulled=3), 2)
