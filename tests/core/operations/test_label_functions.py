"""What labelling functions do is told on the newest data set, and nothing is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Event, Message
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.label_functions import label_functions
from tests.core.operations.test_weak_labelling import incidents, opened


class TestLabelFunctions:
    def test_tells_what_each_does(self, tmp_path: Path) -> None:
        with opened(tmp_path) as context:
            build_dataset(context, "mail")
            found = label_functions(context, "mail", examples=2)
        tool, copy, worse = found.functions
        assert tool.coverage == copy.coverage == worse.conflicts == 1.0
        assert tool.accuracy is not None
        assert tool.low is not None
        assert tool.low < tool.accuracy < 1.0
        assert (tool.used, worse.used) == (True, False)
        assert sum(found.sure.values()) > 100
        assert {(pair.first, pair.second) for pair in found.collisions} >= {("tool", "copy")}

    def test_shows_votes_that_analysts_contradict(self, tmp_path: Path) -> None:
        with opened(tmp_path) as context:
            build_dataset(context, "mail")
            found = label_functions(context, "mail", examples=2)
        truth = {each.uid: each.verdicts[0].value for each in incidents() if each.verdicts}
        shown = [each for each in found.wrong if each.function == "tool"]
        assert len(shown) == 2
        for each in shown:
            assert each.label == truth[each.uid] != each.vote
            assert each.text

    def test_names_fields_that_were_not_kept(self, tmp_path: Path) -> None:
        """The function is newer than the data set."""
        with opened(tmp_path, labelling_functions={}) as context:
            build_dataset(context, "mail")
        messages: list[str] = []

        def listen(event: Event) -> None:
            messages.extend([event.text] if isinstance(event, Message) else [])

        with opened(tmp_path, sinks=[listen]) as context:
            found = label_functions(context, "mail")
        assert found.functions[0].coverage == 0.0
        assert "the data set was built without tool, which functions read" in messages[0]

    def test_refuses_without_functions_or_data(self, tmp_path: Path) -> None:
        with opened(tmp_path) as context, pytest.raises(DataError, match="has no data set yet"):
            label_functions(context, "mail")
        none = opened(tmp_path, labelling_functions={})
        with none as context, pytest.raises(ConfigError, match="functions: there are none"):
            label_functions(context, "mail")
