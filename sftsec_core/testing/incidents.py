"""Synthetic incidents, examples and reports: the same arguments give the same values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from sftsec_core.api.domain import (
    TEXT_INPUT,
    ConfusionMatrix,
    Detection,
    EvalReport,
    Example,
    FittedPart,
    Incident,
    Interval,
    LabelRequest,
    LeakCheck,
    ModelScores,
    TaskSpec,
    Threshold,
    Verdict,
    detection_uid,
    inputs_digest,
)

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_WORDS = {
    "benign": ("invoice", "lunch", "meeting", "thursday", "agenda", "minutes", "Grüße", "report"),
    "malicious": ("password", "verify", "urgent", "account", "locked", "prize", "click", "бонус"),
}
_COMMON = ("please", "the", "your", "today", "team", "from", "with", "見積")


def make_incidents(
    count: int, *, seed: int = 0, labelled: float = 0.5, field: str = "message"
) -> list[Incident]:
    """Make incidents a minute apart, in the order of their times.

    Every fifth one has the text of the one before it under a uid of its own, as alerts have, and
    the labels "benign" and "malicious" (one in three) can be learned from the words.

    Args:
        count: how many.
        seed: another seed gives other texts, and the same uids.
        labelled: the fraction that carries a verdict, 0 to 1.
        field: the dotted name of the field that holds the text.
    """
    random = Random(seed)  # noqa: S311 - test data, not a secret
    incidents: list[Incident] = []
    for number in range(count):
        at = START + timedelta(minutes=number)
        label = "malicious" if number % 3 == 0 else "benign"
        text = _text(random, label)
        if number % 5 == 4:
            text = str(incidents[-1].fields[field])
            label = "malicious" if (number - 1) % 3 == 0 else "benign"
        verdict = Verdict(label, analyst=f"analyst-{number % 2}", at=at + timedelta(hours=1))
        verdicts = (verdict,) if random.random() < labelled else ()
        fields = {field: text, "host.name": f"host-{number % 4}"}
        incidents.append(Incident(f"incident-{number:05d}", fields, verdicts, at))
    return incidents


def make_examples(
    count: int, *, labels: tuple[str, ...] = ("benign", "malicious"), seed: int = 0
) -> list[Example]:
    """Make examples that take the labels in turn, each recognisable by its words.

    Args:
        count: how many; the i-th has `labels[i % len(labels)]`.
        labels: the classes; any names.
        seed: another seed gives other texts.
    """
    random = Random(seed)  # noqa: S311 - test data, not a secret
    examples = []
    for number in range(count):
        label = labels[number % len(labels)]
        uid = f"example-{seed}-{number:05d}"
        examples.append(Example.of_text(uid, _text(random, label), label))
    return examples


def make_example(uid: str, text: str, label: str, *, weight: float = 1.0) -> Example:
    """Make one example of a text."""
    return Example.of_text(uid, text, label, weight=weight)


def make_label_requests(incident_uids: Sequence[str]) -> list[LabelRequest]:
    """Make a request for labels an incident, each with a reason."""
    return [LabelRequest(uid, "made-up", "malicious", 0.5, "not sure") for uid in incident_uids]


def make_report(*, macro_f1: float = 0.9, examples: int = 500) -> EvalReport:
    """Make the report of a candidate beside a baseline that is worse by a tenth.

    Args:
        macro_f1: the candidate's; its other figures are the same.
        examples: training examples a label.
    """
    labels = ("benign", "malicious")
    return EvalReport(
        task="made-up",
        candidate=_scores("candidate", macro_f1),
        others={"linear": _scores("linear", macro_f1 - 0.1)},
        differences={"linear": Interval(0.1, 0.05, 0.15)},
        threshold_table=(),
        worst_errors=(),
        data={},
        labels_train=dict.fromkeys(labels, examples),
        benign=labels[0],
        leaks=LeakCheck(checked=True),
    )


def _scores(name: str, value: float) -> ModelScores:
    figure = Interval(value, value - 0.02, value + 0.02)
    figures = ("macro_f1", "f1", "precision", "recall", "roc_auc", "average_precision")
    return ModelScores(
        name=name,
        recipe="linear",
        metrics=dict.fromkeys(figures, figure),
        per_class={},
        threshold=Threshold(0.5, "max_f1"),
        calibrator=FittedPart("temperature", {"temperature": 1.0}),
        decider=FittedPart("threshold"),
        confusion=ConfusionMatrix(("benign", "malicious"), ((90, 10), (10, 90))),
        inference_cost=1,
    )


def make_task(
    labels: tuple[str, ...] = ("benign", "malicious"), *, field: str = "message"
) -> TaskSpec:
    """Make the task that the incidents and examples of this module answer."""
    return TaskSpec.of_text("made-up", (field,), labels, benign=labels[0])


def make_detections(count: int, *, model_digest: str = "0" * 64) -> list[Detection]:
    """Make detections of the first incidents of `make_incidents`."""
    return [
        Detection(
            uid=detection_uid(model_digest, incident.uid, digest_of(incident)),
            incident_uid=incident.uid,
            task="made-up",
            model_digest=model_digest,
            label="malicious",
            probability=0.9,
            threshold=0.5,
            top_classes=(("malicious", 0.9), ("benign", 0.1)),
            at=incident.at,
            fields=incident.fields,
        )
        for incident in make_incidents(count)
    ]


def digest_of(incident: Incident) -> str:
    """The digest of what a model reads of an incident of this module: its message."""
    return inputs_digest({TEXT_INPUT: str(incident.fields.get("message", ""))})


def _text(random: Random, label: str) -> str:
    own = _WORDS.get(label) or tuple(f"{label}{suffix}" for suffix in ("ish", "ly", "ness", "s"))
    words = random.sample(_COMMON, 3) + random.choices(own, k=3)
    random.shuffle(words)
    return " ".join(words)
