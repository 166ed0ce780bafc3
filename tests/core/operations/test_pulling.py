"""One stream of pages from several connectors, resumed in the middle of any."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import IncidentPage, PullWindow
from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.dataset import ingest as ingest_module
from sftsec_core.dataset.sources import SourcePage
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.pulling import pull_all, required_fields
from sftsec_core.testing import MemorySource, make_incidents
from tests.core.operations.memory_site import SeveralPlugin, memory_context

BOTH = ("crowd", "mail")
SIZES = {"crowd": 5, "mail": 3}


@pytest.fixture
def sources() -> dict[str, MemorySource]:
    return {name: MemorySource(list(make_incidents(SIZES[name], seed=1))) for name in BOTH}


def opened(folder: Path, sources: dict[str, MemorySource], *names: str) -> Context:
    return memory_context(folder, SeveralPlugin(sources, page_size=2), connectors=names or BOTH)


def pulled(context: Context, cursor: str | None = None) -> list[IncidentPage]:
    return list(pull_all(context, context.task("mail"), PullWindow(), cursor))


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


class TestLostConnector:
    def test_ends_the_pull_with_its_name(
        self, tmp_path: Path, sources: dict[str, MemorySource]
    ) -> None:
        sources["mail"].available = False
        seen: list[str] = []
        with opened(tmp_path, sources) as context:
            pages = pull_all(context, context.task("mail"), PullWindow(), None)
            with pytest.raises(ConnectorUnavailableError, match=r"connector 'mail': .* is away"):
                seen.extend(page.cursor for page in pages)
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
