"""What the contract must know about a platform, and do there, besides using the connector.

A connector cannot be tested through itself: one that says "written" and writes nothing would pass.
So the contract fills, changes, breaks and reads the platform through a `Platform`, which the
author of the connector writes once. Its docstrings show each method for an imaginary My SIEM.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import pytest

from sftsec_core.api.contracts import ConnectorContext

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector, ConnectorSpec
    from sftsec_core.api.domain import Detection, Incident, Verdict


@dataclass(frozen=True, slots=True)
class StoredDetection:
    """One detection as the platform holds it.

    Attributes:
        uid: the detection's.
        incident_uid: of the incident that it is about.
        label: the class.
        probability: as a number, 0 to 1.
        labels: every class that is not ruled out; None where the platform has no place for them.
    """

    uid: str
    incident_uid: str
    label: str | None
    probability: float | None
    labels: Sequence[str] | None = None


def context_in(folder: Path) -> ConnectorContext:
    """Make what sftsec gives a connector, with its own folder beside the platform's."""
    own = folder.with_name(f"{folder.name}.connector")
    own.mkdir(exist_ok=True)
    return ConnectorContext("siem", b"\x07" * 32, own)


class Platform(ABC):
    """One empty platform: a server, an index, a folder. The contract makes several.

    Required: `spec`, `options`, `fill`, `pushed`, `unreachable`.

    Optional, each a capability that some platforms lack: `named`, `spoil`, `remove`,
    `add_verdict`, `add_detection_verdict`, `unwritable`, `requested`, `records_read`, `secrets`,
    `close`. A test that needs a missing one is skipped, and the skip says which. Give all that
    the platform can do: a fault is found only where its test runs.

    Attributes:
        page_size: the most records a page; `options` must configure it so.
        verdict_values: the values for benign and for malicious that the incidents are planted
            with. A platform with a fixed list (an enum) names two of its own here::

                verdict_values = ("false_positive", "true_positive")

        keeps_history: whether an incident keeps each verdict that it was given. False where a new
            one replaces the old one; then every incident is planted with at most one.
        keeps_verdict_times: whether a verdict is planted with a time of its own. False where the
            platform sets the time itself; it must still come back, aware.
        finds_late: whether a record that arrives with an older time is found by the next pull.
            False where the connector waits for late records instead.
        longest_text: characters of the longest text that is planted.
        read_ahead: pages that the connector may fetch before it is asked for them.
        keeps_reading: whether a pull that began survives `unreachable`, as an open file does.
        one_process: whether the platform lives in this process (a fake): then no other process
            can be asked for its incidents.
    """

    page_size: ClassVar[int] = 7
    verdict_values: ClassVar[tuple[str, str]] = ("benign", "malicious")
    keeps_history: ClassVar[bool] = True
    keeps_verdict_times: ClassVar[bool] = True
    finds_late: ClassVar[bool] = True
    longest_text: ClassVar[int] = 20_000
    read_ahead: ClassVar[int] = 2
    keeps_reading: ClassVar[bool] = False
    one_process: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        """Take an empty folder of the platform's own: what it is, or what names it."""
        self.folder = folder

    # --- required

    @abstractmethod
    def spec(self) -> ConnectorSpec[Any]:
        """Give the connector's spec.

        Example::

            return my_siem.hooks.sftsec_register_connectors()[0]
        """

    @abstractmethod
    def options(self) -> Mapping[str, Any]:
        """Say what stands under `connectors.NAME`: JSON values, secrets as references.

        Choose short bounds for retries: the tests take the platform away.

        Example::

            return {"url": self.server.url, "index": self.folder.name, "token": "env:MY_TOKEN",
                    "page_size": self.page_size, "retry_timeout": "0.5s"}
        """

    @abstractmethod
    def fill(self, incidents: Sequence[Incident]) -> None:
        """Add these incidents with their verdicts, and wait until a search finds them.

        Called again it adds more. Nothing but the incidents' fields, times and verdicts is
        written, in the shape that the platform itself gives them.

        Example::

            self.server.bulk(self.folder.name, [my_document(each) for each in incidents])
            self.server.refresh(self.folder.name)
        """

    @abstractmethod
    def pushed(self) -> Sequence[StoredDetection]:
        """Read the platform, not the connector: all detections that it holds, copies too.

        Example::

            return [StoredDetection(hit["id"], hit["about"], hit["label"], hit["probability"])
                    for hit in self.server.search("detections")]
        """

    @abstractmethod
    def unreachable(self) -> AbstractContextManager[None]:
        """Make the platform unreachable while the context lasts, for open connections too.

        Example::

            @contextmanager
            def unreachable(self):
                self.server.stop()
                try:
                    yield
                finally:
                    self.server.start()
        """

    # --- optional

    def named(self, uid: str) -> str:
        """Say how the connector names a planted incident; by default as it was planted.

        Example::

            return f"{self.folder.name}/{uid}"
        """
        return uid

    def spoil(self) -> str:
        """Add one record that cannot be read; return content that no reason may quote.

        Example::

            self.server.bulk(self.folder.name, [{"time": "hunter2 at noon"}])
            return "hunter2"
        """
        return self._lacks("spoil")

    def remove(self, uid: str) -> None:
        """Take a planted incident away, as retention does.

        Example::

            self.server.delete(self.folder.name, uid)
        """
        self._lacks("remove")

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        """Give a planted incident one more verdict, as an analyst does.

        Example::

            self.server.close_alert(uid, verdict.value, by=verdict.analyst, at=verdict.at)
        """
        self._lacks("add_verdict")

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        """Judge a detection that the connector pushed, as an analyst does.

        Example::

            self.server.close_alert(detection.uid, verdict.value, by=verdict.analyst)
        """
        self._lacks("add_detection_verdict")

    def unwritable(self, detection: Detection) -> Detection:
        """Return the detection changed so that the platform refuses it for good.

        Example::

            return replace(detection, fields={"source.ip": "no address"})
        """
        return self._lacks("unwritable")

    def requested(self) -> Sequence[str]:
        """Read the platform: the uids of all requests for a label, copies too.

        Example::

            return [row["incident"] for row in self.server.search("label-requests")]
        """
        return self._lacks("requested")

    def records_read(self) -> int:
        """Count the incidents that the platform has handed out so far.

        Example::

            return sum(len(answer["hits"]) for answer in self.server.answers)
        """
        return self._lacks("records_read")

    def secrets(self) -> Sequence[str]:
        """Give the values of the secrets that `options` refers to.

        Example::

            return [os.environ["MY_TOKEN"]]
        """
        return self._lacks("secrets")

    def close(self) -> None:  # noqa: B027 - optional: most have nothing to stop
        """Stop what was started for this platform. By default nothing."""

    # --- for the contract

    def connect(self) -> Connector:
        """Open a connector as sftsec does. Another one stands for the next process."""
        spec = self.spec()
        return spec.create(spec.configure(self.options()), context_in(self.folder))

    def _lacks(self, capability: str) -> NoReturn:
        pytest.skip(f"optional: {type(self).__name__} has no {capability}()")
