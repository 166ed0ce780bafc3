"""An index from keys to row numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.dataset.dedup.postings import Postings


class TestPostings:
    @given(
        st.lists(st.lists(st.integers(0, 12), max_size=9), max_size=12),
        st.lists(st.integers(0, 14), max_size=10),
        st.integers(1, 6),
    )
    def test_find_the_earliest_rows_of_each_key(
        self, added: list[list[int]], asked: list[int], most: int
    ) -> None:
        index, kept, row = Postings(), [], 0
        for keys in added:
            rows = np.arange(row, row + len(keys), dtype=np.uint32)
            index.add(np.array(keys, np.uint32), rows)
            kept += list(zip(keys, rows.tolist(), strict=True))
            row += len(keys)
        query, found = index.find(np.array(asked, np.uint32), most)
        expected = [
            (place, row)
            for place, key in enumerate(asked)
            for row in [r for k, r in kept if k == key][:most]
        ]
        assert list(zip(query.tolist(), found.tolist(), strict=True)) == expected
