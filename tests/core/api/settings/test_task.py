"""A task's settings: what it reads, and the nonsense that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from sftsec_core.api.domain import InputField, InputKind
from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.api.settings.task import TaskSettings

TASK: Mapping[str, Any] = {
    "connector": "siem",
    "text": ["email.subject", "message"],
    "labels": {"benign": ["false_positive"], "spam": ["spam", "junk"]},
    "benign": "benign",
}


def task(**changes: Any) -> TaskSettings:
    return TaskSettings.model_validate({**TASK, **changes})


class TestInputs:
    def test_are_a_text_numbers_and_categories(self) -> None:
        assert task(numbers=["amount"], categories=["user.id"]).inputs == (
            InputField("text", InputKind.TEXT, ("email.subject", "message")),
            InputField("amount", InputKind.NUMBER, ("amount",)),
            InputField("user.id", InputKind.CATEGORY, ("user.id",)),
        )
        assert [each.name for each in task(text=[], numbers=["amount"]).inputs] == ["amount"]

    def test_fields_name_each_used_one_once(self) -> None:
        used = task(numbers=["amount"], keep=["host.name", "message"], group="case")
        assert used.fields == ("email.subject", "message", "amount", "host.name", "case")
        grouped = task(evaluation={"groups": ["host.type", "message"]})
        assert grouped.fields == ("email.subject", "message", "host.type")
        assert grouped.read_fields == ("email.subject", "message")
        summed = task(text_fallback=["summary"])
        assert summed.fields == ("email.subject", "message", "summary")
        assert summed.read_fields == ("email.subject", "message")


class TestConnectors:
    def test_are_one_name_or_a_list(self) -> None:
        assert task().connectors == task(connector=["siem"]).connectors == ("siem",)
        assert task(connector=["siem"]) == task()
        several = task(connector=["crowd", "mail"])
        assert several.connectors == several.destinations == ("crowd", "mail")
        assert several.model_dump(mode="json")["connector"] == ["crowd", "mail"]

    def test_push_to_their_own_unless_told(self) -> None:
        assert task(connector=["crowd", "mail"]).destination("mail") == "mail"
        told = task(connector=["crowd", "mail"], push_to="mail")
        assert told.destinations == ("mail",)
        assert told.destination("crowd") == "mail"

    @pytest.mark.parametrize(
        ("connector", "message"),
        [
            ([], "at least one connector"),
            (["siem", "siem"], "'siem' is listed twice"),
            (["siem", "a:b"], "'a:b' has a colon"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, connector: list[str], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            task(connector=connector)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"text": []}, "at least one field in text, numbers, categories or images"),
            ({"numbers": ["message"]}, "'message' is listed twice"),
            ({"text": ["message", "message"]}, "'message' is listed twice"),
            ({"text_fallback": ["message"]}, "'message' is listed twice"),
            ({"text": [], "numbers": ["n"], "text_fallback": ["a"]}, "name fields in text"),
            ({"categories": ["text"]}, "'text' names the joined text"),
            ({"benign": "ham"}, r"benign 'ham' is not one of \['benign', 'spam'\]"),
            ({"metric": "recall"}, "'recall' is none of macro_f1"),
            ({"metric": "tpr_at_fpr_1"}, "the rate lies between 0 and 1"),
            ({"metric": "tpr_at_fpr_x"}, "the rate lies between 0 and 1"),
            ({"metric": "average_precision", "benign": None}, "name `benign` too"),
            (
                {"labels": {"benign": ["Junk"], "spam": ["junk"]}},
                "the word 'junk' stands for both 'benign' and 'spam'",
            ),
            (
                {"labels": {"benign": ["1"], "spam": ["1.0"]}},
                "the word '1.0' stands for both 'benign' and 'spam'",
            ),
            ({"labels": {"spam": ["spam"]}}, "labels"),
            ({"lables": {}}, "lables"),
            ({"train": {"transforms": ["augment", "label_errors"]}}, "name 'augment' last, and"),
        ],
    )
    def test_of_a_task_name_the_cause(self, changes: Mapping[str, Any], told: str) -> None:
        with pytest.raises(ValidationError, match=told):
            task(**changes)

    @pytest.mark.parametrize(
        ("values", "told"),
        [
            ({"dev": 0.4, "test": 0.5}, "at least a tenth to train on"),
            ({"dev": 1.5}, "dev"),
            ({"method": "time", "sites": ["a"]}, "unknown key 'sites'"),
            ({"seeed": 3}, "unknown key 'seeed', did you mean 'seed'"),
        ],
    )
    def test_of_a_split_name_the_cause(self, values: Mapping[str, Any], told: str) -> None:
        with pytest.raises(ValidationError, match=told):
            SplitSettings.model_validate(values)


class TestSplit:
    def test_keeps_the_keys_of_a_plugin(self) -> None:
        split = SplitSettings.model_validate({"method": "by_site", "sites": ["a"], "seed": 3})
        assert split.options() == {"sites": ["a"]}
        assert split.seed == 3
