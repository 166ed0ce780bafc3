"""A stand-in for Splunk Web in front of the double: enough to run an app's pages in a real browser.

It logs in by a form, draws a SimpleXML view's `<html>` panels in a plain chrome, loads the view's
scripts and style sheets from `appserver/static`, and passes `/LOCALE/splunkd/__raw/...` on with the
session of the browser. What would change something must carry the form key of the cookie.
"""

from __future__ import annotations

import html
import json
import mimetypes
import secrets
import ssl
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from tests.servers.splunkd.state import Splunkd

LOCALE = "/en-US"
_LOGIN = f"{LOCALE}/account/login"
_RAW = f"{LOCALE}/splunkd/__raw/"
_APP = f"{LOCALE}/app/"
_STATIC = f"{LOCALE}/static/app/"
_THEMES = {"light": ("#f2f4f5", "#ffffff"), "dark": ("#101419", "#171d21")}


@dataclass
class SplunkWeb:
    """What a test sees of it.

    Attributes:
        splunk: the splunkd behind it.
        apps: folder of each app that it serves.
        url: its address.
        theme: "light" or "dark".
        refused: for the next requests that write, the status that each gets (0 answers as usual).
        silent: whether it drops connections instead of answering under `splunkd/__raw`.
        sessions: browser session to splunkd's session key and the form key.
    """

    splunk: Splunkd
    apps: Mapping[str, Path]
    url: str = ""
    theme: str = "light"
    refused: list[int] = field(default_factory=list)
    silent: bool = False
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def log_in(self, username: str, password: str) -> tuple[str, str] | None:
        """A new browser session and its form key; None when splunkd refuses."""
        form = {"username": username, "password": password, "output_mode": "json"}
        request = Request(  # noqa: S310 - the double's own address
            f"{self.splunk.url}/services/auth/login", data=urlencode(form).encode(), method="POST"
        )
        try:
            with self.opener().open(request, timeout=30) as answer:
                key = json.loads(answer.read())["sessionKey"]
        except HTTPError:
            return None
        session, form_key = secrets.token_hex(16), str(secrets.randbits(63))
        self.sessions[session] = (key, form_key)
        return session, form_key

    def opener(self) -> OpenerDirector:
        """Of connections to splunkd."""
        tls = ssl.create_default_context(cafile=self.splunk.ca_file)
        return build_opener(ProxyHandler({}), HTTPSHandler(context=tls))


