"""Which fields the model should read."""

from __future__ import annotations

from sftsec_core.config.suggest.profile import Profile
from sftsec_core.config.suggest.texts import choose_text, others


def mails() -> Profile:
    return Profile.of(
        {
            "Body": f"please pay the invoice number {i} before noon",
            "Analyst notes": f"I looked at mail {i} and closed it as spam",
            "Subject": f"invoice {i} overdue",
            "Sender": f"u{i}@x.example",
            "Size": str(i % 7),
            "Severity": "high" if i % 2 else "low",
        }
        for i in range(40)
    )


class TestText:
    def test_takes_titles_before_long_text(self) -> None:
        chosen = choose_text(list(mails().columns.values()))
        assert [column.name for column in chosen] == ["Subject", "Body"]

    def test_takes_a_payload_without_sentences(self) -> None:
        profile = Profile.of(
            {"host": "abc"[i % 3], "url.full": f"http://x.example/{i}", "Permalink": f"/alert/{i}"}
            for i in range(40)
        )
        assert [c.name for c in choose_text(list(profile.columns.values()))] == ["url.full"]

    def test_takes_what_each_kind_of_record_has(self) -> None:
        profile = Profile.of(
            {
                "host": "abc"[i % 3],
                **(
                    {"logon.message": f"user {i} failed to log on to the host"}
                    if i % 2
                    else {"url.full": f"http://x.example/{i:05x}", "kind": "a"}
                ),
                **(
                    {"rare.description": f"this sentence {i} stands almost nowhere"}
                    if i < 2
                    else {}
                ),
            }
            for i in range(200)
        )
        chosen = choose_text(list(profile.columns.values()))
        assert [c.name for c in chosen] == ["url.full", "logon.message"]

    def test_takes_more_where_values_are_few(self) -> None:
        profile = Profile.of(
            {
                "title": f"rule number {i % 30} of the set fired",
                "process.name": f"p{'abcdefghij'[i % 10]}{'abcdefghij'[i // 10 % 10]}.exe",
            }
            for i in range(400)
        )
        chosen = choose_text(list(profile.columns.values()))
        assert [c.name for c in chosen] == ["title", "process.name"]

    def test_takes_nothing_of_numbers(self) -> None:
        profile = Profile.of({"amount": i * 1.5, "customer": i % 9} for i in range(40))
        assert choose_text(list(profile.columns.values())) == []


class TestOthers:
    def test_are_numbers_and_few_values(self) -> None:
        numbers, categories = others(mails().columns.values(), ["Subject", "Body"])
        assert numbers == ["Size"]
        assert categories == ["Severity"]
