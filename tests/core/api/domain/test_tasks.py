"""What a task asks of a model, seen from its inputs."""

from __future__ import annotations

from sftsec_core.api.domain import InputField, InputKind, TaskSpec
from sftsec_core.api.domain.tasks import baseline_recipe

TEXT = InputField("text", InputKind.TEXT, ("email.subject", "message"))
AMOUNT = InputField("amount", InputKind.NUMBER, ("amount",))
DOUBLE = InputField("double", InputKind.NUMBER, ("amount", "message"))
TASK = TaskSpec("mail", (TEXT, AMOUNT, DOUBLE), ("benign", "spam"), "benign")


class TestSources:
    def test_name_each_field_once(self) -> None:
        assert TASK.sources == ("email.subject", "message", "amount")
        assert TASK.sources_of(InputKind.NUMBER) == ("amount", "message")
        assert TASK.text_fields == ("email.subject", "message")
        assert TASK.sources_of(InputKind.IMAGE) == ()

    def test_of_a_text_task_are_its_fields(self) -> None:
        task = TaskSpec.of_text("mail", ("message",), ("a", "b"), benign="a")
        assert task.inputs == (InputField("text", InputKind.TEXT, ("message",)),)
        assert (task.labels, task.benign) == (("a", "b"), "a")
        assert task.kinds == frozenset({InputKind.TEXT})


class TestBaseline:
    def test_is_linear_where_there_is_text(self) -> None:
        assert TASK.baseline == "linear"
        assert baseline_recipe([AMOUNT]) == "boosted"

    def test_of_images_alone_is_phash(self) -> None:
        shot = InputField("shot", InputKind.IMAGE, ("shot",))
        assert baseline_recipe([shot]) == "phash"
        assert (baseline_recipe([shot, AMOUNT]), baseline_recipe([shot, TEXT])) == (
            "boosted",
            "linear",
        )
