"""Put together what an examiner wants to see of a model: one archive that can leave the site."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.evaluation.report.html import render_report
from sftsec_core.evaluation.report.json import from_json
from sftsec_core.evidence.bundle import MANIFEST, json_bytes, write_bundle
from sftsec_core.evidence.datasheet import DatasheetFacts, build_datasheet
from sftsec_core.evidence.excerpt import LogEnd, build_excerpt
from sftsec_core.evidence.items import RISK_PLUGINS, Holdings, list_items, map_requirements
from sftsec_core.evidence.page import render_card, render_datasheet, render_index
from sftsec_core.evidence.pseudonyms import Pseudonyms
from sftsec_core.evidence.sbom import build_sbom
from sftsec_core.evidence.shareable import shareable_card, shareable_report
from sftsec_core.models.artifact import MANIFEST as MODEL_MANIFEST
from sftsec_core.models.model_format import SIGNATURE as MODEL_SIGNATURE
from sftsec_core.operations.audit_anchor import copied_to
from sftsec_core.operations.evidence_sources import (
    Subject,
    find_subject,
    group_fields,
    moves_of,
    people_of,
    snapshot_of,
    values_of,
    words_of,
)
from sftsec_core.operations.list_plugins import list_plugins
from sftsec_core.operations.verify_audit import verify_audit
from sftsec_core.recipes.encoder_files import MINILM_FILES, WEIGHTS
from sftsec_core.registry.card import decision_of
from sftsec_core.store.audit_records import SEALED
from sftsec_core.store.scrub import hide_url_passwords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import AuditEntry
    from sftsec_core.operations.context import Context

MOST_ENTRIES = 1_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
Entries = list[tuple[str | None, "AuditEntry"]]


@dataclass(frozen=True, slots=True)
class EvidenceArchive:
    """An archive that was put together.

    Attributes:
        archive: its bytes.
        about: what its manifest says of the model and the run.
        signed: whether the site's key signed it.
        missing: what is not in it: the title of each item and how to get it.
        replaced: what its pseudonyms stand for; for the site alone.
    """

    archive: bytes
    about: Mapping[str, Any]
    signed: bool
    missing: tuple[tuple[str, str], ...]
    replaced: Mapping[str, str]


class _Gathered:
    """What was read of a subject, with the one set of pseudonyms."""

    def __init__(self, context: Context, subject: Subject) -> None:
        self.context, self.subject = context, subject
        ids = [subject.run_id, *([subject.ref.digest] if subject.ref else [])]
        if subject.run is not None and subject.run.info.id not in ids:
            ids.append(subject.run.info.id)
        entries, self.left_out = context.store.audit.about(ids, MOST_ENTRIES)
        self.seal = _seal_of(context, entries)
        self.entries: Entries = entries
        self.snapshot = snapshot_of(context, subject)
        people = people_of(context, subject, entries, self.snapshot)
        fields = group_fields(subject)
        values = values_of(context, subject, self.snapshot, fields)
        words = words_of(context, subject)
        self.names = Pseudonyms(context.salt, people, words, values, fields)


def gather_evidence(context: Context, name: str) -> EvidenceArchive:
    """Put together the archive of a model or of a run.

    The same state gives the same bytes. Nothing is written to the store.

    Args:
        context: settings, store, registry, actor and event stream.
        name: task@alias, a digest or the beginning of one, a task for its live model; or a run's
            id, or the beginning of one.

    Raises:
        NotFoundError: when there is neither.
        DataError: when the run is of a kind that makes no model.
        IntegrityError: when the audit log, a file of the model or its report is not as it was
            written: no evidence is made of it.
    """
    subject = find_subject(context, name)
    proof = verify_audit(context)
    found = _Gathered(context, subject)
    files = {**_of_model(found), **_of_run(found), **_of_log(found, proof.proved, proof.not_proved)}
    files["sbom.cdx.json"] = json_bytes(build_sbom(models=_models(found)))
    items = list_items(_holdings(found, frozenset(files)))
    table = map_requirements(items)
    about = _about(found)
    files["requirements.json"] = json_bytes(table)
    files["index.html"] = render_index(about, table).encode("utf-8", "replace")
    key = context.settings.registry.sign_key
    return EvidenceArchive(
        write_bundle(files, about, key),
        about,
        key is not None,
        tuple((item.title, item.how) for item in items.values() if not item.present),
        found.names.replaced,
    )


def _of_model(found: _Gathered) -> dict[str, bytes]:
    subject, names = found.subject, found.names
    ref, raw = subject.ref, subject.card
    if ref is None or raw is None:
        return {}
    card = shareable_card(raw, names)
    sheet = build_datasheet(_datasheet_facts(found, card))
    decision = asdict(decision_of(raw))
    files = {
        "model/card.json": json_bytes(card),
        "model/card.html": render_card(card).encode("utf-8", "replace"),
        f"model/{MODEL_MANIFEST}": (ref.folder / MODEL_MANIFEST).read_bytes(),
        "datasheet.json": json_bytes(sheet),
        "datasheet.html": render_datasheet(sheet).encode("utf-8", "replace"),
        "votes.json": json_bytes(names.shared(decision)),
        "promotion.json": json_bytes(_promotion(found)),
        "signatures.json": json_bytes(_signatures(found)),
    }
    if (signature := ref.folder / MODEL_SIGNATURE).is_file():
        files[f"model/{MODEL_SIGNATURE}"] = signature.read_bytes()
    return files


def _models(found: _Gathered) -> dict[str, str]:
    """The model, and the pretrained encoder that it reads, by name with their digests."""
    ref, card = found.subject.ref, found.subject.card or {}
    models = {f"model of {ref.task}": ref.digest} if ref else {}
    encoder = card.get("model_details", {}).get("encoder") or {}
    digest = str(encoder.get("sha256", ""))
    if digest == "packaged":
        digest = MINILM_FILES[WEIGHTS]
    return {**models, "pretrained encoder": digest} if _SHA256.fullmatch(digest) else models


def _of_run(found: _Gathered) -> dict[str, bytes]:
    subject, names = found.subject, found.names
    if subject.run is None:
        return {}
    info = subject.run.info
    error = names.error(hide_url_passwords(info.error)) if info.error else None
    told = {
        "id": info.id,
        "kind": info.kind,
        "task": info.task,
        "status": info.status,
        "started_at": info.started_at.isoformat(),
        "finished_at": info.finished_at.isoformat() if info.finished_at else None,
        "error": error,
    }
    files = {"run.json": json_bytes(told)}
    if subject.report is None:
        return files
    body = json_bytes(shareable_report(subject.report, names))
    card = shareable_card(subject.card, names) if subject.card else None
    decision = None if card is None else decision_of(card)
    digest = subject.ref.digest if subject.ref else None
    page = render_report(from_json(body.decode("utf-8")), decision, card, model=digest)
    return {**files, "report.json": body, "report.html": page.encode("utf-8", "replace")}


def _of_log(found: _Gathered, proved: Sequence[str], not_proved: Sequence[str]) -> dict[str, bytes]:
    store = found.context.store
    copies = {
        name: LogEnd(cursor.seq, cursor.hash or "") for name, cursor in copied_to(store).items()
    }
    excerpt = build_excerpt(
        found.entries, LogEnd(*store.audit.head()), copies, found.names, left_out=found.left_out
    )
    excerpt["proved"] = [found.names.in_text(line) for line in proved]
    excerpt["not_proved"] = [found.names.in_text(line) for line in not_proved]
    return {"audit-log.json": json_bytes(excerpt)}


def _seal_of(context: Context, entries: Entries) -> AuditEntry | None:
    """The entry that seals the verdicts at the end of the run; it is put among the others."""
    if not entries:
        return None
    ended = [each.seq for _, each in entries if each.action.endswith(".finished")]
    seal = context.store.audit.last(SEALED, up_to=max(ended, default=entries[-1][1].seq))
    if seal is not None and seal.seq > entries[0][1].seq:
        entries.append((context.store.audit.hash_of(seal.seq - 1), seal))
        entries.sort(key=lambda pair: pair[1].seq)
        return seal
    return None


def _datasheet_facts(found: _Gathered, card: Mapping[str, Any]) -> DatasheetFacts:
    details, data = card["model_details"], card["training_data"]
    settings, snapshot = details.get("settings", {}), found.snapshot
    manifest: Mapping[str, Any] = snapshot.manifest if snapshot else {}
    rows = (found.subject.report or {}).get("data", {}).get("rows")
    parts = rows or {"train": data.get("labels", {}), **card["evaluation_data"].get("rows", {})}
    fields = [each for each in manifest.get("fields", ()) if isinstance(each, dict)]
    return DatasheetFacts(
        task=details["task"],
        data=data,
        settings=settings,
        parts=parts,
        sources=_sources(found, settings, manifest),
        fields=tuple({"name": each["name"], "kind": each["kind"]} for each in fields),
        steps=found.names.shared(manifest.get("steps", {})),
        step_counts=found.names.shared(manifest.get("step_counts", {})),
        snapshot=data.get("snapshot"),
        at_hand=snapshot is not None and snapshot.folder.is_dir(),
        seal=dict(found.seal.details) if found.seal else None,
        created_at=details.get("created_at"),
    )


def _sources(
    found: _Gathered, settings: Mapping[str, Any], manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """The connectors that a run pulled from, with their kind as configured now: no address."""
    named = settings.get("connector", ())
    configured = found.context.settings.connectors
    counts = manifest.get("connectors", {})
    names = [named] if isinstance(named, str) else list(named)
    return {
        name: {
            "kind": configured[name].type if name in configured else "not configured any more",
            **({"counts": counts[name]} if name in counts else {}),
        }
        for name in names
    }


def _promotion(found: _Gathered) -> dict[str, Any]:
    names, ref = found.names, found.subject.ref
    assert ref is not None  # noqa: S101 - called for a model only
    return {
        "aliases": sorted(ref.aliases),
        "registered": [
            {
                "run": made.run_id,
                "at": made.at.isoformat(),
                "requested_by": names.person(made.requested_by) if made.requested_by else None,
            }
            for made in found.context.registry.runs(ref)
        ],
        "approved_by": sorted({names.person(name) for name in _approvers(found)}),
        "live": [
            {**move, "by": names.person(move["by"]), "reason": names.sentence(move["reason"])}
            for move in moves_of(found.context, found.subject)
        ],
    }


def _approvers(found: _Gathered) -> set[str]:
    ref = found.subject.ref
    digest = ref.digest if ref else None
    return {
        entry.actor
        for _, entry in found.entries
        if entry.action == "model.approved" and entry.object == digest
    }


def _signatures(found: _Gathered) -> dict[str, Any]:
    ref, policy = found.subject.ref, found.context.registry.signatures
    assert ref is not None  # noqa: S101 - called for a model only
    signed = (ref.folder / MODEL_SIGNATURE).is_file()
    if signed and policy.public_key is not None:
        policy.check(ref)
    checked = signed and policy.public_key is not None
    return {
        "model": ref.digest,
        "model_digest": f"SHA-256 of model/{MODEL_MANIFEST}, which lists that of each file",
        "model_signed": signed,
        "model_signature_checked": checked,
        "signature_required": policy.public_key is not None,
        "evidence_signed": found.context.settings.registry.sign_key is not None,
        "evidence_signature": f"ECDSA over SHA-256 of {MANIFEST}, in DER",
    }


def _holdings(found: _Gathered, files: frozenset[str]) -> Holdings:
    context, subject = found.context, found.subject
    report, card = subject.report or {}, subject.card or {}
    steps = card.get("model_details", {}).get("settings", {}).get("steps", {})
    data = shareable_report(
        {"data": report.get("data") or card.get("training_data", {})}, found.names
    )
    audits = {
        each.status.name: [
            offer.removeprefix("audit ") for offer in each.offers if offer.startswith("audit ")
        ]
        for each in list_plugins(context.settings.plugins)
        if each.status.name in RISK_PLUGINS
    }
    return Holdings(
        task=subject.task,
        files=files,
        sections=report.get("sections", {}),
        data=data["data"],
        leaks=report.get("leaks") or {},
        approvals=len(_approvers(found)),
        copies=tuple(copied_to(context.store)),
        signed=subject.ref is not None and (subject.ref.folder / MODEL_SIGNATURE).is_file(),
        redacts="redact" in steps,
        audits=audits,
        enabled=tuple(context.settings.plugins),
    )


def _about(found: _Gathered) -> dict[str, Any]:
    subject = found.subject
    ref, run = subject.ref, subject.run
    created = (subject.card or {}).get("model_details", {}).get("created_at")
    origin = {
        "model": ref.digest if ref else None,
        "run": run.info.id if run else f"{subject.run_id} (removed)",
        "made": created or (run.info.started_at.isoformat() if run else None),
    }
    recipe = ref.recipe if ref else None
    return {"task": subject.task, "recipe": recipe, "origin": origin, "verdict": _verdict(found)}


def _verdict(found: _Gathered) -> dict[str, str]:
    """What the gate decided, or why it did not, in words."""
    subject, names = found.subject, found.names
    if subject.card is None:
        info = subject.run.info if subject.run else None
        why = info.error if info and info.error else "The run has no model any more, or made none."
        return {
            "tone": "bad",
            "title": "No model",
            "words": names.error(hide_url_passwords(why)),
        }
    decision = decision_of(subject.card)
    live = subject.ref is not None and "live" in subject.ref.aliases
    where = "It is the live model." if live else "It is not live."
    if decision.approved:
        warned = sum(vote.warning for vote in decision.votes)
        words = f"{len(decision.votes)} votes, none against, {warned} with a warning. {where}"
        return {"tone": "good", "title": "Approved by the gate", "words": words}
    reasons = "; ".join(f"{vote.voter}: {vote.reason}" for vote in decision.refusals())
    words = f"{names.sentence(reasons) or 'No voter voted'}. {where}"
    return {"tone": "bad", "title": "Rejected by the gate", "words": words}
