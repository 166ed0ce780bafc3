"""Ready-made tasks that `sftsec init --task NAME` writes."""

from __future__ import annotations

from sftsec_core.api.contracts import TaskPreset
from sftsec_core.config.words import BENIGN_POSITIVE, FALSE_POSITIVE, MALICIOUS, PHISHING

_BENIGN = [*FALSE_POSITIVE, *BENIGN_POSITIVE]
_MALICIOUS = list(MALICIOUS)
_TECHNIQUES = [
    "T1003",
    "T1021",
    "T1027",
    "T1047",
    "T1053",
    "T1055",
    "T1059",
    "T1078",
    "T1105",
    "T1190",
    "T1204",
    "T1547",
    "T1566",
]

TASKS: tuple[TaskPreset, ...] = (
    TaskPreset(
        name="phishing-mail",
        summary="Is a reported mail phishing? Reads its subject and body.",
        body={
            "text": ["email.subject", "message"],
            "labels": {
                "benign": [*_BENIGN, "ham"],
                "phishing": [*_MALICIOUS, *PHISHING],
            },
            "benign": "benign",
        },
    ),
    TaskPreset(
        name="url",
        summary="Is a visited URL malicious?",
        body={
            "text": ["url.full"],
            "labels": {"benign": _BENIGN, "malicious": [*_MALICIOUS, *PHISHING]},
            "benign": "benign",
        },
    ),
    TaskPreset(
        name="command-line",
        summary="Is a process's command line an attacker's?",
        body={
            "text": ["process.command_line"],
            "labels": {"benign": _BENIGN, "malicious": _MALICIOUS},
            "benign": "benign",
        },
    ),
    TaskPreset(
        name="attack-technique",
        summary="Which MITRE ATT&CK technique does a text describe? List those in use.",
        body={
            "text": ["message"],
            "labels": {technique: [technique] for technique in _TECHNIQUES},
        },
    ),
)
