"""The benchmark's site: two models of one encoder, and the peer that reads the same files."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.bench.bare_service import load
from sftsec_core.bench.serve_site import LABELS, MAX_LENGTH, TASK, ServeSite, serve_site

TEXTS = ["GET https://login.example/verify?id=1", "a", "word " * 300]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeSite]:
    with serve_site(tmp_path_factory.mktemp("site")) as made:
        yield made


class TestServeSite:
    def test_peer_scores_as_the_model(self, site: ServeSite) -> None:
        loaded = site.context.registry.load(site.models[0])
        ours = loaded.model.predict_proba(Batch.of_texts(TEXTS))
        theirs = load(site.models[0].folder, MAX_LENGTH)(TEXTS)
        for row, found in zip(ours, theirs, strict=True):
            # Ours may multiply in bfloat16, as it does where it is served.
            assert found["probabilities"] == pytest.approx(row.tolist(), abs=2e-3)
            assert found["label"] == LABELS[row.argmax()]

    def test_swaps_the_live_model(self, site: ServeSite) -> None:
        first, second = (each.digest for each in site.models)
        assert first != second
        with site.swapping(0.01) as moved:
            deadline = time.monotonic() + 20
            while len(moved) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
        assert moved[:3] == [second, first, second]
        live = site.context.registry.live(TASK)
        assert live is not None
        assert live.digest == moved[-1]
