"""What of a report and a card may leave the site: figures and our own words.

The texts of the worst errors and the examples of leaks stay. A section of an audit that is not
sftsec's own is taken apart: of a risk the sentences, the plain figures and the tables that say that
they are public; of any other the plain figures. So a plugin's author has to say that something may
leave, and not that it may not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.evaluation.groups import SCRIPT
from sftsec_core.evaluation.report.sections import SHOWN
from sftsec_core.store.scrub import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.evidence.pseudonyms import Pseudonyms

_SENTENCES = ("risk", "outcome", "tried", "found", "advice")
_PEOPLE = frozenset({"analysts", "factors"})


def shareable_report(body: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    """A report, as JSON values of its own schema, without texts, values and names.

    Args:
        body: as `report.json` holds it.
        names: replaces names of people.
    """
    kept = {name: names.shared(value) for name, value in body.items() if name not in _OWN}
    sections = body.get("sections", {})
    return {
        **kept,
        "data": shareable_data(body.get("data", {}), names),
        "worst_errors": [],
        "leaks": {**body.get("leaks", {}), "examples": []},
        "sections": {name: shareable_section(name, each, names) for name, each in sections.items()},
    }


_OWN = frozenset({"data", "worst_errors", "leaks", "sections"})


def shareable_card(card: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    """A model card without names; its settings keep their references to secrets."""
    kept: dict[str, Any] = names.shared(
        {name: value for name, value in card.items() if name not in {"model_details", _DATA}}
    )
    details = dict(card.get("model_details", {}))
    settings = _named(without_secrets(details.pop("settings", {})), names)
    shared = {**names.shared(details), "settings": settings}
    data = shareable_data(card.get(_DATA, {}), names)
    parts = {"model_details": shared, _DATA: data}
    return {name: parts.get(name, kept.get(name)) for name in card}


_DATA = "training_data"


def shareable_data(data: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    """What is told of a data set: counts, with analysts by pseudonym.

    Verdict values that no label takes are counted: people may have typed them.
    """
    shared = {
        name: _of_people(name, value, names) for name, value in data.items() if name != "unmapped"
    }
    if "unmapped" in data:
        counts = data["unmapped"] or {}
        shared["unmapped"] = {"values": len(counts), "verdicts": sum(counts.values())}
    return shared


def shareable_section(name: str, section: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    """The section of an audit, as far as it may leave."""
    if "risk" in section:
        return _risk(section, names)
    if name in SHOWN:
        shared: dict[str, Any] = _with_values(section, names)
        return shared
    return _figures(section)


def _risk(section: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    tables = [table for table in section.get("tables", ()) if table.get("public")]
    return {
        **{name: names.sentence(str(section.get(name, ""))) for name in _SENTENCES},
        "figures": _figures(section.get("figures", {})),
        "tables": [names.shared(table) for table in tables],
        "tables_left_out": len(section.get("tables", ())) - len(tables),
    }


def _figures(section: Mapping[str, Any]) -> dict[str, Any]:
    plain = (bool, int, float, type(None))
    return {name: value for name, value in section.items() if isinstance(value, plain)}


def _with_values(value: Any, names: Pseudonyms, field: object = None) -> Any:  # noqa: ANN401 - JSON
    """A built-in section: what stands under "value" is a value of incidents, or a source."""
    if isinstance(value, list):
        return [_with_values(each, names, field) for each in value]
    if not isinstance(value, dict):
        return names.shared(value)
    told = {}
    for key, inner in value.items():
        of = value.get("field") or (field if key == "groups" else key)
        if key == "value" and isinstance(inner, str):
            told[key] = inner if SCRIPT in {field, of} else names.value(inner)
        else:
            told[names.key(key)] = _with_values(inner, names, of)
    return told


def _of_people(name: str, value: Any, names: Pseudonyms) -> Any:  # noqa: ANN401 - JSON
    """JSON values whose keys under "analysts", and of "factors" a level below, are people."""
    if name == "analysts" and isinstance(value, dict):
        return {names.person(who): names.shared(book) for who, book in value.items()}
    if name == "factors" and isinstance(value, dict):
        return {
            label: {names.person(who): factor for who, factor in by_name.items()}
            for label, by_name in value.items()
        }
    if isinstance(value, dict):
        return {names.key(key): _of_people(key, inner, names) for key, inner in value.items()}
    return names.shared(value)


def _named(value: Any, names: Pseudonyms) -> Any:  # noqa: ANN401 - a JSON value
    """Settings: an administrator's words, of which only names of people are replaced."""
    if isinstance(value, dict):
        return {names.key(key): _named(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner, names) for inner in value]
    return names.in_text(value) if isinstance(value, str) else value
