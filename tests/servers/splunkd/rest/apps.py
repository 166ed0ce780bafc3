"""apps/local."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.entities import Entity
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.rest.kinds import Kind, Properties
from tests.servers.splunkd.rest.server_info import require_restart, single

if TYPE_CHECKING:
    from tests.servers.splunkd.rest.messages import Request, Response
    from tests.servers.splunkd.state import Splunkd

APPS = "apps/local"
_BUILT_IN = {
    "alert_logevent": False, "alert_webhook": False, "appsbrowser": False, "launcher": True,
    "learned": False, "search": True, "splunk_httpinput": False, "splunk_monitoring_console": True,
    "user-prefs": False, "SplunkEnterpriseSecuritySuite": True, "missioncontrol": True,
    "SA-ThreatIntelligence": False,
}  # fmt: skip
_DEFAULTS: dict[str, Any] = {
    "author": "", "description": "", "label": "", "version": "1.0.0", "visible": True,
    "configured": False, "disabled": False, "check_for_updates": True, "show_in_nav": True,
    "state_change_requires_restart": False, "core": False,
}  # fmt: skip
_ONCE = ("filename", "update", "template", "explicit_appname", "auth", "session")


def _named(splunk: Splunkd, request: Request, name: str, given: Properties) -> str:
    del splunk, request
    if (given.get("filename") or ["0"])[-1].lower() in {"1", "true"}:
        # The double installs apps by `Splunkd.install_app`, not from a path on the server.
        raise RestError(400, f"Error during app install: failed to extract app from {name}")
    if not re.fullmatch(r"[\w.-]+", name):
        raise RestError(400, f"App name '{name}' contains invalid characters.")
    for each in _ONCE:
        given.pop(each, None)
    given.setdefault("label", [name])
    return name


def _gone(splunk: Splunkd, entity: Entity) -> None:
    for kind in list(splunk.entities.by_kind):
        for each in splunk.entities.of(kind):
            if each.app == entity.name:
                splunk.entities.remove(each)
    require_restart(splunk)


def _package(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    file = f"/opt/splunk/share/splunk/app_packages/{entity.name}.spl"
    url = f"{splunk.url}/static/app-packages/{entity.name}.spl"
    return single(splunk, request, entity.name, {"name": entity.name, "path": file, "url": url})


def _update(splunk: Splunkd, request: Request, entity: Entity) -> Response:
    return single(splunk, request, entity.name, {})


APP_KIND = Kind(
    APPS,
    _DEFAULTS,
    wild=_ONCE,
    scope="global",
    capability="edit_local_apps",
    named=_named,
    gone=_gone,
    actions={"package": _package, "update": _update},
)


def seed(splunk: Splunkd) -> None:
    for name, visible in _BUILT_IN.items():
        add_app(splunk, name, visible=visible, core=True)


def add_app(splunk: Splunkd, name: str, **content: Any) -> Entity:
    made = {**_DEFAULTS, "label": name, **content}
    return splunk.entities.add(Entity(APPS, name, "system", "nobody", "global", made))
