"""Who may ask what over HTTP: every route against every role, with tokens of the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from sftsec_core.config.access import AccessSettings
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.authorize import ROLES
from sftsec_core.operations.revoke_token import revoke_token
from sftsec_core.operations.token_format import make_token
from sftsec_core.operations.token_verifier import TokenVerifier
from sftsec_core.server.endpoint import Endpoint
from tests.core.server.labelling import TOKENS, LabelSite, label_site
from tests.core.server.site import TASK, Client, Reply, Site, running
from tests.servers.oidc import AUDIENCE, OidcIssuer, start_issuer

EVENT = orjson.dumps({"task": TASK, "events": [{"fields": {"message": "click"}}]})
VERDICT = b'{"verdicts": [{"key": "0123456789abcdef", "id": 1, "label": "benign"}]}'
RETRACTION = b'{"keys": ["0123456789abcdef"]}'
ANYONE = frozenset(ROLES)
LABELLING = frozenset({"analyst", "admin"})
SCORING = frozenset({"scorer", "operator", "admin"})
# Route to its body and to the roles that may ask it; a route that is new needs a row.
SEEING = frozenset({"viewer", "analyst", "operator", "admin"})
NEW_VERDICT = b'{"task": "mail", "verdicts": [{"incident": "m1", "label": "benign"}]}'
ROUTES: dict[tuple[str, str], tuple[bytes | None, frozenset[str]]] = {
    ("POST", "/v1/score"): (EVENT, SCORING),
    ("POST", "/v1/explain"): (EVENT, SCORING),
    ("GET", "/v1/tasks"): (None, ANYONE),
    ("GET", "/v1/labels/session"): (None, LABELLING),
    ("POST", "/v1/labels/session"): (None, LABELLING),
    ("GET", "/v1/labels/queue"): (None, LABELLING),
    ("GET", "/v1/labels/verdicts"): (None, LABELLING),
    ("POST", "/v1/labels/verdicts"): (VERDICT, LABELLING),
    ("POST", "/v1/labels/retractions"): (RETRACTION, LABELLING),
    ("GET", "/v1/models"): (None, SEEING),
    ("GET", "/v1/runs"): (None, SEEING),
    ("GET", "/v1/runs/{run}"): (None, SEEING),
    ("GET", "/v1/schedules"): (None, SEEING),
    ("POST", "/v1/verdicts"): (NEW_VERDICT, LABELLING),
    ("GET", "/metrics"): (None, SEEING),
    # It ends the caller's own session, and says nothing.
    ("DELETE", "/v1/labels/session"): (None, ANYONE),
}
PUBLIC = {("GET", "/healthz"), ("GET", "/readyz")}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelSite]:
    with label_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def tokens(served: LabelSite) -> dict[str, str]:
    """A token of each role, of each role on another task alone, and tokens that are no good."""
    context = served.context
    made = {role: add_token(context, f"a-{role}", [role]).token for role in ROLES}
    for role in ROLES:
        made[f"{role} elsewhere"] = elsewhere(served, role)
    moment = timedelta(microseconds=1)
    made["expired"] = add_token(context, "late", ["admin"], lifetime=moment).token
    made["revoked"] = add_token(context, "gone", ["admin"]).token
    revoke_token(context, "gone")
    return {**made, "unknown": make_token()[0], "mistyped": made["admin"][:-1]}


def elsewhere(served: LabelSite, role: str) -> str:
    """A token with a role on a task that this endpoint does not serve."""
    token, token_id, hashed = make_token()
    served.context.store.tokens.add(
        token_id, f"e-{role}", hashed=hashed, roles=[f"{role}@x"], lifetime=None, by="test"
    )
    return token


def ask(served: LabelSite, token: str | None, method: str, path: str) -> Reply:
    return Client(served.url, token=token).call(method, path, ROUTES[method, path][0])


class TestRoutes:
    def test_the_table_names_every_route(self, served: LabelSite) -> None:
        described = served.as_("ann").get("/openapi.json").json["paths"]
        found = {(method.upper(), path) for path, each in described.items() for method in each}
        assert found == set(ROUTES) | PUBLIC

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("route", ROUTES, ids=" ".join)
    def test_answer_the_roles_that_may(
        self, served: LabelSite, tokens: dict[str, str], route: tuple[str, str], role: str
    ) -> None:
        reply = ask(served, tokens[role], *route)
        if role in ROUTES[route][1]:
            assert reply.status not in {401, 403}, reply.raw
        else:
            assert reply.status == 403
            assert f"a-{role} is not permitted" in reply.detail

    @pytest.mark.parametrize("given", ["expired", "revoked", "unknown", "mistyped", None])
    @pytest.mark.parametrize("route", ROUTES, ids=" ".join)
    def test_refuse_tokens_that_are_no_good(
        self, served: LabelSite, tokens: dict[str, str], route: tuple[str, str], given: str | None
    ) -> None:
        reply = ask(served, tokens[given] if given else None, *route)
        assert reply.status == 401
        assert given is None or tokens[given] not in reply.raw.decode()

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("route", ROUTES, ids=" ".join)
    def test_show_nothing_of_other_tasks(
        self, served: LabelSite, tokens: dict[str, str], route: tuple[str, str], role: str
    ) -> None:
        reply = ask(served, tokens[f"{role} elsewhere"], *route)
        if reply.status in {200, 204, 404}:
            assert TASK not in reply.raw.decode()
        else:
            assert reply.status in {403, 409}

    def test_refusals_are_in_the_audit_log(self, served: LabelSite, tokens: dict[str, str]) -> None:
        audit = served.context.store.audit
        assert Client(served.url, token=tokens["viewer"]).text("click").status == 403
        found = audit.tail(500, action="access.refused")
        last = next(each for each in reversed(found) if each.actor == "a-viewer")
        assert last.details["origin"] == "server"
        assert not any(each.actor in {"late", "gone"} for each in found)


class TestStoreTokens:
    def test_of_a_new_owner_need_no_restart(self, served: LabelSite) -> None:
        token = add_token(served.context, "new", ["analyst"], tasks=[TASK]).token
        client = Client(served.url, token=token)
        session = client.get("/v1/labels/session").json
        assert (session["analyst"], [each["task"] for each in session["tasks"]]) == ("new", [TASK])

    def test_end_their_sessions_when_revoked(self, served: LabelSite) -> None:
        token = add_token(served.context, "brief", ["analyst"]).token
        started = Client(served.url, token=token).call("POST", "/v1/labels/session")
        cookie = started.headers["set-cookie"].partition(";")[0]
        page = Client(served.url, token=None, headers={"Cookie": cookie, "X-Sftsec-Page": "1"})
        assert page.get("/v1/labels/session").json["analyst"] == "brief"
        revoke_token(served.context, "brief")
        assert page.get("/v1/labels/session").status == 401

    def test_suffice_without_tokens_of_settings(self, own_site: Site) -> None:
        token = add_token(own_site.context, "soar", ["scorer"]).token
        endpoint = Endpoint(own_site.context, own_site.settings(tokens={}))
        with running(endpoint) as client:
            names = [
                each["task"]
                for each in Client(client.url, token=token).get("/v1/tasks").json["tasks"]
            ]
        assert names == [TASK, "empty"]

    def test_score_what_their_task_is(self, site: Site, client: Client) -> None:
        token = add_token(site.context, "one", ["scorer"], tasks=[TASK]).token
        mine = Client(client.url, client.authority, token=token)
        assert mine.text("click").status == 200
        assert mine.text("click", task="empty").status == 403
        assert [each["task"] for each in mine.get("/v1/tasks").json["tasks"]] == [TASK]

    def test_wait_for_no_store_in_vain(
        self, served: LabelSite, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sftsec_core.api.errors import StoreError

        def broken(*_given: object) -> None:
            raise StoreError("the database is gone")

        monkeypatch.setattr(TokenVerifier, "cached", lambda *_given: None)
        monkeypatch.setattr(TokenVerifier, "find", broken)
        reply = Client(served.url, token=tokens["admin"]).get("/v1/tasks")
        assert (reply.status, "database" in reply.raw.decode()) == (503, False)
        assert served.as_("ann").get("/v1/tasks").status == 200


@pytest.fixture(scope="module")
def issuer(certificates: Path) -> Iterator[OidcIssuer]:
    with start_issuer(certificates) as made:
        yield made


@pytest.fixture
def federated(own_site: Site, issuer: OidcIssuer, certificates: Path) -> Iterator[Client]:
    """An endpoint that takes the issuer's tokens."""
    oidc = {
        "issuer": issuer.url,
        "audience": AUDIENCE,
        "roles": {"soc-analysts": [f"analyst@{TASK}"], "admins": ["admin"]},
        "ca_file": certificates / "ca.pem",
    }
    access = AccessSettings.model_validate({"oidc": oidc})
    settings = own_site.context.settings.model_copy(update={"access": access})
    own_site.context.settings = settings
    with running(Endpoint(own_site.context, own_site.settings())) as client:
        yield client


