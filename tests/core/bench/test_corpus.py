"""The benchmark's corpus is the same every time."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.bench.corpus import write_corpus


class TestWriteCorpus:
    def test_writes_the_same_every_time(self, tmp_path: Path) -> None:
        planted = write_corpus(tmp_path / "a", 500)
        write_corpus(tmp_path / "b", 500)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert (tmp_path / "a").read_bytes().count(b"copy_of") == planted
        assert 25 < planted < 75
