"""What raises no alert is drawn at random, the same again, with the configured probability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from sftsec_core.api.domain import LabelRequest, PullWindow, Threshold
from sftsec_core.scoring.outbox_writer import ScoreJob, score_to_outbox
from sftsec_core.scoring.recall_sample import RecallSample
from sftsec_core.scoring.scorer import score_page
from sftsec_core.sdk.threshold import ThresholdDecider
from sftsec_core.store.columns import utc_now
from sftsec_core.store.store import Store
from tests.core.scoring.parts import Pages, incident, scorer

SALT = bytes(range(32))
JOB = ScoreJob("mail", "siem", "siem", PullWindow(labelled=False), rescan=True)
REVIEWING = ThresholdDecider(Threshold(0.8, "fixed", 0.8), 0, review_from=0.5)


def source(count: int) -> Pages:
    """Every fourth raises an alert, the next one goes to review."""
    texts = ("virus spam", "spam", "hello", "lunch")
    return Pages([incident(n, texts[n % 4]) for n in range(count)], size=500)


def drawn(store: Store) -> list[tuple[str, float]]:
    now, day = utc_now(), timedelta(days=1)
    made = store.recall_draws.made("mail", "d" * 64, since=now - day, until=now + day)
    return [(uid, probability) for _, uid, probability in made]


class TestDrawRequests:
    def test_draw_the_configured_share(self, store: Store) -> None:
        asked: list[LabelRequest] = []
        mine = scorer(recall_sample=RecallSample(0.1, SALT), decider=REVIEWING)
        counts = score_to_outbox(store, source(4000), mine, JOB, request_labels=_ask(asked))
        assert 240 <= counts.drawn <= 360, "a tenth of 3,000, within 3.6 standard deviations"
        numbers = [int(uid.split()[1]) for uid, _ in drawn(store)]
        assert len(numbers) == counts.drawn
        assert {n % 4 for n in numbers} == {1, 2, 3}, "no alert, and those for review too"
        assert {probability for _, probability in drawn(store)} == {0.1}
        uids = [each.incident_uid for each in asked]
        assert len(uids) == len(set(uids)) == counts.requested
        random = [each for each in asked if "at random" in each.reason]
        assert random
        assert all("hello" in str(e.fields) or "lunch" in str(e.fields) for e in random)

    def test_are_the_same_again(self, store: Store) -> None:
        mine = scorer(recall_sample=RecallSample(0.1, SALT))
        first = score_to_outbox(store, source(200), mine, JOB)
        once = drawn(store)
        again = score_to_outbox(store, source(200), mine, JOB)
        assert 0 < first.drawn == again.drawn
        assert drawn(store) == once
        page = next(source(200).pull(JOB.window))
        other = score_page(page, replace(mine, model_digest="e" * 64))
        assert [each.incident_uid for each in other.drawn] != [uid for uid, _ in once]

    def test_are_another_sites_by_chance_alone(self, store: Store) -> None:
        """Who has the model and not the salt knows nothing of what is drawn."""
        page = next(source(2000).pull(JOB.window))
        mine, theirs = (
            {
                each.incident_uid
                for each in score_page(page, scorer(recall_sample=RecallSample(0.2, salt))).drawn
            }
            for salt in (SALT, bytes(32))
        )
        assert mine
        assert len(mine & theirs) <= 0.45 * len(mine), "0.2 is chance; 5 standard deviations"

    def test_take_a_salt(self) -> None:
        with pytest.raises(ValueError, match="salt"):
            RecallSample(0.1)

    def test_none_or_all_are_possible(self, store: Store) -> None:
        assert score_to_outbox(store, source(40), scorer(), JOB).drawn == 0
        assert (
            score_to_outbox(
                store, source(40), scorer(recall_sample=RecallSample(1.0, SALT)), JOB
            ).drawn
            == 20
        )


def _ask(asked: list[LabelRequest]) -> Callable[[Sequence[LabelRequest]], int]:
    def request(requests: Sequence[LabelRequest]) -> int:
        asked.extend(requests)
        return len(requests)

    return request
