"""Ready-made tasks that `sftsec init --task NAME` writes."""

from __future__ import annotations

from sftsec_core.api.contracts import TaskPreset
from sftsec_core.config.words import BENIGN_POSITIVE, FALSE_POSITIVE, MALICIOUS, PHISHING

_BENIGN = [*FALSE_POSITIVE, *BENIGN_POSITIVE]
_MALICIOUS = list(MALICIOUS)
_EVENTDATA = "data.win.eventdata"
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
        name="wazuh-alert",
        summary="Is a Wazuh alert an attack? Reads its rule and its log by Wazuh's own names.",
        body={
            # Every alert has a rule; those of Windows' event channel and of rules with
            # `no_full_log` have no full_log.
            "text": [
                "rule.description",
                "full_log",
                f"{_EVENTDATA}.image",
                f"{_EVENTDATA}.commandLine",
                f"{_EVENTDATA}.parentImage",
                f"{_EVENTDATA}.parentCommandLine",
                f"{_EVENTDATA}.scriptBlockText",
                f"{_EVENTDATA}.targetFilename",
                f"{_EVENTDATA}.targetObject",
                f"{_EVENTDATA}.queryName",
                f"{_EVENTDATA}.imagePath",
                "data.alert.signature",
                "data.vulnerability.rationale",
            ],
            "labels": {"benign": _BENIGN, "malicious": _MALICIOUS},
            "benign": "benign",
            "keep": [
                "agent.name",
                "rule.id",
                "rule.level",
                "rule.mitre.id",
                "data.srcip",
                "data.srcuser",
                "data.dstuser",
                f"{_EVENTDATA}.user",
                f"{_EVENTDATA}.targetUserName",
            ],
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
