"""sftsec's contracts, inherited: the whole test of a plugin that does nothing unusual."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import sftsec_example.hooks
from sftsec_example.connector import OWN

from sftsec_core.api.contracts import ConnectorSpec, RecipeSpec, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.testing import (
    ConnectorContract,
    Platform,
    PluginContract,
    RecipeContract,
    StepContract,
    StoredDetection,
    make_detections,
    make_incidents,
)


class TestPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_example.hooks


class CsvPlatform(Platform):
    """The folder. A row holds one verdict, and rows are numbered, so none is taken away."""

    keeps_history: ClassVar[bool] = False
    keeps_reading: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.export = folder / "export"
        self.export.mkdir()

    def spec(self) -> ConnectorSpec[Any]:
        return sftsec_example.hooks.sftsec_register_connectors()[0]

    def options(self) -> Mapping[str, Any]:
        return {"folder": str(self.export), "page_size": self.page_size}

    def fill(self, incidents: Sequence[Incident]) -> None:
        path = self.export / "incidents.csv"
        new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, [*OWN, "message", "host.name", "user.name"])
            if new:
                rows.writeheader()
            rows.writerows(_row(incident) for incident in incidents)

    def pushed(self) -> Sequence[StoredDetection]:
        return [
            StoredDetection(row["uid"], row["incident"], row["label"], float(row["probability"]))
            for row in _read(self.export / "detections.csv")
        ]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        away = self.folder / "away"
        self.export.rename(away)
        try:
            yield
        finally:
            away.rename(self.export)

    def spoil(self) -> str:
        with (self.export / "incidents.csv").open("a", encoding="utf-8") as file:
            file.write("spoilt,tomorrow at noon,,,,some text,a host,a user\n")
        return "tomorrow at noon"

    def requested(self) -> Sequence[str]:
        path = self.export / "requests.txt"
        return path.read_text(encoding="utf-8").split() if path.exists() else []


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


class TestConnector(ConnectorContract):
    platform = CsvPlatform

    @pytest.mark.parametrize("cut", [1, 20, 60, 100])
    def test_a_row_that_a_kill_cut_short_is_written_again(self, tmp_path: Path, cut: int) -> None:
        platform = CsvPlatform(tmp_path)
        platform.fill(make_incidents(1))
        first, second = make_detections(2)
        platform.connect().push([first, second])
        file = platform.export / "detections.csv"
        file.write_bytes(file.read_bytes()[:-cut])
        receipt = platform.connect().push([first, second])
        assert (receipt.duplicates, receipt.written) == ((first.uid,), (second.uid,))
        assert [each.uid for each in platform.pushed()] == [first.uid, second.uid]


class TestDefang(StepContract):
    def spec(self) -> StepSpec[Any]:
        return sftsec_example.hooks.sftsec_register_steps()[0]

    def incidents(self) -> Sequence[Incident]:
        urls = ("https://a.example/x.html", "see HTTP://b.c.example", "hxxp://d[.]example", "")
        return [
            replace(incident, fields={"message": url})
            for incident, url in zip(make_incidents(4), urls, strict=True)
        ]

    def test_hosts_lose_their_dots_and_paths_keep_them(self) -> None:
        texts = [incident.fields["message"] for incident in self._step()(self.incidents())]
        assert texts == [
            "hxxps://a[.]example/x.html",
            "see HxxP://b[.]c[.]example",
            "hxxp://d[.]example",
            "",
        ]


class TestNaiveBayes(RecipeContract):
    def spec(self) -> RecipeSpec[Any]:
        return sftsec_example.hooks.sftsec_register_recipes()[0]


def _row(incident: Incident) -> dict[str, str]:
    verdict = incident.verdicts[0] if incident.verdicts else None
    return {
        "id": incident.uid,
        "time": incident.at.isoformat() if incident.at else "",
        "verdict": verdict.value if verdict else "",
        "analyst": (verdict.analyst or "") if verdict else "",
        "judged": verdict.at.isoformat() if verdict and verdict.at else "",
        **{name: str(value) for name, value in incident.fields.items()},
    }
