"""An incident that a playbook judges."""

from __future__ import annotations

from typing import Any

from tests.servers.splunkd.state import Splunkd

UID = "AB12@@notable@@f9c5"


def documents(splunk: Splunkd) -> list[dict[str, Any]]:
    return sorted(splunk.kv("sftsec", "sftsec_verdicts"), key=lambda each: float(each["time"]))
