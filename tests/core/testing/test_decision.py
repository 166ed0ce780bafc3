"""The contracts of what decides pass what is right and find what is wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from sftsec_core.api.contracts import (
    EmptyConfig,
    RendererSpec,
    SplitterSpec,
    SuppressorSpec,
    VoterSpec,
)
from sftsec_core.api.domain import (
    Detection,
    EvalReport,
    Example,
    Incident,
    Split,
    Suppression,
    TaskSpec,
    Vote,
)
from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.testing import (
    RendererContract,
    SplitterContract,
    SuppressorContract,
    VoterContract,
    make_detections,
    make_report,
)

# --- renderers


def text_of(_config: EmptyConfig, incident: Incident, _task: TaskSpec) -> str:
    """Right: the message, whatever it is."""
    return f"message: {incident.fields.get('message')}"


def with_the_day(config: EmptyConfig, incident: Incident, task: TaskSpec) -> str:
    return f"{datetime.now(UTC):%Y-%m-%d} {text_of(config, incident, task)}"


def with_a_hash(config: EmptyConfig, incident: Incident, task: TaskSpec) -> str:
    return f"{hash(incident.uid)} {text_of(config, incident, task)}"


def with_the_verdict(config: EmptyConfig, incident: Incident, task: TaskSpec) -> str:
    return f"{[verdict.value for verdict in incident.verdicts]} {text_of(config, incident, task)}"


def with_chance(config: EmptyConfig, incident: Incident, task: TaskSpec) -> str:
    return f"{random.random()} {text_of(config, incident, task)}"  # noqa: S311 - the fault


def needs_a_text(_config: EmptyConfig, incident: Incident, _task: TaskSpec) -> str:
    return str(incident.fields["message"].strip())


def always_empty(_config: EmptyConfig, _incident: Incident, _task: TaskSpec) -> str:
    return ""


def writes_fields(config: EmptyConfig, incident: Incident, task: TaskSpec) -> str:
    incident.fields["seen"] = True  # type: ignore[index]  # the fault
    return text_of(config, incident, task)


def gives_bytes(config: EmptyConfig, incident: Incident, task: TaskSpec) -> str:
    return text_of(config, incident, task).encode()  # type: ignore[return-value]  # the fault


class RendererUnderTest(RendererContract):
    render: Callable[..., str] = staticmethod(text_of)

    def spec(self) -> RendererSpec[Any]:
        return RendererSpec(name="message", summary="The message", render=self.render)


class TestARightRenderer(RendererUnderTest):
    """Everything, inherited."""


# --- splitters


def by_cluster(
    _config: EmptyConfig, examples: Sequence[Example], _settings: SplitSettings
) -> Split:
    """Right: every fifth cluster to dev, every fifth to test."""
    parts: list[list[Example]] = [[], [], []]
    for each in examples:
        parts[{3: 1, 4: 2}.get(each.cluster % 5, 0)].append(each)
    return Split(parts[0], parts[1], parts[2], method="by_cluster")


def by_chance(config: EmptyConfig, examples: Sequence[Example], settings: SplitSettings) -> Split:
    clusters = sorted({each.cluster for each in examples})
    places = dict(zip(clusters, random.sample(range(len(clusters)), len(clusters)), strict=True))
    moved = {each.uid: replace(each, cluster=places[each.cluster]) for each in examples}
    by_uid = {each.uid: each for each in examples}
    split = by_cluster(config, list(moved.values()), settings)
    train, dev, test = ([by_uid[each.uid] for each in part] for _, part in split.parts())
    return Split(train, dev, test, method="by_chance")


def by_hash(_config: EmptyConfig, examples: Sequence[Example], _settings: SplitSettings) -> Split:
    parts: list[list[Example]] = [[], [], []]
    for each in examples:
        parts[{3: 1, 4: 2}.get(hash(str(each.cluster)) % 5, 0)].append(each)
    return Split(parts[0], parts[1], parts[2], method="by_hash")


def leaks(config: EmptyConfig, examples: Sequence[Example], settings: SplitSettings) -> Split:
    split = by_cluster(config, examples, settings)
    return replace(split, test=[*split.test, split.train[0]])


def parts_clusters(_c: EmptyConfig, examples: Sequence[Example], _settings: SplitSettings) -> Split:
    return Split(examples[0::3], examples[1::3], examples[2::3])


def forgets_dev(config: EmptyConfig, examples: Sequence[Example], settings: SplitSettings) -> Split:
    return replace(by_cluster(config, examples, settings), dev=[])


def relabels(config: EmptyConfig, examples: Sequence[Example], settings: SplitSettings) -> Split:
    split = by_cluster(config, examples, settings)
    return replace(split, test=[replace(each, label="benign") for each in split.test])


class SplitterUnderTest(SplitterContract):
    split: Callable[..., Split] = staticmethod(by_cluster)

    def spec(self) -> SplitterSpec[Any]:
        return SplitterSpec(name="by_cluster", summary="By cluster", split=self.split)


class TestARightSplitter(SplitterUnderTest):
    """Everything, inherited."""


# --- voters


class FloorConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    floor: float = 0.5


def floor(
    config: FloorConfig, candidate: EvalReport, live: EvalReport | None, _gate: GateSettings
) -> Vote:
    """Right: no candidate below a macro-F1."""
    value = candidate.candidate.metrics["macro_f1"].value or 0.0
    return Vote("floor", value >= config.floor, f"macro-F1 {value:.3f}, floor {config.floor:.3f}")


def always_yes(
    config: FloorConfig, candidate: EvalReport, live: EvalReport | None, gate: GateSettings
) -> Vote:
    return replace(floor(config, candidate, live, gate), approve=True)


def gives_no_reason(
    config: FloorConfig, candidate: EvalReport, live: EvalReport | None, gate: GateSettings
) -> Vote:
    return replace(floor(config, candidate, live, gate), reason=" ")


def needs_a_live_model(
    config: FloorConfig, candidate: EvalReport, live: EvalReport | None, gate: GateSettings
) -> Vote:
    assert live is not None
    return floor(config, candidate, live, gate)


def votes_by_chance(
    config: FloorConfig, candidate: EvalReport, live: EvalReport | None, gate: GateSettings
) -> Vote:
    figure = random.random()  # noqa: S311 - the fault
    return replace(floor(config, candidate, live, gate), reason=f"{figure}")


def gives_a_bool(
    config: FloorConfig, candidate: EvalReport, live: EvalReport | None, gate: GateSettings
) -> Vote:
    return floor(config, candidate, live, gate).approve  # type: ignore[return-value]  # the fault


class VoterUnderTest(VoterContract):
    vote: Callable[..., Any] = staticmethod(floor)

    def spec(self) -> VoterSpec[Any]:
        return VoterSpec(name="floor", summary="A floor", config_model=FloorConfig, vote=self.vote)

    def rejected(self) -> EvalReport:
        return make_report(macro_f1=0.3)


class TestARightVoter(VoterUnderTest):
    """Everything, inherited."""


# --- suppressors


def scanner(_config: EmptyConfig, detection: Detection) -> Suppression | None:
    """Right: our own scanner is no attack."""
    if detection.fields.get("host.name") == "scanner":
        return Suppression("it comes from our own scanner")
    return None


def suppresses_all(_config: EmptyConfig, _detection: Detection) -> Suppression | None:
    return Suppression("quiet please")


def suppresses_none(_config: EmptyConfig, _detection: Detection) -> Suppression | None:
    return None


def says_nothing(config: EmptyConfig, detection: Detection) -> Suppression | None:
    return Suppression("") if scanner(config, detection) else None


def needs_a_host(_config: EmptyConfig, detection: Detection) -> Suppression | None:
    return Suppression("scanner") if detection.fields["host.name"] == "scanner" else None


def at_times(config: EmptyConfig, detection: Detection) -> Suppression | None:
    found = scanner(config, detection)
    return replace(found, reason=f"{random.random()}") if found else None  # noqa: S311 - the fault


class SuppressorUnderTest(SuppressorContract):
    suppress: Callable[..., Suppression | None] = staticmethod(scanner)

    def spec(self) -> SuppressorSpec[Any]:
        return SuppressorSpec(name="scanner", summary="Our scanner", suppress=self.suppress)

    def suppressed(self) -> Detection:
        return replace(make_detections(1)[0], fields={"host.name": "scanner"})


class TestARightSuppressor(SuppressorUnderTest):
    """Everything, inherited."""


# --- the wrong ones

WRONG = [
    (RendererUnderTest, "render", with_the_day, "test_neither_the_clock_nor_the_process_matters"),
    (RendererUnderTest, "render", with_a_hash, "test_neither_the_clock_nor_the_process_matters"),
    (RendererUnderTest, "render", with_chance, "test_neither_the_clock_nor_the_process_matters"),
    (RendererUnderTest, "render", with_the_verdict, "test_verdicts_do_not_matter"),
    (RendererUnderTest, "render", needs_a_text, "test_missing_and_strange_fields_are_passed_over"),
    (RendererUnderTest, "render", always_empty, "test_it_gives_texts"),
    (RendererUnderTest, "render", gives_bytes, "test_it_gives_texts"),
    (RendererUnderTest, "render", writes_fields, "test_incidents_are_not_changed_in_place"),
    (SplitterUnderTest, "split", by_chance, "test_neither_the_clock_nor_the_process_matters"),
    (SplitterUnderTest, "split", by_hash, "test_neither_the_clock_nor_the_process_matters"),
    (SplitterUnderTest, "split", leaks, "test_every_example_stands_in_at_most_one_part"),
    (SplitterUnderTest, "split", relabels, "test_every_example_stands_in_at_most_one_part"),
    (SplitterUnderTest, "split", parts_clusters, "test_clusters_stand_in_one_part"),
    (SplitterUnderTest, "split", forgets_dev, "test_each_part_can_be_used"),
    (VoterUnderTest, "vote", always_yes, "test_it_rejects"),
    (VoterUnderTest, "vote", gives_no_reason, "test_votes_say_who_and_why"),
    (VoterUnderTest, "vote", needs_a_live_model, "test_it_votes_without_and_beside_a_live_model"),
    (VoterUnderTest, "vote", votes_by_chance, "test_the_same_reports_give_the_same_votes"),
    (VoterUnderTest, "vote", gives_a_bool, "test_it_rejects"),
    (SuppressorUnderTest, "suppress", suppresses_all, "test_it_lets_others_pass"),
    (SuppressorUnderTest, "suppress", suppresses_none, "test_it_suppresses_with_a_reason"),
    (SuppressorUnderTest, "suppress", says_nothing, "test_it_suppresses_with_a_reason"),
    (
        SuppressorUnderTest,
        "suppress",
        needs_a_host,
        "test_a_detection_without_time_or_fields_is_no_error",
    ),
    (SuppressorUnderTest, "suppress", at_times, "test_the_same_detection_gives_the_same_answer"),
]


@pytest.mark.parametrize(
    ("contract", "part", "wrong", "test"), WRONG, ids=[each[2].__name__ for each in WRONG]
)
def test_contract_finds_a_wrong_plugin(
    contract: type[Any], part: str, wrong: Callable[..., Any], test: str
) -> None:
    faulty = type("Faulty", (contract,), {part: staticmethod(wrong)})()
    with pytest.raises((AssertionError, AttributeError, KeyError, TypeError)):
        getattr(faulty, test)()
