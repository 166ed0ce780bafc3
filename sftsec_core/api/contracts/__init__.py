"""What a plugin gives and what it is given: protocols and specs.

A connector is two files, whole; this one reads and writes a database of tickets::

    # tickets/hooks.py
    from collections.abc import Sequence
    from typing import Any
    from sftsec_core.api import ConnectorSpec, hookimpl
    from tickets.connector import TicketsConfig, TicketsConnector

    @hookimpl
    def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
        return [
            ConnectorSpec(
                name="tickets",
                summary="Tickets in a database of SQLite",
                config_model=TicketsConfig,
                create=TicketsConnector,
            )
        ]

    # tickets/connector.py
    import sqlite3
    from contextlib import closing
    from datetime import datetime
    from pathlib import Path
    from pydantic import BaseModel, ConfigDict
    from sftsec_core.api import (
        ConnectorError, ConnectorUnavailableError, Incident, IncidentPage, PushReceipt, Verdict
    )

    # A verdict on a detection counts for the ticket that the detection is about.
    VERDICTS = '''SELECT v.value, v.analyst, v.at FROM verdicts v WHERE v.about = t.id
      OR v.about IN (SELECT uid FROM detections d WHERE d.ticket = t.id)'''
    TICKETS = f'''SELECT t.number, t.id, t.at, t.message, t.host, t.user FROM tickets t
      WHERE t.number > :after AND (:since IS NULL OR t.at >= :since)
      AND (:until IS NULL OR t.at < :until)
      AND (:labelled IS NULL OR :labelled = EXISTS ({VERDICTS}))
      ORDER BY t.number LIMIT :size'''

    class TicketsConfig(BaseModel):
        model_config = ConfigDict(extra="forbid")
        path: Path
        page_size: int = 500

    class TicketsConnector:
        def __init__(self, config, context):
            self.config = config

        def check(self):
            self.query("SELECT 1 FROM tickets LIMIT 1")
            return []

        def pull(self, window, *, cursor=None):
            place = {
                "after": self.place(cursor),
                "since": window.since and window.since.isoformat(),
                "until": window.until and window.until.isoformat(),
                "labelled": window.labelled,
                "size": self.config.page_size,
            }
            while rows := self.query(TICKETS, place):
                place["after"] = rows[-1][0]
                yield IncidentPage(tuple(map(self.incident, rows)), str(place["after"]))

        def place(self, cursor):
            if cursor and not cursor.isdecimal():
                raise ConnectorError("the cursor is not the number of a ticket")
            return int(cursor or 0)

        def incident(self, row):
            _, uid, at, *fields = row
            verdicts = f"SELECT * FROM ({VERDICTS.replace('t.id', ':id')}) ORDER BY at"
            return Incident(
                uid,
                dict(zip(("message", "host.name", "user.name"), fields)),
                tuple(
                    Verdict(value, analyst, datetime.fromisoformat(given))
                    for value, analyst, given in self.query(verdicts, {"id": uid})
                ),
                datetime.fromisoformat(at),
            )

        def push(self, detections):
            add = "INSERT OR IGNORE INTO detections VALUES (?, ?, ?, ?) RETURNING uid"
            written, known = [], []
            for each in detections:
                row = (each.uid, each.incident_uid, each.label, each.probability)
                (written if self.query(add, row) else known).append(each.uid)
            return PushReceipt(tuple(written), tuple(known))

        def request_labels(self, requests):
            add = "INSERT OR IGNORE INTO requests VALUES (?) RETURNING ticket"
            return sum(len(self.query(add, (each.incident_uid,))) for each in requests)

        def query(self, statement, values=()):
            place = f"file:{self.config.path}?mode=rw"  # one that is not there is not made
            try:
                with closing(sqlite3.connect(place, uri=True)) as database, database:
                    return database.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                raise ConnectorUnavailableError(f"{self.config.path}: {error}") from error

        def close(self):
            pass  # each query closes what it opens

and an entry point `tickets = "tickets.hooks"` in the group `sftsec`. Its test class inherits
`sftsec_core.testing.ConnectorContract`, which says whether the contract is kept: the test of this
very text is `tests/contract/test_connector_of_the_docstring.py`.
"""

