"""JSON objects of one kind as short texts: raw DEFLATE (RFC 1951) with a preset dictionary, base64.

A detection's JSON is too short to be compressed by itself: most of it is the names of fields, which
another detection has too. The dictionary has the commonest of them from the start. It is part of
the format: another one needs a version of its own.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

import orjson

from sftsec_core.api.errors import IntegrityError

_VERSION = "1:"
_RAW = -15  # no header and no checksum: a row needs neither
# What is commonest comes last: the nearer a match, the fewer bits it takes.
_DICTIONARY = (
    b'"attack","phishing","spam","ham","Microsoft-Windows-Security-Auditing","signature":'
    b'"dest_ip":"src_ip":"src":"dest":"user":"app":"action":"url":"sender":"subject":"body":'
    b'"file.hash.sha256":"file.path":"dns.question.name":"url.full":"email.subject":'
    b'"http.request.method":"user_agent.original":"network.protocol":"destination.port":'
    b'"process.parent.name":"process.command_line":"powershell.exe"process.executable":'
    b'"C:\\\\Windows\\\\System32\\\\"process.name":"event.code":"event.dataset":'
    b'"event.category":"process","event.action":"source.ip":"10.0.","destination.ip":"192.168.'
    b'","host.name":"host-","user.name":"user-","rule.name":"message":"'
    b'{"probability":0.,"threshold":0.5,"top_classes":[["malicious",0.],["benign",0.0'
    b']],"at":"2026-01-01T00:00:00+00:00","labels":["malicious"],"fields":{"@timestamp":"2026-'
    b'000Z","host.name":"},"explanation":null}'
)


def pack(value: dict[str, Any]) -> str:
    """Write a JSON object as a packed text.

    Raises:
        TypeError: when it holds what JSON does not know.
    """
    raw = json.dumps(value, separators=(",", ":")).encode()
    packer = zlib.compressobj(wbits=_RAW, zdict=_DICTIONARY)
    packed = packer.compress(raw) + packer.flush()
    return _VERSION + base64.b64encode(packed).decode()


def unpack(text: str) -> dict[str, Any]:
    """Read a packed text.

    Raises:
        IntegrityError: when it is none.
    """
    try:
        packed = binascii.a2b_base64(text.removeprefix(_VERSION), strict_mode=True)
        raw = zlib.decompressobj(wbits=_RAW, zdict=_DICTIONARY).decompress(packed)
        value: dict[str, Any] = _loads(raw)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise IntegrityError(
            "a detection in the outbox is not as it was written: restore a backup"
        ) from error
    return value


def _loads(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:  # half a character, which a SIEM's broken text may hold
        return json.loads(raw)


def is_packed(text: str) -> bool:
    """Whether a text is a packed object and not the JSON of one."""
    return text.startswith(_VERSION)
