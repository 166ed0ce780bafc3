"""The files of the labelling page: its own, and modules of the Splunk app's page.

The event's rules, the keys and the elements are those of the Splunk app, so that an event is
shown alike on both. No file has a script or a style inside a page, and no page loads anything
from another host: the policy below refuses both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sftsec_core.packages.sources import source_folder
from sftsec_core.packages.splunk import page_rules_module

PAGE = "/label"
SESSION, QUEUE = "/v1/labels/session", "/v1/labels/queue"
VERDICTS, RETRACTIONS = "/v1/labels/verdicts", "/v1/labels/retractions"
API = (SESSION, QUEUE, VERDICTS, RETRACTIONS)
_OWN = Path(__file__).resolve().parent / "static"
_SHARED = ("dom.js", "event.js", "keys.js")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page.

    Attributes:
        etag: changes with the content.
    """

    content: bytes
    media_type: str
    etag: str


def page_files() -> dict[str, PageFile]:
    """All files by their paths on the server.

    Raises:
        IntegrityError: when this installation lacks the sources of the Splunk app.
    """
    shared = source_folder("splunk_app") / "appserver" / "static" / "labelling"
    found = {f"{PAGE}/{each.name}": each.read_bytes() for each in sorted(_OWN.iterdir())}
    found[PAGE] = found.pop(f"{PAGE}/label.html")
    found |= {f"{PAGE}/{name}": (shared / name).read_bytes() for name in _SHARED}
    found[f"{PAGE}/rules.js"] = page_rules_module()
    return {path: _file(path, content) for path, content in found.items()}


def page_paths() -> frozenset[str]:
    """The paths of all files, without reading them."""
    names = [each.name for each in _OWN.iterdir() if each.name != "label.html"]
    return frozenset({PAGE, *(f"{PAGE}/{name}" for name in (*names, *_SHARED, "rules.js"))})


def _file(path: str, content: bytes) -> PageFile:
    kind = _TYPES[Path(path).suffix or ".html"]
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return PageFile(content, f"{kind}; charset=utf-8", etag)
