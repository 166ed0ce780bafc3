"""Names and quoted texts are replaced, words of the configuration are not, and all turn back."""

from __future__ import annotations

import pytest

from sftsec_core.evidence.pseudonyms import Pseudonyms, has_pseudonym, restored

SALT = b"s" * 32


def names(*people: str, words: tuple[str, ...] = ()) -> Pseudonyms:
    return Pseudonyms(SALT, people, words)


class TestPerson:
    def test_is_the_same_on_one_site(self) -> None:
        assert names().person("alice") == names("bruno").person("alice")
        assert names().person("alice") != names().person("Alice")

    def test_differs_under_another_salt(self) -> None:
        assert names().person("alice") != Pseudonyms(b"t" * 32, (), ()).person("alice")

    def test_without_a_name_says_so(self) -> None:
        assert names().person(None) == "(not named)"
        assert names().person("(others)") == "(others)"


class TestInText:
    @pytest.mark.parametrize(
        "text",
        [
            "of the labels, more than 5% rest on alice",
            "ALICE approved it",
            "alice@corp.example asked",
            "by (alice), then bob",
            "ann lee and alice",
            "İ alice",  # its small form is two characters
        ],
    )
    def test_replaces_whole_words_in_any_case(self, text: str) -> None:
        shared = names("alice", "ann lee").in_text(text)
        assert "alice" not in shared.lower()
        assert "ann lee" not in shared
        assert has_pseudonym(shared)

    def test_leaves_parts_of_words_alone(self) -> None:
        assert names("ann").in_text("annual channel ann_x") == "annual channel ann_x"

    def test_finds_a_name_inside_a_longer_one(self) -> None:
        shared = names("ann", "ann lee").in_text("ann leeds")
        assert shared == f"{names().person('ann')} leeds"

    def test_keeps_words_of_the_configuration(self) -> None:
        of_site = names("linear", "person", words=("linear",))
        assert of_site.in_text("recipe linear") == "recipe linear"
        assert of_site.person("linear").startswith("person-")
        assert of_site.in_text(of_site.person("bob")) == of_site.person("bob")


class TestSentence:
    def test_hides_what_a_message_quotes(self) -> None:
        shared = names().sentence("the phrase 'zebra canary' and \"it's late\" are bound to it")
        assert "zebra" not in shared
        assert "late" not in shared
        assert shared.count("text-") == 2

    def test_keeps_quoted_words_and_settings(self) -> None:
        told = "the class 'malicious' has 3; set `gate.min_labels` or run `sftsec retrain x`"
        assert names(words=("malicious",)).sentence(told) == told

    def test_takes_no_apostrophe_for_a_quote(self) -> None:
        told = "the model's recall and the analysts' verdicts"
        assert names().sentence(told) == told

    def test_gives_a_quoted_person_one_pseudonym(self) -> None:
        of_site = names("alice")
        assert of_site.sentence("rests on 'alice'") == f"rests on '{of_site.person('alice')}'"


class TestValues:
    def test_of_groups_are_replaced(self) -> None:
        of_site = Pseudonyms(SALT, ["alice"], ["host.name"], ["fin-laptop 7", "42"], ["host.name"])
        told = "Of the 42 attacks of host.name=fin-laptop 7, and of host.name=42, by alice"
        shared = of_site.sentence(told)
        assert "fin-laptop" not in shared
        assert shared.startswith("Of the 42 attacks of host.name=value-")
        assert "host.name=42" not in shared
        assert restored(shared, of_site.replaced) == told


class TestError:
    def test_hides_addresses_and_places(self) -> None:
        told = "connector 'siem': https://ann:x@siem.corp:8089/a did not answer (/srv/sftsec/x.pem)"
        shared = names(words=("siem",)).error(told)
        assert "corp" not in shared
        assert "srv" not in shared
        assert shared.startswith("connector 'siem': value-")

    def test_keeps_ratios_and_plain_words(self) -> None:
        assert names().error("3/4 of and/or 1 / 2: no") == "3/4 of and/or 1 / 2: no"


class TestRestored:
    def test_turns_all_back(self) -> None:
        of_site = names("alice", "O'Brien")
        told = {"alice": ["by alice: 'zebra'", 3, None], "who": 'or "O\'Brien"'}
        shared = of_site.shared(told)
        assert "alice" not in str(shared)
        assert has_pseudonym(shared)
        assert restored(shared, of_site.replaced) == told

    def test_leaves_what_is_not_known(self) -> None:
        shared = names("alice").shared(["alice"])
        assert restored(shared, {}) == shared
        assert not has_pseudonym(["person-x", 1, {"a": None}])
