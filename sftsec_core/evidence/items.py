"""The items that an archive may hold, whether each is there, and how to get one that is not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.evidence.frameworks import FRAMEWORKS, OBLIGATIONS, Obligation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_ADVICE = (
    "This table is a help for those who examine the model, and no legal advice: whether and how a "
    "framework applies to the organisation, the organisation has to find out."
)
# A plugin to the risk that its audits measure, in words of the table.
RISK_PLUGINS = {
    "poison": "Poisoned verdicts",
    "robust": "Disguised attacks",
    "privacy": "What the model gives away",
    "fair": "For whom it works",
    "explain": "Why it decides as it does",
}


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One thing that may be in the archive.

    Attributes:
        name: as `Obligation.items` has it.
        title: for people.
        file: where it stands in the archive.
        present: whether it is there.
        how: how to get it where it is not.
        note: what to read with it; "" for nothing.
    """

    name: str
    title: str
    file: str
    present: bool
    how: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What was found of a model and its run.

    Attributes:
        task: the task's name.
        files: names of the files of the archive.
        sections: the report's, by audit.
        data: what the report or the card says of the data.
        leaks: the report's leak check.
        approvals: by how many people it was approved.
        copies: places that hold a copy of the audit log.
        signed: whether the model's folder is.
        redacts: whether a step of the task redacts.
        audits: the risk plugins that are installed, to the names of their audits.
        enabled: the plugins that are enabled.
    """

    task: str
    files: frozenset[str]
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    leaks: Mapping[str, Any] = field(default_factory=dict)
    approvals: int = 0
    copies: tuple[str, ...] = ()
    signed: bool = False
    redacts: bool = False
    audits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    enabled: tuple[str, ...] = ()


def list_items(held: Holdings) -> dict[str, EvidenceItem]:
    """Every item by name."""
    items = [*_of_files(held), *_of_data(held), *_of_sections(held), *_of_trust(held)]
    items += [_risk(plugin, title, held) for plugin, title in RISK_PLUGINS.items()]
    return {item.name: item for item in items}


def map_requirements(items: Mapping[str, EvidenceItem]) -> dict[str, Any]:
    """Say for each requirement of the frameworks which items answer it and what is missing.

    Returns:
        JSON values: "notice", "items", and "frameworks" with "name" and "rows": "ref", "asks",
        "status" (answered; partly: an item, or what the organisation adds, is not here; missing;
        organisation), "files", "missing" and "organisation".
    """
    frameworks = []
    for name in FRAMEWORKS:
        rows = []
        for each in OBLIGATIONS:
            if each.framework != name:
                continue
            found = [items[item] for item in each.items]
            there = [item for item in found if item.present]
            gaps = [item for item in found if not item.present]
            rows.append(
                {
                    "ref": each.ref,
                    "asks": each.asks,
                    "status": _status(each, len(there), len(gaps)),
                    "files": [{"title": item.title, "file": item.file} for item in there],
                    "missing": [{"title": item.title, "how": item.how} for item in gaps],
                    "organisation": each.organisation,
                }
            )
        frameworks.append({"name": name, "rows": rows})
    told = [asdict(item) for item in items.values()]
    return {"format": 1, "notice": NO_ADVICE, "items": told, "frameworks": frameworks}


def _status(each: Obligation, there: int, gaps: int) -> str:
    if not each.items:
        return "organisation"
    if not there:
        return "missing"
    return "partly" if gaps or each.organisation else "answered"


def _of_files(held: Holdings) -> list[EvidenceItem]:
    again = f"sftsec retrain {held.task}"
    run = f"its run was removed (sftsec gc) or wrote none: {again}, then ask for its model"
    model = f"the run made no model, or it was removed: {again}"
    known = (
        ("card", "Model card", "model/card.html", model),
        ("datasheet", "Datasheet of the training data", "datasheet.html", model),
        ("report", "Evaluation report", "report.html", run),
        ("votes", "Votes of the promotion gate", "votes.json", model),
        ("promotion", "What was made live, when and by whom", "promotion.json", model),
        ("audit_log", "Excerpt of the audit log", "audit-log.json", again),
        ("sbom", "Bill of materials", "sbom.cdx.json", ""),
    )
    return [
        EvidenceItem(name, title, file, file in held.files, how) for name, title, file, how in known
    ]


def _of_data(held: Holdings) -> list[EvidenceItem]:
    analysts = held.data.get("analysts") or {}
    named = [name for name in analysts if name.startswith("person-")]
    who = "the connector names no analyst: set its option for the field that does (`analyst`)"
    redact = f"add the step `redact` to tasks.{held.task}.steps, with the plugin pii"
    checked = bool(held.leaks.get("checked"))
    kinds = ("uids", "texts", "near_duplicates", "clusters", "groups")
    leaks = sum(int(held.leaks.get(kind) or 0) for kind in kinds)
    note = f"It found {leaks} rows in two parts." if leaks else ""
    return [
        EvidenceItem("provenance", "Verdicts by analyst", "datasheet.html", bool(named), who),
        EvidenceItem("redaction", "Redaction before the first write", "datasheet.html",
                     held.redacts, redact),
        EvidenceItem("leaks", "Check for leaks between train and test", "report.html", checked,
                     f"sftsec retrain {held.task}", note),
    ]  # fmt: skip


def _of_sections(held: Holdings) -> list[EvidenceItem]:
    where = f"tasks.{held.task}.evaluation"
    groups = bool(held.sections.get("groups", {}).get("fields"))
    watched = bool(held.sections.get("watched", {}).get("figures"))
    return [
        EvidenceItem("backtest", "Backtest", "report.html", _measured(held, "backtest"),
                     f"set {where}.audits: {{backtest: {{}}}} and retrain"),
        EvidenceItem("groups", "Figures by group", "report.html", groups,
                     f"name fields that divide the incidents in {where}.groups and retrain"),
        EvidenceItem("live", "Drift and live quality", "report.html", watched,
                     "schedule `sftsec drift check` beside `score`: the next report has its "
                     "figures"),
    ]  # fmt: skip


def _of_trust(held: Holdings) -> list[EvidenceItem]:
    return [
        EvidenceItem("approvals", "Approval by more than one person", "promotion.json",
                     held.approvals > 1, "set registry.promotion.people: 2"),
        EvidenceItem("anchor", "Copy of the audit log in the SIEM", "audit-log.json",
                     bool(held.copies), "sftsec audit push CONNECTOR, by a schedule"),
        EvidenceItem("signature", "Signature of the model", "signatures.json", held.signed,
                     "set registry.sign_key, or sftsec model sign"),
    ]  # fmt: skip


def _risk(plugin: str, title: str, held: Holdings) -> EvidenceItem:
    audits = held.audits.get(plugin, ())
    ran = [name for name in audits if _measured(held, name)]
    name = next(iter(audits), plugin)
    enable = "" if plugin in held.enabled else f"add {plugin} to `plugins`, "
    how = f"{enable}set tasks.{held.task}.evaluation.audits: {{{name}: {{}}}} and retrain"
    outcomes = [str(held.sections[each].get("outcome")) for each in ran]
    note = f"Outcome: {', '.join(outcomes)}." if ran else ""
    return EvidenceItem(plugin, title, "report.html", bool(ran), how, note)


def _measured(held: Holdings, audit: str) -> bool:
    section = held.sections.get(audit)
    return bool(section) and "not_measured" not in {
        *(section or {}),
        (section or {}).get("outcome"),
    }
