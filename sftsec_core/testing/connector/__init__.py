"""What every connector keeps, as a test class; by theme in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from sftsec_core.testing.connector.asking import FeedbackChecks, RequestChecks
from sftsec_core.testing.connector.failing import CloseChecks, OutageChecks
from sftsec_core.testing.connector.parting import PartChecks
from sftsec_core.testing.connector.planted import Planted
from sftsec_core.testing.connector.platform import Platform, StoredDetection
from sftsec_core.testing.connector.pulling import PullChecks
from sftsec_core.testing.connector.pushing import PushChecks
from sftsec_core.testing.connector.resuming import CursorChecks
from sftsec_core.testing.connector.secrecy import SecretChecks

__all__ = ["ConnectorContract", "Platform", "StoredDetection"]


class ConnectorContract(
    PullChecks,
    CursorChecks,
    PartChecks,
    PushChecks,
    OutageChecks,
    CloseChecks,
    SecretChecks,
    RequestChecks,
    FeedbackChecks,
):
    """Inherit it, and give `platform`: your subclass of `Platform`.

    Tests that only read, and those of pushes, share one platform that is filled once; the tests
    that add, remove or label incidents have one of their own. So a platform that is slow to start
    or to fill is needed eight times, and not once a test.

    A test that does not apply is switched off by its name, with the reason beside it::

        test_window_bounds_the_time = None  # our source keeps no times

    How the verdict on a detection comes back to its incident is said in
    `sftsec_core.testing.connector.asking.FeedbackChecks`.
    """

    # --- what the author gives

    platform: ClassVar[type[Platform]]

    @pytest.fixture(scope="class")
    @classmethod
    def new_platform(cls) -> Callable[[Path], Platform]:
        """Give what makes a platform; replace this fixture where it needs other fixtures.

        Example::

            @pytest.fixture(scope="class")
            @classmethod
            def new_platform(cls, my_server):
                return lambda folder: MySiemPlatform(folder, my_server)
        """
        return cls.platform

    # --- fixtures of the tests

    @pytest.fixture(scope="class")
    @classmethod
    def planted(
        cls,
        new_platform: Callable[[Path], Platform],
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Planted]:
        """Give the platform that is filled once."""
        platform = new_platform(tmp_path_factory.mktemp("planted"))
        try:
            yield Planted(platform)
        finally:
            platform.close()

    @pytest.fixture
    def fresh(self, new_platform: Callable[[Path], Platform], tmp_path: Path) -> Iterator[Platform]:
        """Give an empty platform of one test's own."""
        platform = new_platform(tmp_path)
        try:
            yield platform
        finally:
            platform.close()
