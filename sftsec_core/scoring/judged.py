"""Which incidents of a page an analyst has judged, though their source shows them as unlabelled.

A verdict may be on a detection of ours: the source does not know of it, and a new model that scores
everything again would alert on what was just closed. The verdict stands for what the analyst saw,
the incident's uid and content. What goes on under the same name with other content is scored.

Of a verdict that an older version pulled, or another task that reads incidents otherwise, the
content is not known: it stands for the uid, until a build of the task has seen the incident.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sftsec_core.api.domain import IncidentPage
    from sftsec_core.store.store import Store


@dataclass(frozen=True, slots=True)
class JudgedInPage:
    """What is judged of a page.

    Attributes:
        uids: incidents that are judged whatever they hold.
        contents: an incident's uid to the digests of the inputs that were judged.
    """

    uids: frozenset[str] = frozenset()
    contents: Mapping[str, frozenset[str]] = field(default_factory=dict)


def judged_in_page(store: Store, connector: str, reading: str, page: IncidentPage) -> JudgedInPage:
    """Look up what is judged of a page.

    Args:
        store: holds the verdicts.
        connector: the name of the page's source.
        reading: how the model reads incidents: `Scorer.reading`.
        page: of incidents that the source shows as unlabelled.
    """
    uids = [incident.uid for incident in page.incidents]
    contents = store.judged_inputs.of(connector, reading, uids)
    judged = store.verdicts.of(connector, [uid for uid in uids if uid not in contents])
    return JudgedInPage(frozenset(judged), contents)
