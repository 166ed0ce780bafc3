"""The configuration refuses what it does not know."""

from __future__ import annotations

import pytest

from sftsec_files.config import FilesConfig


class TestKeys:
    def test_that_are_unknown_are_refused(self) -> None:
        with pytest.raises(ValueError, match="labels"):
            FilesConfig.model_validate({"paths": ["x"], "labels": "verdict"})

    def test_of_times_are_checked(self) -> None:
        for given in ({"time_format": "dd/MM/yyyy"}, {"timezone": "Berlin"}):
            with pytest.raises(ValueError, match=r"is no time format|is not a time zone"):
                FilesConfig.model_validate({"paths": ["x"], **given})


class TestParts:
    def test_take_what_stands_beside_them(self) -> None:
        config = FilesConfig.model_validate(
            {
                "label": "verdict",
                "page_size": 7,
                "sources": [
                    {"paths": ["a"]},
                    {"paths": ["b"], "label": "said", "encoding": "cp1252"},
                ],
            }
        )
        found = [(str(p.paths[0]), p.label, p.encoding, p.page_size) for p in config.parts]
        assert found == [("a", "verdict", None, 7), ("b", "said", "cp1252", 7)]

    def test_need_paths_somewhere(self) -> None:
        wrong: list[dict[str, object]] = [{}, {"sources": []}, {"sources": [{"label": "x"}]}]
        for given in wrong:
            with pytest.raises(ValueError, match="paths"):
                FilesConfig.model_validate(given)

    def test_refuse_an_unknown_encoding(self) -> None:
        with pytest.raises(ValueError, match="'cp9999' is not an encoding"):
            FilesConfig.model_validate({"paths": ["x"], "encoding": "cp9999"})
