"""What a test may make go wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock


@dataclass
class Faults:
    """Faults on demand; each counts down by itself and then things work again.

    Attributes:
        expire_after: after so many authenticated requests all sessions end, once.
        statuses: of the next answers of the management port, one a request.
        dropped: so many next requests find their connection closed without an answer.
        lost_after: the next POST to a path with this end is carried out, and its answer lost.
        slow_s: seconds that each answer of the management port takes longer; `hec_slow_s` the
            collector's.
        cut_export_after: the next export loses its connection after so many bytes of its body.
        fatal: what the next search fails with once it runs; it has given `fatal_rows` by then.
        fatal_rows: rows that an export has sent before it fails.
        finalized: so many next jobs are finalised when half of their results are there.
        warning: what the next job says beside its results, as a WARN.
        job_seconds: how long a job runs, by the double's clock.
        job_polls: so many times a new job answers 204, being queued and parsed.
        kv_batch_cap: the most documents of a `batch_save`, instead of the version's.
        kv_statuses: of the next answers of the KV store's data.
        hec_busy: so many next requests to the collector are answered with 503, code 9.
        hec_statuses: of the next answers of the collector, without a body that it would write.
        hec_dropped: so many next requests to the collector lose their connection after the
            events were taken: the sender cannot know.
        hec_bad: an event whose text holds this is refused as bad; those before it are in.
        hec_numbers: whether the answer then says by its number which one it was.
        revoke_hec_after: once so many events were taken, the collector's tokens are no more.
        acks: how often an acknowledgement is asked for in vain before it is given; None: always.
        notable_updates_refused: so many next `notable_update` answer 200 with `success: false`.
        findings_dropped: so many findings are made, and the connection lost before the answer.
    """

    expire_after: int | None = None
    statuses: list[int] = field(default_factory=list)
    dropped: int = 0
    lost_after: str | None = None
    slow_s: float = 0.0
    cut_export_after: int | None = None
    fatal: str | None = None
    fatal_rows: int = 0
    finalized: int = 0
    warning: str | None = None
    job_seconds: float = 0.0
    job_polls: int = 0
    kv_batch_cap: int | None = None
    kv_statuses: list[int] = field(default_factory=list)
    hec_slow_s: float = 0.0
    hec_busy: int = 0
    hec_statuses: list[int] = field(default_factory=list)
    hec_dropped: int = 0
    hec_bad: str | None = None
    hec_numbers: bool = True
    revoke_hec_after: int | None = None
    acks: int | None = 0
    notable_updates_refused: int = 0
    findings_dropped: int = 0
    _lock: RLock = field(default_factory=RLock, repr=False)

    def takes(self, name: str) -> bool:
        """Whether this fault strikes now: it is counted down."""
        with self._lock:
            left: int = getattr(self, name)
            if left <= 0:
                return False
            setattr(self, name, left - 1)
            return True

    def next_status(self, name: str) -> int | None:
        with self._lock:
            statuses: list[int] = getattr(self, name)
            return statuses.pop(0) if statuses else None

    def take_fatal(self) -> str | None:
        with self._lock:
            found, self.fatal = self.fatal, None
            return found

    def loses(self, method: str, path: str) -> bool:
        """Whether the answer to this request is lost, once."""
        with self._lock:
            if method != "POST" or self.lost_after is None or not path.endswith(self.lost_after):
                return False
            self.lost_after = None
            return True

    def take_warning(self) -> str | None:
        with self._lock:
            found, self.warning = self.warning, None
            return found

    def take_cut(self) -> int | None:
        with self._lock:
            found, self.cut_export_after = self.cut_export_after, None
            return found

    def session_ends(self) -> bool:
        """Whether the sessions end with this request."""
        with self._lock:
            if self.expire_after is None:
                return False
            self.expire_after -= 1
            if self.expire_after >= 0:
                return False
            self.expire_after = None
            return True
