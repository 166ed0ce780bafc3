"""Ready-made tasks that `sftsec init --task NAME` writes."""

from __future__ import annotations

from sftsec_core.api.contracts import TaskPreset

# The words of Elastic's closing reasons, of Splunk's dispositions and of people.
_BENIGN = [
    "benign",
    "false_positive",
    "benign_positive",
    "disposition:2",
    "disposition:3",
    "disposition:4",
]
_MALICIOUS = ["malicious", "true_positive", "disposition:1"]
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
        "phishing-mail",
        "Is a reported mail phishing? Reads its subject and body.",
        {
            "text": ["email.subject", "message"],
            "labels": {
                "benign": [*_BENIGN, "ham", "legitimate"],
                "phishing": [*_MALICIOUS, "phishing", "spam"],
            },
            "benign": "benign",
        },
    ),
    TaskPreset(
        "url",
        "Is a visited URL malicious?",
        {
            "text": ["url.full"],
            "labels": {"benign": _BENIGN, "malicious": [*_MALICIOUS, "phishing"]},
            "benign": "benign",
        },
    ),
    TaskPreset(
        "command-line",
        "Is a process's command line an attacker's?",
        {
            "text": ["process.command_line"],
            "labels": {"benign": _BENIGN, "malicious": _MALICIOUS},
            "benign": "benign",
        },
    ),
    TaskPreset(
        "attack-technique",
        "Which MITRE ATT&CK technique does a text describe? List those that your analysts use.",
        {
            "text": ["message"],
            "labels": {technique: [technique] for technique in _TECHNIQUES},
        },
    ),
)
