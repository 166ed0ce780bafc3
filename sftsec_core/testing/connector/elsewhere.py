"""Pull from a platform in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.testing.connector.platform import context_in
from sftsec_core.testing.elsewhere import call_elsewhere, find, path_of

if TYPE_CHECKING:
    from sftsec_core.testing.connector.platform import Platform


@dataclass(frozen=True, slots=True)
class Pulled:
    """What is compared of an incident that another process pulled."""

    uid: str
    at: datetime | None
    verdict_times: tuple[datetime | None, ...]


def pull_elsewhere(platform: Platform, *, cursor: str | None) -> list[Pulled]:
    """Pull to the end, in another process with other hashes and another timezone."""
    if platform.one_process:
        pytest.skip(f"optional: {type(platform).__name__} lives in this process")
    spec = platform.spec()
    found = call_elsewhere(
        pull_here,
        path_of(spec.config_model),
        path_of(spec.create),
        dict(platform.options()),
        str(platform.folder),
        cursor,
    )
    return [Pulled(uid, _time(at), tuple(map(_time, times))) for uid, at, times in found]


def pull_here(
    config_model: str, create: str, options: Mapping[str, Any], folder: str, cursor: str | None
) -> list[tuple[str, str | None, list[str | None]]]:
    """Do the pull; called in the other process."""
    config = find(config_model).model_validate(options)
    connector = find(create)(config, context_in(Path(folder)))
    try:
        pages = list(connector.pull(PullWindow(), cursor=cursor))
    finally:
        connector.close()
    return [
        (each.uid, _text(each.at), [_text(verdict.at) for verdict in each.verdicts])
        for page in pages
        for each in page.incidents
    ]


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