class TestIssuer:
    def test_gives_roles_by_its_groups(self, federated: Client, issuer: OidcIssuer) -> None:
        analyst = replace(federated, token=issuer.token())
        session = analyst.get("/v1/labels/session").json
        assert (session["analyst"], [each["task"] for each in session["tasks"]]) == ("ann", [TASK])
        assert analyst.text("click").status == 403
        admin = replace(federated, token=issuer.token(groups=["admins"]))
        assert admin.text("click").status == 409  # there is no model
        nobody = replace(federated, token=issuer.token(groups=["others"]))
        assert nobody.get("/v1/tasks").status == 403

    def test_refuses_tokens_for_others(self, federated: Client, issuer: OidcIssuer) -> None:
        past = int(time.time()) - 3600
        for token in (issuer.token(aud="another"), issuer.token(exp=past), "eyJhIjoxfQ.e30.x"):
            reply = replace(federated, token=token).get("/v1/tasks")
            assert (reply.status, token in reply.raw.decode()) == (401, False)

    def test_ends_sessions_with_their_tokens(self, federated: Client, issuer: OidcIssuer) -> None:
        # Past its end by less than the clocks may differ: good once, and no session.
        for seconds, status in ((300, 200), (-5, 401)):
            token = issuer.token(exp=int(time.time()) + seconds)
            started = replace(federated, token=token).call("POST", "/v1/labels/session")
            assert started.status == 200
            cookie = started.headers["set-cookie"].partition(";")[0]
            page = replace(federated, token=None, headers={"Cookie": cookie, "X-Sftsec-Page": "1"})
            assert page.get("/v1/labels/session").status == status

    def test_holds_no_others_up(
        self, federated: Client, issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, answer = threading.Event(), threading.Event()

        def waiting(_issuer: OidcIssuer, _path: str) -> None:
            asked.set()
            answer.wait(30)

        token = issuer.token()
        monkeypatch.setattr(OidcIssuer, "answer", waiting)
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(replace(federated, token=token).get, "/v1/tasks")
            assert asked.wait(30)
            assert federated.get("/v1/tasks").status == 200
            answer.set()
            assert late.result().status == 503


class TestCanaries:
    """Tokens, good and wrong, wherever a caller may put one by mistake."""

    @pytest.mark.parametrize("kind", ["admin", "viewer", "revoked", "mistyped", "issued", "static"])
    def test_tokens_are_shown_nowhere(
        self,
        served: LabelSite,
        tokens: dict[str, str],
        issuer: OidcIssuer,
        caplog: pytest.LogCaptureFixture,
        kind: str,
    ) -> None:
        others = {"issued": issuer.token(), "static": TOKENS["ann"]}
        token = others.get(kind) or tokens[kind]
        client, said = Client(served.url, token=None), list[Reply]()
        with caplog.at_level(logging.DEBUG):
            for headers in (
                {"Authorization": f"Bearer {token}"},
                {"Authorization": f"Basic {token}"},
                {"Authorization": token},
                {"Authorization": f"Bearer {token}", "Cookie": f"sftsec={token}"},
                {"X-Api-Key": token, "X-Forwarded-For": token, "User-Agent": token},
            ):
                for path in ("/v1/tasks", f"/v1/labels/queue?task={token}", f"/{token}"):
                    said.append(client.call("GET", path, None, **headers))
                said.append(client.call("POST", "/v1/score", f'{{"{token}": 1'.encode(), **headers))
                body = orjson.dumps({"task": token, "events": [{"fields": {"message": token}}]})
                said.append(client.call("POST", "/v1/score", body, **headers))
                said.append(client.call(token[:20], "/v1/tasks", None, **headers))
        kept = "".join(str(each) for each in served.context.store.audit.tail(1000))
        heads = "".join(str(dict(reply.headers)) for reply in said)
        # Who may ask is told which task there is not: the answer goes to the token's own owner.
        bodies = "".join(reply.raw.decode() for reply in said if reply.status != 404)
        shown = bodies + heads + caplog.text + kept
        # A header's part of a JWT is no secret; the rest is.
        secret = token.split(".")[-1] if kind == "issued" else token.split("_")[-1]
        assert secret[:20] not in shown
