"""What the step "decode" adds, that it is cleaned first, and its bounds."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from sftsec_core.api.contracts import StepContext
from sftsec_core.api.domain import Incident
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.dataset.decode import MARK, Decode, DecodeConfig
from sftsec_core.dataset.steps import StepChain, build_steps
from sftsec_core.plugins import Plugins


def b64(text: str, coding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(coding)).decode()


def chain(**options: Any) -> StepChain:
    task = TaskSettings(
        connector="c",
        text=("message", "args"),
        labels={"malicious": ("bad",), "benign": ("good",)},
        steps={"decode": options, "redact": {}, "normalise": {}},
    )
    context = StepContext(("message", "args"), b"s" * 32)
    return build_steps(task, Plugins(("core", "pii")), context)


def decoded(value: Any, **options: Any) -> Any:
    [incident] = chain(**options)([Incident("1", {"message": value, "other": value})])
    assert MARK not in str(incident.fields["other"])
    return incident.fields["message"]


class TestDecodeStep:
    def test_adds_the_text_and_keeps_the_original(self) -> None:
        word = b64("whoami /all", "utf-16-le")
        assert decoded(f"powershell -enc {word}") == f"powershell -enc {word} {MARK} whoami /all"

    def test_leaves_a_text_without_encoded_words(self) -> None:
        assert decoded("powershell -c whoami") == "powershell -c whoami"

    def test_reads_lists_and_objects(self) -> None:
        word = b64("whoami and hostname")
        assert decoded(["sh", word]) == ["sh", word, f"{MARK} whoami and hostname"]
        assert decoded({"a": {"b": word}}) == [
            {"a": {"b": word}},
            f"{MARK} whoami and hostname",
        ]

    def test_cleans_what_it_decoded(self) -> None:
        new = decoded("x " + b64("send  \uff46iles\u200b to the other"))
        assert new.endswith(f"{MARK} send files to the other")

    @pytest.mark.parametrize(
        "encode",
        [
            b64,
            lambda text: b64(text, "utf-16-le"),
            lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
            lambda text: text.encode().hex(),
            lambda text: "/tmp/q/" + b64(text),
        ],
    )
    @pytest.mark.parametrize("size", [1, 30], ids=["short", "long"])
    def test_nothing_personal_is_laid_bare(self, encode: Any, size: int) -> None:
        text = "mail ?>~ anna@shop.example password=hunter2x! " * size
        new = decoded(f"run {encode(text)}", max_chars=60)
        assert "anna" not in new
        assert "hunter2x" not in new

    @pytest.mark.parametrize(
        "text",
        [
            "Authorization: Basic " + b64("bert:Tr0ub4dor&3-horse"),
            "password=" + b64("Tr0ub4dor&3-horse"),
            "db_password: " + b"Tr0ub4dor&3-horse".hex(),
        ],
    )
    def test_value_of_a_secret_is_not_decoded(self, text: str) -> None:
        assert "Tr0ub4dor" not in decoded(text)

    def test_bounds_and_counts_what_it_adds(self) -> None:
        words = " ".join(b64(f"number {n:04} of many") for n in range(9))
        steps = chain(max_words=3, max_chars=40)
        [incident] = steps([Incident("1", {"message": words})])
        added = incident.fields["message"].removeprefix(words + " ")
        assert added == f"{MARK} number 0000 of many {MARK} number 0001 of many"[:40]
        assert steps.counts()["decode"] == {"words": 3, "cut": 2}

    def test_what_an_earlier_step_dropped_adds_nothing(self) -> None:
        class Drops:
            def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
                return [each for each in incidents if MARK not in str(each.fields)]

            def counts(self) -> dict[str, int]:
                return {}

        context = StepContext(("message",), b"s" * 32, (Drops(),))
        given = [Incident("1", {"message": b64("whoami and hostname")})]
        assert Decode(DecodeConfig(), context)(given) == given
