"""A served site with a queue, two analysts, and a token that may not label."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sftsec_core.api.domain import Attribution, Explanation, Verdict
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.server.endpoint import Endpoint
from sftsec_core.store.label_queue import QueuedIncident
from sftsec_core.store.shown_fields import bounded_fields
from tests.core.server.site import TASK, Client, configuration, running, write_secret

TOKENS = {name: f"the-token-of-{name}-0123456789" for name in ("ann", "bob", "splunk")}
NOW = 1_795_000_000.0
BIDI = "\u202e"
TEXTS = (
    ("Your mailbox is full, verify your account at http://mail-quota.example/login", 0.52),
    ("Minutes of Tuesday's meeting, with the budget that we agreed on", 0.47),
    ("You have won a voucher! Reply WIN to 80488 to claim it now", 0.55),
    ("Invoice 4711 is overdue, the new bank details are attached", 0.61),
    ("Lunch at noon? The place by the river has fish today", 0.03),
)


def queued(number: int, text: str, probability: float = 0.5, **more: Any) -> QueuedIncident:
    fields = {
        "message": text,
        "rule.name": "Suspicious mail",
        "event.severity": "high",
        "host.name": f"mx{number}",
        "user.name": f"user{number}",
    }
    given: dict[str, Any] = {
        "task": TASK,
        "connector": "siem",
        "uid": f"m{number}",
        "digest": f"digest {number}",
        "label": "malicious" if probability >= 0.5 else "benign",
        "probability": probability,
        "reason": f"the model is not sure: {probability:.2f}",
        "at": NOW - 60 * number,
    }
    given["fields"], given["cut"] = bounded_fields(fields | more.pop("fields", {}))
    return QueuedIncident(**{**given, **more})


def reasons(text: str, **words: float) -> dict[str, Any]:
    """An explanation by words of `message`, as the queue keeps it."""
    found = tuple(
        Attribution("message", word, figure, (text.index(word), text.index(word) + len(word)))
        for word, figure in words.items()
    )
    told = f"because of {', '.join(f'`{word}`' for word in words)}"
    return Explanation("malicious", "benign", "exact", told, found).to_json()


def mails() -> list[QueuedIncident]:
    """Five mails; of the first there are two copies, and what the model goes by."""
    made = [queued(number, *each) for number, each in enumerate(TEXTS)]
    why = reasons(TEXTS[0][0], verify=1.4, mailbox=0.75, account=-0.3)
    made[0] = queued(0, *TEXTS[0], copies=("m7", "m8"), explanation=why)
    return made


@dataclass(slots=True)
class LabelSite:
    """A site, and the address of its endpoint."""

    context: Context
    client: Client

    @property
    def url(self) -> str:
        return self.client.url

    def as_(self, name: str | None) -> Client:
        return Client(self.url, token=None if name is None else TOKENS[name])

    def reset(self) -> None:
        """Empty the queue and forget all verdicts."""
        folder = self.context.file.parent
        for file in (*self.context.folder.glob("labelling.db*"), folder / "verdicts.jsonl"):
            file.unlink(missing_ok=True)

    def said(self) -> dict[str, list[tuple[str | None, str]]]:
        """What the connector pulls: an incident's verdicts with their analysts."""
        from sftsec_core.api.domain import PullWindow

        with self.context.connector("siem") as connector:
            pages = list(connector.pull(PullWindow(labelled=True)))

        def pair(verdict: Verdict) -> tuple[str | None, str]:
            return verdict.analyst, verdict.value

        return {i.uid: [pair(v) for v in i.verdicts] for page in pages for i in page.incidents}


@contextmanager
def label_site(folder: Path, **serve: Any) -> Iterator[LabelSite]:
    """Serve a site whose queue is empty, and whose file holds nine mails without a verdict."""
    for name, token in TOKENS.items():
        write_secret(folder / f"{name}.token", token)
    tokens = {name: f"file:{name}.token" for name in TOKENS}
    settings = configuration(tokens=tokens, analysts=["ann", "bob"], **serve)
    settings["connectors"]["siem"]["verdicts"] = "verdicts.jsonl"
    settings["tasks"][TASK]["labels"] = {"malicious": ["phish"], "benign": ["ham"]}
    del settings["tasks"]["empty"]
    file = folder / "sftsec.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    rows = [{"id": f"m{n}", "message": f"text {n}"} for n in range(9)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "incidents.jsonl").write_text(lines, encoding="utf-8")
    with Context.open(file, actor=local_admin("test")) as context:
        endpoint = Endpoint(context, context.settings.serve, docs=True)
        with running(endpoint) as client:
            yield LabelSite(context, client)
