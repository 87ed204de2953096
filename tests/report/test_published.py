"""Calls made and their outcome, from plan and journal, in a report that is written again."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ibf_pipeline.domain.observation import EventObservation, Look, ObservedArea, Verdict
from ibf_pipeline.publish.call import Call
from ibf_pipeline.report.calls import published
from ibf_pipeline.report.floods import drawing
from ibf_pipeline.report.floods.run_data import FloodRunData
from ibf_pipeline.report.writer import _Maps, event_maps, rewrite_report
from ibf_pipeline.runs.observations import event_folder, write_observed_event
from ibf_pipeline.runs.revision import RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from ibf_pipeline.runs.withdrawal import standing_findings
from tests.report.conftest import FLOOD, MONDAY, NAMES, SUNDAY, TUESDAY
from tests.worlds.journals import change_record

ABOUT = RevisionMetadata(
    "2026-02-16T00:00:00Z", "portal", "https://ibf.example.org/api", "current", "asked", True, "hash"
)
CALLS = [
    Call(1, "exposure", "POST", "/admin-area-dynamic-data/exposure", body={}, event="S01"),
    Call(2, "station of the event", "POST", "/point-data/dynamic", body={}, event="S01"),
    Call(3, "notify", "POST", "/events/process", body={}, kind="end"),
]


@pytest.fixture(scope="module")
def pictures():
    """What was drawn, by what it was drawn of: here, words are what differs."""
    return {}


@pytest.fixture(autouse=True)
def equal_pictures_are_drawn_once(pictures, monkeypatch):
    for place, kind in ((_Maps, "overview"), (_Maps, "event"), (drawing, "draw_hydrograph")):
        draw = getattr(place, kind)

        def kept(of, *what, draw=draw):
            of_what = [each for each in what if not isinstance(each, FloodRunData)]
            key = (draw.__name__, repr(getattr(of, "found", of)), repr(of_what))
            if key not in pictures:
                pictures[key] = draw(of, *what)
            return pictures[key]

        monkeypatch.setattr(place, kind, kept)


@pytest.fixture
def run(tmp_path, days):
    country = replace(days.country, folder=tmp_path)
    (tmp_path / "prepared").symlink_to(days.country.prepared)
    found, run = country.run(MONDAY, {"S01": {3: (38, FLOOD)}})
    revision = keep_revision(run, "portal", 1, begin_revision(run, "portal", 1), found, CALLS, ABOUT)
    journal = revision.journal(lambda: datetime(2026, 2, 16, 6, 12, 31, tzinfo=UTC))
    return country, found, run, journal


def test_the_newest_word_of_the_journal_counts(run):
    _, _, folder, journal = run
    journal.append(1, "failed", error="the server was not reached")
    journal.append(1, "done", status=201)
    journal.append(2, "failed", error="refused: 400")
    (revision,) = published(folder)
    outcomes = [(call.state, call.status) for call in revision.calls]
    assert outcomes == [("done", 201), ("failed", None), ("not made", None)]
    assert revision.outcome == "1 of 3 calls made; 1 failed, 1 not made"
    assert not revision.is_complete


def test_the_report_tells_it_once_published_and_keeps_its_pictures(run):
    country, found, folder, journal = run
    image = event_maps(country.prepared, found, folder)[found.events[0].name]
    drawn = image.stat().st_mtime_ns
    for number in (1, 2, 3):
        journal.append(number, "done", status=201)
    html = rewrite_report(folder, country.prepared).read_text(encoding="utf-8")
    assert "Target portal, revision 1, date 2026-02-16T00:00:00Z: all 3 calls made." in html
    assert "Mon 2026-02-16 06:12:31 UTC" in html
    assert image.stat().st_mtime_ns == drawn


@pytest.mark.parametrize(
    ("first", "second", "kind", "why"),
    [
        ({"S01": {3: (38, FLOOD)}}, {}, "ended", "0 of 51 members above the 5-year threshold (300 m³/s) on Thu"),
        ({}, {"S01": {3: (38, FLOOD)}}, "new", "No alert in the earlier run of this day"),
    ],
)
def test_a_day_that_is_run_again_tells_what_became_of_its_first_publication(first, second, kind, why, tmp_path, days):
    """The day before had nothing: against it alone the lost trigger would be "nothing changed"."""
    country = replace(days.country, folder=tmp_path)
    (tmp_path / "prepared").symlink_to(days.country.prepared)
    country.run(SUNDAY, {})
    found, run = country.run(MONDAY, first)
    revision = keep_revision(run, "portal", 1, begin_revision(run, "portal", 1), found, CALLS, ABOUT)
    country.run(MONDAY, second)
    assert changes_of(run)["correction"] is None, "planned, and nothing of it uploaded"
    journal = revision.journal(lambda: datetime(2026, 2, 16, 6, tzinfo=UTC))
    for number in (1, 2, 3):
        journal.append(number, "done", status=201)
    html = rewrite_report(run, country.prepared).read_text(encoding="utf-8")
    (change,) = changes_of(run)["correction"]["changes"]
    assert (change["kind"], change["event"]) == (kind, "S01")
    assert why in change["why"]
    assert "Compared with revision 1 on portal (2026-02-16 00:00 UTC):" in html
    assert html.index("This day was run before with other findings.") < html.index("Compared with the run of Sun 2026")
    country.run(MONDAY, first)
    assert changes_of(run)["correction"] is None, "the findings are again what was published"


def test_what_a_person_took_back_is_no_correction(run):
    country, found, folder, journal = run
    for number in (1, 2, 3):
        journal.append(number, "done", status=201)
    second = keep_revision(
        folder,
        "portal",
        2,
        begin_revision(folder, "portal", 2),
        found.without({"S01"}),
        CALLS,
        replace(ABOUT, withdraws=("S01",)),
    )
    taken = second.journal(lambda: datetime(2026, 2, 16, 7, tzinfo=UTC))
    for number in (1, 2, 3):
        taken.append(number, "done", status=201)
    rewrite_report(folder, country.prepared)
    assert changes_of(folder)["correction"] is None
    assert [change["kind"] for change in changes_of(folder)["changes"]] == ["withdrawn"]


def changes_of(run):
    return json.loads((run.path / "report" / "report.json").read_text(encoding="utf-8"))


def test_an_unknown_outcome_is_said(run):
    country, _, folder, journal = run
    for number in (1, 2):
        journal.append(number, "done", status=201)
    journal.append(3, "unknown", error="no answer")
    html = rewrite_report(folder, country.prepared).read_text(encoding="utf-8")
    assert "2 of 3 calls made; 1 of unknown outcome" in html


def test_a_damaged_plan_is_named_and_does_not_stop_the_report(run):
    country, _, folder, _ = run
    change_record(folder.revisions("portal")[0], plan="torn")
    assert "revision 1: cannot be read" in rewrite_report(folder, country.prepared).read_text(encoding="utf-8")


def test_a_held_notification_and_a_closed_revision_are_said(run):
    _, _, folder, journal = run
    for number in (1, 2):
        journal.append(number, "done", status=201)
    journal.append(3, "held")
    (revision,) = published(folder)
    assert revision.outcome == "2 of 3 calls made; 1 waiting for an operator's approval"
    journal.append(0, "closed")
    (revision,) = published(folder)
    assert revision.outcome == "2 of 3 calls made; 1 waiting for an operator's approval; then given up"


def test_notices_are_shown(run):
    country, _, folder, _ = run
    notices = {"notices": [{"kind": "alert ended", "event": "S02", "text": "the alert at S02 has ended"}]}
    (folder.path / "targets" / "portal" / "r1" / "notices.json").write_text(json.dumps(notices), encoding="utf-8")
    html = rewrite_report(folder, country.prepared).read_text(encoding="utf-8")
    assert "alert ended: the alert at S02 has ended" in html


def test_what_a_satellite_saw_is_in_the_report(run):
    """30 of 40 km2 seen are 75 %; 8.25 km2 of the deepest areas flooded, 1,200 of 1,500 people."""
    country, _, folder, _ = run
    assert "What a satellite saw" not in rewrite_report(folder, country.prepared).read_text(encoding="utf-8")
    areas = (
        ObservedArea(1, "01", "<b>Upper</b> valley", 40.0, 30.0, 8.25, 1200, 1500),
        ObservedArea(2, "01A", "Mill", 40.0, 30.0, 8.25, 1200, 1500),
    )
    dry = (ObservedArea(2, "01A", "Mill", 40.0, 20.0, 0.0, 0, 1500),)

    def look(day: int, verdict: Verdict, seen: tuple[ObservedArea, ...]) -> Look:
        return Look(
            source="flood map", first_day=date(2026, 2, 19), last_day=date(2026, 2, 21),
            passes=(datetime(2026, 2, day, 3, 12, tzinfo=UTC),), products=(f"S1A_PASS_{day}",),
            method="Flood maps of a catalogue.", verdict=verdict, areas=seen,
        )  # fmt: skip

    hit = Verdict("hit", "8.2 km2 flooded, at least 1 km2 make a hit")
    observed = EventObservation(
        country=folder.iso3, issue_date=MONDAY, event="S01", verdict=hit, default_admin_level=1, areas=areas,
        looks=(look(20, hit, areas), look(21, Verdict("undecided", "little was seen"), dry)),
    )  # fmt: skip
    write_observed_event(observed, event_folder(folder.path, "S01"))
    html = rewrite_report(folder, country.prepared).read_text(encoding="utf-8")
    section = html[html.index('<section id="observed">') : html.index('<section id="rule">')]
    for words in ("S01: hit", "2026-02-20 03:12", "75 % of the", "1,200 people in flooded cells, 1,500 affected",
                  "&lt;b&gt;Upper&lt;/b&gt; valley", "Misses cannot be seen here",
                  "All looks together: 8.2 km²", "2026-02-21 03:12", "50 %", "undecided",
                  "S1A_PASS_20, S1A_PASS_21"):  # fmt: skip
        assert words in section
    assert json.loads((folder.path / "report" / "report.json").read_text())["observed"][0]["verdict"]["kind"] == "hit"
    (event_folder(folder.path, "S01") / "observation.json").write_text("{", encoding="utf-8")
    assert "What a satellite saw" not in rewrite_report(folder, country.prepared).read_text(encoding="utf-8")


def carried_out(run, target, number, found, withdraws=(), **about):
    """A revision all of whose calls are done."""
    about = replace(ABOUT, target=target, withdraws=withdraws, **about)
    revision = keep_revision(run, target, number, begin_revision(run, target, number), found, CALLS, about)
    journal = revision.journal(lambda: datetime(2026, 2, 16, 7, tzinfo=UTC))
    for call in CALLS:
        journal.append(call.number, "done", status=201)
    return journal


def test_what_a_person_took_back_is_withdrawn_wherever_the_report_speaks(tmp_path, days):
    """Squares: 100 people at each trigger; S01 is taken back, S02 stands."""
    country = replace(days.country, folder=tmp_path)
    (tmp_path / "prepared").symlink_to(days.country.prepared)
    country.run(SUNDAY, {"S01": {4: (38, FLOOD)}})
    found, run = country.run(MONDAY, {"S01": {3: (38, FLOOD)}, "S02": {2: (40, FLOOD)}})
    before = (run.path / "report" / "overview.png").read_bytes()
    carried_out(run, "portal", 1, found)
    without = found.without({"S01"})
    withdrawal = carried_out(run, "portal", 2, without, ("S01",))
    html = rewrite_report(run, country.prepared).read_text(encoding="utf-8")
    data = json.loads((run.path / "report" / "report.json").read_text())
    assert data["short"] == "1 trigger, 1 withdrawn"
    assert "100 people live where" in data["headline"]
    assert data["headline"].endswith(
        f"1 alert was withdrawn by an operator, please do not act on it: {NAMES[0]} (S01)."
    )
    assert [part["event"]["name"] for part in data["events"]] == ["S02"]
    assert [part["event"]["name"] for part in data["withdrawn"]] == ["S01"]
    assert {change["event"]: change["kind"] for change in data["changes"]} == {"S02": "new", "S01": "withdrawn"}
    assert "S01" not in [station["code"] for station in data["quiet"]]
    sections = html.split('<section class="event')[1:]
    assert ["Withdrawn by an operator after it was published" in section for section in sections] == [False, True]
    assert (run.path / "report" / "overview.png").read_bytes() != before
    assert "S01" not in (run.path / "report" / "events.csv").read_text(encoding="utf-8-sig")

    _, after = country.run(TUESDAY, {"S01": {2: (38, FLOOD)}, "S02": {1: (40, FLOOD)}})
    changes = json.loads((after.path / "report" / "report.json").read_text())["changes"]
    assert [(change["event"], change["kind"]) for change in changes] == [("S01", "new")]
    assert changes[0]["why"].startswith("An operator took back the alert of the run of Mon 2026-02-16;")

    carried_out(run, "other", 1, found)  # another portal still shows it
    assert standing_findings(run.findings(), run).withdrawn == ()
    carried_out(run, "other", 2, without, ("S01",))
    withdrawal.append(1, "failed", error="refused: 400")  # and the withdrawal never reached the first one
    assert standing_findings(run.findings(), run).withdrawn == ()
    withdrawal.append(1, "done", status=201)
    assert [event.name for event in standing_findings(run.findings(), run).withdrawn] == ["S01"]
    carried_out(run, "portal", 3, found)  # published again with --publish-withdrawn
    assert standing_findings(run.findings(), run).events == found.events


def test_a_country_without_any_standing_alert_says_so(tmp_path, days):
    country = replace(days.country, folder=tmp_path)
    (tmp_path / "prepared").symlink_to(days.country.prepared)
    found, run = country.run(MONDAY, {"S07": {3: (38, FLOOD)}})
    carried_out(run, "portal", 1, found.without({"S07"}), ("S07",))
    rewrite_report(run, country.prepared)
    data = json.loads((run.path / "report" / "report.json").read_text())
    assert data["short"] == "no alert, 1 withdrawn"
    assert data["headline"] == (
        "No river flood alert for République de l'Île stands in the forecast from Mon 2026-02-16 to Mon 2026-02-23. "
        "1 alert was withdrawn by an operator, please do not act on it: Station 7 (S07)."
    )


def test_what_was_left_out_is_said(run):
    country, found, folder, _ = run
    carried_out(folder, "portal", 2, found, left_out=("map images: the server has no endpoint for them",))
    html = rewrite_report(folder, country.prepared).read_text(encoding="utf-8")
    assert html.count("Left out: ") == 1
    assert "Left out: map images: the server has no endpoint for them." in html
