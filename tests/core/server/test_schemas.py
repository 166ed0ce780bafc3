"""The body of a request: its errors are named without repeating it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.schemas import RefusedEvent, ScoreBatch, ScoreEvent, read_request

SECRET = "winter-is-coming-4711"


def read(body: Any, **changes: int) -> ScoreBatch:
    return read_request(json.dumps(body).encode(), **{"max_batch": 10, **changes})


def refusal(body: Any) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        read(body)
    assert SECRET not in caught.value.detail
    assert "\n" not in caught.value.detail
    return caught.value


class TestReadRequest:
    def test_reads_task_and_events(self) -> None:
        asked = read({"task": "mail", "events": [{"id": 3, "fields": {"message": "x"}}]})
        assert asked == ScoreBatch("mail", [ScoreEvent(id=3, fields={"message": "x"})])

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ([SECRET], "the body: must be an object"),
            (SECRET, "the body: must be an object"),
            ({"events": []}, "task: is required"),
            ({"task": "mail"}, "events: is required"),
            ({"task": 3, "events": []}, "task: must be a task's name"),
            ({"task": SECRET * 99, "events": []}, "task: must be a task's name, at most 200"),
            ({"task": "mail", "events": {SECRET: 1}}, "events: must be a list"),
            (
                {"task": "mail", "events": [], SECRET: 1},
                "the body: holds a key that is not allowed",
            ),
        ],
    )
    def test_names_the_place_of_an_error(self, body: Any, told: str) -> None:
        problem = refusal(body)
        assert problem.status == 422
        assert told in problem.detail

    @pytest.mark.parametrize(
        ("event", "event_id", "told"),
        [
            (SECRET, None, "the event: must be an object"),
            (None, None, "the event: must be an object"),
            ([SECRET], None, "the event: must be an object"),
            ({}, None, "fields: is required"),
            ({"id": 7, "fields": [SECRET]}, 7, "fields: must be an object of field names"),
            ({"id": "a", "fields": None}, "a", "fields: must be an object of field names"),
            ({"fields": {}, "id": [SECRET]}, None, "id: must be a string or a whole number"),
            ({"fields": {}, "id": True}, None, "id: must be a string or a whole number"),
            ({"fields": {}, "id": 1.5}, None, "id: must be a string or a whole number"),
            (
                {"id": "b", "fields": {}, SECRET: 1},
                "b",
                "a key that is not allowed; allowed are id",
            ),
        ],
    )
    def test_refuses_an_event_by_itself(
        self, event: Any, event_id: str | int | None, told: str
    ) -> None:
        good = {"id": "good", "fields": {"message": "x"}}
        batch = read({"task": "mail", "events": [good, event, good]})
        first, refused, last = batch.events
        assert first == last == ScoreEvent(**good)
        assert isinstance(refused, RefusedEvent)
        assert refused.id == event_id
        assert told in refused.error
        assert SECRET not in refused.error

    def test_summarises_many_errors_in_one_line(self) -> None:
        detail = refusal({"task": 1, "events": 1, "a": 1, "b": 2}).detail
        assert detail == (
            "task: must be a task's name, at most 200 characters; events: must be a list; "
            "the body: holds a key that is not allowed; allowed are task and events"
        )

    def test_counts_events_before_it_reads_them(self) -> None:
        problem = refusal({"task": "mail", "events": [SECRET] * 11})
        assert problem.status == 413
        assert problem.detail == "a batch may hold 10 events, this one holds 11: split it"

    @pytest.mark.parametrize(
        "body", [b"", b"{", SECRET.encode(), b"[" * 200_000, b'{"a": ' + b"9" * 5000]
    )
    def test_rejects_a_body_that_is_not_json(self, body: bytes) -> None:
        with pytest.raises(ProblemError, match="the body is not JSON") as caught:
            read_request(body, max_batch=10)
        assert caught.value.status == 400
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
