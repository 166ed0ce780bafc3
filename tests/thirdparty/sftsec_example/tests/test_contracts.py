"""sftsec's contracts, inherited: the whole test of a plugin that does nothing unusual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sftsec_example.hooks
from sftsec_example.audit import LengthsConfig, errors_by_length
from sftsec_example.connector import DeskConfig
from sftsec_example.decisions import LabelledLinesConfig, labelled_lines

from sftsec_core.api import (
    AttackSpec,
    AuditSpec,
    ConnectorSpec,
    Detection,
    EvalReport,
    ExplainerSpec,
    Incident,
    RecipeSpec,
    RendererSpec,
    StepSpec,
    TransformSpec,
    Verdict,
    VoterSpec,
)
from sftsec_core.testing import (
    AttackContract,
    AuditContract,
    ConnectorContract,
    ExplainerContract,
    Platform,
    PluginContract,
    RecipeContract,
    RendererContract,
    StepContract,
    StoredDetection,
    TransformContract,
    VoterContract,
    make_audit_input,
    make_incidents,
    make_report,
    make_task,
)

TOKEN = "a-token-that-no-log-may-show"


def beside(name: str) -> Any:
    """Import a module that stands beside this one."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_example.hooks


# --- the connector


class DeskPlatform(Platform):
    """A desk of its own for each test that changes it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stack = ExitStack()
        self.desk = self.stack.enter_context(beside("desk").start_desk(TOKEN))
        (folder / "token").write_text(TOKEN, encoding="utf-8")

    def spec(self) -> ConnectorSpec[Any]:
        return sftsec_example.hooks.sftsec_register_connectors()[0]

    def options(self) -> Mapping[str, Any]:
        return {
            "url": self.desk.url,
            "token": f"file:{self.folder / 'token'}",
            "page_size": self.page_size,
            "retry_timeout": "0.2s",
        }

    def fill(self, incidents: Sequence[Incident]) -> None:
        for each in incidents:
            assert each.at is not None
            self.desk.add(each.uid, each.at.isoformat(), each.fields)
            for verdict in each.verdicts:
                self.add_verdict(each.uid, verdict)

    def pushed(self) -> Sequence[StoredDetection]:
        return [
            StoredDetection(a["id"], a["incident"], a["label"], a["probability"], a["labels"])
            for a in self.desk.alerts.values()
        ]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self.desk.away = True
        try:
            yield
        finally:
            self.desk.away = False

    def spoil(self) -> str:
        self.desk.add("spoilt", "tomorrow at noon", {"message": "hunter2"})
        return "tomorrow at noon"

    def remove(self, uid: str) -> None:
        [number] = [n for n, record in self.desk.incidents.items() if record["id"] == uid]
        del self.desk.incidents[number]

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        assert verdict.at is not None
        self.desk.judge(uid, verdict.value, verdict.analyst, verdict.at.isoformat())

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        self.add_verdict(detection.uid, verdict)

    def unwritable(self, detection: Detection) -> Detection:
        return replace(detection, fields={"source.ip": "nowhere"})

    def requested(self) -> Sequence[str]:
        return list(self.desk.requests)

    def records_read(self) -> int:
        return int(self.desk.served)

    def secrets(self) -> Sequence[str]:
        return [TOKEN]

    def close(self) -> None:
        self.stack.close()


class TestConnector(ConnectorContract):
    platform = DeskPlatform

    def test_refused_token_is_named_by_check(self, fresh: DeskPlatform) -> None:
        fresh.desk.token = "another"
        connector = fresh.connect()
        assert list(connector.check()) == ["the desk refuses the token"]
        connector.close()

    def test_literal_token_is_refused(self) -> None:
        with pytest.raises(ValueError, match="write a reference to a secret") as error:
            DeskConfig.model_validate({"url": "http://desk", "token": TOKEN})
        assert "env:NAME" in str(error.value)


# --- what else it offers


class TestDefang(StepContract):
    def spec(self) -> StepSpec[Any]:
        return sftsec_example.hooks.sftsec_register_steps()[0]

    def incidents(self) -> Sequence[Incident]:
        urls = ("https://a.example/x.html", "see HTTP://b.c.example", "hxxp://d[.]example", "")
        return [
            replace(incident, fields={"message": url})
            for incident, url in zip(make_incidents(4), urls, strict=True)
        ]

    def test_only_hosts_lose_their_dots(self) -> None:
        texts = [incident.fields["message"] for incident in self._step()(self.incidents())]
        assert texts == [
            "hxxps://a[.]example/x.html",
            "see HxxP://b[.]c[.]example",
            "hxxp://d[.]example",
            "",
        ]


class TestLabelledLines(RendererContract):
    def spec(self) -> RendererSpec[Any]:
        return sftsec_example.hooks.sftsec_register_renderers()[0]

    def test_settings_change_the_lines(self) -> None:
        config = LabelledLinesConfig(separator=" = ", longest=4)
        incident = replace(make_incidents(1)[0], fields={"message": "verify your account"})
        assert labelled_lines(config, incident, make_task()) == "message = veri"


class TestCapLabels(TransformContract):
    def spec(self) -> TransformSpec[Any]:
        return sftsec_example.hooks.sftsec_register_transforms()[0]

    def config(self) -> Mapping[str, Any]:
        return {"ratio": 1.5}

    def test_the_rarest_label_stays_whole(self) -> None:
        counted = Counter(each.label for each in self._run().examples)
        assert counted == {"malicious": 10, "benign": 15}


class TestNaiveBayes(RecipeContract):
    def spec(self) -> RecipeSpec[Any]:
        return sftsec_example.hooks.sftsec_register_recipes()[0]


class TestPrecisionFloor(VoterContract):
    def spec(self) -> VoterSpec[Any]:
        return sftsec_example.hooks.sftsec_register_voters()[0]

    def config(self) -> Mapping[str, Any]:
        return {"floor": 0.8}

    def rejected(self) -> EvalReport:
        return make_report(macro_f1=0.7)


class TestLeaveOut(ExplainerContract):
    def spec(self) -> ExplainerSpec[Any]:
        return sftsec_example.hooks.sftsec_register_explainers()[0]


class TestErrorsByLength(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return sftsec_example.hooks.sftsec_register_audits()[0]

    def config(self) -> Mapping[str, Any]:
        return {"parts": 2}

    def test_parts_go_from_short_to_long(self) -> None:
        section = errors_by_length(LengthsConfig(parts=4), make_audit_input(right=False))
        parts = section["parts"]
        assert [part["rows"] for part in parts] == [15, 15, 15, 15]
        assert [part["errors"] for part in parts] == [15, 15, 15, 15]
        assert parts == sorted(parts, key=lambda part: part["longest"])


class TestBrackets(AttackContract):
    def spec(self) -> AttackSpec[Any]:
        return sftsec_example.hooks.sftsec_register_attacks()[0]

    def texts(self) -> Sequence[str]:
        return ["log in at evil.example today"]
