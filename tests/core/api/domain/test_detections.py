"""A detection's uid: the same for a repeat, another for another model, incident or content."""

from __future__ import annotations

from sftsec_core.api.domain import detection_uid

UID = "3c3d02c2a496d9bcc624981dccdccc65cd7f1fc1"


class TestUid:
    def test_is_pinned_between_versions(self) -> None:
        """Another uid for what was pushed already would push it again."""
        assert detection_uid("0" * 64, "incident-1", "1" * 32) == UID

    def test_differs_for_model_incident_and_content(self) -> None:
        uids = {
            detection_uid(model, uid, inputs)
            for model in ("a", "ab")
            for uid in ("c", "bc", "")
            for inputs in ("d", "")
        }
        assert len(uids) == 12
