"""What every connector keeps, as a test class.

The files that a connector's author writes, whole, are in `sftsec_core.testing`. The contract
plants incidents of its own in the source, so that it can say what a pull must bring, and reads
the source afterwards, so that a receipt that lies is found out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from sftsec_core.api.domain import Incident, IncidentPage, LabelRequest, PullWindow
from sftsec_core.testing.incidents import START, make_detections, make_incidents

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector

EVERYTHING = PullWindow()


class ConnectorContract:
    """Inherit it, and give `fill`, `connect` and `pushed`.

    Give `spoil` where a source can rot, and `named` where it names incidents in its own way.

    Attributes:
        page_size: the most records that a page of `connect`'s connector may bring: configure
            it so.
        incident_count: how many incidents are planted; several pages of them.
    """

    page_size: ClassVar[int] = 7
    incident_count: ClassVar[int] = 31

    # --- what the author gives

    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        """Put exactly these incidents, with their verdicts and times, into the source.

        Args:
            folder: empty, this test's own: the source itself, or what names it.
            incidents: of `make_incidents`, in the order of their times.
        """
        raise NotImplementedError(f"{type(self).__name__}.fill(folder, incidents)")

    def connect(self, folder: Path) -> Connector:
        """Open a connector to the folder's source, with pages of at most `page_size` records.

        Called again for the same folder it stands for the next process.
        """
        raise NotImplementedError(f"{type(self).__name__}.connect(folder)")

    def pushed(self, folder: Path) -> Sequence[str]:
        """Read the source, not the connector: the uids of all detections it holds, copies too."""
        raise NotImplementedError(f"{type(self).__name__}.pushed(folder)")

    def named(self, folder: Path, uid: str) -> str:
        """Say how the source names a planted incident, where it does not take the uid as it is."""
        return uid

    def spoil(self, folder: Path) -> str | None:
        """Add one record that cannot be read among the planted ones.

        Returns:
            The content that must not be quoted in a reason; None when the source cannot hold
            such a record, which skips the test.
        """
        return None

    # --- pull

    def test_a_pull_brings_every_incident_once(self, tmp_path: Path) -> None:
        """Nothing is left out and no uid comes twice, equal texts notwithstanding."""
        planted = self._filled(tmp_path)
        uids = Counter(incident.uid for incident in self._pull(tmp_path))
        assert uids == Counter(self._names(tmp_path, planted))

    def test_a_pull_brings_fields_verdicts_and_times(self, tmp_path: Path) -> None:
        """Fields are flat and dotted, verdicts in the platform's words, times aware."""
        filled = self._filled(tmp_path)
        planted = dict(zip(self._names(tmp_path, filled), filled, strict=True))
        for got in self._pull(tmp_path):
            given = planted[got.uid]
            assert {name: got.fields.get(name) for name in given.fields} == dict(given.fields)
            assert [v.value for v in got.verdicts] == [v.value for v in given.verdicts]
            assert got.at == given.at

    def test_two_pulls_bring_the_same_order(self, tmp_path: Path) -> None:
        """A cursor is worth nothing where the order moves."""
        self._filled(tmp_path)
        assert self._uids(tmp_path) == self._uids(tmp_path)

    def test_pages_are_bounded(self, tmp_path: Path) -> None:
        """Memory is bounded by the page, whatever the source holds."""
        self._filled(tmp_path)
        sizes = [len(p.incidents) + len(p.rejected) for p in self._pages(tmp_path)]
        assert max(sizes) <= self.page_size
        assert len(sizes) > 2, "configure connect() with pages of at most page_size records"

    def test_every_cursor_resumes_right_behind_its_page(self, tmp_path: Path) -> None:
        """Whichever page a run died after, the next process misses nothing and repeats nothing."""
        self._filled(tmp_path)
        pages = self._pages(tmp_path)
        for cut, page in enumerate(pages):
            rest = [i.uid for p in self._pages(tmp_path, cursor=page.cursor) for i in p.incidents]
            assert rest == [i.uid for p in pages[cut + 1 :] for i in p.incidents], f"page {cut}"

    def test_a_cursor_moves_with_every_page(self, tmp_path: Path) -> None:
        """Two pages of one cursor would be pulled for ever."""
        self._filled(tmp_path)
        cursors = [page.cursor for page in self._pages(tmp_path)]
        assert all(before != after for before, after in pairwise(cursors))

    @pytest.mark.parametrize("labelled", [True, False])
    def test_a_window_separates_labelled_from_unlabelled(
        self, tmp_path: Path, labelled: bool
    ) -> None:
        """Training asks for the one half, scoring for the other."""
        planted = self._filled(tmp_path)
        want = set(self._names(tmp_path, [i for i in planted if bool(i.verdicts) == labelled]))
        assert set(self._uids(tmp_path, PullWindow(labelled=labelled))) == want

    def test_a_window_bounds_the_time(self, tmp_path: Path) -> None:
        """`since` is inside the window, `until` outside."""
        planted = self._filled(tmp_path)
        since, until = START + timedelta(minutes=5), START + timedelta(minutes=12)
        inside = [i for i in planted if i.at is not None and since <= i.at < until]
        want = set(self._names(tmp_path, inside))
        assert set(self._uids(tmp_path, PullWindow(since=since, until=until))) == want

    def test_an_empty_source_ends_a_pull_quietly(self, tmp_path: Path) -> None:
        """A SIEM on its first day is no error."""
        self.fill(tmp_path, [])
        assert self._uids(tmp_path) == []

    def test_a_damaged_record_is_rejected_and_the_pull_goes_on(self, tmp_path: Path) -> None:
        """It is named by place and reason; the reason does not carry the content along."""
        planted = self._filled(tmp_path)
        content = self.spoil(tmp_path)
        if content is None:
            pytest.skip("this source cannot hold a damaged record")
        pages = self._pages(tmp_path)
        rejected = [rejection for page in pages for rejection in page.rejected]
        assert len(rejected) == 1
        assert rejected[0].where
        assert rejected[0].reason
        assert content not in rejected[0].reason
        pulled = {incident.uid for page in pages for incident in page.incidents}
        assert pulled == set(self._names(tmp_path, planted))

    def test_a_pull_may_be_left_half_way(self, tmp_path: Path) -> None:
        """A run that ends early closes the connector all the same."""
        self._filled(tmp_path)
        with self._connected(tmp_path) as connector:
            assert next(iter(connector.pull(EVERYTHING))).incidents

    # --- push

    def test_what_is_pushed_is_there(self, tmp_path: Path) -> None:
        """The receipt says written, and the source says so too."""
        uids = self._prepare_push(tmp_path)
        with self._connected(tmp_path) as connector:
            receipt = connector.push(make_detections(len(uids)))
        assert sorted(receipt.written) == sorted(uids)
        assert sorted(self.pushed(tmp_path)) == sorted(uids)

    def test_pushing_again_gives_duplicates_and_no_copies(self, tmp_path: Path) -> None:
        """A rerun after a kill, in a new process, may repeat any part of a batch."""
        uids = self._prepare_push(tmp_path)
        with self._connected(tmp_path) as connector:
            connector.push(make_detections(3))
        with self._connected(tmp_path) as connector:
            receipt = connector.push(make_detections(len(uids)))
        assert sorted(receipt.duplicates) == sorted(uids[:3])
        assert sorted(receipt.written) == sorted(uids[3:])
        assert sorted(self.pushed(tmp_path)) == sorted(uids)

    def test_one_uid_twice_in_a_batch_is_written_once(self, tmp_path: Path) -> None:
        """The uid decides, not the call."""
        self._prepare_push(tmp_path)
        twice = make_detections(1) * 2
        with self._connected(tmp_path) as connector:
            receipt = connector.push(twice)
        assert set(receipt.written) == {twice[0].uid}
        assert list(self.pushed(tmp_path)) == [twice[0].uid]

    def test_a_receipt_accounts_for_every_detection(self, tmp_path: Path) -> None:
        """Written, duplicate or rejected: nothing falls between."""
        uids = self._prepare_push(tmp_path)
        with self._connected(tmp_path) as connector:
            receipt = connector.push(make_detections(len(uids)))
        named = [*receipt.written, *receipt.duplicates, *(uid for uid, _ in receipt.rejected)]
        assert sorted(named) == sorted(uids)

    def test_pushing_nothing_writes_nothing(self, tmp_path: Path) -> None:
        """A batch in which all was suppressed is no error."""
        self._prepare_push(tmp_path)
        with self._connected(tmp_path) as connector:
            receipt = connector.push([])
        assert (list(receipt.written), list(receipt.duplicates)) == ([], [])
        assert list(self.pushed(tmp_path)) == []

    # --- the rest

    def test_a_working_connector_has_nothing_to_complain_of(self, tmp_path: Path) -> None:
        """`check` names what stands in the way; here nothing does."""
        self._filled(tmp_path)
        with self._connected(tmp_path) as connector:
            assert list(connector.check()) == []

    def test_labels_are_requested_at_most_once_an_incident(self, tmp_path: Path) -> None:
        """The count is of new requests; a source without a way to ask makes none."""
        incidents = self._filled(tmp_path)[:3]
        uids = self._names(tmp_path, incidents)
        requests = [
            LabelRequest(uid, "mail", "malicious", 0.5, "not sure", each.at, each.fields)
            for uid, each in zip(uids, incidents, strict=True)
        ]
        with self._connected(tmp_path) as connector:
            assert 0 <= connector.request_labels(requests) <= len(uids)
            assert connector.request_labels(requests) == 0

    def test_a_connector_may_be_closed_twice(self, tmp_path: Path) -> None:
        """Whoever cleans up need not know who did so before."""
        self._filled(tmp_path)
        connector = self.connect(tmp_path)
        connector.close()
        assert connector.close() is None  # type: ignore[func-returns-value]  # a lie is found out

    # --- helpers

    def _filled(self, folder: Path) -> list[Incident]:
        incidents = make_incidents(self.incident_count)
        self.fill(folder, incidents)
        return incidents

    def _names(self, folder: Path, incidents: Sequence[Incident]) -> list[str]:
        return [self.named(folder, incident.uid) for incident in incidents]

    def _prepare_push(self, folder: Path) -> list[str]:
        self._filled(folder)
        return [detection.uid for detection in make_detections(5)]

    @contextmanager
    def _connected(self, folder: Path) -> Iterator[Connector]:
        connector = self.connect(folder)
        try:
            yield connector
        finally:
            connector.close()

    def _pages(
        self, folder: Path, window: PullWindow = EVERYTHING, cursor: str | None = None
    ) -> list[IncidentPage]:
        with self._connected(folder) as connector:
            return list(connector.pull(window, cursor=cursor))

    def _pull(self, folder: Path, window: PullWindow = EVERYTHING) -> list[Incident]:
        return [incident for page in self._pages(folder, window) for incident in page.incidents]

    def _uids(self, folder: Path, window: PullWindow = EVERYTHING) -> list[str]:
        return [incident.uid for incident in self._pull(folder, window)]
