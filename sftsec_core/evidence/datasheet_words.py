"""The questions of a datasheet and how they are answered from what a run has recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sftsec_core.evidence.datasheet import DatasheetFacts

Answer = Callable[["DatasheetFacts"], Any]
UNKNOWN = "Not recorded."
_OF_SITE = "Not recorded by sftsec: the organisation that runs it has to say."


def _purpose(facts: DatasheetFacts) -> str:
    return (
        f"To train and test a model that answers the task {facts.task!r} at this site: verdicts "
        "that analysts gave on incidents in the course of their work, with the incidents' fields."
    )


def _instances(facts: DatasheetFacts) -> Mapping[str, Any]:
    told = {"instances": "incidents of a SIEM, one row each, with the verdicts on them"}
    return {**told, "fields": {each["name"]: each["kind"] for each in facts.fields}}


def _count(facts: DatasheetFacts) -> Mapping[str, Any]:
    rows = facts.data.get("row_counts") or {}
    return {"labels of each part": dict(facts.parts), "rows": rows}


def _sample(facts: DatasheetFacts) -> Mapping[str, Any] | None:
    counts = facts.data.get("counts")
    if not counts:
        return None
    window = facts.settings.get("window")
    return {"window": window or "all that the sources keep", "pulled and left out": counts}


def _labels(facts: DatasheetFacts) -> Mapping[str, Any]:
    told = {"values of verdicts by label": facts.settings.get("labels", {})}
    ignored = (facts.settings.get("verdicts") or {}).get("undetermined")
    return {**told, **({"values without a label": ignored} if ignored else {})}


def _splits(facts: DatasheetFacts) -> Mapping[str, Any] | None:
    method = facts.data.get("split")
    return None if method is None else {"method": method, "settings": facts.settings.get("split")}


def _errors(facts: DatasheetFacts) -> Mapping[str, Any]:
    names = ("verdicts", "review", "unmapped", "notes")
    return {name: facts.data[name] for name in names if name in facts.data}


def _confidential(facts: DatasheetFacts) -> str:
    _ = facts
    return (
        "Yes: security incidents of the organisation, with personal data as far as redaction left "
        "it. The data set is not part of this archive, and neither is a text of it."
    )


def _sources(facts: DatasheetFacts) -> Mapping[str, Any]:
    return dict(facts.sources)


def _period(facts: DatasheetFacts) -> Mapping[str, Any] | None:
    span = facts.data.get("span")
    if not span or not all(span):
        return None
    told = {"first incident": span[0], "last incident": span[1]}
    rate = facts.data.get("incidents_per_day")
    return {**told, **({"labelled incidents a day in test": rate} if rate else {})}


def _provenance(facts: DatasheetFacts) -> Mapping[str, Any] | None:
    analysts = facts.data.get("analysts")
    if not analysts:
        return None
    return {"by analyst, under a pseudonym": analysts, "sealed by the audit log": facts.seal}


def _cleaning(facts: DatasheetFacts) -> Mapping[str, Any]:
    return {
        "steps": dict(facts.steps or facts.settings.get("steps", {})),
        "deduplication": facts.settings.get("dedupe"),
        "training part only": (facts.settings.get("train") or {}).get("transforms", []),
    }


def _redactions(facts: DatasheetFacts) -> Mapping[str, Any] | None:
    redacted = facts.data.get("redactions")
    if redacted is None:
        return None
    return {"replaced before the first write, by kind": redacted, "by step": facts.step_counts}


def _raw(facts: DatasheetFacts) -> str:
    _ = facts
    return "No: redaction comes before the first write, and the raw incidents stay in the SIEM."


def _uses(facts: DatasheetFacts) -> str:
    return f"This model of the task {facts.task!r}, its baseline and the models beside it."


def _not_for(facts: DatasheetFacts) -> str:
    _ = facts
    return (
        "To assess analysts or users, to decide about people, or to train models of another site, "
        "product, language or task."
    )


def _distributed(facts: DatasheetFacts) -> str:
    _ = facts
    return (
        "No. It lies in the state folder, readable by its owner alone, or in the place that the "
        "hosts of the site share; it can be encrypted (state.encrypt)."
    )


def _versions(facts: DatasheetFacts) -> Mapping[str, Any]:
    there = "yes" if facts.at_hand else "no: it was removed, and its digest is what is left"
    return {"digest of this version": facts.snapshot, "still at the site": there}


def _updated(facts: DatasheetFacts) -> str:
    _ = facts
    return (
        "Each retraining pulls again and makes a new version, named by the digest of its content."
    )


CATALOGUE: tuple[tuple[str, tuple[tuple[str, Answer | str], ...]], ...] = (
    (
        "Motivation",
        (
            ("For what purpose was the data set created?", _purpose),
            ("Who created it, on whose behalf, and who paid for it?", _OF_SITE),
        ),
    ),
    (
        "Composition",
        (
            ("What do the instances represent, and of what do they consist?", _instances),
            ("How many are there?", _count),
            ("Is it a sample of a larger set, and what was left out?", _sample),
            ("Is there a label?", _labels),
            ("Are there recommended splits?", _splits),
            ("Are there errors, noise or redundancies?", _errors),
            ("Does it hold data that might be confidential?", _confidential),
        ),
    ),
    (
        "Collection process",
        (
            ("From which sources was it acquired?", _sources),
            ("Over what time was it collected?", _period),
            ("Who gave the labels?", _provenance),
            ("Were the people concerned told, and on what legal ground is it processed?", _OF_SITE),
            ("Was its effect on them analysed (a data protection impact assessment)?", _OF_SITE),
        ),
    ),
    (
        "Preprocessing, cleaning and labelling",
        (
            ("What was done to it?", _cleaning),
            ("What was redacted?", _redactions),
            ("Was the raw data kept?", _raw),
        ),
    ),
    (
        "Uses",
        (
            ("What has it been used for?", _uses),
            ("What should it not be used for?", _not_for),
        ),
    ),
    ("Distribution", (("Is it given to third parties?", _distributed),)),
    (
        "Maintenance",
        (
            ("Which version is this, and is it still there?", _versions),
            ("Will it be updated?", _updated),
            ("Who maintains it, and how long are the data of people kept?", _OF_SITE),
        ),
    ),
)