@contextmanager
def start_web(splunk: Splunkd, apps: Mapping[str, Path]) -> Iterator[SplunkWeb]:
    """Serve on loopback, in this process."""
    web = SplunkWeb(splunk, apps)
    handler = type("WebHandler", (_Handler,), {"web": web})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    web: SplunkWeb
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith(_STATIC):
            self._static(path.removeprefix(_STATIC))
        elif path == _LOGIN:
            self._login_page("")
        elif path.startswith(_RAW):
            self._pass_on()
        elif path.startswith(_APP):
            self._view(path.removeprefix(_APP))
        else:
            self._send(HTTPStatus.NOT_FOUND, b"Page not found")

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if path == _LOGIN:
            self._log_in()
        elif path.startswith(_RAW):
            self._pass_on()
        else:
            self._send(HTTPStatus.NOT_FOUND, b"Page not found")

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    # --- sessions

    def _session(self) -> tuple[str, str] | None:
        cookies: SimpleCookie = SimpleCookie(self.headers.get("Cookie", ""))
        found = cookies.get(f"splunkd_{self._port}")
        return None if found is None else self.web.sessions.get(found.value)

    @property
    def _port(self) -> int:
        return urlsplit(self.web.url).port or 0

    def _login_page(self, said: str) -> None:
        back = parse_qs(urlsplit(self.path).query).get("return_to", [LOCALE])[0]
        page = (
            f"<h1>Log in</h1><p role=alert>{html.escape(said)}</p><form method=post>"
            "<input name=username aria-label=Username><input name=password type=password "
            f'aria-label=Password><input type=hidden name=return_to value="{html.escape(back)}">'
            "<button>Sign In</button></form>"
        )
        self._send(HTTPStatus.OK, page.encode(), "text/html")

    def _log_in(self) -> None:
        form = {name: some[0] for name, some in parse_qs(self._body().decode()).items()}
        made = self.web.log_in(form.get("username", ""), form.get("password", ""))
        if made is None:
            self._login_page("Login failed")
            return
        back = form.get("return_to", "")
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", back if back.startswith("/") else LOCALE)
        self.send_header("Set-Cookie", f"splunkd_{self._port}={made[0]}; Path=/; HttpOnly")
        self.send_header("Set-Cookie", f"splunkweb_csrf_token_{self._port}={made[1]}; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    # --- splunkd behind it

    def _pass_on(self) -> None:
        body, session = self._body(), self._session()
        if self.web.silent:
            self.close_connection = True
            return
        if session is None:
            self._fail(HTTPStatus.UNAUTHORIZED, "call not properly authenticated")
            return
        writes = self.command != "GET"
        if writes and self.headers.get("X-Splunk-Form-Key") != session[1]:
            said = "Splunk cannot authenticate the request. CSRF validation failed."
            self._fail(HTTPStatus.UNAUTHORIZED, said)
            return
        status = self.web.refused.pop(0) if writes and self.web.refused else 0
        if status:
            self._fail(HTTPStatus(status), "the KV store is in maintenance mode")
            return
        path = "/" + self.path.removeprefix(_RAW)
        request = Request(  # noqa: S310 - the double's own address
            self.web.splunk.url + path, data=body or None, method=self.command
        )
        request.add_header("Authorization", f"Splunk {session[0]}")
        if body:
            request.add_header("Content-Type", self.headers.get("Content-Type", "text/plain"))
        try:
            with self.web.opener().open(request, timeout=30) as answer:
                kind = answer.headers.get("Content-Type", "")
                self._send(HTTPStatus(answer.status), answer.read(), kind)
        except HTTPError as refusal:
            with refusal:
                kind = refusal.headers.get("Content-Type", "")
                self._send(HTTPStatus(refusal.code), refusal.read(), kind)

    # --- pages

    def _static(self, path: str) -> None:
        app, _, name = path.partition("/")
        folder = (self.web.apps.get(app, Path()) / "appserver" / "static").resolve()
        file = (folder / name).resolve()
        if app not in self.web.apps or not file.is_relative_to(folder) or not file.is_file():
            self._send(HTTPStatus.NOT_FOUND, b"no such file")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._send(HTTPStatus.OK, file.read_bytes(), kind)

    def _view(self, path: str) -> None:
        app, _, view = path.partition("/")
        if self._session() is None:
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", f"{_LOGIN}?return_to={quote(self.path, safe='')}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        file = self.web.apps.get(app, Path()) / "default/data/ui/views" / f"{view}.xml"
        if app not in self.web.apps or not file.is_file():
            self._send(HTTPStatus.NOT_FOUND, b"no such view")
            return
        page = _page(app, file.read_text(encoding="utf-8"), self.web)
        self._send(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8")

    def _fail(self, status: HTTPStatus, text: str) -> None:
        messages = {"messages": [{"type": "ERROR", "text": text}]}
        self._send(status, json.dumps(messages).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


def _page(app: str, source: str, web: SplunkWeb) -> str:
    """A view's HTML panels, its style sheets, and its scripts, each loaded late and by itself."""
    view = ET.fromstring(source)  # noqa: S314 - our own
    panels = "".join(
        f'<div class="dashboard-panel">{"".join(ET.tostring(e, "unicode") for e in panel)}</div>'
        for panel in view.iter("html")
    )
    names = {each: view.get(each, "").replace(" ", "").split(",") for each in _ASSETS}
    styles = "".join(
        f'<link rel="stylesheet" href="{_STATIC}{app}/{name}">'
        for name in names["stylesheet"]
        if name
    )
    scripts = json.dumps([f"{_STATIC}{app}/{name}" for name in names["script"] if name])
    ground, panel = _THEMES[web.theme]
    config = {
        "MRSPARKLE_ROOT_PATH": "/",
        "MRSPARKLE_PORT_NUMBER": str(urlsplit(web.url).port),
        "LOCALE": LOCALE.strip("/"),
    }
    return f"""<!doctype html><html lang="en"><head><title>{view.findtext("label")} | Splunk</title>
<script>window.$C = {json.dumps(config)}</script>
<style>body {{ background: {ground}; font-family: sans-serif; margin: 0 }}
header {{ background: #1a1c20; color: #fff; padding: 10px 20px }}
main {{ padding: 12px 20px }} .dashboard-panel {{ background: {panel}; padding: 12px 16px }}</style>
{styles}</head><body><header>splunk&gt; &nbsp; sftsec</header>
<main><h2 style="color: {"#eee" if web.theme == "dark" else "#222"}">{view.findtext("label")}</h2>
{panels}</main><script>for (const src of {scripts}) {{
const made = document.createElement("script"); made.src = src; made.async = true;
document.head.append(made); }}</script></body></html>"""


_ASSETS = ("script", "stylesheet")
