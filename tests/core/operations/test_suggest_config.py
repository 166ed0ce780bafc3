"""A configuration for a sample, which is then used as it is."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.config.suggest.suggestion import Pick, Wanted
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.suggest_config import SuggestedConfig, suggest_config, task_name


def rows() -> Iterator[dict[str, Any]]:
    for i in range(300):
        yield {
            "Alert ID": f"AL-{i}",
            "Created (UTC)": f"2026-01-05 08:{i % 60:02}:{i // 60:02}",
            "Subject": f"invoice {i} overdue",
            "Verdict": None if i % 10 == 0 else "True Positive" if i % 2 else "False Positive",
            "Body": f"please pay the invoice number {i} before noon",
        }


def pick(done: SuggestedConfig, what: str) -> Pick:
    return next(one for one in done.suggestion.picks if one.what == what)


def write(file: Path, kind: str) -> Path:
    table = list(rows())
    if kind == "csv":
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(table[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(table)
    elif kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in table), encoding="utf-8")
    elif kind == "json":
        file.write_text(json.dumps({"Records": table}, indent=2), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(table), file)
    return file


class TestConfig:
    @pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
    def test_reads_the_sample_it_was_made_for(self, tmp_path: Path, kind: str) -> None:
        sample = write(tmp_path / f"Alerts 2026.{kind}", kind)
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, sample)
        assert (done.task, done.records, done.complete) == ("alerts-2026", 300, True)
        with Context.open(config, actor=local_admin("test")) as context:
            task = context.task(done.task)
            assert task.text == ("Subject", "Body")
            assert task.labels == {
                "benign": ("False Positive",),
                "malicious": ("True Positive",),
            }
            with context.connector(task.connectors[0]) as connector:
                (page,) = connector.pull(PullWindow(fields=task.fields))
        assert not page.rejected
        assert page.incidents[1].uid.endswith("AL-1")
        assert page.incidents[1].at is not None
        assert [v.value for v in page.incidents[1].verdicts] == ["True Positive"]
        assert not page.incidents[0].verdicts

    def test_leaves_comments_for_what_is_unknown(self, tmp_path: Path) -> None:
        sample = tmp_path / "a.csv"
        sample.write_text("Body\nplease pay the invoice before noon\nhello to you there\n", "utf-8")
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, sample, task="mail")
        assert not done.complete
        text = config.read_text(encoding="utf-8")
        for line in ("# label:", "# id:", "# timestamp:", "# labels:"):
            assert line in text

    def test_says_beforehand_that_labels_are_few(self, tmp_path: Path) -> None:
        sample = tmp_path / "a.jsonl"
        lines = [
            json.dumps({**row, "Verdict": "ham" if i % 9 else "spam"})
            for i, row in enumerate(rows())
        ]
        sample.write_text("\n".join(lines), encoding="utf-8")
        done = suggest_config(tmp_path / "sftsec.yaml", sample)
        few = pick(done, "few labels")
        assert few.chosen == "malicious 34"
        assert few.why.startswith("the gate asks for 100 in training, about 143 in all")

    def test_divides_otherwise_when_sorted_by_label(self, tmp_path: Path) -> None:
        table = [{**row, "Verdict": ("Clean", "Phish")[i >= 230]} for i, row in enumerate(rows())]
        for i, row in enumerate(table):
            row["Created (UTC)"] = f"2026-01-{1 + i // 24:02} {i % 24:02}:00:00"
        sample = tmp_path / "a.jsonl"
        sample.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, sample)
        assert "train would have the label 'benign' only" in pick(done, "split").why
        with Context.open(config, actor=local_admin("test")) as context:
            assert context.task(done.task).split.method == "stratified"

    def test_takes_no_id_that_repeats(self, tmp_path: Path) -> None:
        sample = tmp_path / "a.jsonl"
        table = [{**row, "id": i % 7, "Alert ID": "x"} for i, row in enumerate(rows())]
        sample.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, sample)
        with (
            Context.open(config, actor=local_admin("test")) as context,
            context.connector("incidents") as connector,
        ):
            (page,) = connector.pull(PullWindow(fields=context.task(done.task).fields))
        assert len({one.uid for one in page.incidents}) == len(table)

    def test_refuses_words_that_no_record_has(self, tmp_path: Path) -> None:
        sample, config = write(tmp_path / "a.csv", "csv"), tmp_path / "sftsec.yaml"
        with pytest.raises(ConfigError, match=r"Verdict 'True Positiv', did you mean 'True Pos"):
            suggest_config(config, sample, wanted=Wanted(malicious=("True Positiv",)))
        assert not config.exists()
        done = suggest_config(config, sample, wanted=Wanted(malicious=("true_positive ",)))
        assert done.complete

    @pytest.mark.parametrize(
        ("label", "values", "lacks"),
        [
            ("close_reason", ("False Positive", "Resolved"), "what 'Resolved' (150) means, or add"),
            ("archived", (True, False), "what 'false' and 'true' of archived mean"),
            ("phase", ("one", "two"), "--label FIELD (fields of few values: phase)"),
        ],
    )
    def test_says_which_words_may_be_meant(
        self, label: str, values: tuple[object, object], lacks: str, tmp_path: Path
    ) -> None:
        sample = tmp_path / "a.jsonl"
        table = [{"Body": row["Body"], label: values[i % 2]} for i, row in enumerate(rows())]
        sample.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
        named = label if label == "archived" else None
        done = suggest_config(tmp_path / "sftsec.yaml", sample, wanted=Wanted(label=named))
        assert not done.complete
        assert lacks in done.lacking[0]

    def test_leaves_what_is_not_judged_to_score(self, tmp_path: Path) -> None:
        sample = tmp_path / "a.jsonl"
        words = ("Not set", "true_positive", "clean", "duplicate")
        table = [{**row, "Verdict": words[i % 4]} for i, row in enumerate(rows())]
        sample.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, sample)
        assert pick(done, "no verdict") == Pick("no verdict", "Not set", "75 records to score")
        assert pick(done, "undetermined").chosen == "duplicate"
        with (
            Context.open(config, actor=local_admin("test")) as context,
            context.connector("incidents") as connector,
        ):
            (page,) = connector.pull(PullWindow(labelled=False))
        assert len(page.incidents) == 75

    def test_chooses_nothing_from_repeated_columns(self, tmp_path: Path) -> None:
        sample = tmp_path / "jira.csv"
        lines = [
            f"{i},about the mail {i},{('True Positive', 'Clean')[i % 2]},note {i},,x"
            for i in range(60)
        ]
        text = "\n".join(["Issue key,Summary,Resolution,Comment,Comment,Labels", *lines])
        sample.write_text(f"{text}\n", encoding="utf-8")
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, sample)
        assert pick(done, "columns of one name").why.startswith("Comment: a text may have them")
        assert done.complete
        with (
            Context.open(config, actor=local_admin("test")) as context,
            context.connector("incidents") as connector,
        ):
            (page,) = connector.pull(PullWindow(fields=context.task(done.task).fields))
        assert len(page.incidents) == 60

    def test_takes_a_recipe_that_reads_the_fields(self, tmp_path: Path) -> None:
        table = [
            {"id": i, "port": i % 7, "action": ("allow", "deny")[i % 3 > 0], "verdict": v}
            for i, v in enumerate(["benign", "malicious"] * 100)
        ]
        sample = tmp_path / "a.jsonl"
        sample.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, sample, recipe="linear")
        assert pick(done, "recipe").why.startswith("linear reads text, and no field holds any")
        with Context.open(config, actor=local_admin("test")) as context:
            assert context.task(done.task).train.recipe.name == "boosted"
        assert not any(
            p.what == "recipe" for p in suggest_config(config, sample, force=True).suggestion.picks
        )

    def test_says_that_one_verdict_is_not_enough(self, tmp_path: Path) -> None:
        sample = tmp_path / "a.jsonl"
        table = [{**row, "Verdict": "True Positive"} for row in rows()]
        sample.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
        done = suggest_config(tmp_path / "sftsec.yaml", sample)
        assert not done.complete
        assert done.suggestion.fields["label"] == "Verdict"
        assert done.lacking == (
            "every verdict is 'True Positive': add incidents of another verdict; a model needs two",
        )

    @pytest.mark.parametrize(
        ("folders", "key", "wanted"),
        [
            (("spam", "ham"), "folder", Wanted()),
            (("spam/2003", "easy_ham/x"), "top_folder", Wanted()),
            (("inbox", "junk"), "folder", Wanted(benign=("inbox",), malicious=("junk",))),
        ],
    )
    def test_takes_the_verdict_from_folders(
        self, folders: tuple[str, str], key: str, wanted: Wanted, tmp_path: Path
    ) -> None:
        for folder in folders:
            place = tmp_path / "mails" / folder
            place.mkdir(parents=True)
            for i in range(12):
                text = (
                    f"From: a{i}@example.org\nSubject: mail {i} of {folder}\n\nhello to you {i}\n"
                )
                (place / f"{i}.eml").write_text(text, encoding="utf-8")
        config = tmp_path / "sftsec.yaml"
        done = suggest_config(config, tmp_path / "mails", wanted=wanted)
        assert (done.task, done.complete) == ("mails", True)
        with Context.open(config, actor=local_admin("test")) as context:
            task = context.task("mails")
            assert {len(words) for words in task.labels.values()} == {1}
            assert set(task.text) <= {"email.subject", "message"}
            with context.connector("incidents") as connector:
                (page,) = connector.pull(PullWindow(fields=task.fields))
        assert f"label_from: {key}" in config.read_text("utf-8")
        words = {v.value for one in page.incidents for v in one.verdicts}
        assert words == {word for listed in task.labels.values() for word in listed}

    def test_refuses_to_overwrite_a_file(self, tmp_path: Path) -> None:
        config = tmp_path / "sftsec.yaml"
        config.write_text("# mine\n", encoding="utf-8")
        sample = write(tmp_path / "a.csv", "csv")
        with pytest.raises(ConfigError, match="exists already"):
            suggest_config(config, sample)
        assert config.read_text(encoding="utf-8") == "# mine\n"
        assert suggest_config(config, sample, force=True).complete

    def test_says_why_nothing_is_read(self, tmp_path: Path) -> None:
        sample = tmp_path / "a.jsonl"
        sample.write_text("nonsense\n", encoding="utf-8")
        with pytest.raises(DataError, match="can be read: not JSON"):
            suggest_config(tmp_path / "sftsec.yaml", sample)
        assert not (tmp_path / "sftsec.yaml").exists()


class TestTaskName:
    def test_follows_the_file_or_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "Our Mails"
        folder.mkdir()
        assert task_name(folder) == "our-mails"
        assert task_name(tmp_path / "train.jsonl.gz") == "train"
        assert task_name(tmp_path / "\N{GREEK SMALL LETTER ALPHA}.csv") == "incidents"
