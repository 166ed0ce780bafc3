"""sftsec's contracts, inherited: the whole test of a plugin that does nothing unusual."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sftsec_example.hooks
from sftsec_example.connector import OWN, CsvConfig, CsvConnector

from sftsec_core.api.contracts import RecipeSpec, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.testing import (
    ConnectorContract,
    PluginContract,
    RecipeContract,
    StepContract,
    make_detections,
    make_incidents,
)


class TestPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_example.hooks


class TestConnector(ConnectorContract):
    def fill(self, folder: Path, incidents: Sequence[Incident]) -> None:
        fields = list(incidents[0].fields) if incidents else []
        with (folder / "incidents.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, [*OWN, *fields])
            rows.writeheader()
            rows.writerows(_row(incident) for incident in incidents)

    def connect(self, folder: Path) -> CsvConnector:
        return CsvConnector(CsvConfig(folder=folder, page_size=self.page_size))

    def pushed(self, folder: Path) -> Sequence[str]:
        file = folder / "detections.csv"
        if not file.exists():
            return []
        with file.open(encoding="utf-8", newline="") as rows:
            return [row["uid"] for row in csv.DictReader(rows)]

    def spoil(self, folder: Path) -> str | None:
        with (folder / "incidents.csv").open("a", encoding="utf-8") as file:
            file.write("spoilt,tomorrow at noon,,,,some text,a host\n")
        return "tomorrow at noon"

    @pytest.mark.parametrize("cut", [1, 20, 60, 100])
    def test_a_row_that_a_kill_cut_short_is_written_again(self, tmp_path: Path, cut: int) -> None:
        self.fill(tmp_path, make_incidents(1))
        first, second = make_detections(2)
        self.connect(tmp_path).push([first, second])
        file = tmp_path / "detections.csv"
        file.write_bytes(file.read_bytes()[:-cut])
        receipt = self.connect(tmp_path).push([first, second])
        assert (receipt.duplicates, receipt.written) == ((first.uid,), (second.uid,))
        assert self.pushed(tmp_path) == [first.uid, second.uid]


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
