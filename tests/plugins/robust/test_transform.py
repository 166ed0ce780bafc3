"""The transform keeps the contract of transforms; its copies say what their rows say."""

from __future__ import annotations

import pytest

from sftsec_core.api import ConfigError, InputField, InputKind, TransformSpec
from sftsec_core.testing import TransformContract, make_examples, make_task
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.hooks import sftsec_register_transforms
from sftsec_robust.settings import AdversarialSettings, CanonicalSettings
from sftsec_robust.transform import adversarial, check_text


class TestAdversarialTransform(TransformContract):
    def spec(self) -> TransformSpec:
        return sftsec_register_transforms()[0]


class TestCopies:
    def test_weigh_together_what_the_row_weighed(self) -> None:
        made = adversarial(AdversarialSettings(copies=3), make_examples(20), make_task(), 1)
        weights: dict[str, float] = {}
        for each in made.examples:
            origin = each.uid.partition("~")[0]
            weights[origin] = weights.get(origin, 0) + each.weight
        assert len(weights) == 20
        assert all(weight == pytest.approx(1) for weight in weights.values())
        assert made.notes["copies"] == len(made.examples) - 20 > 20

    def test_both_labels_are_disguised(self) -> None:
        made = adversarial(AdversarialSettings(), make_examples(20), make_task(), 1)
        copied = {each.label for each in made.examples if not each.judged}
        assert copied == {"benign", "malicious"}

    def test_are_written_as_the_step_writes(self) -> None:
        settings = CanonicalSettings()
        made = adversarial(AdversarialSettings(), make_examples(10), make_task(), 1)
        copies = [str(each.inputs["text"]) for each in made.examples if not each.judged]
        assert all(canonical_text(copy, settings) == copy for copy in copies)

    def test_raw_ones_where_there_is_no_step(self) -> None:
        config = AdversarialSettings(canonical=None)
        made = adversarial(config, make_examples(30), make_task(), 1)
        assert any(not str(each.inputs["text"]).isascii() for each in made.examples)

    def test_share_a_cluster_with_their_row(self) -> None:
        made = adversarial(AdversarialSettings(), make_examples(10), make_task(), 1)
        clusters: dict[str, set[int]] = {}
        for each in made.examples:
            clusters.setdefault(each.uid.partition("~")[0], set()).add(each.cluster)
        assert all(len(found) == 1 for found in clusters.values())


class TestCheck:
    def test_task_without_a_text_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="name fields in `text`"):
            check_text(AdversarialSettings(), [InputField("n", InputKind.NUMBER, ("n",))])
