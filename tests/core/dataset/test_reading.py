"""A reading has another name when anything decides otherwise what a model reads."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api.domain import InputField, InputKind, TaskSpec
from sftsec_core.api.settings.choice import Choice
from sftsec_core.dataset.reading import reading_digest

GIVEN: dict[str, Any] = {
    "task": TaskSpec.of_text("mail", ("subject", "body"), ("ham", "spam"), "ham"),
    "steps": {"normalise": {}, "redact": {"national_id": False}},
    "render": None,
    "plugins": {"core": "1", "pii": "1"},
    "salt": bytes(32),
}
FALLBACK = InputField("text", InputKind.TEXT, ("subject", "body"), fallback=("summary",))


def name(**changes: Any) -> str:
    given = {**GIVEN, **changes}
    return reading_digest(given.pop("task"), **given)


class TestName:
    @pytest.mark.parametrize(
        "changes",
        [
            {"task": TaskSpec.of_text("mail", ("body", "subject"), ("ham", "spam"), "ham")},
            {"task": TaskSpec("mail", (FALLBACK,), ("ham", "spam"), "ham")},
            {"steps": {"normalise": {}, "redact": {"national_id": True}}},
            {"steps": {"redact": {"national_id": False}, "normalise": {}}},
            {"render": Choice(name="first_line")},
            {"plugins": {"core": "1", "pii": "2"}},
            {"salt": b"1" * 32},
        ],
    )
    def test_changes_with_what_is_read(self, changes: dict[str, Any]) -> None:
        assert name(**changes) != name()
        assert len(name()) == 32

    def test_stays_for_another_task_alike(self) -> None:
        other = TaskSpec.of_text("other", ("subject", "body"), ("ok", "phish"), "ok")
        assert name(task=other, plugins={"pii": "1", "core": "1"}) == name()
        assert name(render=Choice(name="x", lines=2)) != name(render=Choice(name="x"))
