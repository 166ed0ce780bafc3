"""A notice as an event in a SIEM, where the entries of the audit log are copied to as well."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import KeepsAudit
from sftsec_core.api.domain import AuditEntry
from sftsec_core.api.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sftsec_core.api.contracts import Connector
    from sftsec_core.notify.notice import Notice

_OF_NO_LOG = 0  # the entries of a log count from 1


def send_event(
    name: str,
    open_connector: Callable[[str], AbstractContextManager[Connector]],
    notice: Notice,
    number: str,
    clock: Callable[[], datetime],
    actor: str,
) -> None:
    """Write a notice beside the copy of the audit log; the same number again writes nothing.

    It belongs to no log: `audit push` and `audit verify --anchor` pass it over.

    Args:
        name: the connector.
        open_connector: opens it by its name.
        notice: what to tell.
        number: names the notice; the same for each attempt.
        clock: gives the present moment (UTC).
        actor: who acts.

    Raises:
        ConnectorUnavailableError: when a later attempt may succeed.
        ConnectorError: when none will, such as where the connector keeps no audit log.
    """
    entry = AuditEntry(
        seq=_OF_NO_LOG,
        at=clock(),
        actor=actor,
        action=f"notification.{notice.kind}",
        object=notice.task,
        details={"title": notice.title, "text": notice.text, **notice.data},
        hash=hashlib.sha256(number.encode()).hexdigest(),
    )
    with open_connector(name) as connector:
        if not isinstance(connector, KeepsAudit):
            raise ConnectorError("it takes no events but detections", connector=name)
        rejected = connector.push_audit([entry]).rejected
    if rejected:
        raise ConnectorError(f"the notification was rejected: {rejected[0][1]}", connector=name)
