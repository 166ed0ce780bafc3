"""Users, roles and capabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.rest.formats import Entry, Feed, render
from tests.servers.splunkd.rest.kinds import Kind, Properties
from tests.servers.splunkd.rest.messages import Request, Response

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

USERS, ROLES = "authentication/users", "authorization/roles"
_USER_CAPABILITIES = [
    "accelerate_search", "change_own_password", "edit_own_objects", "export_results_is_visible",
    "get_metadata", "get_typeahead", "list_accelerate_search", "list_inputs",
    "list_metrics_catalog", "output_file", "request_remote_tok", "rest_access_server_endpoints",
    "rest_apps_view", "rest_properties_get", "rest_properties_set", "run_collect", "run_sendalert",
    "search", "upload_lookup_files",
]  # fmt: skip
_POWER_CAPABILITIES = [
    "embed_report", "rtsearch", "schedule_search", "edit_search_schedule_window",
    "edit_search_schedule_priority", "edit_sourcetypes", "edit_statsd_transforms",
]  # fmt: skip
_ADMIN_CAPABILITIES = [
    "admin_all_objects", "change_authentication", "delete_by_keyword", "edit_deployment_client",
    "edit_forwarders", "edit_httpauths", "edit_indexer_cluster", "edit_input_defaults",
    "edit_local_apps", "edit_messages", "edit_modinput_web_ping", "edit_monitor", "edit_roles",
    "edit_roles_grantable", "edit_scripted", "edit_search_head_clustering", "edit_search_server",
    "edit_server", "edit_server_crl", "edit_splunktcp", "edit_splunktcp_ssl",
    "edit_storage_passwords",
    "edit_tcp", "edit_tcp_token", "edit_token_http", "edit_tokens_all", "edit_tokens_own",
    "edit_udp", "edit_user", "edit_view_html", "edit_web_settings", "get_diag", "indexes_edit",
    "install_apps", "license_edit", "license_tab", "license_view_warnings",
    "list_storage_passwords",
    "list_tokens_all", "list_tokens_own", "restart_reason", "restart_splunkd", "run_debug_commands",
    "web_debug", "edit_notable_events",
]  # fmt: skip
CAPABILITIES = sorted({*_USER_CAPABILITIES, *_POWER_CAPABILITIES, *_ADMIN_CAPABILITIES})

_ROLE_DEFAULTS: dict[str, Any] = {
    "capabilities": [], "imported_roles": [], "srchIndexesAllowed": [], "srchIndexesDefault": [],
    "srchIndexesDisallowed": [], "srchFilter": "", "srchTimeWin": -1, "srchTimeEarliest": -1,
    "srchDiskQuota": 100, "srchJobsQuota": 3, "rtSrchJobsQuota": 6, "cumulativeSrchJobsQuota": 0,
    "cumulativeRTSrchJobsQuota": 0, "defaultApp": "", "grantable_roles": [],
}  # fmt: skip
_USER_DEFAULTS: dict[str, Any] = {
    "email": "", "realname": "", "roles": [], "defaultApp": "launcher", "tz": "", "lang": "",
    "restart_background_jobs": True, "force-change-pass": False, "password": "",
    "createrole": False, "oldpassword": "",
}  # fmt: skip


def _named_user(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del request
    if not any(given.get("roles", [])):
        raise RestError(400, "In handler 'users': User must have at least one role.")
    _known_roles(splunk, given)
    splunk.passwords[name.lower()] = given["password"][-1]
    return name.lower()


def _known_roles(splunk: Splunkd, given: Properties) -> None:
    known = {role.name for role in splunk.entities.of(ROLES)}
    unknown = [role for role in given.get("roles", []) if role and role not in known]
    if unknown:
        raise RestError(400, f"In handler 'users': Role={unknown[0]} does not exist.")


def _checked_user(splunk: Splunkd, request: Request, given: Properties) -> None:
    _known_roles(splunk, given)
    if given.get("password"):
        splunk.passwords[request.path[-1].lower()] = given["password"][-1]


def _shown_user(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    hidden = {"password", "createrole", "oldpassword"}
    kept = {name: value for name, value in entity.content.items() if name not in hidden}
    return {
        **kept,
        "capabilities": sorted(capabilities_of(splunk, entity.name)),
        "defaultAppIsUserOverride": True,
        "defaultAppSourceRole": "system",
        "locked-out": False,
        "password": "********",
        "type": "Splunk",
    }


def _gone_user(splunk: Splunkd, entity: Entity) -> None:
    splunk.passwords.pop(entity.name, None)
    splunk.sessions.forget(entity.name)


def _named_role(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del splunk, request, given
    return name.lower()


def _shown_role(splunk: Splunkd, entity: Entity) -> dict[str, Any]:
    imported = roles_with_imports(splunk, entity.content["imported_roles"])
    taken = {each for role in imported for each in role.content["capabilities"]}
    return {**entity.content, "imported_capabilities": sorted(taken)}


USER_KIND = Kind(
    USERS, _USER_DEFAULTS, required=("password",), scope="global", capability="edit_user",
    named=_named_user, shown=_shown_user, checked=_checked_user, gone=_gone_user,
    unknown_status=400, spelt=str.lower,
)  # fmt: skip
ROLE_KIND = Kind(
    ROLES, _ROLE_DEFAULTS, scope="global", capability="edit_roles",
    named=_named_role, shown=_shown_role, spelt=str.lower,
)  # fmt: skip


def roles_with_imports(splunk: Splunkd, names: list[str]) -> list[Entity]:
    known = {role.name: role for role in splunk.entities.of(ROLES)}
    found: dict[str, Entity] = {}
    waiting = list(names)
    while waiting:
        role = known.get(waiting.pop())
        if role is not None and role.name not in found:
            found[role.name] = role
            waiting += role.content["imported_roles"]
    return list(found.values())


def user_roles(splunk: Splunkd, user: str) -> list[Entity]:
    found = splunk.entities.find(USERS, "nobody", "search", user)
    return roles_with_imports(splunk, found.content["roles"]) if found else []


def capabilities_of(splunk: Splunkd, user: str) -> set[str]:
    return {each for role in user_roles(splunk, user) for each in role.content["capabilities"]}


def serve_capabilities(splunk: Splunkd, request: Request) -> Response:
    return _single(splunk, request, "capabilities", {"capabilities": CAPABILITIES})


def serve_context(splunk: Splunkd, request: Request) -> Response:
    """`authentication/current-context`: who the session belongs to."""
    user = splunk.entities.find(USERS, "nobody", "search", request.user)
    content = _shown_user(splunk, user) if user else {}
    return _single(splunk, request, "context", {**content, "username": request.user})


def _single(splunk: Splunkd, request: Request, name: str, content: dict[str, Any]) -> Response:
    path = "/services/" + "/".join(request.path)
    acl = {"app": "", "owner": "system", "sharing": "system", "perms": None, "can_write": True}
    feed = Feed(name, path, [Entry(name, f"{path}/{name}", content, acl)])
    return render(feed, request, splunk.site)


def seed(splunk: Splunkd) -> None:
    """The roles and the administrator that a fresh installation has."""
    roles = {
        "user": (_USER_CAPABILITIES, [], ["*"], ["main"], 3),
        "power": (_POWER_CAPABILITIES, ["user"], ["*"], ["main"], 10),
        "can_delete": (["delete_by_keyword"], [], [], [], 3),
        "splunk-system-role": (_ADMIN_CAPABILITIES, ["admin"], [], [], 3),
        "admin": (_ADMIN_CAPABILITIES, ["power", "user"], ["*", "_*"], ["main"], 50),
    }
    for name, (capabilities, imported, allowed, default, quota) in roles.items():
        content = {
            **_ROLE_DEFAULTS, "capabilities": list(capabilities), "imported_roles": list(imported),
            "srchIndexesAllowed": allowed, "srchIndexesDefault": default, "srchJobsQuota": quota,
        }  # fmt: skip
        splunk.entities.add(Entity(ROLES, name, "system", "nobody", "system", content))
    add_user(splunk, splunk.username, splunk.password, ["admin"])


def add_user(splunk: Splunkd, name: str, password: str, roles: list[str]) -> None:
    content = {**_USER_DEFAULTS, "roles": list(roles)}
    splunk.passwords[name] = password
    splunk.entities.add(Entity(USERS, name, "system", "nobody", "system", content))


def add_role(splunk: Splunkd, name: str, **content: Any) -> None:
    fresh = {n: list(v) if isinstance(v, list) else v for n, v in _ROLE_DEFAULTS.items()}
    splunk.entities.add(Entity(ROLES, name, "system", "nobody", "system", {**fresh, **content}))
