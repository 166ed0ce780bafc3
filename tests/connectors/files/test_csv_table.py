"""CSV as Excel and databases write it, and as it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_files.errors import SourceError
from tests.connectors.files.helpers import pages, pull, texts, write


class TestHeader:
    @pytest.mark.parametrize(
        "header",
        [b"id,label,label", b"id, label ,label", b"\xef\xbb\xbflabel,id,label", b'"label",label,x'],
    )
    def test_refuses_two_columns_of_one_name(self, header: bytes, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", header, b"\n1,a,b\n")
        with pytest.raises(SourceError, match="two columns named 'label'") as caught:
            pull(path)
        assert str(path) in str(caught.value)

    def test_refuses_a_renamed_column_twice(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", b"id,message,Resolution,Resolution\n1,a,x,y\n")
        with pytest.raises(SourceError, match="two columns named 'Resolution'"):
            pull(path, label="verdict", rename={"verdict": "Resolution"})

    def test_makes_a_list_of_other_columns(self, tmp_path: Path) -> None:
        text = b"id,Comment,message,Comment,Comment\n1,a,x,,b\n2,,y,,\n3,c,z,,\n"
        found, rejected = pull(write(tmp_path / "a.csv", text))
        assert not rejected
        assert [one.fields.get("Comment") for one in found] == [["a", "b"], None, "c"]

    def test_may_lack_what_ends_each_row(self, tmp_path: Path) -> None:
        text = b"id,message,label\n1,x,good,\n2,y,,\n3,z, w,bad\n4,v\n"
        found, rejected = pull(write(tmp_path / "a.csv", text))
        assert [(one.uid, texts([one])) for one in found] == [
            ("1", ["x"]),
            ("2", ["y"]),
            ("3", ["z"]),
        ]
        assert [each.reason for each in rejected] == ["2 cells under 4 columns"]

    def test_says_that_lines_are_of_old_macs(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="its lines end with CR alone"):
            pull(write(tmp_path / "a.csv", b"id,message,label\r1,x,good\r"))

    def test_may_have_columns_without_a_name(self, tmp_path: Path) -> None:
        found, _ = pull(write(tmp_path / "a.csv", b",id,message,,\n0,1,x,,\n1,2,y,z,\n"))
        assert [dict(one.fields) for one in found] == [
            {"id": "1", "message": "x"},
            {"id": "2", "message": "y"},
        ]

    @pytest.mark.parametrize("first", [b"sep=;\r\n", b'"sep=;"\n', b"\xef\xbb\xbfSEP=;\n\n"])
    def test_may_follow_the_separator_of_excel(self, first: bytes, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", first, b"id;message\n1;a,b\n2;c\n")
        every = pages(path, page_size=1)
        assert [texts(page.incidents) for page in every] == [["a,b"], ["c"]]
        rest = pages(path, page_size=1, cursor=every[0].cursor)
        assert [texts(page.incidents) for page in rest] == [["c"]]

    @pytest.mark.parametrize(
        ("delimiter", "header", "remedy"),
        [
            (",", b"id;message;label", "set `delimiter: ';'`"),
            (",", b"id\tmessage", 'set `delimiter: "\\t"`'),
            (";", b"id,message", "set `delimiter: ','`"),
            (",", b"id|message|label", "set `delimiter: '|'`"),
        ],
    )
    def test_names_another_delimiter(
        self, delimiter: str, header: bytes, remedy: str, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "a.csv", header, b"\n")
        with pytest.raises(SourceError, match="the header is one column") as caught:
            pull(path, delimiter=delimiter)
        assert remedy in str(caught.value)

    def test_of_a_tsv_has_tabs(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.tsv", b"id\tmessage\n1\tx, y\n")
        assert texts(pull(path)[0]) == ["x, y"]

    def test_may_be_one_column(self, tmp_path: Path) -> None:
        assert texts(pull(write(tmp_path / "a.csv", b"message\nx\ny\n"))[0]) == ["x", "y"]


class TestOpenQuote:
    def lines_of(
        self, tmp_path: Path, *lines: bytes, **options: Any
    ) -> tuple[list[str], list[str]]:
        path = write(tmp_path / "a.csv", b"id,message\n", *lines)
        found, rejected = pull(path, **options)
        return texts(found), [one.where.rpartition(":")[2] for one in rejected]

    def test_costs_the_line_that_it_opens_in(self, tmp_path: Path) -> None:
        lines = [b"1,fine\n", b'2,"open\n', *(b"%d,x\n" % n for n in range(3, 3000))]
        found, rejected = self.lines_of(tmp_path, *lines)
        assert len(found) == 2998
        assert rejected == ["3"]

    def test_shows_at_the_next_quoted_cell(self, tmp_path: Path) -> None:
        lines = [b'1,"open\n', b"2,x\n", b'3,"good, too"\n', b"4,x\n"]
        assert self.lines_of(tmp_path, *lines) == (["x", "good, too", "x"], ["2"])

    def test_may_open_amid_a_long_cell(self, tmp_path: Path) -> None:
        lines = [b'1,"two\nlines"\n', b'2,"two\nlines","open\n', b"3,x\n"]
        assert self.lines_of(tmp_path, *lines) == (["two\nlines", "x"], ["5"])

    def test_is_bounded_by_the_longest_record(self, tmp_path: Path) -> None:
        lines = [b'1,"open\n', *(b"%d,%d\n" % (n, n) for n in range(2, 4000)), b'5,"late"\n']
        found, rejected = self.lines_of(tmp_path, *lines, max_record_bytes=1024)
        assert (len(found), rejected) == (3999, ["2"])

    def test_resumes_after_its_line(self, tmp_path: Path) -> None:
        lines = [b"1,a\n", b'2,"open\n', b"3,c\n", b"4,d\n"]
        path = write(tmp_path / "a.csv", b"id,message\n", *lines)
        every = pages(path, page_size=1)
        for number, page in enumerate(every):
            rest = pages(path, page_size=1, cursor=page.cursor)
            assert [each.incidents for each in rest] == [p.incidents for p in every[number + 1 :]]
