"""Who may read what: the state folder, the configuration, secrets, and the certificate."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from sftsec_core.api.errors import SftsecError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.doctor.finding import Finding, fault, ok, warning

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_OTHERS_WRITE, _OTHERS_READ = 0o022, 0o077
# A group may read a secret: that is how Kubernetes gives one to a container.
_SECRET_OPEN = 0o027
EXPIRES_SOON = timedelta(days=14)


def check_folder(folder: Path) -> Iterator[Finding]:
    """Whether the state folder is this user's, can be written, and is closed to others."""
    if not folder.exists():
        yield ok("state folder", f"{folder} is made by the first command that needs it")
        return
    found = folder.stat()
    if not folder.is_dir():
        yield fault("state folder", f"{folder} is no folder", "name another in state.folder")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield fault(
            "state folder",
            f"{folder} cannot be read and written (its owner has uid {found.st_uid})",
            f"run as that user, or chown -R {os.geteuid()} {folder}",
        )
    elif found.st_uid != os.geteuid():
        remedy = f"run as that user, or chown -R {os.geteuid()} {folder}"
        yield fault("state folder", f"{folder} is another user's (uid {found.st_uid})", remedy)
    elif found.st_mode & _OTHERS_READ:
        yield warning("state folder", f"{folder} is open to other users", f"chmod 700 {folder}")
    else:
        yield ok("state folder", str(folder))


def check_config_file(file: Path) -> Iterator[Finding]:
    """Whether other users may change the configuration, which names plugins that are run."""
    if file.stat().st_mode & _OTHERS_WRITE:
        yield warning("configuration", f"other users can write {file}", f"chmod go-w {file}")


def secrets_in(value: object, path: str = "") -> Iterator[tuple[str, SecretRef]]:
    """Each reference to a secret in a piece of settings, with its dotted place."""
    if isinstance(value, SecretRef):
        yield path, value
    elif isinstance(value, BaseModel):
        yield from secrets_in(dict(value), path)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from secrets_in(each, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from secrets_in(each, f"{path}.{number}".lstrip("."))


def check_secrets(references: Iterable[tuple[str, SecretRef]]) -> Iterator[Finding]:
    """Whether each secret can be fetched and its file is closed to others; none is shown.

    Args:
        references: dotted places in the configuration with what stands there.
    """
    found = list(references)
    wrong = [each for place, reference in found for each in _judge(place, reference)]
    yield from wrong or [ok("secrets", f"{len(found)} found")]


def _judge(place: str, reference: SecretRef) -> Iterator[Finding]:
    try:
        reference.reveal()
    except SftsecError as error:
        yield fault("secrets", f"{place}: {error}", f"set {reference}, or correct the reference")
        return
    file = Path(reference.where).expanduser()
    if reference.kind == "file" and file.stat().st_mode & _SECRET_OPEN:
        yield warning("secrets", f"{place}: {file} is open to other users", f"chmod 600 {file}")


def check_certificate(file: Path, now: datetime) -> Iterator[Finding]:
    """Whether the certificate of `sftsec serve` is valid, for the next 14 days too.

    Args:
        file: PEM, the certificate first and its chain after it.
        now: the present moment.
    """
    from cryptography import x509

    try:
        chain = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is no certificate in PEM"
        yield fault("certificate", f"{file}: {told}", "correct serve.certificate")
        return
    first = min(chain, key=lambda each: each.not_valid_after_utc)
    yield _judge_times(file, first, now.astimezone(UTC))


def _judge_times(file: Path, certificate: Certificate, now: datetime) -> Finding:
    end = certificate.not_valid_after_utc
    days = (end - now) / timedelta(days=1)
    if certificate.not_valid_before_utc > now:
        begin = certificate.not_valid_before_utc
        return fault("certificate", f"{file} is not valid before {begin:%Y-%m-%d}", "set the clock")
    if end <= now:
        return fault("certificate", f"{file} ended on {end:%Y-%m-%d}", "renew it")
    if end - now < EXPIRES_SOON:
        return warning("certificate", f"{file} ends in {days:.0f} days", "renew it")
    return ok("certificate", f"{file}, until {end:%Y-%m-%d}")
