"""What `auto` tried, as rows of a table: recipes, their blends, and the settings of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.evaluation.report.numbers import DASH, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HEADERS = ("recipe", "settings", "result", "figures, ± standard error", "s", "estimate")


def trial_rows(notes: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each trial in the order made, and under it one for each setting that was tried.

    Args:
        notes: of how a model was fitted; those of another recipe than `auto` have no trials.

    Returns:
        Columns as `HEADERS`. Figures of recipes are of the rows named in the notes' `chosen_on`,
        those of settings a score out of fold; the estimate is of the fitting alone, and followed
        by what it came to.
    """
    chosen = notes.get("chosen", [])
    return [row for trial in notes.get("trials", []) for row in _rows(trial, chosen)]


def _rows(trial: Mapping[str, Any], chosen: Sequence[str]) -> Iterator[tuple[str, ...]]:
    name, judged = trial["recipe"], trial.get("judged")
    figures = _figures(judged) if judged else _dev_alone(trial)
    told = trial["status"]
    if trial["status"] == "fitted" and name in chosen:
        told = "kept" if [name] == list(chosen) else "kept in the blend"
    if trial.get("reason"):
        told = f"{told}: {trial['reason']}"
    taken = trial.get("seconds")
    yield (
        name,
        _settings(trial.get("settings")),
        told,
        figures,
        DASH if taken is None else f"{taken:.1f}",
        _estimate(trial),
    )
    for tried in trial.get("tried", ()):
        how = "ended early" if tried.get("pruned") else "tried"
        score = f"score {tried['score']:.4f} ± {tried['error']:.4f}"
        yield (
            "",
            _settings(tried["settings"]),
            "chosen" if tried.get("chosen") else how,
            score,
            f"{tried['seconds']:.1f}",
            DASH,
        )


def _figures(judged: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(
        f"{name} {number(value, name)} ± {number(error, name)}"
        for name, (value, error) in judged.items()
    )


def _dev_alone(trial: Mapping[str, Any]) -> str:
    found = trial.get("dev_macro_f1")
    return DASH if found is None else f"macro_f1 {number(found, 'macro_f1')} on dev"


def _settings(values: Mapping[str, Any] | None) -> str:
    if not values:
        return "as given"
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _estimate(trial: Mapping[str, Any]) -> str:
    predicted, took = trial.get("predicted_seconds"), trial.get("fit_seconds")
    if predicted is None:
        return DASH
    return f"{predicted:.1f}" + (f" (took {took:.1f})" if took else "")
