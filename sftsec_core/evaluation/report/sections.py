"""The sections of the built-in audits in words; the templates have their tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain.objectives import EXPECTED_COST, higher_is_better
from sftsec_core.evaluation.report.numbers import (
    DASH,
    difference,
    metric_title,
    number,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import Decision, Vote, WorstError

    Section = Mapping[str, Any]

# Sections that the page has a place of their own for; any other one is shown as it is.
SHOWN = (
    "watched",
    "paired",
    "cost",
    "groups",
    "backtest",
    "learning_curve",
    "leave_one_source_out",
)
# An outcome to its words and the tone of its mark, the most serious first.
OUTCOMES = {
    "failed": ("failed", "bad"),
    "warning": ("look at it", "warn"),
    "not_measured": ("not measured", ""),
    "held": ("held", "good"),
}
_FIGURE = re.compile(r"[-+<]?[\d.]")
CHANCE = 0.05
_LIVE = {"live_precision": "judged detection", "live_recall": "judged random draw"}


def ranked_risks(found: Mapping[str, Section]) -> list[Section]:
    """The sections of risks, the most serious first."""
    risks = [each for each in found.values() if "risk" in each]
    return sorted(risks, key=lambda each: list(OUTCOMES).index(each["outcome"]))


def risk_advice(risk: Section) -> str:
    """What to do; "" where an audit that found something says nothing."""
    return str(risk["advice"]) or ("Nothing." if risk["outcome"] == "held" else "")


def risk_summary(risk: Section) -> str:
    """One line for the overview: what to do, or why nothing is known."""
    if risk["outcome"] == "not_measured":
        return str(risk["found"])
    return risk_advice(risk) or str(risk["found"])


def votes_on(risk: Section, decision: Decision | None) -> list[Vote]:
    """What the gate said of a risk: the votes of the voter that reads its figures."""
    votes = decision.votes if decision else ()
    return [each for each in votes if each.voter == risk.get("voter") and not each.abstained]


def figure_columns(rows: Sequence[Sequence[str | float | None]]) -> list[bool]:
    """Which columns of a risk's table are of figures, and are set to the right."""
    return [
        all(not isinstance(cell, str) or _FIGURE.match(cell) for cell in column)
        for column in zip(*rows, strict=True)
    ]


def risk_cell(value: str | float | None) -> str:
    """A cell of a risk's table."""
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def marked(error: WorstError) -> list[tuple[str, float]]:
    """A text in pieces, each with what it adds to the decision: 0 where it is not known to."""
    told = error.explanation.attributions if error.explanation else ()
    spans = sorted((each.span, each.contribution) for each in told if each.span is not None)
    pieces, at = list[tuple[str, float]](), 0
    for (first, last), contribution in spans:
        end = min(last, len(error.text) - error.text.endswith("…"))  # the cut is no word
        if first < at or first >= end:
            continue
        pieces += [(error.text[at:first], 0.0), (error.text[first:end], contribution)]
        at = end
    return [*pieces, (error.text[at:], 0.0)]


def p_value(p: float) -> str:
    """A test's p for people; unbreakable, since a line that ends in "p =" is hard to read."""
    found = p_alone(p)
    sign = "" if found.startswith("<") else "=\u00a0"
    return f"p\u00a0{sign}{found}"


def p_alone(p: float) -> str:
    """A test's p in a table."""
    return "<\u00a00.0001" if p < 0.0001 else f"{p:.2g}"


def other_title(name: str, pair: Section) -> str:
    """A model beside the candidate, with its recipe where that is not its name."""
    return name if pair["recipe"] in {"", name} else f"{name} ({pair['recipe']})"


def paired_words(name: str, pair: Section) -> str:
    """One other model: on how many rows only one of the two is right, and what that comes to."""
    found, on = pair["decisions"]["all"], ""
    if pair["rows"] < pair["of"]:
        on = f"On the {pair['rows']:,} of {pair['of']:,} incidents that {name} was not trained on, "
    ours, theirs = found["only_candidate_right"], found["only_other_right"]
    if not ours and not theirs:
        return _sentence(f"{on}the candidate and {name} are right and wrong on the same incidents.")
    told = _sentence(
        f"{on}the candidate is right on {plural(ours, 'incident')} where {name} is wrong, and "
        f"wrong on {theirs:,} where {name} is right: {p_value(found['p'])}."
    )
    if found["p"] >= CHANCE:
        return f"{told} Chance alone explains that as well."
    better = "the candidate" if ours > theirs else name
    return f"{told} That is more than chance: {better} is the better one."


