"""Who is let in: passwords, session keys, cookies and bearer tokens."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from threading import RLock
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.errors import RestError, not_found
from tests.servers.splunkd.rest.formats import Entry, Feed, address, render
from tests.servers.splunkd.rest.messages import Request, Response, json_response

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

_TIMEOUT_S = 3600.0
_SYSTEM_ACL: dict[str, Any] = {"app": "", "owner": "system", "sharing": "system", "perms": None}


@dataclass
class Sessions:
    """Session keys by user, each with when it was last used; and bearer tokens."""

    now: Callable[[], float]
    keys: dict[str, tuple[str, float]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    timeout_s: float = _TIMEOUT_S
    lock: RLock = field(default_factory=RLock)

    def open(self, user: str) -> str:
        key = secrets.token_urlsafe(72)
        with self.lock:
            self.keys[key] = (user, self.now())
        return key

    def user_of(self, key: str) -> str | None:
        """Whose key it is; using it keeps it alive."""
        with self.lock:
            user, used = self.keys.get(key, ("", 0.0))
            if not user:
                return None
            if self.now() - used > self.timeout_s:
                del self.keys[key]
                return None
            self.keys[key] = (user, self.now())
            return user

    def expire(self) -> None:
        """End all sessions; bearer tokens stay."""
        with self.lock:
            self.keys.clear()

    def forget(self, user: str) -> None:
        with self.lock:
            self.keys = {key: held for key, held in self.keys.items() if held[0] != user}
            self.tokens = {t: held for t, held in self.tokens.items() if held["user"] != user}

    def close(self, key: str) -> bool:
        with self.lock:
            return self.keys.pop(key, None) is not None

    def issue(self, user: str, audience: str, lifetime_s: float | None = None) -> tuple[str, str]:
        """A bearer token in the shape of a JWT, and its id."""
        name, now = secrets.token_hex(32), int(self.now())
        until = 0 if lifetime_s is None else int(now + lifetime_s)
        claims = {"iss": "admin from splunk-double", "sub": user, "aud": audience, "idp": "Splunk"}
        parts = [{"kid": "splunk.secret", "alg": "HS512", "ver": "v2", "ttyp": "static"},
                 {**claims, "jti": name, "iat": now, "exp": until, "nbr": now}]  # fmt: skip
        encoded = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in parts
        ]
        token = ".".join([*encoded, secrets.token_urlsafe(64)])
        with self.lock:
            self.tokens[token] = {"id": name, "user": user, "until": until, "claims": claims}
        return token, name

    def bearer(self, token: str) -> str | None:
        with self.lock:
            held = self.tokens.get(token)
        alive = held is not None and (not held["until"] or held["until"] > self.now())
        return str(held["user"]) if held is not None and alive else None


def let_in(splunk: Splunkd, request: Request) -> None:
    """Set the request's user.

    Raises:
        RestError: 401 in one of its two shapes: a warning for a session or a token that is
            not, or no longer, valid, an error for anything else.
    """
    if splunk.faults.session_ends():
        splunk.sessions.expire()
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    user = _by_header(splunk, scheme.lower(), value.strip())
    if user is None and not scheme:
        user = _by_cookie(splunk, request)
    if user is None:
        if scheme.lower() in {"splunk", "bearer"} or not scheme:
            raise RestError(401, "call not properly authenticated", "WARN")
        raise RestError(401, "Unauthorized")
    request.user = user


def _by_header(splunk: Splunkd, scheme: str, value: str) -> str | None:
    if scheme == "splunk":
        return splunk.sessions.user_of(value) or splunk.sessions.bearer(value)
    if scheme == "bearer":
        return splunk.sessions.bearer(value) or splunk.sessions.user_of(value)
    if scheme == "basic":
        try:
            name, _, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name.lower() if splunk.passwords.get(name.lower()) == password else None
    return None


def _by_cookie(splunk: Splunkd, request: Request) -> str | None:
    jar = SimpleCookie()
    try:
        jar.load(request.headers.get("Cookie", ""))
    except CookieError:
        return None
    for name, morsel in jar.items():
        user = splunk.sessions.user_of(morsel.value) if name.startswith("splunkd_") else None
        if user is not None:
            request.cookie = set_cookie(splunk, morsel.value)
            return user
    return None


def set_cookie(splunk: Splunkd, key: str) -> str:
    return f"splunkd_{splunk.port}={key}; Path=/; Secure; HttpOnly; Max-Age=3600"


def login(splunk: Splunkd, request: Request) -> Response:
    name = request.get("username").lower()
    if name not in splunk.passwords or splunk.passwords[name] != request.get("password"):
        raise RestError(401, "Login failed", "WARN", "incorrect_username_or_password")
    key = splunk.sessions.open(name)
    if request.wants_json:
        response = json_response({"sessionKey": key, "message": "", "code": ""})
    else:
        body = (
            f"<response>\n  <sessionKey>{key}</sessionKey>\n"
            '  <messages>\n    <msg code=""></msg>\n  </messages>\n</response>\n'
        )
        response = Response(body.encode())
    if request.get("cookie") == "1":
        response.headers.append(("Set-Cookie", set_cookie(splunk, key)))
    return response


def sessions(splunk: Splunkd, request: Request) -> Response:
    """`authentication/httpauth-tokens`: one's own sessions, and how to end one."""
    if request.method == "DELETE":
        if not splunk.sessions.close(request.path[-1]):
            raise not_found(request.path[-1])
        return Response()
    mine = [key for key, held in splunk.sessions.keys.items() if held[0] == request.user]
    path = "/services/authentication/httpauth-tokens"
    entries = [
        Entry(key, path + address(key), {"authString": key, "userName": request.user}, _SYSTEM_ACL)
        for key in mine
    ]
    return render(Feed("httpauth-tokens", path, entries), request, splunk.site)


def tokens(splunk: Splunkd, request: Request) -> Response:
    """`authorization/tokens`: make a bearer token, list the ids, take one back."""
    path = "/services/authorization/tokens"
    if request.method == "DELETE":
        wanted = request.get("id")
        known = [t for t, held in splunk.sessions.tokens.items() if held["id"] == wanted]
        if not known:
            raise not_found(wanted)
        del splunk.sessions.tokens[known[0]]
        return Response()
    if request.method == "POST":
        token, name = splunk.sessions.issue(request.get("name"), request.get("audience"))
        made = Entry("tokens", f"{path}/{name}", {"id": name, "token": token}, _SYSTEM_ACL)
        return render(Feed("tokens", path, [made]), request, splunk.site, 201)
    entries = [
        Entry(held["id"], f"{path}/{held['id']}", {"claims": held["claims"]}, _SYSTEM_ACL)
        for held in splunk.sessions.tokens.values()
    ]
    return render(Feed("tokens", path, entries), request, splunk.site)
