"""No text ever gets another text's verdict, whatever the ids and however files are cut."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftsec_core.api.domain import PullWindow, TaskSpec
from sftsec_core.api.settings.task import DedupeSettings, VerdictSettings
from sftsec_core.cli import cli
from sftsec_core.dataset.features import field_kinds, read_inputs
from sftsec_core.dataset.ingest import IngestPlan, ingest
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.steps import StepChain
from sftsec_core.dataset.sums import INGEST, check_sums
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector

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
        (tmp_path / "sftsec.yaml").write_text(CONFIG.format(more=more), encoding="utf-8")
        arguments = ["-c", str(tmp_path / "sftsec.yaml"), "dataset", "build", "t"]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
        assert ("60 records share their id" in result.stderr) == bool(shared)
        built = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
        assert built["counts"]["sharing_an_id"] == shared
        assert built["counts"]["read"] == built["counts"]["kept"] == 120
        assert built["review"] == 0
        check_sums("the pull", built["counts"], [INGEST])
