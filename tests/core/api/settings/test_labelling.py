"""Functions of a task are checked against its labels, and their fields are kept."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sftsec_core.api.settings.task import TaskSettings

BODY: dict[str, Any] = {
    "connector": "siem",
    "text": ["message"],
    "labels": {"benign": ["fp"], "malicious": ["tp"]},
    "unlabelled": {},
}
REGEX = {"kind": "regex", "fields": ["email.body"], "pattern": "won", "label": "malicious"}


def task(**functions: Any) -> TaskSettings:
    return TaskSettings.model_validate({**BODY, "labelling_functions": functions})


class TestLabellingFunctions:
    def test_fields_are_kept_with_the_task(self) -> None:
        tool = {"kind": "verdict_of", "field": "gateway", "labels": {"benign": ["clean"]}}
        assert {"email.body", "gateway"} <= set(task(prizes=REGEX, tool=tool).fields)

    @pytest.mark.parametrize(
        ("function", "told"),
        [
            ({**REGEX, "label": "malicous"}, "prizes: unknown label 'malicous', did you mean"),
            (
                {"kind": "verdict_of", "field": "f", "labels": {"nice": ["ok"]}},
                "prizes: unknown label 'nice'",
            ),
            (
                {
                    "kind": "verdict_of",
                    "field": "f",
                    "labels": {"benign": ["Not Bad"], "malicious": ["not_bad"]},
                },
                "the word 'not_bad' stands for both",
            ),
            ({**REGEX, "kind": "sigma"}, "'regex', 'indicators', 'verdict_of'"),
            ({**REGEX, "fields": []}, "at least 1 item"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, function: dict[str, Any], told: str) -> None:
        with pytest.raises(ValidationError, match=told):
            task(prizes=function)

    def test_refuses_functions_without_a_pool(self) -> None:
        body = {**BODY, "unlabelled": None, "labelling_functions": {"prizes": REGEX}}
        with pytest.raises(ValidationError, match="set `unlabelled`"):
            TaskSettings.model_validate(body)
