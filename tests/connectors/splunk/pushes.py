"""What several test modules share."""

from __future__ import annotations

from collections.abc import Sequence

from sftsec_core.api.domain import Detection
from tests.connectors.splunk.sites import Site


def names(detections: Sequence[Detection]) -> list[str]:
    return sorted(each.uid for each in detections)


def there(site: Site) -> list[str]:
    return sorted(each["detection_id"] for each in site.detections())
