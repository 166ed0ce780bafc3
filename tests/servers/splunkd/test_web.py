"""The stand-in for Splunk Web: logins, form keys, views, and what it passes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlencode, urlsplit

import pytest

from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.web import SplunkWeb, start_web

_RAW = "/en-US/splunkd/__raw"
_VIEW = (
    '<form script="a.js" stylesheet="a.css"><label>Mine</label>'
    "<row><html><p>here</p></html></row></form>"
)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SplunkWeb]:
    """In front of a double, with an app of one view and one script."""
    app = tmp_path_factory.mktemp("apps") / "mine"
    for folder in ("appserver/static", "default/data/ui/views"):
        (app / folder).mkdir(parents=True)
    (app / "default/data/ui/views/page.xml").write_text(_VIEW)
    (app / "appserver/static/a.js").write_text("1")
    (app / "secret.txt").write_text("not to be served")
    with start_splunkd() as splunk, start_web(splunk, {"mine": app}) as made:
        yield made


def call(
    web: SplunkWeb, method: str, path: str, body: str = "", **headers: str
) -> tuple[int, dict[str, str], str]:
    """Send a request; headers' names with underscores for dashes."""
    connection = HTTPConnection(urlsplit(web.url).netloc, timeout=10)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body.encode(), given)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


def cookie(web: SplunkWeb) -> tuple[str, str]:
    """A browser's cookie after a login, and the form key."""
    made = web.log_in(web.splunk.username, web.splunk.password)
    assert made is not None
    return f"splunkd_{urlsplit(web.url).port}={made[0]}", made[1]


class TestLogin:
    def test_sets_cookies_and_returns(self, web: SplunkWeb) -> None:
        splunk = web.splunk
        form = {"username": splunk.username, "password": splunk.password, "return_to": "/en-US/x"}
        status, headers, _ = call(web, "POST", "/en-US/account/login", urlencode(form))
        assert (status, headers["Location"]) == (303, "/en-US/x")
        form |= {"return_to": "https://elsewhere.example"}
        _, headers, _ = call(web, "POST", "/en-US/account/login", urlencode(form))
        assert headers["Location"] == "/en-US"
        form |= {"password": "wrong"}
        status, headers, page = call(web, "POST", "/en-US/account/login", urlencode(form))
        assert (status, "Login failed" in page, "Set-Cookie" in headers) == (200, True, False)

    def test_is_asked_for_before_a_view(self, web: SplunkWeb) -> None:
        status, headers, _ = call(web, "GET", "/en-US/app/mine/page?a=b")
        assert status == 303
        back = "%2Fen-US%2Fapp%2Fmine%2Fpage%3Fa%3Db"
        assert headers["Location"] == f"/en-US/account/login?return_to={back}"


class TestPassOn:
    def test_takes_the_session_of_the_browser(self, web: SplunkWeb) -> None:
        session, _ = cookie(web)
        path = f"{_RAW}/services/authentication/current-context?output_mode=json"
        status, _, text = call(web, "GET", path, Cookie=session)
        assert status == 200
        assert json.loads(text)["entry"][0]["content"]["username"] == web.splunk.username
        assert call(web, "GET", path)[0] == 401
        assert call(web, "GET", f"{_RAW}/services/none", Cookie=session)[0] == 404

    def test_needs_the_form_key_to_write(self, web: SplunkWeb) -> None:
        session, key = cookie(web)
        path, form = f"{_RAW}/services/messages", "name=n&value=v"
        kind = "application/x-www-form-urlencoded"
        status, _, text = call(web, "POST", path, form, Cookie=session, Content_Type=kind)
        assert (status, "CSRF" in text) == (401, True)
        assert web.splunk.entities.of("messages") == []
        keyed = {"Cookie": session, "X_Splunk_Form_Key": key, "Content_Type": kind}
        assert call(web, "POST", path, form, **keyed)[0] == 201
        assert [each.name for each in web.splunk.entities.of("messages")] == ["n"]

    def test_refuses_and_drops_on_demand(self, web: SplunkWeb) -> None:
        session, key = cookie(web)
        path = f"{_RAW}/services/messages"
        web.refused[:] = [503, 0]
        statuses = [
            call(web, "POST", path, Cookie=session, X_Splunk_Form_Key=key)[0] for _ in range(2)
        ]
        assert statuses == [503, 400]
        web.silent = True
        try:
            with pytest.raises(RemoteDisconnected):
                call(web, "GET", path, Cookie=session)
        finally:
            web.silent = False


class TestView:
    def test_draws_panels_scripts_and_styles(self, web: SplunkWeb) -> None:
        session, _ = cookie(web)
        status, _, page = call(web, "GET", "/en-US/app/mine/page", Cookie=session)
        assert status == 200
        assert "<p>here</p>" in page
        assert '"/en-US/static/app/mine/a.js"' in page
        assert 'href="/en-US/static/app/mine/a.css"' in page
        for path in ("mine/none", "none/page"):
            assert call(web, "GET", f"/en-US/app/{path}", Cookie=session)[0] == 404

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("mine/a.js", 200),
            ("mine/b.js", 404),
            ("mine/../../secret.txt", 404),
            ("none/a.js", 404),
        ],
    )
    def test_serves_static_files_of_apps_only(self, web: SplunkWeb, path: str, status: int) -> None:
        assert call(web, "GET", f"/en-US/static/app/{path}")[0] == status
