"""Which part of splunkd answers which path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.servers.splunkd.entities import ANY
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.es import findings, investigations, reviews
from tests.servers.splunkd.rest import (
    apps,
    auth,
    confs,
    crud,
    identity,
    indexes,
    inputs,
    jobs,
    kinds,
    kv,
    passwords,
    saved,
    server_info,
)
from tests.servers.splunkd.rest.formats import render_messages
from tests.servers.splunkd.rest.messages import Request, Response
from tests.servers.splunkd.spl.lexer import SplError

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

Handler = Callable[["Splunkd", Request], Response]
_JOB = "search/jobs/*"
# A star is any one segment.
_ROUTES: dict[str, Handler] = {
    "": server_info.root,
    "auth/login": auth.login,
    "authentication/httpauth-tokens": auth.sessions,
    "authentication/httpauth-tokens/*": auth.sessions,
    "authentication/current-context": identity.serve_context,
    "authentication/current-context/context": identity.serve_context,
    "authorization/capabilities": identity.serve_capabilities,
    "authorization/tokens": auth.tokens,
    "authorization/tokens/*": auth.tokens,
    "server/info": server_info.info,
    "server/info/server-info": server_info.info,
    "server/settings": server_info.settings,
    "server/settings/settings": server_info.settings,
    "server/control/restart": server_info.restart,
    "kvstore/status": server_info.kvstore_status,
    "properties": confs.properties,
    "properties/*": confs.properties,
    "properties/*/*": confs.properties,
    "properties/*/*/*": confs.properties,
    "data/inputs": inputs.tree,
    "data/inputs/tcp": inputs.tree,
    "data/inputs/oneshot": inputs.oneshot,
    "receivers/simple": indexes.simple,
    "search/parser": jobs.parser,
    "search/jobs": jobs.jobs,
    "search/jobs/export": jobs.export,
    _JOB: jobs.job,
    f"{_JOB}/control": jobs.control,
    f"{_JOB}/events": jobs.job_results,
    f"{_JOB}/results": jobs.job_results,
    f"{_JOB}/results_preview": jobs.job_results,
    f"{_JOB}/summary": jobs.summary,
    f"{_JOB}/timeline": jobs.summary,
    f"{_JOB}/search.log": jobs.summary,
    "alerts/fired_alerts": saved.fired_alerts,
    "alerts/fired_alerts/*": saved.fired_alerts,
    "storage/collections/config": kv.config,
    "storage/collections/config/*": kv.config,
    "storage/collections/config/*/*": kv.config,
    "storage/collections/data/*": kv.data,
    "storage/collections/data/*/*": kv.data,
    "notable_update": reviews.update,
}
_SECURITY_8: dict[str, Handler] = {
    "public/v2/findings": findings.findings,
    "public/v2/findings/*": findings.finding,
    "public/v2/investigations": investigations.investigations,
    "public/v2/investigations/*": investigations.investigation,
    "public/v2/investigations/*/findings": investigations.members,
    "public/v2/investigations/*/notes": investigations.notes,
    "v1/investigations/*": investigations.investigation,
}
_KINDS = {
    kind.path: kind
    for kind in [
        apps.APP_KIND, identity.USER_KIND, identity.ROLE_KIND, indexes.INDEX_KIND,
        passwords.PASSWORD_KIND, saved.SEARCH_KIND, kinds.EVENT_TYPE, kinds.LOGGER,
        kinds.MESSAGES, kinds.MODULAR_INPUTS, kinds.TRANSFORMS, kinds.MACROS,
        kinds.ALERT_ACTIONS, *kinds.OUTPUTS, *inputs.INPUT_KINDS,
    ]
}  # fmt: skip
_OPEN = (["auth", "login"],)
_SECURITY_APPS = ("missioncontrol", "SplunkEnterpriseSecuritySuite")


def answer(splunk: Splunkd, request: Request) -> Response:
    """Let the request in and answer it; what is refused is an answer too."""
    try:
        if request.path not in _OPEN:
            auth.let_in(splunk, request)
            _known_namespace(splunk, request)
        response = _handler(splunk, request)(splunk, request)
    except RestError as refusal:
        told = [(refusal.kind, refusal.text)]
        response = render_messages(request, refusal.status, told, refusal.code)
    except SplError as refusal:
        response = render_messages(request, 400, [("FATAL", str(refusal))])
    if request.cookie is not None:
        response.headers.append(("Set-Cookie", request.cookie))
    return response


def _known_namespace(splunk: Splunkd, request: Request) -> None:
    known = {ANY, "system", *(app.name for app in splunk.entities.of(apps.APPS))}
    if request.app is not None and request.app not in known:
        raise RestError(404, f"Application does not exist: {request.app}")
    if request.owner not in {None, ANY, "nobody", *splunk.passwords}:
        raise RestError(404, f"User does not exist: {request.owner}")


def _handler(splunk: Splunkd, request: Request) -> Handler:
    if request.path[:2] == ["search", "v2"]:
        request.path = ["search", *request.path[2:]]
    found = _matching(_ROUTES, request.path)
    if found is None and splunk.es >= 8 and request.app in _SECURITY_APPS:
        found = _matching(_SECURITY_8, request.path)
    return found or _of_kind(request)


def _matching(routes: dict[str, Handler], path: list[str]) -> Handler | None:
    exact = routes.get("/".join(path))
    if exact is not None:
        return exact
    for pattern, handler in routes.items():
        parts = pattern.split("/")
        if len(parts) == len(path) and all(p in {"*", s} for p, s in zip(parts, path, strict=True)):
            return handler
    return None


def _of_kind(request: Request) -> Handler:
    path = request.path
    for length in range(len(path), 0, -1):
        name = "/".join(path[:length])
        kind = _KINDS.get(name)
        if kind is None and length == 2 and name.startswith(kinds.CONF):
            kind = kinds.conf_kind(path[1].removeprefix("conf-"))
        if kind is not None:
            chosen, rest = kind, path[length:]
            return lambda splunk, request: crud.serve(splunk, request, chosen, rest)
    raise RestError(404, "Not Found")
