"""No text ever gets another text's verdict, whatever the ids and however files are cut."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch, PullWindow, TaskSpec, Threshold
from sftsec_core.api.settings.task import DedupeSettings, VerdictSettings
from sftsec_core.cli import cli
from sftsec_core.dataset.features import field_kinds, read_inputs
from sftsec_core.dataset.ingest import Heard, ingest
from sftsec_core.dataset.plan import IngestPlan, PageSummary
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.steps import StepChain
from sftsec_core.dataset.sums import INGEST, SCORING, check_sums
from sftsec_core.evaluation.calibration import TemperatureCalibrator
from sftsec_core.scoring.outbox_writer import ScoreJob, score_to_outbox
from sftsec_core.scoring.scorer import Scorer
from sftsec_core.sdk.threshold import ThresholdDecider
from sftsec_core.store.store import Store
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from tests.e2e.site import encryption

TASK = TaskSpec.of_text("t", ("text",), ("benign", "malicious"), "benign")
LABELS = {"benign": ("benign",), "malicious": ("malicious",)}
# The truth is in the text: an analyst who sees it never says the other word.
TRUTH = {f"{word} {n}": label for word, label in (("curl", "malicious"), ("ls", "benign"))
         for n in range(4)}  # fmt: skip

Record = tuple[object, str, int, str]
RECORDS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, "1", 2.0, "a", "a~" + "0" * 32, None, ""]),
        st.sampled_from(sorted(TRUTH)),
        st.integers(0, 3),
        st.sampled_from(["ann", "bob", ""]),
    ),
    max_size=24,
)


def line(record: Record) -> str:
    uid, text, day, analyst = record
    said = {"label": TRUTH[text], "by": analyst or None, "when": f"2026-01-0{day + 1}T00:00:00Z"}
    return json.dumps({"id": uid, "text": text, **said}) + "\n"


def write(folder: Path, records: list[Record], cuts: list[int], names: list[str]) -> None:
    """Write the records into files; a name that stands twice is appended to."""
    folder.mkdir()
    bounds = [0, *sorted(cut % (len(records) + 1) for cut in cuts), len(records)]
    for index, (begin, end) in enumerate(pairwise(bounds)):
        with (folder / names[index % len(names)]).open("a", encoding="utf-8") as out:
            out.writelines(line(record) for record in records[begin:end])


def labelled(folder: Path, scope: str, page_size: int) -> tuple[dict[str, str], Counter[str]]:
    """The label of each text after a pull, an ingest and a resolution; and the counts."""
    config = FilesConfig.model_validate(
        {
            "paths": ["in"],
            "id_scope": scope,
            "analyst": "by",
            "verdict_time": "when",
            "page_size": page_size,
        },
        context={"base": folder},
    )
    plan = IngestPlan(
        field_kinds(TASK),
        None,
        StepChain((), {}),
        DedupeSettings(),
        lambda one: read_inputs(one, TASK),
    )
    pages = FilesConnector(config).pull(PullWindow(labelled=True, fields=("text",)))
    snapshot = ingest(pages, plan, folder=folder / "work", snapshots=folder / "snapshots")
    check_sums("the pull", snapshot.counts, [INGEST])
    found = resolve(snapshot, LABELS, VerdictSettings())
    assert not found.review
    texts = {one.uid: one.fields["text"] for one in snapshot.incidents()}
    assert len(texts) == snapshot.counts["kept"] == len(found.labels)
    return {texts[uid]: label for uid, (label, _) in found.labels.items()}, Counter(snapshot.counts)


class TestPulledRecords:
    @given(
        records=RECORDS,
        cuts=st.lists(st.integers(0, 24), max_size=3),
        names=st.permutations(["a.jsonl", "b.jsonl", "sub.jsonl"]),
        scope=st.sampled_from(["file", "source"]),
        sizes=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    )
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def test_keep_the_verdict_of_their_text(
        self,
        records: list[Record],
        cuts: list[int],
        names: list[str],
        scope: str,
        sizes: tuple[int, int],
    ) -> None:
        with TemporaryDirectory() as made:
            folder = Path(made)
            write(folder / "in", records, cuts, names)
            found, counts = labelled(folder, scope, sizes[0])
            assert found == {text: TRUTH[text] for _, text, _, _ in records}
            assert counts["read"] == len(records)
            assert labelled(folder, scope, sizes[1]) == (found, counts)

    @given(records=RECORDS)
    @settings(max_examples=30, deadline=None, derandomize=True)
    def test_share_an_id_as_often_as_counted(self, records: list[Record]) -> None:
        with TemporaryDirectory() as made:
            folder = Path(made)
            write(folder / "in", records, [], ["a.jsonl"])
            _, counts = labelled(folder, "source", 7)
        texts: defaultdict[str, set[str]] = defaultdict(set)
        for uid, text, _, _ in records:
            if uid not in (None, ""):
                texts[str(int(uid) if isinstance(uid, float) else uid)].add(text)
        assert counts["sharing_an_id"] == sum(len(some) - 1 for some in texts.values())


class Alarm:
    """A model that alerts on whatever it reads."""

    labels = TASK.labels

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        return np.tile([0.1, 0.9], (len(batch), 1))

    def save(self, folder: Path) -> None:
        (folder / "labels").write_text(",".join(self.labels), encoding="utf-8")


def alarm() -> Scorer:
    return Scorer(
        task=TASK,
        model=Alarm(),
        model_digest="d" * 64,
        calibrator=TemperatureCalibrator(1.0),
        decider=ThresholdDecider(Threshold(0.5, "fixed", 0.5), 0),
        steps=lambda incidents: incidents,
        render=lambda one: read_inputs(one, TASK),
        reading="r",
    )


def names(connector: FilesConnector, *, labelled: bool) -> list[tuple[str, str]]:
    """The uid and the text of each record that the source shows with a verdict, or without."""
    pages = connector.pull(PullWindow(labelled=labelled))
    return [(one.uid, one.fields["text"]) for page in pages for one in page.incidents]


class TestScoredRecords:
    @given(
        records=RECORDS,
        judged=st.sets(st.integers(0, 23)),
        scope=st.sampled_from(["file", "source"]),
    )
    @settings(max_examples=20, deadline=None, derandomize=True)
    def test_are_all_but_what_was_judged(
        self, records: list[Record], judged: set[int], scope: str
    ) -> None:
        """A verdict stands for the text that it was given on, under whatever uid it comes."""
        lines = [
            line(record) if number in judged else json.dumps({"id": record[0], "text": record[1]})
            for number, record in enumerate(records)
        ]
        with TemporaryDirectory() as made:
            folder = Path(made)
            (folder / "in.jsonl").write_text("".join(f"{one.strip()}\n" for one in lines))
            connector = FilesConnector(
                FilesConfig.model_validate(
                    {"paths": ["in.jsonl"], "id_scope": scope, "page_size": 5},
                    context={"base": folder},
                )
            )
            with Store.open(None, folder=folder, actor="t") as store:
                self.build(connector, folder, store)
                job = ScoreJob("t", "in", "in", PullWindow(labelled=False))
                counts = score_to_outbox(store, connector, alarm(), job)
                claimed = store.outbox.claim("in", "test", limit=1000)
            known, rest = names(connector, labelled=True), names(connector, labelled=False)
        raised = {(one.detection.incident_uid, one.detection.fields["text"]) for one in claimed}
        assert raised == set(rest) - set(known)
        assert counts.already_labelled == sum(one in known for one in rest)
        check_sums("the stream", counts.as_dict(), SCORING)

    @staticmethod
    def build(connector: FilesConnector, folder: Path, store: Store) -> None:
        """Pull what is judged, and keep it as a build does."""

        def keep(page: PageSummary) -> None:
            store.verdicts.add("in", page.judged)
            uids = (one.uid for one in page.judged)
            store.judged_inputs.add("in", "r", zip(uids, page.judged_inputs, strict=True))

        plan = IngestPlan(
            field_kinds(TASK), None, StepChain((), {}), DedupeSettings(), alarm().render
        )
        pages = connector.pull(PullWindow(labelled=True, fields=("text",)))
        heard = Heard(page=keep)
        ingest(pages, plan, folder=folder / "w", snapshots=folder / "snapshots", heard=heard)


CONFIG = """\
version: 1
connectors:
  in: {{type: files, paths: [a.jsonl, b.jsonl], analyst: by, verdict_time: when{more}}}