from sftsec_core.api.contracts.attack import TEXT_KINDS, AttackSpec, AttackTarget, TextKind
from sftsec_core.api.contracts.base import ConfigT, EmptyConfig, Requirement, Spec, TaskPreset
from sftsec_core.api.contracts.connector import (
    AddsRecords,
    Connector,
    ConnectorContext,
    ConnectorSpec,
    DescribesReading,
    KeepsAudit,
    KnownDetections,
    NeedsSetup,
    PullPart,
    PullsParts,
    ReadsAudit,
    ReferenceClient,
    RetractsVerdicts,
    Sample,
    TakesVerdicts,
    none_known,
)
from sftsec_core.api.contracts.decision import (
    BUILT_IN_SPLITS,
    RendererSpec,
    SplitterSpec,
    SuppressorSpec,
    VoterSpec,
)
from sftsec_core.api.contracts.evaluation import (
    CORE_METRICS,
    AuditInput,
    AuditSpec,
    ComparedModel,
    MetricSpec,
    Refit,
    Rescore,
)
from sftsec_core.api.contracts.explaining import (
    Contributes,
    Contributions,
    Differentiable,
    EmbeddedText,
    Embeds,
    ExplainerSpec,
    ExplainJob,
    embedding_model,
    sole_model,
)
from sftsec_core.api.contracts.job import GpuLease, GpuRequest, LauncherSpec, TrainOrder
from sftsec_core.api.contracts.recipe import RecipeSpec, TrainedModel, TrainJob, held_ngrams
from sftsec_core.api.contracts.serving import (
    Calibrator,
    CalibratorSpec,
    Decider,
    DeciderSpec,
    DecidesByGroup,
)
from sftsec_core.api.contracts.step import (
    CleansVerdictText,
    LabelledText,
    RejectsIncidents,
    Step,
    StepContext,
    StepSpec,
)
from sftsec_core.api.contracts.transform import TransformResult, TransformSpec

__all__ = [
    "BUILT_IN_SPLITS",
    "CORE_METRICS",
    "TEXT_KINDS",
    "AddsRecords",
    "AttackSpec",
    "AttackTarget",
    "AuditInput",
    "AuditSpec",
    "Calibrator",
    "CalibratorSpec",
    "CleansVerdictText",
    "ComparedModel",
    "ConfigT",
    "Connector",
    "ConnectorContext",
    "ConnectorSpec",
    "Contributes",
    "Contributions",
    "Decider",
    "DeciderSpec",
    "DecidesByGroup",
    "DescribesReading",
    "Differentiable",
    "EmbeddedText",
    "Embeds",
    "EmptyConfig",
    "ExplainJob",
    "ExplainerSpec",
    "GpuLease",
    "GpuRequest",
    "KeepsAudit",
    "KnownDetections",
    "LabelledText",
    "LauncherSpec",
    "MetricSpec",
    "NeedsSetup",
    "PullPart",
    "PullsParts",
    "ReadsAudit",
    "RecipeSpec",
    "ReferenceClient",
    "Refit",
    "RejectsIncidents",
    "RendererSpec",
    "Requirement",
    "Rescore",
    "RetractsVerdicts",
    "Sample",
    "Spec",
    "SplitterSpec",
    "Step",
    "StepContext",
    "StepSpec",
    "SuppressorSpec",
    "TakesVerdicts",
    "TaskPreset",
    "TextKind",
    "TrainJob",
    "TrainOrder",
    "TrainedModel",
    "TransformResult",
    "TransformSpec",
    "VoterSpec",
    "embedding_model",
    "held_ngrams",
    "none_known",
    "sole_model",
]
