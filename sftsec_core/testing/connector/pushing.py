"""What a push writes, and what its receipt says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sftsec_core.testing.connector.planted import Planted, connected
from sftsec_core.testing.connector.planting import detections_for

if TYPE_CHECKING:
    from sftsec_core.api.domain import Detection, PushReceipt
    from sftsec_core.testing.connector.platform import Platform, StoredDetection


class PushChecks:
    """Each detection is written once, whole, and the receipt is true.

    These tests share one platform: each pushes the detections of a model of its own.
    """

    def test_pushed_detections_are_there(self, planted: Planted) -> None:
        """The receipt says written, and the platform says so too."""
        detections = _make(planted, "1")
        receipt = _push(planted.platform, detections)
        assert sorted(receipt.written) == _uids(detections)
        assert _stored_uids(planted.platform, detections) == _uids(detections)

    def test_pushed_detections_are_whole(self, planted: Planted) -> None:
        """An analyst sees what was found, how sure the model is, and in which incident."""
        detections = _make(planted, "2")
        _push(planted.platform, detections)
        stored = {each.uid: each for each in _stored(planted.platform, detections)}
        for detection in detections:
            got = stored[detection.uid]
            assert got.label == detection.label, "the label is not written"
            assert got.probability == pytest.approx(detection.probability, abs=1e-4)
            assert got.incident_uid == detection.incident_uid
            if got.labels is not None:
                assert sorted(got.labels) == sorted(detection.labels), "not every class is written"

    def test_pushing_again_gives_duplicates_and_no_copies(self, planted: Planted) -> None:
        """A rerun after a kill, in a new process, may repeat any part of a batch."""
        detections = _make(planted, "3")
        _push(planted.platform, detections[:3])
        receipt = _push(planted.platform, detections)
        assert sorted(receipt.duplicates) == _uids(detections[:3])
        assert sorted(receipt.written) == _uids(detections[3:])
        assert _stored_uids(planted.platform, detections) == _uids(detections)

    def test_one_uid_twice_in_a_batch_is_written_once(self, planted: Planted) -> None:
        """The uid decides, not the call."""
        detections = _make(planted, "4")[:1]
        receipt = _push(planted.platform, detections * 2)
        assert set(receipt.written) == set(_uids(detections))
        assert _stored_uids(planted.platform, detections) == _uids(detections)

    def test_receipt_accounts_for_every_detection(self, planted: Planted) -> None:
        """Written, duplicate or rejected: each uid stands in one of them, once."""
        detections = _make(planted, "5", count=3 * planted.platform.page_size)
        receipt = _push(planted.platform, detections)
        assert _accounted(receipt) == _uids(detections)
        assert _stored_uids(planted.platform, detections) == _uids(detections)

    def test_refused_detection_is_rejected_and_the_others_written(self, planted: Planted) -> None:
        """It goes to quarantine with the reason; counted as delivered it would be lost."""
        detections = _make(planted, "6")
        bad = planted.platform.unwritable(detections[2])
        good = [each for each in detections if each.uid != bad.uid]
        receipt = _push(planted.platform, [*detections[:2], bad, *detections[3:]])
        assert [uid for uid, _ in receipt.rejected] == [bad.uid]
        assert all(reason for _, reason in receipt.rejected)
        assert list(receipt.duplicates) == []
        assert sorted(receipt.written) == _uids(good)
        assert _stored_uids(planted.platform, detections) == _uids(good)

    def test_detection_without_time_or_fields_is_written(self, planted: Planted) -> None:
        """A source may know no time, and a task may keep no fields."""
        bare = [replace(each, at=None, fields={}) for each in _make(planted, "7")[:1]]
        receipt = _push(planted.platform, bare)
        assert list(receipt.written) == _uids(bare)
        assert _stored_uids(planted.platform, bare) == _uids(bare)

    def test_pushing_nothing_writes_nothing(self, planted: Planted) -> None:
        """A batch in which all was suppressed is no error."""
        before = len(planted.platform.pushed())
        receipt = _push(planted.platform, [])
        assert _accounted(receipt) == []
        assert len(planted.platform.pushed()) == before


def _make(planted: Planted, model: str, *, count: int = 5) -> list[Detection]:
    some = list(planted.incidents.values())[:count]
    return detections_for(planted.platform, some, model=model)


def _push(platform: Platform, detections: Sequence[Detection]) -> PushReceipt:
    with connected(platform) as connector:
        return connector.push(detections)


def _uids(detections: Sequence[Detection]) -> list[str]:
    return sorted(each.uid for each in detections)


def _stored(platform: Platform, detections: Sequence[Detection]) -> list[StoredDetection]:
    mine = {each.uid for each in detections}
    return [each for each in platform.pushed() if each.uid in mine]


def _stored_uids(platform: Platform, detections: Sequence[Detection]) -> list[str]:
    return sorted(each.uid for each in _stored(platform, detections))


def _accounted(receipt: PushReceipt) -> list[str]:
    return sorted([*receipt.written, *receipt.duplicates, *(uid for uid, _ in receipt.rejected)])
