"""What three frameworks ask of a model like this, in our own words, and which item answers it.

The AI Act is Regulation (EU) 2024/1689, articles 9 to 15; the NIST AI RMF is version 1.0 of January
2023 (NIST AI 100-1), by subcategory; ISO/IEC 42001 is the edition of 2023, by control of annex A.
The wording is ours and shortened: the text of the framework counts, and this is no legal advice.
"""

from __future__ import annotations

from typing import NamedTuple

AI_ACT = "EU AI Act (Regulation (EU) 2024/1689)"
NIST = "NIST AI RMF 1.0"
ISO = "ISO/IEC 42001:2023, annex A"
FRAMEWORKS = (AI_ACT, NIST, ISO)


class Obligation(NamedTuple):
    """One thing that a framework asks for.

    Attributes:
        framework: one of `FRAMEWORKS`.
        ref: the article, subcategory or control.
        asks: what it asks for, in our words.
        items: names of `items.ITEMS` that answer it; none where a tool cannot.
        organisation: what the organisation has to add in any case; "" for nothing.
    """

    framework: str
    ref: str
    asks: str
    items: tuple[str, ...] = ()
    organisation: str = ""


_RISKS = ("poison", "robust", "privacy", "fair")
OBLIGATIONS: tuple[Obligation, ...] = (
    Obligation(AI_ACT, "Art. 9(1)-(2)", "A risk management system, repeated over the life cycle",
               ("votes", *_RISKS), "Which risks there are at the site, and which are acceptable"),
    Obligation(AI_ACT, "Art. 9(6)-(8)", "Tests against metrics and thresholds fixed before",
               ("report", "votes", "backtest")),
    Obligation(AI_ACT, "Art. 10(2)", "Governance of the data: origin, preparation, labelling",
               ("datasheet", "redaction", "provenance"), "The purpose and the legal ground"),
    Obligation(AI_ACT, "Art. 10(2)(f)-(g)", "Possible biases examined, and measures against them",
               ("groups", "fair")),
    Obligation(AI_ACT, "Art. 10(3)", "Data that is relevant, representative, and free of errors "
               "as far as possible", ("datasheet", "leaks", "poison")),
    Obligation(AI_ACT, "Art. 11, annex IV", "Technical documentation, kept up to date",
               ("card", "datasheet", "report", "sbom"), "The description of the whole system"),
    Obligation(AI_ACT, "Art. 12", "Events recorded automatically over the life time",
               ("audit_log", "anchor")),
    Obligation(AI_ACT, "Art. 13", "Instructions: intended purpose, accuracy, limits",
               ("card", "report", "explain")),
    Obligation(AI_ACT, "Art. 14", "Oversight by people who can understand, override and stop it",
               ("votes", "promotion", "approvals", "explain"), "Who oversees it, trained for it"),
    Obligation(AI_ACT, "Art. 15(1)-(3)", "An appropriate level of accuracy, declared",
               ("report", "card", "live")),
    Obligation(AI_ACT, "Art. 15(4)", "Robustness against errors, and against feedback loops",
               ("robust", "live")),
    Obligation(AI_ACT, "Art. 15(5)", "Cybersecurity: data poisoning, model poisoning, adversarial "
               "examples, confidentiality attacks",
               ("poison", "robust", "privacy", "signature", "sbom")),
    Obligation(NIST, "GOVERN 1.1", "Legal requirements are understood and documented",
               organisation="The list of laws that apply"),
    Obligation(NIST, "GOVERN 1.6", "An inventory of the systems", ("card", "promotion")),
    Obligation(NIST, "GOVERN 2.1", "Roles and responsibilities are documented",
               ("promotion", "audit_log"), "Who holds which role, by name"),
    Obligation(NIST, "GOVERN 6.1", "Risks of third-party software and data", ("sbom",)),
    Obligation(NIST, "MAP 1.1", "Intended purpose and context of use", ("card",),
               "The norms that apply at the site"),
    Obligation(NIST, "MAP 2.1", "The task and the methods are defined", ("card", "report")),
    Obligation(NIST, "MAP 2.2", "Limits of its knowledge, and how people use its output",
               ("card", "explain")),
    Obligation(NIST, "MAP 2.3", "Scientific integrity: data, design of tests, selection",
               ("datasheet", "leaks", "report")),
    Obligation(NIST, "MAP 3.5", "Processes of human oversight", ("promotion", "approvals")),
    Obligation(NIST, "MAP 4.1", "Risks of components, third-party ones among them", ("sbom",)),
    Obligation(NIST, "MEASURE 2.1", "Test sets, metrics and tools are documented",
               ("report", "datasheet", "sbom")),
    Obligation(NIST, "MEASURE 2.3", "Performance under conditions like those of its use",
               ("report", "backtest")),
    Obligation(NIST, "MEASURE 2.4", "Behaviour is monitored in production", ("live",)),
    Obligation(NIST, "MEASURE 2.5", "It is valid and reliable, and its limits are known",
               ("report", "backtest", "leaks", "robust")),
    Obligation(NIST, "MEASURE 2.7", "Security and resilience are evaluated",
               ("poison", "robust", "signature")),
    Obligation(NIST, "MEASURE 2.8", "Transparency and accountability are examined",
               ("audit_log", "anchor", "votes")),
    Obligation(NIST, "MEASURE 2.9", "The model is explained, its output interpreted", ("explain",)),
    Obligation(NIST, "MEASURE 2.10", "Privacy risk is examined", ("privacy", "redaction")),
    Obligation(NIST, "MEASURE 2.11", "Fairness and bias are evaluated", ("groups", "fair")),
    Obligation(NIST, "MANAGE 1.1", "A decision whether it may go on", ("votes", "promotion")),
    Obligation(NIST, "MANAGE 2.4", "It can be superseded or deactivated", ("promotion",)),
    Obligation(NIST, "MANAGE 3.2", "Pre-trained models are monitored", ("card", "sbom")),
    Obligation(NIST, "MANAGE 4.1", "Monitoring after deployment, with feedback of users",
               ("live", "provenance")),
    Obligation(ISO, "A.2.2", "A policy for AI", organisation="The policy"),
    Obligation(ISO, "A.3.2", "Roles and responsibilities", ("promotion",), "Who holds them"),
    Obligation(ISO, "A.4.3", "Data resources are documented", ("datasheet",)),
    Obligation(ISO, "A.4.4", "Tools are documented", ("sbom", "card")),
    Obligation(ISO, "A.5.2", "Assessment of the impact on people and society",
               organisation="The assessment"),
    Obligation(ISO, "A.6.2.3", "Design and development are documented", ("card", "datasheet")),
    Obligation(ISO, "A.6.2.4", "Verification and validation",
               ("report", "votes", "backtest", *_RISKS)),
    Obligation(ISO, "A.6.2.5", "Deployment: its requirements are met before",
               ("votes", "promotion", "approvals")),
    Obligation(ISO, "A.6.2.6", "Operation and monitoring", ("live",)),
    Obligation(ISO, "A.6.2.7", "Technical documentation for each party", ("card", "report")),
    Obligation(ISO, "A.6.2.8", "Event logs over the life cycle", ("audit_log", "anchor")),
    Obligation(ISO, "A.7.2", "Management of the data for development", ("datasheet", "privacy")),
    Obligation(ISO, "A.7.3", "How data was acquired", ("datasheet",)),
    Obligation(ISO, "A.7.4", "Quality of the data", ("leaks", "poison")),
    Obligation(ISO, "A.7.5", "Provenance of the data", ("provenance", "audit_log")),
    Obligation(ISO, "A.7.6", "Preparation of the data", ("datasheet", "redaction")),
    Obligation(ISO, "A.8.2", "Documentation for users", ("card", "explain")),
    Obligation(ISO, "A.8.4", "Communication of incidents", organisation="The plan and contacts"),
    Obligation(ISO, "A.9.4", "It is used as intended", ("card", "live")),
    Obligation(ISO, "A.10.3", "Suppliers", ("sbom",), "Their assessment"),
)  # fmt: skip
