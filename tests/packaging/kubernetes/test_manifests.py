"""The manifests, against Kubernetes' own schemas and the Pod Security Standard `restricted`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from sftsec_core.api.errors import SftsecError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.config.load import load_settings
from sftsec_core.config.settings import WorkerSettings
from sftsec_core.doctor.access import secrets_in
from sftsec_core.operations.check_config import check_config
from sftsec_core.server.endpoint import SHUTDOWN_TIMEOUT_S
from tests.meta.tree import ROOT
from tests.packaging.commands import refusal

FOLDER = ROOT / "packaging" / "kubernetes"
BASE, GPU = FOLDER / "base", FOLDER / "gpu"
VERSIONS = ("1.31", "1.37")  # the oldest one that the README names, and the newest that is known
KUSTOMIZATION = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))
Manifest = dict[str, Any]


def of_file(path: Path) -> list[Manifest]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


ALL = [each for name in KUSTOMIZATION["resources"] for each in of_file(BASE / name)]


def label(manifest: Manifest) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """The template of each pod, with the name of what starts it."""
    for each in manifests:
        if each["kind"] == "Deployment":
            yield label(each), each["spec"]["template"]
        if each["kind"] == "CronJob":
            yield label(each), each["spec"]["jobTemplate"]["spec"]["template"]


def violations(pod: Manifest) -> list[str]:
    """What the Pod Security Standard `restricted` refuses of a pod's specification."""
    found = []
    for container in pod["containers"]:
        allowed = container.get("securityContext", {})
        whole = {**pod.get("securityContext", {}), **allowed}
        if not whole.get("runAsNonRoot") or not whole.get("runAsUser"):
            found.append("runs as root")
        if whole.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            found.append("has no seccomp profile")
        if allowed.get("allowPrivilegeEscalation") is not False:
            found.append("may gain privileges")
        if allowed.get("capabilities") != {"drop": ["ALL"]}:
            found.append("keeps capabilities")
    kinds = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}
    for volume in pod.get("volumes", ()):
        found += [f"mounts a {kind}" for kind in volume.keys() - kinds - {"name"}]
    return found


PODS = dict(pods(ALL))


class TestManifest:
    @pytest.mark.parametrize("version", VERSIONS)
    @pytest.mark.parametrize("manifest", ALL, ids=label)
    def test_fits_the_schema(self, manifest: Manifest, version: str) -> None:
        assert kubernetes_validate.validate(manifest, version, strict=True) == version

    def test_secret_example_fits_without_values(self) -> None:
        (secret,) = of_file(BASE / "secret.example.yaml")
        kubernetes_validate.validate(secret, VERSIONS[0], strict=True)
        assert set(secret["stringData"].values()) == {""}
        assert "secret.example.yaml" not in KUSTOMIZATION["resources"]

    def test_misspelt_key_is_found(self) -> None:
        broken = copy.deepcopy(next(each for each in ALL if each["kind"] == "Deployment"))
        broken["spec"]["template"]["spec"]["containers"][0]["arg"] = ["serve"]
        with pytest.raises(kubernetes_validate.ValidationError, match="'arg' was unexpected"):
            kubernetes_validate.validate(broken, VERSIONS[0], strict=True)

    def test_every_file_is_a_resource(self) -> None:
        others = {"kustomization.yaml", "secret.example.yaml", "sftsec.yaml"}
        there = {path.name for path in BASE.glob("*.yaml")} - others
        assert there == set(KUSTOMIZATION["resources"])


