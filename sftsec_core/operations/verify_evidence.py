"""Verify an archive of `sftsec evidence`, without a site and without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.evidence.bundle import LARGEST, read_bundle
from sftsec_core.evidence.excerpt import check_excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOG = "audit-log.json"


@dataclass(frozen=True, slots=True)
class VerifiedEvidence:
    """An archive in which no fault was found.

    Attributes:
        about: what it says of the model and the run.
        files: how many were compared with their digest.
        proved: what is certain, a sentence each.
        not_proved: what may be otherwise all the same.
    """

    about: Mapping[str, Any]
    files: int
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]


def verify_evidence(
    file: Path, public_key: Path | None = None, names: Path | None = None
) -> VerifiedEvidence:
    """Verify an archive's files, its signature and the hashes of its excerpt of the audit log.

    Args:
        file: the archive.
        public_key: PEM file; whose signature it must have. None: the signature is not checked.
        names: what `--names` wrote beside it: with it every hash can be computed.

    Raises:
        ConfigError: when a file cannot be read, or is no public key.
        IntegrityError: naming what is not as it was written.
    """
    bundle = read_bundle(_read(file, LARGEST), public_key)
    replaced = {} if names is None else _names(names)
    try:
        excerpt = json.loads(bundle.files[LOG])
        check = check_excerpt(excerpt, replaced)
        end, copies = excerpt["anchor"], excerpt["copies"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(f"{LOG} is damaged: {type(error).__name__}") from error
    proved = [f"{len(bundle.files)} files are as they were written"]
    not_proved = []
    if bundle.signature_checked:
        proved.append(f"the manifest is signed by the private key of {public_key}")
    elif bundle.signed_by is None:
        not_proved.append("who made it: it is not signed (registry.sign_key of the site)")
    else:
        not_proved.append(
            f"who made it: it names the key {bundle.signed_by}; --key KEY.pub.pem checks that"
        )
    if check.computed:
        proved.append(f"{check.computed} of {check.entries} entries of the audit log have the hash "
                      "of their content")  # fmt: skip
    if check.open:
        not_proved.append(f"the same of {check.open} entries with pseudonyms: the site can give "
                          "what they stand for (--names)")  # fmt: skip
    where = ", ".join(f"{name!r} up to entry {copy['seq']}" for name, copy in copies.items())
    not_proved.append(
        f"that the log itself, of {end['seq']} entries, was not rewritten: "
        + (f"compare numbers and hashes with the copy in {where}" if where else "no copy is named")
    )
    return VerifiedEvidence(bundle.about, len(bundle.files), tuple(proved), tuple(not_proved))


def is_evidence(file: Path) -> bool:
    """Whether a file that is there may be replaced by another archive."""
    try:
        read_bundle(_read(file, LARGEST))
    except (ConfigError, IntegrityError):
        return False
    return True


def _names(file: Path) -> dict[str, str]:
    try:
        found = json.loads(_read(file, LARGEST))
    except ValueError as error:
        raise ConfigError(f"{file} is not what `sftsec evidence --names` wrote") from error
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ConfigError(f"{file} is not what `sftsec evidence --names` wrote")
    return found


def _read(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as stream:
            raw = stream.read(most + 1)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    if len(raw) > most:
        raise IntegrityError(f"{file} is larger than any evidence ({most >> 20} MiB)")
    return raw
