"""Figures by group, and which one is worse than the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sftsec_core.api.contracts import AuditInput, AuditSpec
from sftsec_core.api.settings.evaluation import EvaluationSettings
from sftsec_core.evaluation.audits import AUDITS, GroupsSettings
from sftsec_core.evaluation.groups import ALPHA, compare_groups, figures_by_group
from sftsec_core.testing import AuditContract, make_audit_input
from tests.core.evaluation.audit_inputs import answered, audit_input

HOSTS = EvaluationSettings(groups=("host.type",))


def with_hosts(y: list[int], scores: list[float], hosts: list[str], **more: Any) -> AuditInput:
    given = audit_input(answered(y, scores), settings=HOSTS, **more)
    facets = [{"host.type": host} if host else {} for host in hosts]
    test = [replace(e, facets=f) for e, f in zip(given.split.test, facets, strict=True)]
    return replace(given, split=replace(given.split, test=test))


def blind_on(host: str, errors: int) -> AuditInput:
    """400 rows, half of them attacks, on two hosts; the model misses attacks on one."""
    y = [0, 1] * 200
    hosts = [("server", "laptop")[number // 2 % 2] for number in range(400)]
    scores = [0.1 + 0.8 * each for each in y]
    left = errors
    for row, (each, at) in enumerate(zip(y, hosts, strict=True)):
        if each and at == host and left:
            scores[row], left = 0.2, left - 1
    return with_hosts(y, scores, hosts)


class TestGroups:
    def test_figures_of_each_group(self) -> None:
        found = figures_by_group(GroupsSettings(), blind_on("server", 25))
        field = found["fields"]["host.type"]
        recalls = {each["value"]: each["figures"]["recall"]["value"] for each in field["groups"]}
        assert recalls == {"laptop": 1.0, "server": 0.75}
        assert field["pooled"] == {"rows": 0, "values": 0}

    def test_small_and_missing_are_counted(self) -> None:
        hosts = ["server"] * 60 + ["a", "b", "b", ""] + ["laptop"] * 36
        field = figures_by_group(GroupsSettings(), with_hosts([0, 1] * 50, [0.1, 0.9] * 50, hosts))[
            "fields"
        ]["host.type"]
        assert [each["value"] for each in field["groups"]] == ["server", "laptop"]
        assert field["pooled"] == {"rows": 3, "values": 2}
        assert field["missing"] == 1
        rows = sum(each["rows"] for each in field["groups"])
        assert rows + field["pooled"]["rows"] + field["missing"] == 100

    def test_worst_is_named_with_its_counts(self) -> None:
        (worst,) = figures_by_group(GroupsSettings(), blind_on("server", 25))["worse"]
        assert worst["value"] == "server"
        assert worst["kind"] == "missed attacks"
        counts = tuple(worst[name] for name in ("errors", "of", "rest_errors", "rest_of"))
        assert counts == (25, 100, 0, 100)

    def test_chance_seldom_names_a_group(self) -> None:
        """Of 100 evaluations without a difference about five may name one."""
        rng, named = np.random.default_rng(11), 0
        names = [f"h{number}" for number in range(6)]
        for _ in range(100):
            y = rng.integers(0, 2, 300)
            scores = np.where(rng.random(300) < 0.8, y, 1 - y) * 0.8 + 0.1
            hosts = np.array(names, np.object_)[rng.integers(0, 6, 300)]
            predictions = answered(y.tolist(), scores.tolist())
            tests = compare_groups(predictions, {"host": hosts}, {"host": names})
            assert len(tests) == 12
            named += any(each["p"] < ALPHA for each in tests)
        assert named <= 10

    def test_task_without_benign_counts_errors(self) -> None:
        given = blind_on("server", 40)
        plain = replace(given, predictions=replace(given.predictions, benign=None))
        (worst,) = figures_by_group(GroupsSettings(), plain)["worse"]
        assert (worst["kind"], worst["value"]) == ("wrong", "server")


class TestScript:
    def test_is_a_group_where_there_are_several(self) -> None:
        given = audit_input(answered([0, 1] * 100, [0.1, 0.9] * 100))
        test = [
            replace(each, inputs={"text": "слово" if number % 3 == 0 else "word"})
            for number, each in enumerate(given.split.test)
        ]
        several = replace(given, split=replace(given.split, test=test))
        groups = figures_by_group(GroupsSettings(), several)["fields"]["script"]["groups"]
        assert [each["value"] for each in groups] == ["Latin", "Cyrillic"]
        assert figures_by_group(GroupsSettings(), given)["fields"] == {}


class TestGroupsAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return next(spec for spec in AUDITS if spec.name == "groups")

    def config(self) -> dict[str, Any]:
        return {"fewest": 5}

    def sound(self) -> AuditInput:
        return self._hosted(make_audit_input())

    def faulty(self) -> AuditInput:
        return self._hosted(make_audit_input(right=False))

    def _hosted(self, given: AuditInput) -> AuditInput:
        test = [
            replace(each, facets={"connector": f"c{number % 2}"})
            for number, each in enumerate(given.split.test)
        ]
        return replace(given, split=replace(given.split, test=test))
