"""What `steps.redact` may say: one switch a type."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RedactConfig(BaseModel):
    """Which types are redacted. Domains and IP addresses stay unless asked: they are signal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: bool = Field(True, description="E-mail addresses.")
    keep_email_domain: bool = Field(
        True, description="Keep the domain after the @: the claimed sender is signal."
    )
    card: bool = Field(True, description="Payment card numbers, Luhn-checked.")
    iban: bool = Field(True, description="IBAN, checked by country length and mod 97.")
    phone: bool = Field(True, description="Phone numbers in a form that is surely one.")
    ssn: bool = Field(True, description="US social security numbers (123-45-6789).")
    national_id: bool = Field(
        False,
        description="National identity numbers by their check digits (DE, FR, ES, IT, NL, BR, PL, "
        "IN, CN, SE, FI, BE, CH, KR, GB); digits alone need the word that names them.",
    )
    secret: bool = Field(
        True, description="Keys, tokens, private keys, and values after password= and the like."
    )
    user: bool = Field(True, description="User names in profile paths, accounts and commands.")
    domain: bool = Field(False, description="Host and domain names.")
    ip: bool = Field(False, description="IPv4 and IPv6 addresses.")
    analysts: bool = Field(
        False, description="Names of analysts in verdicts; kept by default, as provenance."
    )
