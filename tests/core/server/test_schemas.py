"""The body of a request: its errors are named without repeating it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.schemas import ScoreRequest, read_request

SECRET = "winter-is-coming-4711"


def read(body: Any, **changes: int) -> ScoreRequest:
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
        assert (asked.task, asked.events[0].id, asked.events[0].fields) == (
            "mail",
            3,
            {"message": "x"},
        )

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
            ({"task": "mail", "events": [SECRET]}, "events.0: must be an object"),
            ({"task": "mail", "events": [{}]}, "events.0.fields: is required"),
            (
                {"task": "mail", "events": [{"fields": [SECRET]}]},
                "events.0.fields: must be an object",
            ),
            (
                {"task": "mail", "events": [{"fields": {}, "id": [SECRET]}]},
                "events.0.id: must be a",
            ),
            (
                {"task": "mail", "events": [{"fields": {}, "id": True}]},
                "events.0.id: must be a string",
            ),
            ({"task": "mail", "events": [{"fields": {}, SECRET: 1}]}, "allowed are id and fields"),
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

    def test_summarises_many_errors_in_one_line(self) -> None:
        detail = refusal({"task": "mail", "events": [{} for _ in range(9)]}).detail
        assert detail.startswith("events.0.fields: is required; events.1.fields")
        assert detail.endswith("; and 6 more")

    def test_counts_events_before_it_reads_them(self) -> None:
        problem = refusal({"task": "mail", "events": [SECRET] * 11})
        assert problem.status == 413
        assert problem.detail == "a batch may hold 10 events, this one holds 11: split it"

    @pytest.mark.parametrize(
        "body", [b"", b"{", SECRET.encode(), b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}"]
    )
    def test_rejects_a_body_that_is_not_json(self, body: bytes) -> None:
        with pytest.raises(ProblemError, match="the body is not JSON") as caught:
            read_request(body, max_batch=10)
        assert caught.value.status == 400
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
