"""Copies of training rows: of which fields, with what weight, in which cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sftsec_core.api.contracts import TrainedModel, TrainJob, TransformResult, TransformSpec
from sftsec_core.api.domain import Batch, Example, InputField, InputKind, TaskSpec
from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.dataset.augment import SPEC, AugmentConfig, augment, find_targets
from sftsec_core.dataset.groups import find_groups
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.linear import train_linear
from sftsec_core.testing import TransformContract, make_examples, make_task

LINES = (
    "ls -l -a /home/ann7/{}",
    "curl -k -s -o x.sh http://10.1.2.3/{}",
    "nothing of the kind {}",
)
TWO = (
    InputField("text", InputKind.TEXT, ("process.command_line", "url.full"), ("message",)),
    InputField("host", InputKind.CATEGORY, ("host.name",)),
)


def rows(count: int = 12) -> list[Example]:
    labels = make_task().labels
    return [
        Example.of_text(f"u{n}", LINES[n % 3].format(n), labels[n % len(labels)], weight=0.75)
        for n in range(count)
    ]


def copied(
    examples: Sequence[Example], task: TaskSpec | None = None, **more: Any
) -> TransformResult:
    settings = {"fields": {"text": ["options", "users", "addresses"]}, "copies": 3, **more}
    return augment(AugmentConfig.model_validate(settings), examples, task or make_task(), 13)


def of_two(command: str, url: str, *, message: str = "", host: str = "web") -> Example:
    own = [part for part in (command, url) if part] or [message]
    return Example(
        "u",
        {"text": "\n".join(own), "host": host},
        "benign",
        extents={"text": (len(command), len(url), 0 if command or url else len(message))},
    )


class TestAugmentContract(TransformContract):
    def spec(self) -> TransformSpec[Any]:
        return SPEC

    def config(self) -> Mapping[str, Any]:
        return {"fields": {"text": ["options", "addresses"]}, "copies": 2}

    def examples(self) -> Sequence[Example]:
        return rows()


class TestAugment:
    def test_each_row_is_before_its_copies(self) -> None:
        made = copied(rows()).examples
        names = [each.uid.split("~")[0] for each in made]
        assert [each.uid for each in made if "~" not in each.uid] == [each.uid for each in rows()]
        assert names == sorted(names, key=lambda name: int(name[1:]))

    def test_copies_differ_from_all_else(self) -> None:
        result = copied(rows())
        assert len({each.digest for each in result.examples}) == len(result.examples)
        assert result.notes["originals"] == 12
        assert result.notes["copies"] == len(result.examples) - 12 > 12
        assert result.notes["without_a_copy"] == 4

    def test_weight_of_a_row_is_shared(self) -> None:
        totals: dict[str, float] = {}
        for each in copied(rows()).examples:
            totals[each.uid.split("~")[0]] = totals.get(each.uid.split("~")[0], 0) + each.weight
        assert totals == pytest.approx({each.uid: 0.75 for each in rows()})

    def test_copies_share_the_unit_of_their_row(self) -> None:
        given = rows()
        given[0] = replace(given[0], cluster=4)
        given[1] = replace(given[1], groups=("case 1",))
        made = copied(given).examples
        units = find_groups(made)
        owners = [each.uid.split("~")[0] for each in made]
        assert len(set(zip(owners, units.tolist(), strict=True))) == len(set(owners)) == 12
        assert len(set(units.tolist())) == 12
        assert made[0].cluster == 4

    def test_only_copies_are_not_judged(self) -> None:
        assert all(each.judged == ("~" not in each.uid) for each in copied(rows()).examples)

    def test_do_not_depend_on_other_rows(self) -> None:
        alone = {each.uid: each.inputs for each in copied(rows()[:1]).examples}
        among = {each.uid: each.inputs for each in copied(rows()).examples}
        assert alone.items() <= among.items()

    def test_rows_without_trust_have_none(self) -> None:
        given = [replace(each, weight=0.0) for each in rows()]
        assert copied(given).notes == {"originals": 12, "copies": 0, "without_a_copy": 12}

    def test_uids_of_other_rows_are_free(self) -> None:
        given = [*rows(3), replace(rows(3)[0], uid="u0~1", inputs={"text": "x"})]
        names = [each.uid for each in copied(given).examples]
        assert len(set(names)) == len(names)


class TestFields:
    def task(self) -> TaskSpec:
        return replace(make_task(), inputs=TWO)

    def texts(self, example: Example, fields: Mapping[str, Any]) -> list[str]:
        made = copied([example], self.task(), fields=fields).examples
        return [str(each.inputs["text"]) for each in made[1:]]

    def test_each_has_its_own_rewritings(self) -> None:
        both = of_two("ls -l -a '/x?a=1&b=2'", "/p?a=1&b=2&c=3")
        found = self.texts(both, {"process.command_line": ["options"]})
        assert set(found) == {"ls -a -l '/x?a=1&b=2'\n/p?a=1&b=2&c=3"}
        found = self.texts(both, {"url.full": ["parameters"]})
        assert found
        assert all(text.startswith("ls -l -a '/x?a=1&b=2'\n/p?") for text in found)

    def test_missing_values_are_skipped(self) -> None:
        fields = {"url.full": ["parameters"], "process.command_line": ["options"]}
        assert set(self.texts(of_two("", "a=1&b=2"), fields)) == {"b=2&a=1"}
        assert set(self.texts(of_two("ls -l -a", ""), fields)) == {"ls -a -l"}
        assert self.texts(of_two("", "", message="a=1&b=2"), fields) == []

    def test_a_fallback_is_a_field(self) -> None:
        example = of_two("", "", message="a=1&b=2")
        assert set(self.texts(example, {"message": ["parameters"]})) == {"b=2&a=1"}

    def test_names_in_other_fields_stay(self) -> None:
        users = {"process.command_line": ["users"]}
        assert self.texts(of_two("ls /home/ann7/", "x", host="web"), users)
        assert self.texts(of_two("ls /home/ann7/", "x", host="ann7"), users) == []
        assert self.texts(of_two("ls /home/ann7/", "/ann7"), users) == []

    def test_names_agree_between_fields(self) -> None:
        both = {name: ["users"] for name in ("process.command_line", "url.full")}
        for text in self.texts(of_two("ls /home/ann7/", "/ann7"), both):
            command, url = text.split("\n")
            assert command.split("/")[2] == url.removeprefix("/") != "ann7"

    def test_the_whole_text_is_one(self) -> None:
        made = self.texts(of_two("ls -l -a", "ps -e -f"), {"text": ["options"]})
        assert set(made) == {"ls -a -l\nps -f -e"}

    def test_a_changed_text_is_left(self) -> None:
        wrong = replace(of_two("ls -l -a", "x"), inputs={"text": "ls -l -a x"})
        right = of_two("ls -l -a", "x")
        made = copied([wrong, replace(right, uid="v")], self.task(), fields={"url.full": ["case"]})
        assert made.notes["copies"] == 0


def tied(count: int, users: Mapping[str, str], seed: int = 0) -> list[Example]:
    """Rows whose text ends with a user that its label decides."""
    return [
        replace(each, inputs={"text": f"{each.inputs['text']}\n/home/{users[each.label]}"})
        for each in make_examples(count, seed=seed)
    ]


def linear(train: Sequence[Example]) -> TrainedModel:
    return train_linear(
        TrainJob(
            task=make_task(),
            train=train,
            dev=(),
            config=LinearConfig(),
            settings=TrainSettings(),
            workdir=Path(),
        )
    )


class TestWhatCopiesTeach:
    def test_a_user_is_less_of_evidence(self) -> None:
        users = {"benign": "mary31", "malicious": "kevin72"}
        one, other = (
            Batch.of_examples(make_task().inputs, tied(40, dict.fromkeys(users, name), seed=1))
            for name in users.values()
        )
        train = tied(24, users)
        taught = copied(train, fields={"text": ["users"]}, copies=8).examples
        alone, less = (
            np.abs(model.predict_proba(one) - model.predict_proba(other)).mean()
            for model in (linear(train), linear(taught))
        )
        assert alone > 0.1
        assert less < alone / 2


class TestWrongSettings:
    def test_unknown_fields_are_named(self) -> None:
        config = AugmentConfig(fields={"url.ful": ("case",)})
        with pytest.raises(
            ConfigError, match=r"'url\.ful', did you mean 'url\.full'\? \(known: mes"
        ):
            find_targets(config, TWO)

    def test_a_category_is_no_text(self) -> None:
        with pytest.raises(ConfigError, match=r"unknown field 'host\.name'"):
            find_targets(AugmentConfig(fields={"host.name": ("hosts",)}), TWO)

    def test_a_text_and_its_field_clash(self) -> None:
        config = AugmentConfig(fields={"text": ("case",), "url.full": ("case",)})
        with pytest.raises(ConfigError, match="name 'text', the whole text, or fields of it"):
            find_targets(config, TWO)

    def test_a_rendered_text_has_no_fields(self) -> None:
        example = replace(of_two("ls", "x"), extents=None)
        with pytest.raises(ConfigError, match="a renderer or a transform before it wrote the text"):
            copied([example], replace(make_task(), inputs=TWO), fields={"url.full": ["case"]})

    @pytest.mark.parametrize(
        "wrong",
        [{"fields": {}}, {"fields": {"text": []}}, {"copies": 9}, {"fields": {"text": ["x"]}}],
    )
    def test_are_refused_at_once(self, wrong: Mapping[str, Any]) -> None:
        with pytest.raises(ValidationError):
            AugmentConfig.model_validate({"fields": {"text": ["case"]}, **wrong})
