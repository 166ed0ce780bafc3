"""URLs that lead to the same place (RFC 3986, 6.2), and parts that no server sees or uses."""

from __future__ import annotations

import re
from random import Random
from urllib.parse import urlsplit, urlunsplit

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.attacks.padding import good_words

_PORTS = {"http": "80", "https": "443"}
_NAME = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PLACES = ("www.wikipedia.org", "www.bbc.co.uk", "www.harvard.edu", "docs.python.org", "www.nhs.uk")
_PARAMETERS = ("utm_source", "utm_campaign", "ref", "from", "lang", "source")
_TEXT = re.compile(r"[^A-Za-z0-9._/-]+")
_MOST = 120


def _benign_place(target: AttackTarget, random: Random) -> str:
    """Host and path of a benign URL, or benign words joined with dashes."""
    if not target.benign:
        return random.choice(_PLACES)
    text = re.sub(r"\A[a-z]+://", "", good_words(target, random), flags=re.I)
    return _TEXT.sub("-", text)[:_MOST].strip("-/") or random.choice(_PLACES)


def _host(text: str) -> str | None:
    """The name of the host where there is one, without user and port."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:  # a bracket that is no IPv6 address, a port that is no number
        return None
    return parts.hostname if port is None and "@" not in parts.netloc else None


def _with_netloc(text: str, netloc: str) -> str:
    return urlunsplit(urlsplit(text.strip())._replace(netloc=netloc))


def url_port(_config: EmptyConfig, target: AttackTarget, _random: Random) -> str:
    """The port of the scheme, said."""
    if _host(target.text) is None:
        return target.text
    parts = urlsplit(target.text.strip())
    if parts.scheme.lower() not in _PORTS:
        return target.text
    return _with_netloc(target.text, f"{parts.netloc}:{_PORTS[parts.scheme.lower()]}")


def url_root_dot(_config: EmptyConfig, target: AttackTarget, _random: Random) -> str:
    """The dot of the root behind the host's name."""
    host = _host(target.text)
    if host is None or not _NAME.fullmatch(host) or host[-1].isdigit():
        return target.text
    return _with_netloc(target.text, f"{urlsplit(target.text.strip()).netloc}.")


def url_dot_segments(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Segments that a client removes: `/./` and `/name/../`."""
    if _host(target.text) is None:
        return target.text
    parts = urlsplit(target.text.strip())
    names = re.findall(r"[A-Za-z0-9]{3,}", _benign_place(target, random)) or ["about"]
    chosen = random.sample(names, random.randint(0, min(2, len(names))))
    noise = "".join(f"{name}/" for name in chosen) + "../" * len(chosen) or "./"
    path = parts.path or "/"
    slashes = [match.end() for match in re.finditer("/", path)]
    place = random.choice(slashes)
    return urlunsplit(parts._replace(path=f"{path[:place]}{noise}{path[place:]}"))


def url_parameter(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """One more parameter, as trackers add them, with a benign value."""
    if _host(target.text) is None:
        return target.text
    parts = urlsplit(target.text.strip())
    pair = f"{random.choice(_PARAMETERS)}={_benign_place(target, random)}"
    query = f"{parts.query}&{pair}" if parts.query else pair
    return urlunsplit(parts._replace(query=query, path=parts.path or "/"))


def url_fragment(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A benign fragment, which no server sees."""
    if _host(target.text) is None:
        return target.text
    parts = urlsplit(target.text.strip())
    if parts.fragment:
        return target.text
    return urlunsplit(parts._replace(fragment=_benign_place(target, random)))


def url_user(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A benign host's name as the user, in front of the real host."""
    host = _host(target.text)
    if host is None:
        return target.text
    user = _benign_place(target, random).partition("/")[0]
    return _with_netloc(target.text, f"{user}@{urlsplit(target.text.strip()).netloc}")
