"""The kinds of objects that splunkd keeps, with their arguments and what these are by default."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.servers.splunkd.errors import RestError

if TYPE_CHECKING:
    from tests.servers.splunkd.entities import Entity
    from tests.servers.splunkd.rest.messages import Request, Response
    from tests.servers.splunkd.state import Splunkd

Properties = dict[str, list[str]]
Handler = Callable[["Splunkd", "Request", "Entity"], "Response"]
CONF = "configs/conf-"


def _same(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del splunk, request, given
    return name


def _spelt(name: str) -> str:
    return name


def _own(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    del splunk
    return entity.content


def _nothing(splunk: Splunkd, entity: Entity) -> None:
    del splunk, entity


def _mine(splunk: Splunkd, request: Request, given: Properties) -> None:
    del splunk, request, given


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        path: under which it is served.
        defaults: its arguments; a value's type says how an argument is read.
        wild: patterns of further arguments; `open` takes any.
        scope: how a new one is shared; a global one has no namespace of its own.
        capability: what a user needs to write one.
        named: gives a new one its real name, and may refuse it or change what was given.
        spelt: a name as it may come in a path, in the spelling that it is kept in.
        shown: what is seen of one.
        changed: is told of a new or changed one; `gone` of one that was deleted.
        checked: may refuse an update.
        actions: what else can be done to one, by the last part of the path.
        store: the kind under which it is kept, where it has two addresses.
    """

    path: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    wild: tuple[str, ...] = ()
    open: bool = False
    scope: Literal["user", "app", "global"] = "user"
    capability: str | None = None
    named: Callable[[Splunkd, Request, str, Properties], str] = _same
    spelt: Callable[[str], str] = _spelt
    shown: Callable[[Splunkd, Entity], dict[str, Any]] = _own
    changed: Callable[[Splunkd, Entity], None] = _nothing
    gone: Callable[[Splunkd, Entity], None] = _nothing
    checked: Callable[[Splunkd, Request, Properties], None] = _mine
    actions: Mapping[str, Handler] = field(default_factory=dict)
    creatable: bool = True
    unknown_status: int = 404
    store: str = ""

    @property
    def kept_as(self) -> str:
        return self.store or self.path

    def takes(self, name: str) -> bool:
        known = name in self.defaults or name in self.required
        return self.open or known or any(re.fullmatch(each, name) for each in self.wild)

    def read(self, given: Properties) -> dict[str, Any]:
        """The arguments as native values.

        Raises:
            RestError: for one that the kind does not have, or that cannot be read.
        """
        for name in given:
            if not self.takes(name):
                raise RestError(400, f'Argument "{name}" is not supported by this handler.')
        return {name: native(name, self.defaults.get(name), v) for name, v in given.items()}


_TRUE, _FALSE = {"1", "true", "t", "yes", "y"}, {"0", "false", "f", "no", "n"}


def native(name: str, like: Any, values: list[str]) -> Any:
    """An argument of a form as the type that its default has."""
    text = values[-1] if values else ""
    if isinstance(like, bool):
        if text.lower() not in _TRUE | _FALSE:
            raise RestError(400, f'Argument "{name}" must be a boolean.')
        return text.lower() in _TRUE
    if isinstance(like, int):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if isinstance(like, list):
        return [each for each in values if each]
    return text


EVENT_TYPE = Kind(
    "saved/eventtypes",
    {"search": "", "description": "", "disabled": False, "priority": 1, "color": "", "tags": ""},
    required=("search",),
)

LOGGER = Kind("server/logger", {"level": "INFO"}, scope="global", creatable=False)

_CONF_DEFAULTS: dict[str, dict[str, Any]] = {
    "macros": {"iseval": False},
    "alert_actions": {"is_custom": False},
}


def conf_kind(name: str) -> Kind:
    """A configuration file's stanzas; their values are text unless known to be more."""
    defaults = {**_CONF_DEFAULTS.get(name, {}), "disabled": False}
    return Kind(f"{CONF}{name}", defaults, open=True, shown=_own)


