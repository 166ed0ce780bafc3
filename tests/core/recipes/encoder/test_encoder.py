from __future__ import annotations

import shutil
from pathlib import Path

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.encoder import (
    length_buckets,
    load_encoder,
)


class TestLocalFolder:
    def test_code_in_it_never_runs(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(tiny.path, tmp_path / "copy"))
        config = (copy / "config.json").read_text()
        ran = tmp_path / "ran"
        (copy / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: ...\n")
        auto_map = '{"auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"},'
        (copy / "config.json").write_text(auto_map + config.strip()[1:])
        load_encoder(copy)
        assert not ran.exists()


class TestBuckets:
    def test_buckets_hold_each_text_once(self) -> None:
        lengths = [3, 50, 7, 7, 200, 1, 12, 0]
        buckets = list(length_buckets(lengths, 64))
        assert sorted(i for bucket in buckets for i in bucket) == list(range(len(lengths)))
        for bucket in buckets:
            assert len(bucket) == 1 or len(bucket) * max(lengths[i] for i in bucket) <= 64
