"""The model asks about what it is least sure of."""

from __future__ import annotations

from sftsec_core.api.domain import TEXT_INPUT, IncidentPage, TaskSpec, inputs_digest
from sftsec_core.scoring.judged import JudgedInPage
from sftsec_core.scoring.sampling import label_requests, most_uncertain
from tests.core.scoring.parts import WordModel, incident, scorer

# WordModel: ham 1, spam 3 a word: no word 0.00, one 0.75, two 0.86 of being an attack.
TEXTS = ("hello", "spam", "spam spam", "spam virus spam", "lunch")


def pages(*texts: str, size: int = 2) -> list[IncidentPage]:
    made = [incident(number, text) for number, text in enumerate(texts)]
    return [IncidentPage(tuple(made[i : i + size]), str(i)) for i in range(0, len(made), size)]


def test_nearest_to_the_threshold_comes_first() -> None:
    found = most_uncertain(pages(*TEXTS), scorer(threshold=0.8), 2)
    assert [each.text for each in found] == ["spam", "spam spam"]
    assert found[0].doubt <= found[1].doubt


def test_more_than_there_are_gives_all() -> None:
    assert len(most_uncertain(pages(*TEXTS), scorer(), 100)) == len(TEXTS)


def test_what_analysts_judged_is_left_out() -> None:
    texts = ("spam", "lunch", "spam spam")
    contents = {
        "incident 0": frozenset({inputs_digest({TEXT_INPUT: "spam"})}),
        "incident 2": frozenset({inputs_digest({TEXT_INPUT: "spam"})}),
    }
    judged = JudgedInPage(frozenset({"incident 1"}), contents)
    found = most_uncertain(pages(*texts), scorer(), 3, judged=lambda _page: judged)
    assert [each.text for each in found] == ["spam spam"]


def test_copies_of_a_text_are_requested_once() -> None:
    found = most_uncertain(pages("spam", "spam", "spam", "hello"), scorer(), 3)
    assert {each.text: each.uid for each in found} == {
        "spam": "incident 0",
        "hello": "incident 3",
    }


def test_margin_decides_without_benign() -> None:
    task = TaskSpec.of_text("kind", ("message",), ("ham", "spam", "virus"))
    found = most_uncertain(pages("spam virus", "spam", "hello"), scorer(WordModel(), task=task), 1)
    assert [each.text for each in found] == ["spam virus"]
    assert found[0].doubt == 0


def test_it_tells_how_far_it_is() -> None:
    seen: list[int] = []
    most_uncertain(pages(*TEXTS), scorer(), 1, seen.append)
    assert seen == [2, 4, 5]


def test_request_shows_the_doubt_and_event() -> None:
    decide_page = scorer(threshold=0.8)
    (asked,) = label_requests(most_uncertain(pages(*TEXTS), decide_page, 1), decide_page)
    assert (asked.incident_uid, asked.task, asked.label) == ("incident 1", "mail", "ham")
    assert asked.probability == 0.75
    assert asked.reason == "the model is not sure: 0.75, 0.05 from the threshold of 0.80"
    assert asked.fields["message"] == "spam"


def test_request_without_benign_names_no_threshold() -> None:
    decide_page = scorer(
        WordModel(), task=TaskSpec.of_text("kind", ("message",), ("ham", "spam", "virus"))
    )
    (asked,) = label_requests(most_uncertain(pages("spam"), decide_page, 1), decide_page)
    assert (asked.label, asked.reason) == (
        "spam",
        "the model is not sure: 0.75, 0.50 from another class",
    )


def test_copies_are_named_beside_the_first() -> None:
    found = most_uncertain(pages("spam", "spam", "hello", "spam", "hello"), scorer(), 1)
    assert [(each.uid, each.copies) for each in found] == [
        ("incident 0", ("incident 1", "incident 3"))
    ]