TRANSFORMS = Kind(
    "data/transforms/lookups",
    {"disabled": False},
    open=True,
    store=f"{CONF}transforms",
)
MACROS = Kind(
    "admin/macros", {"iseval": False, "disabled": False}, open=True, store=f"{CONF}macros"
)
ALERT_ACTIONS = Kind(
    "alerts/alert_actions", {"disabled": False}, open=True, store=f"{CONF}alert_actions",
    creatable=False,
)  # fmt: skip

OUTPUTS = tuple(
    Kind(f"data/outputs/tcp/{name}", {"disabled": False}, open=True, scope="app")
    for name in ("syslog", "server", "group")
)
MODULAR_INPUTS = Kind("data/modular-inputs", scope="global", creatable=False)


def _named_message(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del request
    if not given.get("value"):
        raise RestError(400, "The following required arguments are missing: value.")
    for known in splunk.entities.of("messages"):  # the same message again replaces it
        if known.name == name:
            splunk.entities.remove(known)
    return name


def _shown_message(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    del splunk
    text = entity.content.get("value", "")
    severity = entity.content.get("severity", "info")
    # The message's own name is a key, with its text as the value.
    return {entity.name: text, "message": text, "severity": severity, "server": "splunk-double"}


MESSAGES = Kind(
    "messages",
    {"value": "", "severity": "info", "capability": "", "role": "", "help": ""},
    scope="global",
    named=_named_message,
    shown=_shown_message,
)

SAVED_SEARCH_DEFAULTS: dict[str, Any] = {
    "search": "", "description": "", "disabled": False, "is_scheduled": False, "is_visible": True,
    "cron_schedule": "", "schedule_window": "0", "schedule_priority": "default",
    "max_concurrent": 1, "realtime_schedule": True, "restart_on_searchpeer_add": True,
    "run_on_startup": False, "run_n_times": 0, "request.ui_dispatch_app": "",
    "request.ui_dispatch_view": "", "displayview": "", "vsid": "", "workload_pool": "",
    "alert_type": "always", "alert_condition": "", "alert_comparator": "", "alert_threshold": "",
    "alert.digest_mode": True, "alert.expires": "24h", "alert.severity": 3, "alert.suppress": "",
    "alert.suppress.fields": "", "alert.suppress.period": "", "alert.track": "auto",
    "actions": "", "action.email": False, "action.populate_lookup": False, "action.rss": False,
    "action.script": False, "action.summary_index": False, "action.email.to": "",
    "dispatch.buckets": 0, "dispatch.earliest_time": "", "dispatch.latest_time": "",
    "dispatch.indexedRealtime": "", "dispatch.lookups": True, "dispatch.max_count": 500000,
    "dispatch.max_time": 0, "dispatch.reduce_freq": 10, "dispatch.rt_backfill": False,
    "dispatch.sample_ratio": "1", "dispatch.spawn_process": True,
    "dispatch.time_format": "%FT%T.%Q%:z", "dispatch.ttl": "2p",
    "auto_summarize": False, "auto_summarize.dispatch.earliest_time": "",
}  # fmt: skip

INDEX_DEFAULTS: dict[str, Any] = {
    "disabled": False, "datatype": "event", "homePath": "", "coldPath": "", "thawedPath": "",
    "frozenTimePeriodInSecs": 188697600, "maxTotalDataSizeMB": 500000, "maxDataSize": "auto",
    "maxHotBuckets": "auto", "maxWarmDBCount": 300, "maxHotIdleSecs": 0, "maxHotSpanSecs": 7776000,
    "maxConcurrentOptimizes": 6, "maxMemMB": 5, "maxMetaEntries": 1000000,
    "coldToFrozenDir": "", "coldToFrozenScript": "", "blockSignSize": 0,
    "enableOnlineBucketRepair": True,
    "minRawFileSyncSecs": "disable", "partialServiceMetaPeriod": 0, "quarantineFutureSecs": 2592000,
    "quarantinePastSecs": 77760000, "rawChunkSizeBytes": 131072, "repFactor": "0",
    "rotatePeriodInSecs": 60, "serviceMetaPeriod": 25, "syncMeta": True, "throttleCheckPeriod": 15,
    "tstatsHomePath": "", "bucketRebuildMemoryHint": "auto", "compressRawdata": True,
    "assureUTF8": False, "suppressBannerList": "", "archiver.enableDataArchive": False,
}  # fmt: skip
