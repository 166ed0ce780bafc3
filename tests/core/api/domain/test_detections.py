"""A detection's uid: the same for a repeat, another for another model or incident."""

from __future__ import annotations

from sftsec_core.api.domain import detection_uid

UID = "3e510f08657b7b35b7cbbdf996ab94a2afbbf2c3"


class TestUid:
    def test_is_pinned_between_versions(self) -> None:
        """Another uid for what was pushed already would push it again."""
        assert detection_uid("0" * 64, "incident-1") == UID

    def test_differs_for_model_and_incident(self) -> None:
        uids = {detection_uid(model, uid) for model in ("a", "ab") for uid in ("c", "bc", "")}
        assert len(uids) == 6
