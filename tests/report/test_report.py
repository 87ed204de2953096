"""The report of a run: what it holds, what it says, what it must never hold."""

import json
import re
from html.parser import HTMLParser

import pytest

from tests.report.conftest import FLOOD, MONDAY, NAMES, SUNDAY
from tests.worlds.countries.square_country import station_code
from tests.worlds.countries.square_run import make_square_country


class Page(HTMLParser):
    """What a page refers to, and its text."""

    def __init__(self, text):
        super().__init__()
        self.references, self.tags, self.words, self.sections = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attributes = dict(attrs)
        if "id" in attributes:
            self.sections.append(attributes["id"])
        self.references += [value for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]

    def handle_data(self, data):
        if self.tags and self.tags[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def text_of(run):
    return (run.path / "report" / "report.html").read_text(encoding="utf-8")


def data_of(run):
    return json.loads((run.path / "report" / "report.json").read_text(encoding="utf-8"))


def event_sections(html):
    return re.findall(r'<section class="event.*?</section>', html, flags=re.S)


def test_every_event_has_hydrograph_map_and_why(days):
    found, run = days.alert
    sections = event_sections(text_of(run))
    assert len(sections) == len(found.events) == 6
    for section in sections:
        assert section.count('class="hydrograph" src="data:image/svg+xml;base64,') == 1
        assert section.count('class="map" src="data:image/png;base64,') == 1
        why = section.split('<div class="why">')[1]
        assert re.search(r"<li>\d+ of 51 members above the [\d.]+-year threshold", why)
        assert why.count("-day</td>") == 8
    files = {file.name for file in (run.path / "report").iterdir()}
    assert {f"hydrograph_S0{n}.svg" for n in range(1, 7)} | {f"map_S0{n}.png" for n in range(1, 7)} <= files
    assert {"report.html", "report.json", "overview.png", "events.csv", "areas.geojson", "stations.csv"} <= files


def test_numbers_of_the_why_are_those_counted_by_hand(days):
    html = text_of(days.alert[1])
    # 38 members of S01 rise to 350 m3/s on 3-day, Monday + 3 days; 60 % of 51 is 30.6
    assert (
        "38 of 51 members above the 5-year threshold (300 m³/s) on Thu 2026-02-19 (3-day); the rule needs 31 (60 %): "
        "trigger." in html
    )
    # 31 members of S06 rise to 150 m3/s on 4-day: just enough for the 1.5-year threshold
    assert (
        "31 of 51 members above the 1.5-year threshold (100 m³/s) on Fri 2026-02-20 (4-day); the rule needs 31 (60 %): "
        "low warning." in html
    )
    assert "the 10-year flood map, the smallest there is" in html
    part = next(e for e in data_of(days.alert[1])["events"] if e["event"]["station_code"] == "S01")
    assert [day["above"][2] for day in part["days"]] == [0, 0, 0, 38, 0, 0, 0, 0]
    assert part["columns"] == 3  # 1.5, 2 and 5 years; nobody is above 10 years
    assert part["event"]["people"] == 100  # of 1,000 in the square, where the 10-year map is wet


def test_headline_and_cautions(days):
    data = data_of(days.alert[1])
    assert data["headline"] == (
        "Trigger detected by the forecast at 5 stations in République de l'Île, the first for Wed 2026-02-18 "
        "(2 days ahead). 500 people live where the water may be 0.1 m or deeper, in Row 1. 1 warning besides, for "
        "Fri 2026-02-20, in Row 1."
    )
    assert data["cautions"] == [
        "1 station has no usable forecast, which is no all clear: Station 8 (S08).",
        f"Doubtful: stations with one another's thresholds: {' and '.join(f'S0{n}' for n in range(1, 9))}.",
    ]
    quiet = data_of(days.quiet[1])
    assert quiet["headline"] == (
        "No river flood alert for République de l'Île in the forecast from Sun 2026-02-15 to Sun 2026-02-22."
    )


def test_what_changed_comes_right_after_the_headline(days):
    page = Page(text_of(days.after[1]))
    assert page.sections[:2] == ["changes", "overview"]
    kinds = {change["station_code"]: change["kind"] for change in data_of(days.after[1])["changes"]}
    assert kinds == {"S02": "blind", "S03": "blind", "S04": "blind", "S05": "blind", "S06": "ended"}
    assert data_of(days.after[1])["unchanged"] == ["S01"]
    assert "Compared with the run of Mon 2026-02-16." in page.text
    assert "There is no earlier run to compare with." in text_of(days.quiet[1])


def test_events_that_go_on_are_named_and_stations_without_a_name_have_their_code(days, tmp_path):
    assert f"As before: {NAMES[0]} (S01), trigger." in Page(text_of(days.after[1])).text
    country = make_square_country(tmp_path, 2, ["", "<i>"], [""])
    _, run = country.run(MONDAY, {"S01": {3: (38, FLOOD)}}, blind=["S02"])
    html = text_of(run)
    assert "<bdi></bdi>" not in html
    assert re.search(r"<h3>station S01\s*</h3>", html)
    assert "&lt;i&gt; (S02)" in data_of(run)["cautions"][0].replace("<i>", "&lt;i&gt;")


def test_why_a_level_adds_up_to_another_number_stands_before_its_table(tmp_path):
    country = make_square_country(tmp_path, 3, default_admin_level=2)
    _, run = country.run(MONDAY, {"S01": {3: (38, FLOOD)}, "S02": {2: (40, FLOOD)}})
    section = event_sections(text_of(run))[0]
    assert section.index("Admin level 1 adds up to 200, more than the event's own 100".replace("'", "&#39;")) < (
        section.index("<details")
    )


@pytest.mark.parametrize("which", ["quiet", "alert", "after"])
def test_nothing_is_fetched_and_nothing_is_run(days, which):
    html = text_of(getattr(days, which)[1])
    page = Page(html)
    assert page.references
    assert all(reference.startswith(("data:image/", "#event-")) for reference in page.references)
    assert not {"script", "link", "iframe", "object", "form", "base"} & set(page.tags)
    style = re.search(r"<style>(.*?)</style>", html, flags=re.S)[1]
    assert "url(" not in style
    assert "@import" not in style
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in html


def test_names_are_text_and_never_markup(days):
    html = text_of(days.alert[1])
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<bdi>مقياس النيل الأزرق عند الروصيرص</bdi>" in html
    assert "አባይ ወንዝ በባሕር ዳር" in html


def test_a_forecast_detects_and_never_activates(days):
    for which in ("quiet", "alert", "after"):
        assert "activat" not in text_of(getattr(days, which)[1]).lower()
    assert "Trigger detected by the forecast" in text_of(days.alert[1])


def test_the_page_can_be_mailed(days):
    assert len(text_of(days.alert[1])) < 6 * 500_000
    assert len(text_of(days.quiet[1])) < 150_000


def test_an_exercise_says_so_first(tmp_path, days):
    from dataclasses import replace

    country = replace(days.country, folder=tmp_path)
    (tmp_path / "prepared").symlink_to(days.country.prepared)
    _, run = country.run(MONDAY, {}, exercise=True)
    assert text_of(run).index("EXERCISE – not a real forecast") < text_of(run).index("<h1>")


def test_buildup_shows_the_kept_runs(days):
    parts = data_of(days.after[1])["events"]
    assert [(part["event"]["name"], part["buildup"]) for part in parts] == [("S01", "buildup_S01.svg")]
    assert data_of(days.quiet[1])["events"] == []
    assert (days.after[1].path / "report" / "buildup_S01.svg").stat().st_size > 10_000


def test_a_damaged_earlier_run_does_not_stop_a_report(tmp_path, days, caplog):
    from dataclasses import replace

    country = replace(days.country, folder=tmp_path)
    (tmp_path / "prepared").symlink_to(days.country.prepared)
    _, before = country.run(SUNDAY, {})
    (before.path / "events.json").write_text("{", encoding="utf-8")
    _, run = country.run(MONDAY, {})
    assert data_of(run)["compared_with"] is None
    assert "left out of the comparison" in caplog.text


def test_inputs_versions_and_rule_are_there(days):
    page = Page(text_of(days.alert[1])).text
    assert "0123456789abcdef" * 4 in page
    assert "1,234,567" in page
    assert "1 file of the static data with its hash" in page
    assert f"population.tif 7,654,321 {'fedcba9876543210' * 4}" in " ".join(page.split())
    assert "Trigger: at least 60 % of the members above the 5-year threshold, on a lead time of at most 5 days." in page
    assert "Thresholds: GloFAS version 4." in page
    assert "Nothing has been published so far." in page


def test_with_many_events_hydrographs_become_small_pictures():
    from ibf_pipeline.report.builder import make_report
    from ibf_pipeline.report.floods.run_data import FloodRunData
    from tests.worlds.countries.square_country import square_day

    def report(events):
        rises = {station_code(n): {2: (40, 350.0)} for n in range(events)}
        return make_report(square_day(MONDAY, rises, stations=40), None, {}, (), FloodRunData(None, {"S01": ()}))

    few, many = report(12), report(40)
    assert {part.hydrograph[-4:] for part in few.events} == {".svg"}
    assert {part.hydrograph[-4:] for part in many.events} == {".png"}
    assert [part.buildup for part in many.events if part.buildup] == ["buildup_S01.png"]
    assert len({part.map for part in many.events}) == 40
    assert (
        "4,000 people live where the water may be 0.1 m or deeper, in Row 1, Row 2, Row 3 and Row 4." in many.headline
    )


def test_a_drawn_event_takes_no_more_than_its_share_of_a_mail(days):
    """A page of 40 events must stay below 15 MB; this one has 6, each with three pictures instead of two."""
    found, run = days.alert
    assert len(found.events) == 6
    assert len(text_of(run)) < 15_000_000 * 6 / 40


@pytest.mark.story
def test_a_page_of_40_drawn_events_can_be_mailed(tmp_path):
    """40 squares of 1,000 people, 100 of them where the 10-year map is wet: 4,000 people, every picture drawn."""
    country = make_square_country(tmp_path, 40, NAMES, NAMES)
    found, run = country.run(MONDAY, {station_code(n): {2: (40, FLOOD)} for n in range(40)})
    html = text_of(run)
    assert data_of(run)["headline"].startswith("Trigger detected by the forecast at 40 stations in Squareland")
    assert "4,000 people live where" in html
    sections = event_sections(html)
    assert len(sections) == len(found.events) == 40
    for section in sections:
        assert section.count('class="hydrograph" src="data:image/png;base64,') == 1
        assert section.count('class="map" src="data:image/png;base64,') == 1
        assert "; 100 people affected</p>" in section
    pictures = [f"{kind}_{e.name}.png" for e in found.events for kind in ("hydrograph", "map")]
    sizes = [(run.path / "report" / name).stat().st_size for name in ("overview.png", *pictures)]
    assert min(sizes) > 10_000
    assert len(html) < 15_000_000  # of the 25 MB that mail servers usually take


def test_people_of_shared_areas_are_explained():
    from ibf_pipeline.report.floods.words import area_notes
    from tests.worlds.countries.square_country import square_config, square_day

    rises = {"S01": {3: (38, FLOOD)}, "S02": {2: (40, FLOOD)}}  # both in Row 1; the earlier one gets it on level 1
    found = square_day(MONDAY, rises, config=square_config(default_admin_level=2))
    first, second = found.events
    assert (first.name, first.people, [area.people for area in first.areas_of(1)]) == ("S02", 100, [200])
    assert area_notes(found, first)[0].startswith("Admin level 1 adds up to 200, more than the event's own 100: ")
    assert area_notes(found, second) == ["Its areas of admin level 1 are shown with another event that has them too."]
    found = square_day(MONDAY, rises)  # events exist on level 1: there both must keep Row 1
    assert area_notes(found, found.events[0]) == []
    assert area_notes(found, found.events[1])[0].startswith("Q1 belongs to another event too and is shown here")


def test_what_was_not_estimated_is_never_shown_as_nobody(days):
    section = next(s for s in event_sections(text_of(days.alert[1])) if "(S06)" in s)
    assert '<td class="n">–</td>' in section
    assert "– not estimated; the portal gets 0." in section
    assert "people affected</p>" not in section


def test_a_flood_beyond_the_limit_is_said_where_the_country_has_no_warnings():
    from ibf_pipeline.report.headline import cautions, headline
    from tests.worlds.countries.square_country import square_config, square_day

    found = square_day(MONDAY, {"S02": {6: (40, FLOOD)}}, config=square_config(classes={"rule": "disable"}))
    assert headline(found).startswith("No river flood alert")
    assert cautions(found) == [
        "Station 2 (S02) is as high as a trigger on Sun 2026-02-22, beyond the trigger lead time limit of 5 days: "
        "no alert yet."
    ]
    assert cautions(square_day(MONDAY, {"S02": {6: (40, FLOOD)}})) == []


def test_a_trigger_below_the_smallest_flood_map_is_placed_by_its_areas():
    from ibf_pipeline.report.headline import headline
    from tests.worlds.countries.square_country import square_config, square_day

    maps = {"return_periods": [10, 20, 50], "below_smallest": "empty"}
    found = square_day(MONDAY, {"S01": {3: (38, FLOOD)}}, config=square_config(flood_maps=maps))
    assert headline(found) == (
        "Trigger detected by the forecast at 1 station in Squareland, for Thu 2026-02-19 (3 days ahead). "
        "People are not estimated, as no flood map applies, in Row 1."
    )


def test_a_build_up_reaches_ten_days_back(tmp_path, days):
    from dataclasses import replace
    from datetime import timedelta

    country = replace(days.country, folder=tmp_path)
    (tmp_path / "prepared").symlink_to(days.country.prepared)
    country.run(MONDAY - timedelta(days=11), {})
    _, run = country.run(MONDAY, {"S01": {3: (38, FLOOD)}})
    assert data_of(run)["compared_with"] == "2026-02-05"
    assert [part["buildup"] for part in data_of(run)["events"]] == [None]