class TestPod:
    @pytest.mark.parametrize("name", PODS)
    def test_is_allowed_in_its_namespace(self, name: str) -> None:
        assert violations(PODS[name]["spec"]) == []
        (container,) = PODS[name]["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["resources"]["limits"]["memory"]

    def test_open_one_is_told_apart(self) -> None:
        pod = {"containers": [{"name": "x"}], "volumes": [{"name": "h", "hostPath": {}}]}
        assert len(violations(pod)) == 5

    @pytest.mark.parametrize("name", PODS)
    def test_command_is_one_of_ours(self, name: str) -> None:
        (container,) = PODS[name]["spec"]["containers"]
        assert refusal(container["args"]) is None
        assert container["image"] == KUSTOMIZATION["images"][0]["name"]

    @pytest.mark.parametrize("name", PODS)
    def test_mounts_only_what_is_there(self, name: str) -> None:
        spec = PODS[name]["spec"]
        volumes = {each["name"]: each for each in spec["volumes"]}
        mounted = {
            each["name"]: each["mountPath"] for each in spec["containers"][0]["volumeMounts"]
        }
        assert mounted.keys() == volumes.keys()
        (generated,) = KUSTOMIZATION["configMapGenerator"]
        assert volumes["config"]["configMap"]["name"] == generated["name"]
        names = {each["kind"]: each["metadata"]["name"] for each in ALL}
        claim = volumes["state"]["persistentVolumeClaim"]["claimName"]
        assert (claim, spec["serviceAccountName"]) == (
            names["PersistentVolumeClaim"],
            names["ServiceAccount"],
        )
        # The group may read it, as the container's user needs, and no one else.
        assert volumes["secrets"]["secret"]["defaultMode"] == 0o440

    def test_server_has_time_to_finish(self) -> None:
        grace = PODS["Deployment-sftsec-serve"]["spec"]["terminationGracePeriodSeconds"]
        assert grace > SHUTDOWN_TIMEOUT_S

    def test_worker_has_time_for_checkpoints(self) -> None:
        grace = PODS["Deployment-sftsec-worker"]["spec"]["terminationGracePeriodSeconds"]
        assert grace > WorkerSettings().grace.total_seconds() * 2


class TestSelectors:
    def test_meet_the_labels_of_pods(self) -> None:
        labels = [pod["metadata"]["labels"] for pod in PODS.values()]
        selectors = [
            each["spec"]["selector"].get("matchLabels", each["spec"]["selector"])
            for each in ALL
            if each["kind"] in {"Deployment", "Service", "PodDisruptionBudget"}
        ]
        selectors += [
            each["spec"]["podSelector"].get("matchLabels", {})
            for each in ALL
            if each["kind"] == "NetworkPolicy"
        ]
        assert len(selectors) == 7
        assert all(any(one.items() <= each.items() for each in labels) for one in selectors)

    def test_network_is_closed_by_default(self) -> None:
        (deny,) = [e["spec"] for e in ALL if e["metadata"]["name"] == "sftsec-default-deny"]
        assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


class TestJobs:
    @pytest.mark.parametrize("job", [e for e in ALL if e["kind"] == "CronJob"], ids=label)
    def test_codes_that_end_them_are_ours(self, job: Manifest) -> None:
        rule = job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]
        codes = {2, *(kind.exit_code for kind in SftsecError.__subclasses__())}
        assert set(rule["values"]) <= codes
        template = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert rule["containerName"] == template["containers"][0]["name"]


class TestGpu:
    def test_patched_pods_fit_the_schema(self) -> None:
        whole = yaml.safe_load((GPU / "kustomization.yaml").read_text(encoding="utf-8"))
        assert [(GPU / each).resolve() for each in whole["resources"]] == [BASE]
        for patch in whole["patches"]:
            target = f"{patch['target']['kind']}-{patch['target']['name']}"
            patched = copy.deepcopy(next(each for each in ALL if label(each) == target))
            for change in yaml.safe_load(patch["patch"]):
                assert change["op"] == "add"
                add(patched, change["path"], change["value"])
            kubernetes_validate.validate(patched, VERSIONS[0], strict=True)
            ((_, pod),) = pods([patched])
            limits = pod["spec"]["containers"][0]["resources"]["limits"]
            assert limits["nvidia.com/gpu"] == 1
            assert pod["spec"]["tolerations"][0]["key"] == "nvidia.com/gpu"


def add(document: Any, path: str, value: object) -> None:
    """RFC 6902's `add` to an object whose parents are there."""
    *parents, last = [part.replace("~1", "/") for part in path.split("/")[1:]]
    for part in parents:
        document = document[int(part) if isinstance(document, list) else part]
    document[last] = value


class TestConfiguration:
    def test_is_right_and_names_secrets_there(self) -> None:
        file = BASE / "sftsec.yaml"
        (job,) = {each["spec"]["containers"][0]["args"][-1] for each in PODS.values()} - {
            "serve",
            "run",
        }
        assert check_config(file).tasks == (job,)
        settings = load_settings(file)
        references = [*dict(secrets_in(settings)).values(), SecretRef(str(settings.state.url))]
        (secret,) = of_file(BASE / "secret.example.yaml")
        assert {each.where for each in references} == secret["stringData"].keys()
        assert {each.kind for each in references} == {"credential"}

    def test_port_is_the_one_everywhere(self) -> None:
        port = load_settings(BASE / "sftsec.yaml").serve.port
        (service,) = [each for each in ALL if each["kind"] == "Service"]
        container = PODS["Deployment-sftsec-serve"]["spec"]["containers"][0]
        (policy,) = [
            each["spec"]["ingress"][0]["ports"]
            for each in ALL
            if each["kind"] == "NetworkPolicy" and "ingress" in each["spec"]
        ]
        assert [service["spec"]["ports"][0]["port"], container["ports"][0]["containerPort"]] == [
            port,
            port,
        ]
        assert [each["port"] for each in policy] == [port]
