"""A report as JSON and back: what is read is equal to what was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

from sftsec_core.api.domain import (
    ConfusionMatrix,
    Curve,
    EvalReport,
    Explanation,
    FittedPart,
    Interval,
    LeakCheck,
    ModelScores,
    Threshold,
    WorstError,
)
from sftsec_core.api.errors import DataError, IntegrityError

SCHEMA = "sftsec.eval-report"
VERSION = 2
ValueT = TypeVar("ValueT")


def to_json(report: EvalReport) -> str:
    """Write a report; the keys' order is that of the dataclasses and of the task's labels.

    Raises:
        DataError: when `report.data` or a section holds what JSON cannot.
    """
    body = {"schema": SCHEMA, "version": VERSION, **asdict(report)}
    try:
        return json.dumps(body, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise DataError(f"the report cannot be written as JSON: {error}") from error


def without_texts(report: EvalReport, instead: str) -> EvalReport:
    """The same report without the texts of incidents: of the worst errors, and risks' tables."""
    errors = tuple(replace(each, text=instead, explanation=None) for each in report.worst_errors)
    return replace(report, worst_errors=errors, sections=without_tables(report.sections))


def without_tables(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Sections of audits as JSON values, without the risks' tables that hold words of incidents."""
    return {
        name: {**each, "tables": [table for table in each["tables"] if not table.get("texts")]}
        if "risk" in each
        else each
        for name, each in sections.items()
    }


def from_json(text: str) -> EvalReport:
    """Read what `to_json` wrote.

    Raises:
        IntegrityError: when it is not a report, or one of another version.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise IntegrityError(f"not a report: {error}") from error
    if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
        raise IntegrityError(f"not a report: its schema is not {SCHEMA!r}")
    version = body.pop("version", None)
    if version not in {1, VERSION}:
        raise IntegrityError(
            f"the report is of version {version!r}, this sftsec reads 1 and {VERSION}: "
            "read it with the sftsec that wrote it"
        )
    try:
        return _report(_from_version_1(body) if version == 1 else body)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise IntegrityError(f"the report is damaged: {type(error).__name__}: {error}") from error


def _from_version_1(body: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had no sections, a leak count of 0 after a clean check, and flat models."""
    data, benign = dict(body["data"]), body["benign"]
    leaks = {"checked": data.pop("leaks", None) == 0, "examples": ()}
    models = {"candidate": _scores_from_version_1(body["candidate"], benign)}
    others = {
        name: _scores_from_version_1(scores, benign) for name, scores in body["others"].items()
    }
    return {**body, **models, "others": others, "data": data, "leaks": leaks, "sections": {}}


def _scores_from_version_1(scores: dict[str, Any], benign: str | None) -> dict[str, Any]:
    """It had `cost`, and a temperature and a threshold, as there was no other way to decide."""
    kept = {name: each for name, each in scores.items() if name not in {"cost", "temperature"}}
    labels = scores["confusion"]["labels"]
    return {
        "calibrator": {"name": "temperature", "state": {"temperature": scores["temperature"]}},
        "decider": {
            "name": "threshold",
            "state": {
                "threshold": scores["threshold"],
                "benign": None if benign is None else labels.index(benign),
                "review_from": None,
            },
        },
        "inference_cost": scores["cost"],
        **kept,
    }


def _report(body: dict[str, Any]) -> EvalReport:
    candidate, others = body.pop("candidate"), body.pop("others")
    differences, errors = body.pop("differences"), body.pop("worst_errors")
    leaks = body.pop("leaks")
    return EvalReport(
        candidate=_scores(candidate),
        others=_each(_scores, others),
        differences=_each(_interval, differences),
        threshold_table=tuple(body.pop("threshold_table")),
        worst_errors=tuple(map(_worst_error, errors)),
        leaks=LeakCheck(**leaks | {"examples": tuple(leaks["examples"])}),
        **body,
    )


def _scores(raw: dict[str, Any]) -> ModelScores:
    confusion = raw["confusion"]
    counts = tuple(tuple(row) for row in confusion["counts"])
    return ModelScores(
        **raw
        | {
            "metrics": _each(_interval, raw["metrics"]),
            "threshold": Threshold(**raw["threshold"]),
            "calibrator": FittedPart(**raw["calibrator"]),
            "decider": FittedPart(**raw["decider"]),
            "confusion": ConfusionMatrix(tuple(confusion["labels"]), counts),
            "curves": _each(_curve, raw["curves"]),
        }
    )


def _worst_error(raw: dict[str, Any]) -> WorstError:
    why = raw.get("explanation")
    return WorstError(**{**raw, "explanation": None if why is None else Explanation.from_json(why)})


def _interval(raw: dict[str, Any]) -> Interval:
    return Interval(**raw)


def _curve(raw: dict[str, Any]) -> Curve:
    return Curve(**{name: tuple(values) for name, values in raw.items()})


def _each(read: Callable[[dict[str, Any]], ValueT], raw: Mapping[str, Any]) -> dict[str, ValueT]:
    return {name: read(value) for name, value in raw.items()}
