"""The verdict words that consoles and people write, and what they say.

Compared by `word_key`, so that each is listed in one spelling. Sources: the classifications of
Microsoft Sentinel and Defender XDR, Splunk ES dispositions, Elastic's closing reasons, TheHive's
resolutions, Cortex XSOAR's close reasons, ServiceNow SIR's close codes, CrowdStrike, Google
SecOps, QRadar and AWS GuardDuty.
"""

from __future__ import annotations

MALICIOUS = (
    "malicious",
    "true_positive",
    "TP",
    "disposition:1",
    "attack",
    "confirmed",
    "confirmed malicious",
    "confirmed threat",
    "confirmed incident",
    "security incident",
    "suspicious activity",
    "threat mitigated",
    "malware",
    "compromised",
    "useful",
)
PHISHING = ("phishing", "confirmed phishing", "phish", "spear phishing", "spam", "scam")
FALSE_POSITIVE = (
    "benign",
    "false_positive",
    "FP",
    "disposition:3",
    "disposition:4",
    "not malicious",
    "no threat",
    "non-issue",
    "false-positive, tuned",
    "incorrect alert logic",
    "inaccurate data",
    "clean",
    "legitimate",
    "normal",
    "not useful",
)
# The alert was right, the activity was expected: a penetration test, an admin's script.
BENIGN_POSITIVE = (
    "benign_positive",
    "benign true positive",
    "BTP",
    "disposition:2",
    "suspicious but expected",
    "informational, expected activity",
    "informational expected activity",
    "security testing",
    "expected activity",
)