def cost_words(section: Section) -> list[str]:
    """The candidate's cost, and what it saves against each other way."""
    used = section["models"]["candidate"]["in_use"]
    unit = per_unit(section)
    spent = duration(used["alerts"] * section["minutes_per_alert"])
    lost = duration(used["missed"] * section["missed_attack_minutes"])
    first = (
        f"At {duration(section['minutes_per_alert'])} an alert and "
        f"{duration(section['missed_attack_minutes'])} a missed attack, the candidate costs "
        f"{duration(used['minutes'])} {unit}: {spent} for {_some(used['alerts'])} alerts and "
        f"{lost} for {_some(used['missed'])} missed attacks."
    )
    saved = [saved_words(name, found, unit) for name, found in section["saved"].items()]
    return [first, *saved]


def cost_note(section: Section) -> str:
    """What the figures of a cost section stand for."""
    if section["unit"] == "week":
        told = (
            f"Figures are for a week at the rate of test: {section['incidents']:,.0f} labelled "
            f"incidents a week, {_some(section['attacks'])} of them attacks, over "
            f"{section['days']:,.0f} days; unlabelled ones come on top."
        )
    else:
        told = (
            f"Figures are for {section['unit']} like those of test, {_some(section['attacks'])} "
            "of them attacks: test spans less than a day or has no times."
        )
    told += " The cheapest threshold is chosen on test itself, so its cost is a lower bound."
    for name, model in section["models"].items():
        if model["seen"]:
            told += (
                f" {_sentence(name)} was trained on {model['seen']:,} of the {section['rows']:,} "
                "test incidents, which makes its costs look lower; what is saved is of the others."
            )
    return told


def saved_words(name: str, found: Mapping[str, float | None], unit: str) -> str:
    """What the candidate saves against one other way to decide."""
    against = "reading every incident" if name == "every incident" else name
    value, low, high = (found[key] or 0.0 for key in ("value", "low", "high"))
    if low == value == high == 0:
        return f"Against {against} it costs the same."
    if low <= 0 <= high:
        more = _more(value, low, high, unit)
        return f"Against {against} no saving can be told from chance: {more}."
    if value < 0:
        return f"Against {against} it costs {_more(-value, -high, -low, unit)} more."
    return f"Against {against} it saves {_more(value, low, high, unit)}."


def per_unit(section: Section) -> str:
    """For what the figures of a cost section are."""
    return "a week" if section["unit"] == "week" else f"for {section['unit']}"


def groups_words(section: Section) -> list[str]:
    """Which groups are worse than the rest, the worst first."""
    worse = section["worse"]
    if not section["tests"]:
        return ["No two groups are large enough to be compared."]
    if not worse:
        tests = plural(section["tests"], "test")
        return [f"No group is worse than the rest beyond what chance explains ({tests})."]
    return [
        f"{'Worst: ' if not number else ''}{each['field']} = {each['value']}: {each['kind']} are "
        f"{each['errors']:,} of {each['of']:,}, against {each['rest_errors']:,} of "
        f"{each['rest_of']:,} elsewhere ({p_value(each['p'])}, corrected for "
        f"{plural(section['tests'], 'test')})."
        for number, each in enumerate(worse)
    ]


def pooled_words(field: Section) -> str:
    """Where the rows are that no group of a field has."""
    pooled = field["pooled"]
    told = []
    if pooled["values"]:
        told.append(
            f"{plural(pooled['rows'], 'example')} of {plural(pooled['values'], 'other value')} "
            "are too few for figures of their own."
        )
    if field["missing"]:
        told.append(f"{plural(field['missing'], 'example')} without a value.")
    return " ".join(told)


def backtest_words(section: Section) -> list[str]:
    """From where to where the figure of each recipe ranges over the periods."""
    told, metric = [], section["metric"]
    for name in section["recipes"]:
        found = [
            (figure["value"], each)
            for each in section["periods"]
            if (figure := each.get("models", {}).get(name, {}).get("figures", {}).get(metric))
        ]
        if not found:
            told.append(f"{name} has no {metric_title(metric)} in any period.")
            continue
        low, worst = worst_of(metric, found)
        high, _ = best_of(metric, found)
        told.append(
            f"Over {plural(len(found), 'period')} the {_inline(metric)} of {name} is "
            f"{number(low, metric)} to {number(high, metric)}; worst from "
            f"{minute(worst['begin'])} to {minute(worst['end'])}."
        )
    return told


