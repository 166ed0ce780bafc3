"""From rows and labels to examples, and from fields to the default text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sftsec_core.api.contracts import RendererSpec
from sftsec_core.api.domain import Incident, IncidentPage, InputField, InputKind, TaskSpec, Verdict
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.choice import Choice
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.dataset.features import (
    build_examples,
    read_facets,
    read_inputs,
    render_text,
    renderer,
    text_extents,
)
from sftsec_core.dataset.resolve import resolve
from sftsec_core.plugins import Plugins
from tests.core.dataset.builders import TASK, build, text

LABELS = {"spam": ("Spam", "true_positive"), "ham": ("ham", "false_positive")}


DAY = datetime(2026, 1, 1, tzinfo=UTC)


def given(value: str, who: str | None = None, day: int | None = None, **options: bool) -> Verdict:
    at = None if day is None else DAY + timedelta(days=day)
    return Verdict(value, who, at, automated=options.get("automated", False))


class Loud(BaseModel):
    """Settings of a renderer."""

    word: str


class TestBuildExamples:
    def test_takes_labelled_rows_sorted_by_uid(self, tmp_path: Path) -> None:
        incidents = (
            Incident("b", {"message": text(1)}, (given("spam"),), DAY, "test"),
            Incident("a", {"message": text(2)}, (given("ham"),)),
            Incident("c", {"message": text(3)}),
        )
        snapshot = build([IncidentPage(incidents, "c")], tmp_path)
        found = resolve(snapshot, LABELS, VerdictSettings())
        examples = build_examples(snapshot, found, renderer(TASK, None, Plugins(())))
        assert [(e.uid, e.inputs["text"], e.label) for e in examples] == [
            ("a", text(2), "ham"),
            ("b", text(1), "spam"),
        ]
        assert (examples[1].at, examples[1].split, examples[1].weight) == (DAY, "test", 1.0)
        assert examples[0].cluster != examples[1].cluster

    def test_names_on_whom_a_label_rests(self, tmp_path: Path) -> None:
        incidents = tuple(
            Incident(uid, {"message": text(n)}, (given("spam"),)) for n, uid in enumerate("ab")
        )
        snapshot = build([IncidentPage(incidents, "c")], tmp_path)
        found = resolve(snapshot, LABELS, VerdictSettings())
        render = renderer(TASK, None, Plugins(()))
        support = {"a": ("ann", "bob")}
        examples = build_examples(snapshot, found, render, support=support)
        assert [each.analysts for each in examples] == [("ann", "bob"), ()]

    def test_renders_as_chosen_and_drops_empty_texts(self, tmp_path: Path) -> None:
        class Shout:
            @hookimpl
            def sftsec_register_renderers(self) -> Sequence[RendererSpec[Any]]:
                def render(config: Loud, incident: Incident, _task: TaskSpec) -> str:
                    return {"a": "soft", "b": config.word, "c": ""}[incident.uid]

                return [RendererSpec(name="shout", summary="x", config_model=Loud, render=render)]

        chosen = Choice.model_validate({"name": "shout", "word": "LOUD"})
        render = renderer(TASK, chosen, Plugins.of_modules(Shout()))

        incidents = tuple(
            Incident(uid, {"message": text(n)}, (given("spam"),)) for n, uid in enumerate("abc")
        )
        snapshot = build([IncidentPage(incidents, "c")], tmp_path)
        found = resolve(snapshot, LABELS, VerdictSettings())
        examples = build_examples(snapshot, found, render)
        assert [(e.uid, e.inputs["text"]) for e in examples] == [("a", "soft"), ("b", "LOUD")]


class TestTextExtents:
    TWO = InputField("text", InputKind.TEXT, ("a", "b"), ("c",))

    def task(self) -> TaskSpec:
        return TaskSpec(name="t", inputs=(self.TWO,), labels=("x", "y"))

    def test_are_lengths_of_the_fields_read(self) -> None:
        found = [
            text_extents(Incident("u", fields), self.task())
            for fields in ({"a": "one", "c": "x"}, {"a": [1], "b": "two"}, {"c": "other"}, {})
        ]
        assert [each["text"] for each in found] == [(3, 0, 0), (3, 3, 0), (0, 0, 5), (0, 0, 0)]

    def test_a_lone_field_has_none(self) -> None:
        assert text_extents(Incident("u", {"message": "x"}), TASK) == {}


class TestRenderText:
    def test_reads_the_fallback_for_want_of_others(self) -> None:
        field = InputField("text", InputKind.TEXT, ("a", "b"), fallback=("summary",))
        task = TaskSpec("t", (field,), ("good", "bad"), "good")
        assert task.sources == ("a", "b", "summary")
        summed = {"summary": "in short"}
        assert read_inputs(Incident("1", {"b": "x", **summed}), task) == {"text": "x"}
        assert read_inputs(Incident("1", {"b": "", **summed}), task) == {"text": "in short"}
        assert read_inputs(Incident("1", {"other": "x"}), task) == {}

    def test_joins_the_fields_that_are_there(self) -> None:
        sources = ("a", "b", "c")
        assert render_text(Incident("1", {"c": 5, "a": "one", "d": "no"}), sources) == "one\n5"
        assert render_text(Incident("1", {"b": ["x", 1]}), sources) == '["x",1]'
        assert render_text(Incident("1", {}), sources) == ""


class TestReadFacets:
    def test_are_fields_and_the_connector(self) -> None:
        fields = {"host.type": "server", "site": None, "long": "x" * 300}
        incident = Incident("siem:a", fields, at=None)
        found = read_facets(incident, ("host.type", "site", "long"), several=True)
        assert found == {"host.type": "server", "long": "x" * 100, "connector": "siem"}
        assert read_facets(incident, (), several=False) == {}
