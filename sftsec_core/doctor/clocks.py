"""The clocks of the platforms that connectors talk to, as their answers say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from pydantic import BaseModel

from sftsec_core.api.errors import ConnectorError
from sftsec_core.doctor.finding import Finding
from sftsec_core.doctor.state import judge_skew
from sftsec_core.sdk.http import HttpClient

_TIMEOUT_S, _MOST_BYTES = 5.0, 1 << 20


def check_platform_clock(
    name: str, config: BaseModel, now: Callable[[], datetime]
) -> Iterator[Finding]:
    """Compare this clock with that of a connector's platform, where it says its own.

    One without an address, that does not answer, or says no time gives nothing: whether it can be
    used is another check's business.

    Args:
        name: the connector's.
        config: its options; `url` and `ca_file` are read.
        now: gives the present moment.
    """
    url = getattr(config, "url", None)
    first = url[0] if isinstance(url, tuple) else url
    if not isinstance(first, str) or not first.startswith("http"):
        return
    ca_file = getattr(config, "ca_file", None)
    skew = _skew(first, ca_file if isinstance(ca_file, Path) else None, now)
    if skew is not None:
        yield judge_skew(f"connector {name}", skew)


def _skew(url: str, ca_file: Path | None, now: Callable[[], datetime]) -> timedelta | None:
    try:
        client = HttpClient("it", ca_file=ca_file, timeout_s=_TIMEOUT_S, max_bytes=_MOST_BYTES)
    except ConnectorError:
        return None
    try:
        answer = client.send("HEAD", url)
        theirs = next(value for key, value in answer.headers if key.lower() == "date")
        return now() - parsedate_to_datetime(theirs).astimezone(UTC)
    except (ConnectorError, StopIteration, ValueError):
        return None
    finally:
        client.close()