def learning_words(section: Section) -> list[str]:
    """What more labels would bring to each recipe."""
    told, metric = [], section["metric"]
    for name, curve in section["recipes"].items():
        asked = f"{section['more']:,} more labels"
        if "cannot_tell" in curve:
            told.append(f"{name}: what {asked} would bring cannot be told: {curve['cannot_tell']}.")
            continue
        gain = curve["gain"]
        value, low, high = (difference(gain[key], metric) for key in ("value", "low", "high"))
        what = (
            "fewer minutes an incident"
            if metric == EXPECTED_COST
            else (f"points of {_inline(metric)}")
        )
        told.append(f"{name}: {asked} would bring about {value} {what} ({low} to {high}).")
    return told


def source_words(section: Section) -> list[str]:
    """On which source each recipe is worst when it was not trained on it."""
    told, metric = [], section["metric"]
    for name in section["recipes"]:
        found = [
            (figure["value"], (figure, each["value"]))
            for each in section["sources"]
            if (figure := each["models"][name]["figures"].get(metric))
        ]
        if not found:
            told.append(f"{name} has no {metric_title(metric)} on any source.")
            continue
        _, (worst, value) = worst_of(metric, found)
        shown, low, high = (number(worst[key], metric) for key in ("value", "low", "high"))
        told.append(
            f"Without labels of {section['field']} {value}, {name} has {_inline(metric)} "
            f"{shown} there ({low} to {high}), the worst of {plural(len(found), 'source')}."
        )
    return told


def watched_words(section: Section) -> list[str]:
    """What the newest check found, and the quality of the live model by verdicts."""
    told = []
    if section["checked_at"]:
        drifted = [each for each in section["checks"] if each["drifted"]]
        names = ", ".join(f"{each['name']} ({each['severity']:.1f})" for each in drifted)
        found = f"drift in {names}" if drifted else "no drift"
        told.append(f"The newest check, of {minute(section['checked_at'])} UTC, found {found}.")
    for name, noun in _LIVE.items():
        if points := section["figures"].get(name):
            newest = points[-1]
            shown, low, high = (share(newest[key]) for key in ("value", "low", "high"))
            told.append(
                f"{metric_title(name)}: {shown} ({low} to {high}), by "
                f"{plural(newest['count'] or 0, noun)}, {minute(newest['at'])} UTC."
            )
    return told


def headline_figures(section: Section) -> list[str]:
    """The figures of a table of refitted recipes: the task's own first."""
    return list(dict.fromkeys((section["metric"], "macro_f1", "recall", "fpr")))


def worst_of(metric: str, found: Sequence[tuple[float, Any]]) -> tuple[float, Any]:
    """The pair of the worst value of a metric."""
    return (min if higher_is_better(metric) else max)(found, key=lambda pair: pair[0])


def best_of(metric: str, found: Sequence[tuple[float, Any]]) -> tuple[float, Any]:
    """The pair of the best value of a metric."""
    return (max if higher_is_better(metric) else min)(found, key=lambda pair: pair[0])


def _inline(metric: str) -> str:
    """A figure's name within a sentence."""
    title = metric_title(metric)
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def minute(time: str) -> str:
    """An ISO 8601 time for people, to the minute."""
    return time[:16].replace("T", " ")


def duration(minutes: float) -> str:
    """Minutes for people: minutes up to two hours, then hours."""
    size = abs(minutes)
    if size < 120 and size % 60:
        return f"{minutes:.0f} min" if size >= 10 else f"{minutes:.2g} min"
    hours = minutes / 60
    shown = f"{hours:.1f}" if size < 6000 else f"{hours:,.0f}"
    return f"{shown.removesuffix('.0')} h"


def plural(n: int, noun: str) -> str:
    """A number of things with their name."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _more(value: float, low: float, high: float, unit: str) -> str:
    return f"{duration(value)} {unit} ({duration(low)} to {duration(high)})"


def _some(n: float) -> str:
    return f"{n:,.0f}" if n >= 10 else f"{n:.2g}"
