"""`sftsec model show`: the card of a model, for a person and for a machine."""

from __future__ import annotations

from tests.core.cli.invoke import error_of, json_of, printed
from tests.e2e.site import Site


class TestShow:
    def test_finds_by_alias_and_digest(self, site: Site) -> None:
        (listed,) = json_of(site, "model", "list", "triage")
        assert set(listed["aliases"]) == {"candidate", "live"}
        shown = json_of(site, "model", "show", "triage@live")
        assert {name: shown[name] for name in listed} == listed
        assert json_of(site, "model", "show", listed["digest"][:8], "--task", "triage") == shown
        assert shown["card"]["gate"]["incumbent"] is None
        assert [made["run"] for made in shown["runs"]] == [listed["run"]]

    def test_counts_labels_by_analyst(self, site: Site) -> None:
        card = json_of(site, "model", "show", "triage@live")["card"]
        book = card["training_data"]["analysts"]
        assert (
            sum(each["rows_alone"] for each in book.values())
            <= card["training_data"]["row_counts"]["labelled"]
        )
        assert {"share", "disagreed", "labels"} <= next(iter(book.values())).keys()
        (vote,) = (each for each in card["gate"]["votes"] if each["voter"] == "analysts")
        assert vote["approve"]

    def test_prints_the_card_as_markdown(self, site: Site) -> None:
        (listed,) = json_of(site, "model", "list")
        shown = printed(site, "model", "show", "live")
        folder = site.folder / ".sftsec" / "models" / listed["digest"]
        (file,) = folder.glob("cards/*/card.md")
        assert shown.strip() == file.read_text(encoding="utf-8").strip()

    def test_unknown_model_is_named(self, site: Site) -> None:
        error = error_of(site, "model", "show", "triage@lime")
        assert error.exit_code == 2
        assert "lime" in str(error)
        assert error_of(site, "model", "list", "tirage").exit_code == 2