tasks:
  t:
    connector: in
    text: [text]
    labels: {{benign: [benign], malicious: [malicious]}}
    benign: benign
"""


class TestExportsFromZero:
    @pytest.mark.parametrize(
        ("more", "shared"), [("", 0), (", id_scope: source", 60), (", id: [host, id]", 0)]
    )
    def test_label_no_attack_benign(self, tmp_path: Path, more: str, shared: int) -> None:
        kinds = (("a", "malicious", "encoded shell", 1), ("b", "benign", "opened notepad", 2))
        for name, label, text, month in kinds:
            rows = [
                {
                    "id": n, "host": name, "text": f"{text} {n * 7919:x} {n * 104729:x} {n:b}",
                    "label": label, "by": "ann", "when": f"2026-0{month}-01T00:00:00Z",
                }
                for n in range(60)
            ]  # fmt: skip
            lines = "".join(f"{json.dumps(row)}\n" for row in rows)
            (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        state = f"state: {json.dumps(encryption())}\n" if encryption() else ""
        (tmp_path / "sftsec.yaml").write_text(CONFIG.format(more=more) + state, encoding="utf-8")
        arguments = ["-c", str(tmp_path / "sftsec.yaml"), "dataset", "build", "t"]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
        assert ("60 records share their id" in result.stderr) == bool(shared)
        built = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
        assert built["counts"]["sharing_an_id"] == shared
        assert built["counts"]["read"] == built["counts"]["kept"] == 120
        assert built["review"] == 0
        check_sums("the pull", built["counts"], [INGEST])
