"""server/info, server/settings, restarts, and the root of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.rest.formats import Entry, Feed, render, render_messages
from tests.servers.splunkd.rest.messages import Request, Response
from tests.servers.splunkd.spl.rows import GUID, SERVER

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

RESTART = "restart_required"
LOGGERS = (
    "AdminHandler", "AdminManager", "AggregatorMiningProcessor", "ApplicationManager",
    "AuditLogger", "AuthenticationManagerSplunk", "BucketMover", "BundlesUtil", "CMMaster",
    "DatabaseDirectoryManager", "DateParser", "DeploymentClient", "DispatchCommand",
    "ExecProcessor", "FileInputTracker", "HttpInputDataHandler", "HttpListener", "IndexProcessor",
    "IndexScopedSearch", "KVStoreConfigurationProvider", "LMTracker", "Metrics", "ModularInputs",
    "PipelineComponent", "SavedSplunker", "SearchParser", "SearchScheduler", "TailReader",
    "TcpInputProc", "UserManagerPro", "WatchedFile",
)  # fmt: skip
_ACL: dict[str, Any] = {
    "app": "", "can_list": True, "can_write": True, "modifiable": False, "owner": "system",
    "perms": {"read": ["*"], "write": []}, "removable": False, "sharing": "system",
}  # fmt: skip
_LICENSE = "Splunk Enterprise   Splunk Analytics for Hadoop Download Trial"
_INFO: dict[str, Any] = {
    "activeLicenseGroup": "Trial", "activeLicenseSubgroup": "Production", "build": "",
    "cpu_arch": "x86_64", "guid": GUID, "health_info": "green", "health_version": 1,
    "host": SERVER, "host_fqdn": f"{SERVER}.localdomain", "host_resolved": SERVER,
    "isForwarding": False, "isFree": False, "isTrial": True, "kvStoreStatus": "ready",
    "licenseKeys": ["F" * 64], "licenseLabels": [_LICENSE], "licenseSignature": "0" * 32,
    "licenseState": "OK", "license_labels": [_LICENSE], "manager_guid": GUID,
    "manager_uri": "self", "master_guid": GUID, "master_uri": "self", "max_users": 4294967295,
    "mode": "normal", "numberOfCores": 2, "numberOfVirtualCores": 2, "os_build": "#1 SMP",
    "os_name": "Linux", "os_name_extended": "Linux", "os_version": "6.1.0",
    "physicalMemoryMB": 24576, "product_type": "enterprise", "rtsearch_enabled": True,
    "serverName": SERVER, "startup_time": 0, "staticAssetId": "0" * 64, "version": "",
    "server_roles": ["indexer", "license_master", "license_manager", "kv_store"],
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "SPLUNK_DB": "/opt/splunk/var/lib/splunk", "SPLUNK_HOME": "/opt/splunk",
    "enableSplunkWebSSL": False, "host": SERVER, "httpport": 8000, "mgmtHostPort": 8089,
    "minFreeSpace": 5000, "pass4SymmKey": "********", "serverName": SERVER,
    "sessionTimeout": "1h", "startwebserver": True, "trustedIP": "",
}  # fmt: skip


def single(
    splunk: Splunkd,
    request: Request,
    name: str,
    content: dict[str, Any],
    *,
    fields: list[str] | None = None,
) -> Response:
    """A feed of one entry that is no object of its own."""
    path = "/services/" + "/".join(request.path)
    shown = None if fields is None else {"required": [], "optional": fields, "wildcard": []}
    entry = Entry(name, f"{path}/{name}", content, _ACL, fields=shown)
    return render(Feed(request.path[-1], path, [entry]), request, splunk.site)


def info(splunk: Splunkd, request: Request) -> Response:
    content = {
        **_INFO,
        "build": splunk.build,
        "startup_time": int(splunk.started),
        "version": splunk.version,
    }
    if splunk.instance_type:
        content["instance_type"] = splunk.instance_type
    return single(splunk, request, "server-info", content)


def settings(splunk: Splunkd, request: Request) -> Response:
    if request.method == "POST":
        splunk.demand(request.user, "edit_server")
        unknown = [name for name in request.properties if name not in SETTINGS]
        if unknown:
            raise RestError(400, f'Argument "{unknown[0]}" is not supported by this handler.')
        splunk.settings.update({name: values[-1] for name, values in request.properties.items()})
        require_restart(splunk)
    return single(splunk, request, "settings", splunk.settings, fields=list(SETTINGS))


def require_restart(splunk: Splunkd) -> None:
    if not any(each.name == RESTART for each in splunk.entities.of("messages")):
        text = "Splunk must be restarted for changes to take effect."
        message = Entity("messages", RESTART, "search", "nobody", "global",
                         {"value": text, "severity": "warn"}, updated=splunk.now())  # fmt: skip
        splunk.entities.add(message)


def restart(splunk: Splunkd, request: Request) -> Response:
    """End all sessions and what waits for a restart; what is kept on the disk stays."""
    splunk.demand(request.user, "restart_splunkd")
    for message in splunk.entities.of("messages"):
        splunk.entities.remove(message)
    splunk.sessions.expire()
    splunk.started = splunk.now()
    text = "Restarting Splunk. Please allow a few moments for splunkd to come back."
    return render_messages(request, 200, [("INFO", text)])


def kvstore_status(splunk: Splunkd, request: Request) -> Response:
    current = {"status": "ready", "storageEngine": "wiredTiger", "guid": GUID, "port": 8191}
    return single(splunk, request, "status", {"current": current})


def root(splunk: Splunkd, request: Request) -> Response:
    names = ("apps", "authentication", "authorization", "configs", "data", "messages", "properties",
             "receivers", "saved", "search", "server", "storage")  # fmt: skip
    entries = [Entry(name, f"/services/{name}", {}, _ACL) for name in names]
    return render(Feed("services", "/services/", entries), request, splunk.site)
