"""The scores in a response of `sftsec serve`, and responses that are not one."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.sdk.portable import EventScore, read_scores

RESULT: dict[str, Any] = {
    "id": 0, "label": "malicious", "probability": 0.9, "detection": True, "reason": None,
    "error": None, "top_classes": [{"label": "malicious", "probability": 0.9}],
    "labels": ["malicious"], "inputs_digest": "5d41",
}  # fmt: skip
MODEL = {"digest": "d" * 64, "recipe": "linear"}


def body(*results: Any, **more: Any) -> dict[str, Any]:
    return {"task": "mail", "model": MODEL, "threshold": 0.5, "results": list(results), **more}


class TestReadScores:
    def test_reads_scores_and_errors_in_order(self) -> None:
        failed = {"id": 1, "error": "no text", "label": None, "probability": None}
        certain = (("malicious", 0.9),)
        one = EventScore(
            "malicious",
            0.9,
            True,
            0.5,
            "",
            "",
            "d" * 64,
            "linear",
            certain,
            ("malicious",),
            "5d41",
        )
        other = EventScore(error="no text", model="d" * 64, recipe="linear")
        assert read_scores(body(RESULT, failed), 2) == [one, other]

    @pytest.mark.parametrize(
        "junk",
        [
            None, [], {}, "x", body(), body(RESULT, RESULT), body("x"), body({**RESULT, "id": 7}),
            body(RESULT, model=None), body(RESULT, model={"digest": 5, "recipe": "linear"}),
            body(RESULT, threshold="high"), body(RESULT, threshold=None),
            body({**RESULT, "probability": 7}), body({**RESULT, "probability": None}),
            body({**RESULT, "label": 5}), body({**RESULT, "top_classes": None}),
            body({**RESULT, "labels": None}), body({**RESULT, "labels": [5]}),
            body({**RESULT, "inputs_digest": None}),
        ],
    )  # fmt: skip
    def test_refuses_another_servers_response(self, junk: Any) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - the caller names the cause
            read_scores(junk, 1)
