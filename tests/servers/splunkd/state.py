"""Everything that the double knows; what a test looks at and puts in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.splunkd import install
from tests.servers.splunkd.entities import Entity, EntityStore
from tests.servers.splunkd.errors import forbidden
from tests.servers.splunkd.es import alerts, content, reviews
from tests.servers.splunkd.es.investigations import Investigation
from tests.servers.splunkd.events import Event, EventStore, Origin
from tests.servers.splunkd.faults import Faults
from tests.servers.splunkd.hec import Collector
from tests.servers.splunkd.jobs import JobStore
from tests.servers.splunkd.kvstore import Collection, Document
from tests.servers.splunkd.lookups import Lookups
from tests.servers.splunkd.rest import apps, identity, indexes, inputs, kv, results, saved
from tests.servers.splunkd.rest.auth import Sessions
from tests.servers.splunkd.rest.formats import Site
from tests.servers.splunkd.rest.kinds import LOGGER
from tests.servers.splunkd.rest.scheduler import Schedule
from tests.servers.splunkd.rest.server_info import LOGGERS, SETTINGS
from tests.servers.splunkd.spl.context import SearchContext
from tests.servers.splunkd.spl.macros import MACROS
from tests.servers.splunkd.spl.rows import Row, wildcard
from tests.servers.splunkd.spl.writing import ALERT_ACTIONS

CustomCommand = Callable[[Iterator[Row], str], Iterable[Row]]
_BUILDS = {9: "0b8d769cb912", 10: "e2d18b4767e9"}


@dataclass
class Alert:
    """One call of sendalert."""

    action: str
    parameters: dict[str, str]
    rows: list[Row]


@dataclass
class Splunkd:
    """A splunkd.

    Attributes:
        version: "9.4.1", "10.0.0": what it says of itself, and which limits it has.
        es: the major version of Enterprise Security.
        url: of the management port, and `hec_url` of the event collector.
        ca_file: the authority that signed its certificate; None for plain http.
        clock_skew_s: how far its clock is ahead; a test may move time on.
        commands: custom search commands by name: rows and the arguments' text to rows.
        requests: method, path and user of each request to the management port, in order.
    """

    version: str = "9.4.1"
    es: int = 8
    username: str = "admin"
    password: str = "changed!"
    hec_token: str = "11111111-1111-1111-1111-111111111111"
    instance_type: str = ""
    url: str = ""
    hec_url: str = ""
    ca_file: Path | None = None
    clock_skew_s: float = 0.0
    faults: Faults = field(default_factory=Faults)
    entities: EntityStore = field(default_factory=EntityStore)
    event_store: EventStore = field(default_factory=EventStore)
    collections: dict[tuple[str, str], Collection] = field(default_factory=dict)
    jobs: JobStore = field(default_factory=JobStore)
    schedule: Schedule = field(default_factory=Schedule)
    collector: Collector = field(default_factory=Collector)
    passwords: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: dict(SETTINGS))
    conf_files: set[str] = field(default_factory=set)
    commands: dict[str, CustomCommand] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    investigations: list[Investigation] = field(default_factory=list)
    finding_notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    started: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.now()
        self.sessions = Sessions(self.now)
        self.lookups = Lookups(self.entities, self.collections)
        for part in (apps, identity, indexes, inputs, saved, kv, content):
            part.seed(self)
        for name in LOGGERS:
            self.entities.add(
                Entity(LOGGER.path, name, "system", "nobody", "system", {"level": "INFO"})
            )

    # --- where it is

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def build(self) -> str:
        return _BUILDS.get(self.major, "000000000000")

    @property
    def site(self) -> Site:
        return Site(self.url, self.version, self.build, self.now())

    def now(self) -> float:
        return time.time() + self.clock_skew_s

    # --- what a test looks at

    def events(self, index: str) -> list[Event]:
        """The events of an index, in the order of their indexing."""
        return self.event_store.of(index)

    def kv(self, app: str, collection: str) -> list[Document]:
        """The documents of a collection."""
        return self.collections[app, collection].all()

    @property
    def notables(self) -> list[dict[str, Any]]:
        """Each notable event as its macro shows it, with `history`: its reviews, oldest first."""
        rows = self.search("search `notable` | fields *")
        return [{**row, "history": reviews.history(self, str(row["event_id"]))} for row in rows]

    def search(
        self, search: str, user: str | None = None, app: str = "search"
    ) -> list[dict[str, Any]]:
        """Run a search over all time and give its rows."""
        _, pipeline = self.jobs.compile(self, search, {}, user or self.username, app)
        return [dict(results.cells(row, exported=False)) for row in pipeline.rows()]

    # --- what a test puts in

    def index_event(
        self,
        raw: str,
        at: float | None = None,
        origin: Origin | None = None,
        indexed: Mapping[str, str | list[str]] | None = None,
        *,
        indexed_at: float | None = None,
    ) -> Event:
        """Index an event: now, unless `indexed_at` says when."""
        now = self.now() if indexed_at is None else indexed_at
        time_ = now if at is None else at
        return self.event_store.add(
            raw, time=time_, origin=origin or Origin(), now=now, indexed=indexed
        )

    def add_notable(
        self, fields: Mapping[str, Any], at: float | None = None, indexed_at: float | None = None
    ) -> str:
        """Make a notable event, indexed at its own time or another; returns its event_id."""
        return content.add_notable(self, fields, at, at if indexed_at is None else indexed_at)

    def review(self, event_id: str, user: str = "admin", **changes: str) -> None:
        """Judge a notable: `status`, `owner`, `urgency`, `disposition`, `comment`."""
        reviews.review(self, user, [event_id], changes)

    def add_disposition(self, number: int, label: str) -> None:
        content.add_status(self, f"disposition:{number}", label)

    def add_user(self, name: str, password: str, roles: Sequence[str] = ("user",)) -> None:
        identity.add_user(self, name, password, list(roles))

    def add_role(self, name: str, **content_: Any) -> None:
        """`capabilities`, `imported_roles`, `srchIndexesAllowed`, `srchIndexesDefault`."""
        identity.add_role(self, name, **content_)

    def add_app(self, name: str) -> None:
        apps.add_app(self, name)

    def install_app(self, folder: Path) -> str:
        """Install an app: macros, collections, lookups, saved searches and the rest of it."""
        return install.install(self, folder)

    def add_index(self, name: str) -> None:
        indexes.add_index(self, name)

    def add_hec_token(self, name: str, token: str, **content_: Any) -> None:
        """`index`, `indexes`, `sourcetype`, `useACK`."""
        inputs.add_token(self, name, token, **content_)

    def add_collection(self, app: str, name: str, **content_: Any) -> Collection:
        """`**{"field.x": "number"}` gives fields their types."""
        return kv.add_collection(self, app, name, **content_)

    def add_lookup(self, app: str, name: str, **content_: Any) -> None:
        """A definition: `external_type`, `collection`, `fields_list`, or `filename`."""
        self._conf("transforms", app, name, content_)

    def add_macro(self, app: str, name: str, definition: str, args: str = "") -> None:
        self._conf("macros", app, name, {"definition": definition, "args": args, "iseval": False})

    def add_alert_action(self, app: str, name: str) -> None:
        """Let sendalert know an action; its calls are kept in `alerts`."""
        self._conf("alert_actions", app, name, {"is_custom": True})

    def _conf(self, conf: str, app: str, name: str, made: dict[str, Any]) -> None:
        kind = {"macros": MACROS, "alert_actions": ALERT_ACTIONS}.get(conf, f"configs/conf-{conf}")
        self.entities.add(Entity(kind, name, app, "nobody", "global", {"disabled": False, **made}))

    def bearer_token(self, user: str | None = None, lifetime_s: float | None = None) -> str:
        """A fresh bearer token."""
        return self.sessions.issue(user or self.username, "tests", lifetime_s)[0]

    def expire_sessions(self) -> None:
        """End all sessions now, as a restart does."""
        self.sessions.expire()

    # --- what its parts ask of it

    def can(self, user: str, capability: str) -> bool:
        return capability in identity.capabilities_of(self, user)

    def demand(self, user: str, capability: str) -> None:
        if not self.can(user, capability):
            raise forbidden(user, capability)

    def may_write(self, user: str, entity: Entity) -> bool:
        if entity.owner == user or self.can(user, "admin_all_objects"):
            return True
        roles = {role.name for role in identity.user_roles(self, user)} | {"*"}
        return bool(roles & set((entity.perms or {}).get("write", [])))

    def index_names(self) -> list[str]:
        return [e.name for e in self.entities.of(indexes.INDEXES) if not e.content["disabled"]]

    def searchable(self, user: str) -> tuple[list[str], list[str]]:
        """The indexes that a user may search, and those searched when none is named."""
        roles = identity.user_roles(self, user)
        allowed = [p for role in roles for p in role.content["srchIndexesAllowed"]]
        default = [p for role in roles for p in role.content["srchIndexesDefault"]]
        names = self.index_names()
        return _fitting(allowed, names), _fitting(default, names)

    def send_alert(
        self, action: str, given: dict[str, str], rows: list[Row], context: SearchContext
    ) -> None:
        self.alerts.append(Alert(action, given, rows))
        handler = {"risk": alerts.risk, "notable": alerts.notable}.get(action)
        if handler is not None:
            handler(self, given, rows, context)


def _fitting(patterns: list[str], names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if any(
            pattern.startswith("_") == name.startswith("_") and wildcard(pattern).fullmatch(name)
            for pattern in patterns
        )
    ]
