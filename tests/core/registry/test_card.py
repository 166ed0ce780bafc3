from __future__ import annotations

import json
import sys

from sftsec_core.api.domain import Decision, Vote
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.plugins import Plugins
from sftsec_core.registry.card import Provenance, build_card, card_markdown, decision_of, versions
from sftsec_core.registry.gate import decide
from tests.core.evaluation.rote_models import BINARY, report_of, split_of
from tests.core.registry.trained import card

SECTIONS = [
    "model_details", "intended_use", "factors", "metrics", "evaluation_data", "training_data",
    "quantitative_analyses", "ethical_considerations", "caveats_and_recommendations",
]  # fmt: skip


def test_card_has_the_papers_sections_as_json() -> None:
    made = card()
    assert [name for name in made if name in SECTIONS] == SECTIONS
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_card_names_data_encoder_seed_and_settings() -> None:
    decision = Decision(True, (Vote("a", True, "fine"),))
    encoder = {"name": "minilm", "sha256": "cd" * 32}
    notes = {"memory": "taken in 2 parts each"}
    provenance = Provenance(
        "run-9", "ab" * 32, 7, {"train": {"recipe": "full"}}, encoder, fit_notes=notes
    )
    made = build_card(report_of(data={"conflicts": 4}), decision, BINARY, provenance)
    assert made["model_details"]["encoder"] == encoder
    assert made["model_details"]["seed"] == 7
    assert made["model_details"]["fit_notes"] == notes
    assert made["model_details"]["settings"] == {"train": {"recipe": "full"}}
    assert made["training_data"]["snapshot"] == "ab" * 32
    assert made["training_data"]["conflicts"] == 4
    assert set(made["evaluation_data"]["leaks"].values()) == {0}
    assert len(made["quantitative_analyses"]["figures"]["candidate"]["macro_f1"]) == 3


def test_gates_decision_is_read_back() -> None:
    report = report_of()
    decision = decide(Plugins(("core",)), report, None, GateSettings(min_labels=10_000))
    assert not decision.approved
    made = json.loads(json.dumps(build_card(report, decision, BINARY, Provenance("r"))))
    assert decision_of(made) == decision


def test_versions_name_packages_not_the_host() -> None:
    found = versions()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"sftsec", "numpy", "scikit-learn", "safetensors"} <= found.keys()


def test_card_holds_no_text_of_incidents() -> None:
    report = report_of(split=split_of(text="SECRET-TEXT"), skills=(1.0, 1.0))
    assert report.worst_errors
    decision = Decision(True, (Vote("a", True, "fine"),))
    made = build_card(report, decision, BINARY, Provenance("r"))
    assert "SECRET-TEXT" not in json.dumps(made)


def test_markdown_is_whole_and_escapes_labels() -> None:
    made = card() | {"factors": {"classes": {"<img src=x>|`a`": {"f1": 0.5}}}}
    text = card_markdown(made)
    for section in SECTIONS:
        assert f"## {section.replace('_', ' ').capitalize()}" in text
    assert "&lt;img src=x&gt;\\|\\`a\\`" in text
    assert "<img" not in text
    assert "95%, percentile bootstrap" in text
