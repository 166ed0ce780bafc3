"""How many verdicts become one label, and which incidents a person must look at again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sftsec_core.api.contracts import RendererSpec
from sftsec_core.api.domain import Incident, IncidentPage, TaskSpec, Verdict
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.choice import Choice
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.dataset.features import build_examples, render_text, renderer
from sftsec_core.dataset.resolve import Resolution, resolve
from sftsec_core.plugins import Plugins
from tests.core.dataset.builders import TASK, build, text

LABELS = {"spam": ("Spam", "true_positive"), "ham": ("ham", "false_positive")}
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def given(value: str, who: str | None = None, day: int | None = None, **options: bool) -> Verdict:
    at = None if day is None else DAY + timedelta(days=day)
    return Verdict(value, who, at, automated=options.get("automated", False))


def resolved(folder: Path, *incidents: Incident, weight: float = 0.5) -> Resolution:
    snapshot = build([IncidentPage(incidents, "c")], folder)
    return resolve(snapshot, LABELS, VerdictSettings(automated_weight=weight))


def label_of(folder: Path, *verdicts: Verdict) -> str:
    """The label of one incident, or the reason why it has none."""
    found = resolved(folder, Incident("1", {"message": text(1)}, verdicts))
    if "1" in found.labels:
        assert not found.review
        return found.labels["1"][0]
    return found.review[0].reason


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([given("spam")], "spam"),
        ([given(" TRUE_POSITIVE ")], "spam"),
        ([given("ham", "ana", 1), given("spam", "ana", 2)], "spam"),
        ([given("spam", "ana", 2), given("ham", "ana", 1)], "spam"),
        ([given("ham", "ana"), given("spam", "ana")], "spam"),
        ([given("spam", "a"), given("spam", "b"), given("ham", "c")], "spam"),
        ([given("spam", "a"), given("ham", "b")], "tie: ham 1, spam 1"),
        ([given("spam"), given("ham")], "tie: ham 1, spam 1"),
        ([given("spam"), given("spam"), given("ham", "b")], "tie: ham 1, spam 1"),
        ([given("ham", None, 1), given("spam", None, 2)], "spam"),
        ([given("undetermined")], "undetermined"),
        ([given("undetermined", "a"), given("spam", "b")], "spam"),
        ([given("spam", "a", 1), given("Undetermined", "a", 2)], "undetermined"),
        ([given("5")], "unmapped verdict '5'"),
        ([given("spam", "a"), given("what", "b")], "unmapped verdict 'what'"),
        ([given("what", "a", 1), given("spam", "a", 2)], "spam"),
        ([given("ham", "bot", automated=True), given("spam", "ana")], "spam"),
    ],
)
def test_verdicts_on_one_incident_become_one_label_or_go_to_review(
    verdicts: list[Verdict], expected: str, tmp_path: Path
) -> None:
    assert label_of(tmp_path, *verdicts) == expected


def test_two_labels_on_one_id_in_two_records_go_to_review(tmp_path: Path) -> None:
    records = [Incident("1", {"message": "hello"}, (given(v),)) for v in ("spam", "ham")]
    found = resolved(tmp_path, *records)
    assert not found.labels
    assert found.review[0].uid == "1"
    assert found.counts["review: tie"] == 1


def test_copies_with_different_labels_go_to_review(tmp_path: Path) -> None:
    copies = [
        Incident(str(n), {"message": "hello"}, (given(v),)) for n, v in enumerate(("spam", "ham"))
    ]
    found = resolved(tmp_path, *copies)
    assert not found.labels
    assert [(item.uid, item.reason) for item in found.review] == [
        ("0", "same text, different labels")
    ]


def test_a_copys_verdict_labels_the_text_that_stands_for_it(tmp_path: Path) -> None:
    copies = [
        Incident("0", {"message": "hello"}),
        Incident("1", {"message": "hello"}, (given("spam"),)),
    ]
    assert dict(resolved(tmp_path, *copies).labels) == {"0": ("spam", 1.0)}


def test_a_label_that_no_person_gave_weighs_less_or_nothing(tmp_path: Path) -> None:
    one = Incident("1", {"message": "hello"}, (given("spam", automated=True),))
    assert dict(resolved(tmp_path / "a", one).labels) == {"1": ("spam", 0.5)}
    none = resolved(tmp_path / "b", one, weight=0)
    assert not none.labels
    assert none.counts["automated_left_out"] == 1


def test_everything_is_counted(tmp_path: Path) -> None:
    given_ones = [
        Incident(str(n), {"message": text(n)}, tuple(verdicts))
        for n, verdicts in enumerate(
            [[given("spam")], [given("ham")], [given("odd")], [], [given("other")]]
        )
    ]
    assert dict(resolved(tmp_path, *given_ones).counts) == {
        "verdicts": 4,
        "labelled": 2,
        "unlabelled": 3,
        "automated_left_out": 0,
        "review: undetermined": 1,
        "review: unmapped verdict": 1,
    }


def test_examples_are_the_labelled_rows_sorted_by_uid(tmp_path: Path) -> None:
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


class Loud(BaseModel):
    """Settings of a renderer."""

    word: str


def test_the_chosen_renderer_renders_and_an_empty_text_drops(tmp_path: Path) -> None:
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


def test_the_default_text_joins_the_fields_that_are_there() -> None:
    sources = ("a", "b", "c")
    assert render_text(Incident("1", {"c": 5, "a": "one", "d": "no"}), sources) == "one\n5"
    assert render_text(Incident("1", {"b": ["x", 1]}), sources) == '["x",1]'
    assert render_text(Incident("1", {}), sources) == ""
