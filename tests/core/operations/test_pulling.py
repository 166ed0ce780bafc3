"""One stream of pages from several connectors, resumed in the middle of any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.domain import IncidentPage, PullWindow
from sftsec_core.api.errors import ConnectorUnavailableError, DataError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.dataset import ingest as ingest_module
from sftsec_core.dataset.sources import SourcePage
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.pulling import (
    bounded,
    describe_spans,
    pull_all,
    required_fields,
    window_of,
)
from sftsec_core.testing import MemorySource, make_incidents
from tests.core.operations.memory_site import SeveralPlugin, memory_context

BOTH = ("crowd", "mail")
SIZES = {"crowd": 5, "mail": 3}
EVERYTHING = dict.fromkeys(BOTH, PullWindow())
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def sources() -> dict[str, MemorySource]:
    return {name: MemorySource(list(make_incidents(SIZES[name], seed=1))) for name in BOTH}


def opened(folder: Path, sources: dict[str, MemorySource], *names: str) -> Context:
    return memory_context(folder, SeveralPlugin(sources, page_size=2), connectors=names or BOTH)


def pulled(context: Context, cursor: str | None = None) -> list[IncidentPage]:
    pages = pull_all(context, context.task("mail"), EVERYTHING, cursor)
    return [page for page in pages if isinstance(page, IncidentPage)]


class TestPages:
    def test_say_whose_they_are(self, tmp_path: Path, sources: dict[str, MemorySource]) -> None:
        with opened(tmp_path, sources) as context:
            pages = pulled(context)
        assert all(isinstance(page, SourcePage) for page in pages)
        said = [(page.connector, len(page.incidents)) for page in pages]  # type: ignore[attr-defined]
        assert said == [("crowd", 2), ("crowd", 2), ("crowd", 1), ("mail", 2), ("mail", 1)]

    def test_resume_after_each_cursor(
        self, tmp_path: Path, sources: dict[str, MemorySource]
    ) -> None:
        with opened(tmp_path, sources) as context:
            whole = pulled(context)
            for number, page in enumerate(whole):
                assert pulled(context, page.cursor) == whole[number + 1 :]

    def test_of_one_connector_are_its_own(
        self, tmp_path: Path, sources: dict[str, MemorySource]
    ) -> None:
        with opened(tmp_path, sources, "mail") as context:
            pages = pulled(context)
            assert [type(page) for page in pages] == [IncidentPage] * 2
            assert [page.cursor for page in pages] == ["2", "3"]
            assert required_fields(context.task("mail")) == ("message",)

    def test_of_several_require_no_field(
        self, tmp_path: Path, sources: dict[str, MemorySource]
    ) -> None:
        """A mail has no command line, and a process no subject."""
        with opened(tmp_path, sources) as context:
            assert required_fields(context.task("mail")) == ()


class Suggests(SeveralPlugin):
    """Its type of connector suggests 90 days."""

    @hookimpl
    def sftsec_register_connectors(self) -> Sequence[ConnectorSpec[Any]]:
        (spec,) = super().sftsec_register_connectors()
        return [replace(spec, default_window=timedelta(days=90))]


class TestSpan:
    @pytest.mark.parametrize(
        ("window", "days"), [(None, 90), ("all", None), ("30d", 30), ("52w", 364)]
    )
    def test_is_the_tasks_or_the_connectors(
        self,
        tmp_path: Path,
        sources: dict[str, MemorySource],
        window: str | None,
        days: int | None,
    ) -> None:
        more: dict[str, Any] = {"window": window} if window else {}
        with memory_context(tmp_path, Suggests(sources), connectors=("mail",), **more) as context:
            found = window_of(context, context.task("mail"), "mail", NOW, labelled=True)
        assert found.since == (None if days is None else NOW - timedelta(days=days))
        assert (found.labelled, found.required) == (True, ("message",))

    def test_is_all_time_without_a_suggestion(
        self, tmp_path: Path, sources: dict[str, MemorySource]
    ) -> None:
        with opened(tmp_path, sources, "mail") as context:
            task = context.task("mail")
            assert window_of(context, task, "mail", NOW, labelled=None).since is None
            assert bounded(context, task) == ""

    @pytest.mark.parametrize(
        ("window", "told"),
        [
            (None, ", the last 90d, the default: `window` sets another"),
            ("7d", ", the last 1w"),
            ("all", ""),
        ],
    )
    def test_stands_in_the_pulls_report(
        self, tmp_path: Path, sources: dict[str, MemorySource], window: str | None, told: str
    ) -> None:
        more: dict[str, Any] = {"window": window} if window else {}
        with memory_context(tmp_path, Suggests(sources), connectors=BOTH, **more) as context:
            assert bounded(context, context.task("mail")) == told
            assert bounded(context, context.task("mail"), "crowd") == told
            spans = describe_spans(context.settings, context.plugins, context.task("mail"))
        assert set(spans) == set(BOTH)

    def test_leaves_what_was_read_before_known(self, tmp_path: Path) -> None:
        """Old verdicts are not pulled again; their incidents are neither raised nor forgotten."""
        source = MemorySource(list(make_incidents(60, seed=1, labelled=1.0)))
        plugin = Suggests({"mail": source})
        with memory_context(tmp_path, plugin, connectors=("mail",), window="all") as context:
            build_dataset(context, "mail")
            before = context.store.verdicts.list("mail", limit=100)
        with memory_context(tmp_path, plugin, connectors=("mail",)) as context:
            with pytest.raises(DataError, match=r"raise tasks.mail.window, now 90d, or set it"):
                build_dataset(context, "mail")
            assert context.store.verdicts.list("mail", limit=100) == before
        assert len(before) == 60


class TestLostConnector:
    def test_ends_the_pull_with_its_name(
        self, tmp_path: Path, sources: dict[str, MemorySource]
    ) -> None:
        sources["mail"].available = False
        seen: list[str] = []
        with opened(tmp_path, sources) as context:
            pages = pull_all(context, context.task("mail"), EVERYTHING, None)
            with pytest.raises(ConnectorUnavailableError, match=r"connector 'mail': .* is away"):
                seen.extend(str(page.cursor) for page in pages)
            sources["mail"].available = True
            rest = pulled(context, seen[-1])
        assert sum(len(page.incidents) for page in rest) == SIZES["mail"]

    def test_resumes_a_build_to_the_same(
        self, tmp_path: Path, sources: dict[str, MemorySource], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ingest_module, "_CHUNK_INCIDENTS", 40)
        for name, source in sources.items():
            source.records = list(make_incidents(20 * SIZES[name], seed=1, labelled=1.0))
        digests = []
        for name, available in (("lost", False), ("whole", True)):
            folder = tmp_path / name
            folder.mkdir()
            plugin = SeveralPlugin(sources, page_size=20)
            with memory_context(folder, plugin, connectors=BOTH, steps={}) as context:
                sources["mail"].available = available
                if not available:
                    with pytest.raises(ConnectorUnavailableError, match="connector 'mail'"):
                        build_dataset(context, "mail")
                    assert context.store.snapshots.list("mail") == []
                    sources["mail"].available = True
                digests.append(build_dataset(context, "mail").snapshot)
                (run,) = context.store.runs.list("mail")
                assert run.status == "succeeded"
        assert digests[0] == digests[1]
