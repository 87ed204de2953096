"""The page of the morning: what it says first, and that nothing in it is lost, mistaken or broken by ugly words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.report.morning.alerts import alerts_of, unshown_of
from ibf_pipeline.report.morning.archive import fetched_page, keep_page
from ibf_pipeline.report.morning.content import AlertGroup, Item, ItemKind, Link, Morning, PageSubject
from ibf_pipeline.report.morning.markdown import markdown
from ibf_pipeline.report.morning.page import page
from ibf_pipeline.storage.storage import Storage
from tests.worlds.countries.flood_findings import event, found, station

DAY = date(2026, 11, 10)
UGA, KEN = PageSubject("UGA", "Uganda"), PageSubject("KEN", "Kenya")
UGLY = PageSubject("EGY", "جمهورية <b>مصر</b> | *العربية*")
RUN = Link("run", "http://127.0.0.1:4200/runs/flow-run/1")
REPORT = Link("report", "UGA/floods/2026-11-10/report/report.html")


def morning(*items: Item, **more: object) -> Morning:
    written = datetime(2026, 11, 10, 16, 20, tzinfo=UTC)
    return Morning(day=DAY, title="Flood forecasts", written=written, items=items, **more)  # type: ignore[arg-type]


def item(subject: PageSubject, kind: ItemKind, state: str, said: str = "", remedy: str = "") -> Item:
    return Item(subject, kind, state, said, remedy, links=(RUN, REPORT))


def sections(text: str) -> list[str]:
    return re.findall(r"^## (.*)$", text, re.MULTILINE) or re.findall(r"<h2>(.*)</h2>|<summary>(.*)</summary>", text)


FULL = morning(
    item(KEN, "needs", "Failed", "call 7 of 31 was refused", "run it again with `ibf-pipeline run`"),
    item(UGA, "done", "2 triggers"),
    item(PageSubject("XDM", "Demoland"), "decision", "Held", "3 triggers"),
    item(PageSubject("XDN"), "waits", "late: due at 15:07 UTC"),
    resolved=(item(UGA, "needs", "Crashed", "no sign of life"),),
    elsewhere=(item(UGA, "done", "to the target shadow", "Completed"),),
    triggers=(AlertGroup(UGA, date(2026, 11, 13), 2, 12345, True),),
    without=(KEN,),
    portals=("KEN: the portal shows no alerts.",),
)


def test_it_begins_with_what_counts_and_ends_with_what_is_quiet() -> None:
    text = markdown(FULL)
    assert text.startswith("**KEN: the portal shows no alerts.**\n\n# Flood forecasts of Tue 2026-11-10\n\n")
    assert "**1 of 4 countries done.** 1 needs somebody, 1 waits for a decision, 1 is not there yet." in text
    assert sections(text) == [
        "Triggers: 2 in 1 country, 12,345 people",
        "Needs somebody",
        "Waits for a decision",
        "Not there yet",
        "Published elsewhere, or not at all",
        "Went wrong earlier, and a later run did not",
        "Done",
    ]
    assert "|" not in text, "no table, which would be wider than the window"


def test_both_forms_say_the_same() -> None:
    text, html = markdown(FULL), re.sub(r"<[^>]+>", "", page(FULL))
    for words in (
        "1 of 4 countries done.", "Triggers: 2 in 1 country, 12,345 people", "Kenya (KEN)", "call 7 of 31 was refused",
        "Demoland (XDM)", "XDN", "to the target shadow", "no sign of life", "Without a forecast of this day",
    ):  # fmt: skip
        assert words in text
        assert words in html


def test_a_card_has_cause_remedy_and_the_ways_on() -> None:
    card = markdown(FULL).split("### ")[1]
    assert card.startswith(
        "Kenya (KEN): Failed\n\ncall 7 of 31 was refused\n\n**What to do:** run it again with `ibf-pipeline run`  \n"
        "[run](http://127.0.0.1:4200/runs/flow-run/1)\n"
    ), "a path leads nowhere from the UI"
    assert '<a href="../UGA/floods/2026-11-10/report/report.html">report</a>' in page(FULL)


def test_the_quiet_ones_share_a_line_and_link_to_their_runs() -> None:
    quiet = morning(*(item(each, "done", "no alert") for each in (UGA, KEN)))
    assert f"- **no alert**: [Kenya (KEN)]({RUN.address}); [Uganda (UGA)]({RUN.address})\n" in markdown(quiet)
    assert "**2 of 2 countries done.** Nothing needs anybody." in markdown(quiet)
    assert "## No trigger\n" in markdown(quiet)


@pytest.mark.parametrize("known", [0, 1])
def test_silence_is_no_all_clear(known: int) -> None:
    items = (item(UGA, "done", "no alert"), item(KEN, "needs", "Failed"))
    text = markdown(morning(*items, without=(UGA, KEN)[known:]))
    title = "No trigger" if known else "Nothing is known yet"
    said = "Without a forecast of this day, which is no all clear: Kenya (KEN)." if known else "no all clear."
    assert f"## {title}\n" in text
    assert said in text


def test_several_hazards_are_counted_as_forecasts() -> None:
    floods, flash = (
        item(PageSubject("MWI", "Malawi", each), "done", "no alert") for each in ("floods", "flash floods")
    )
    text = markdown(morning(floods, flash, item(UGA, "needs", "Failed")))
    assert "**2 of 3 forecasts of 2 countries done.** 1 needs somebody." in text
    assert "[Malawi (MWI), flash floods]" in text


def test_an_earlier_hour_that_nobody_was_told_of_is_counted_among_what_needs_somebody() -> None:
    now = item(UGA, "done", "no alert")
    then = replace(item(UGA, "needs", "Not notified"), when="2026-11-10 00 UTC")
    text = markdown(morning(now, further=(then,)))
    assert "**1 of 1 country done.** 1 needs somebody." in text
    assert "### Uganda (UGA), 2026-11-10 00 UTC: Not notified" in text


def test_triggers_stand_by_the_day_on_which_they_begin_with_most_people_first() -> None:
    day = found(
        [
            event("G1", "---TT---", "max", {"A": 300, "A1": 100, "A2": 200}),
            event("G2", "-TT-----", "max", {"B": 7, "B1": 7}),
            event("G3", "-----ww-", "med", {"C": 0, "C1": 0}),
            event("G4", "---TT---", "max", {}),
        ],
        [station("G5")],
    )
    triggers = alerts_of(day, UGA, trigger=True)
    assert [(each.day.day, each.number, each.people) for each in triggers] == [(11, 1, 7), (13, 2, 300)]
    assert triggers[1].notes == ("not on the portal, no areas: G4",)
    assert [(each.day.day, each.number) for each in alerts_of(day, UGA, trigger=False)] == [(15, 1)]
    kenya = AlertGroup(KEN, date(2026, 11, 13), 1, 4000, True, notes=("nobody is notified yet",))
    text = markdown(morning(triggers=(*triggers, kenya), unshown=tuple(unshown_of(day, UGA))))
    assert "- **Wed 2026-11-11**, tomorrow: **1 trigger, 7 people**. Uganda (UGA) 1 trigger, 7 people\n" in text
    assert (
        "- **Fri 2026-11-13**, in 3 days: **3 triggers, 4,300 people**. Kenya (KEN) 1 trigger, 4,000 people "
        "*(nobody is notified yet)*; Uganda (UGA) 2 triggers, 300 people *(not on the portal, no areas: G4)*\n"
    ) in text
    assert "No portal can show 1 alert, 1 trigger among them, at stations without areas: Uganda (UGA) G4." in text


def test_nothing_that_a_name_or_a_server_says_becomes_a_tag_or_markup() -> None:
    said = '<script>alert("x")</script> [a](javascript:b) | `c'
    content = morning(item(UGLY, "needs", "Failed", said), cautions=(said,))
    html, text = page(content), markdown(content)
    assert "<script" not in html
    assert "<b>مصر" not in html
    assert "<bdi>جمهورية &lt;b&gt;مصر&lt;/b&gt; | *العربية*</bdi> (EGY)" in html
    assert r"\<script\>" in text
    assert r"\[a\](javascript:b) \| \`c" in text
    assert "\u2068جمهورية" in text, "what is read from right to left stands between marks"


def test_the_file_fetches_nothing() -> None:
    html = page(FULL)
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    assert not re.search(r"<(script|link|img|iframe)\b|\bsrc=|url\(", html)


def test_a_page_lies_under_its_day_and_the_newest_day_under_one_name(tmp_path: Path) -> None:
    for day in (10, 11, 9):
        keep_page(date(2026, 11, day), f"page of {day}", tmp_path, Storage())
    assert fetched_page(None, tmp_path, Storage()) == tmp_path / "morning" / "newest.html"
    assert (tmp_path / "morning" / "newest.html").read_text() == "page of 11", "the day before is written late"
    assert fetched_page(date(2026, 11, 9), tmp_path, Storage()).read_text() == "page of 9"
    with pytest.raises(InputMissing, match="no such page"):
        fetched_page(date(2026, 11, 8), tmp_path, Storage())


def test_another_machine_reads_the_newest_one_out_of_the_store(tmp_path: Path) -> None:
    store = FileStore(f"file://{tmp_path}/store", RetryPolicy(keep_trying_seconds=0))
    storage = Storage(f"sqlite:///{tmp_path}/records.sqlite", store)
    here, there = tmp_path / "here", tmp_path / "there"
    with pytest.raises(InputMissing, match="no such page"):
        fetched_page(None, there, storage)
    for text in ("at noon", "in the evening"):
        keep_page(DAY, text, here, storage)
    assert fetched_page(None, there, storage).read_text() == "in the evening"
    assert sorted(file.name for file in (there / "morning").iterdir()) == ["2026-11-10.html", "newest.html"]
