"""Commands are read where all shells would read them alike."""

from __future__ import annotations

import pytest
from hypothesis import given

from sftsec_core.dataset.rewrites.commands import program_name, read_commands
from tests.core.dataset.rewrites.texts import TEXTS


def words(text: str) -> list[list[str]]:
    return [[text[a:b] for a, b in command.words] for command in read_commands(text)]


class TestReadCommands:
    def test_pipes_and_redirections_part(self) -> None:
        found = words("ls -l -a /tmp | grep -i x > out y; ps -e -f")
        assert found == [["ls", "-l", "-a", "/tmp"], ["grep", "-i", "x"], ["ps", "-e", "-f"]]

    def test_a_wrapper_is_left_out(self) -> None:
        assert words('cmd.exe /c "C:\\x\\powershell.exe" -nop -sta') == [
            ['"C:\\x\\powershell.exe"', "-nop", "-sta"]
        ]
        assert words("sudo ls -l -a") == [["ls", "-l", "-a"]]

    def test_a_second_word_decides(self) -> None:
        assert words("reg add HKLM\\x /v a /f") == [["reg add", "HKLM\\x", "/v", "a", "/f"]]
        assert words("reg query HKLM\\x /s /f a") == []

    @pytest.mark.parametrize(
        "text",
        [
            "ls -l $(id)",
            'ls -l "a',
            "ls -l `id` -a",
            "ls -l a\\ b",
            "ls -l {a,b}",
            "find . -name x",
            "ls",
            "cmd /c ls",
        ],
    )
    def test_what_is_not_understood_is_none(self, text: str) -> None:
        assert words(text) == []

    def test_a_script_follows_its_option(self) -> None:
        [found] = words("powershell -nop -w hidden -c IEX (New-Object Net.WebClient)")
        assert found == ["powershell", "-nop", "-w", "hidden", "-c", "IEX"]

    @given(TEXTS)
    def test_spans_are_in_order(self, text: str) -> None:
        edges = [edge for each in read_commands(text) for span in each.words for edge in span]
        assert edges == sorted(edges)


class TestProgramName:
    @pytest.mark.parametrize(
        "word", ["C:\\W\\PowerShell.EXE", '"powershell"', "/usr/bin/powershell"]
    )
    def test_is_without_path_and_case(self, word: str) -> None:
        assert program_name(word) == "powershell"
