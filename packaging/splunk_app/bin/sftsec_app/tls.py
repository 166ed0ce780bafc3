"""Certificates to trust: those of the scoring service and of splunkd.

Every certificate is verified. splunkd's default certificate names no host, so at the loopback
address its chain alone is verified, and at any other address its name too.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sftsec_app.portable import AppError

_DEFAULT = "$SPLUNK_HOME/etc/auth/cacert.pem"
_SETTINGS = ("sslRootCAPath", "caCertFile")
_STANZA = "sslConfig"


def service_context(ca_file: str) -> ssl.SSLContext:
    """For the scoring service: chain and name are verified.

    Args:
        ca_file: a PEM file; "" for those that the system trusts.

    Raises:
        AppError: when the file cannot be used.
    """
    return _context(expanded(ca_file) if ca_file else None, "ca_file of the set-up page")


def splunkd_context(url: str) -> ssl.SSLContext:
    """For splunkd of this search head.

    Raises:
        AppError: when the file of its certificate authority cannot be used.
    """
    context = _context(splunkd_authority(), "sslRootCAPath of server.conf")
    context.check_hostname = not is_loopback(url)
    # From 3.13 on, Python requires extensions that the authority of an older Splunk lacks.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


def is_loopback(url: str) -> bool:
    """Whether an address is of this host alone."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def splunkd_authority() -> Path:
    """The file that server.conf names, in Splunk's order of layers, or Splunk's default."""
    for file in _layers(_home() / "etc"):
        named = _setting(file)
        if named:
            return expanded(named)
    return expanded(_DEFAULT)


def expanded(path: str) -> Path:
    """A path in which $SPLUNK_HOME is replaced by Splunk's folder."""
    return Path(path.replace("$SPLUNK_HOME", str(_home())))


def _home() -> Path:
    return Path(os.environ.get("SPLUNK_HOME") or "/opt/splunk")


def _layers(etc: Path) -> Iterator[Path]:
    yield etc / "system" / "local" / "server.conf"
    for layer in ("local", "default"):
        yield from sorted(etc.glob(f"apps/*/{layer}/server.conf"))
    yield etc / "system" / "default" / "server.conf"


def _setting(file: Path) -> str:
    """The authority that one layer names; "" where it names none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    stanza, found = "", {}
    for line in map(str.strip, lines):
        if line.startswith("[") and line.endswith("]"):
            stanza = line[1:-1]
        elif stanza == _STANZA and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name.strip()] = value.strip()
    return next((found[name] for name in _SETTINGS if found.get(name)), "")


def _context(file: Path | None, where: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if file is None else str(file))
    except (OSError, ssl.SSLError) as error:
        cause = error.strerror or "no certificates in it"
        raise AppError(f"{file} cannot be used to verify by ({cause}): check {where}") from error
