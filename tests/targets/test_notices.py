"""What the pipeline itself tells people: of alerts that the portal closes, and of triggers that it does not mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound
from ibf_pipeline.targets.ibf.dropped_areas import dropped_areas
from ibf_pipeline.targets.ibf.notices import names_in_preview, notices, other_names_in_mail
from ibf_pipeline.targets.ibf.revision import UNTOLD
from ibf_pipeline.targets.notice import hidden_notices
from tests.worlds.countries.flood_findings import event, found, station

UPPER = replace(event("Upper", "--TT----", "max", {"A": 3, "A1": 3}), station_code="G1")
DRY = replace(station("G4"), condition="suspect", reason="practically dry")
DAY = found([UPPER], [station("G2"), station("G3", blind=True), DRY])


def told(
    before: dict[str, str], stations: dict[str, str] | None = None, day: FloodFindings = DAY
) -> list[tuple[str, str]]:
    """Kind and event of the notices, without the one of every day about G3."""
    made = notices(day, before, {"Upper"}, stations)
    assert ("station blind", "G3") in [(notice.kind, notice.event) for notice in made]
    for notice in made:
        assert ("has ended" in notice.text) == (notice.kind == "alert ended")
    return [(notice.kind, notice.event) for notice in made if notice.event != "G3"]


@pytest.mark.parametrize(
    ("name", "stations", "said"),
    [
        ("G2", {}, [("alert ended", "G2")]),
        ("Old name", {"Old name": "G2"}, [("alert ended", "Old name")]),
        ("Old name", {"Old name": "G1"}, [("alert goes on under another name", "Upper")]),
        ("Old name", {"Old name": "G3"}, []),
        ("G3", {}, []),
        ("EXERCISE G2", {}, []),
        ("G4", {}, [("station suspect", "G4")]),
        ("G9", {"G9": "G9"}, [("station no longer monitored", "G9")]),
        ("Elsewhere", {}, [("station no longer monitored", "Elsewhere")]),
    ],
)
def test_only_what_the_forecast_shows_to_be_over_has_ended(
    name: str, stations: dict[str, str], said: list[tuple[str, str]]
) -> None:
    assert told({name: "trigger"}, stations) == said


def test_an_alert_that_goes_on_under_another_name_says_which() -> None:
    (notice,) = [n for n in notices(DAY, {"G1": "trigger"}, {"Upper"}, {"G1": "G1"}) if n.event == "Upper"]
    assert notice.text == (
        "Testland, forecast of 2026-11-10: the alert at G1 (Name of G1) goes on as Upper. The portal shows it as a new "
        "one."
    )


def test_an_alert_that_lost_its_areas_has_not_ended() -> None:
    """Of every kind of target it is told that the alert cannot be shown."""
    day = replace(DAY, events=(replace(UPPER, areas=()),))
    assert told({"Upper": "trigger"}, {"Upper": "G1"}, day) == []
    assert [(each.kind, each.event) for each in hidden_notices(day)] == [("alert could not be published", "Upper")]


@pytest.mark.parametrize("level", ["trigger", UNTOLD])
def test_a_trigger_beyond_the_limit_that_is_closed_has_moved_and_not_ended(level: str) -> None:
    """40 of 51 members reach the trigger's return period, on 6-day only: no event in a country without classes."""
    later = replace(station("G2"), above={"5": (0, 0, 0, 0, 0, 0, 40, 0)})
    (notice,) = [n for n in notices(found([], [later]), {"G2": level}, None) if n.event == "G2"]
    assert notice.kind == "trigger lapsed beyond the limit"
    assert notice.text.endswith("the trigger at G2 (Name of G2) has moved to 6-day, beyond the lead time limit, and is "
                                "closed.")  # fmt: skip


LONG = tuple(range(11))
"""0-day to 10-day; the portal shows up to 7-day"""


def long_station(code: str) -> StationFound:
    """Nothing above its threshold on eleven days."""
    return replace(station(code), flags="-" * 11, members=(51,) * 11, above={"5": (0,) * 11})


def beyond(days: str = "---------TT", **changes: Any) -> FloodEvent:
    made = replace(event("Upper", days, "max", {"A": 3, "A1": 3}), station_code="G1")
    return replace(made, **changes)


def long_day(*events: FloodEvent) -> FloodFindings:
    """A country with a limit of 10 days."""
    day = found([], [long_station("G1"), long_station("G2")])
    return replace(day, events=events, lead_times=LONG, rule=replace(day.rule, trigger_lead_time_limit=10))


def said(day: FloodFindings, before: dict[str, str], stations: dict[str, str] | None = None) -> list[tuple[str, ...]]:
    return [(n.kind, n.event, n.text.split(": ", 1)[1]) for n in notices(day, before, None, stations)]


def test_an_alert_beyond_what_the_portal_shows_is_told() -> None:
    where = "at Upper (Name of G1), first on 9-day, and the portal shows nothing after 7-day."
    assert said(long_day(beyond()), {}) == [
        (
            "alert beyond what the portal shows",
            "Upper",
            f"trigger detected by the forecast {where} Tell the recipients yourself. It is published when it comes "
            "within reach.",
        )
    ]
    warning = beyond("---------ww", alert_class="med", trigger=False, first_trigger=None, areas=())
    assert said(long_day(warning), {})[0][2] == (
        f"warning {where} Tell the recipients yourself. It has no areas in the mapping either."
    )


@pytest.mark.parametrize("level", ["trigger", UNTOLD])
@pytest.mark.parametrize("name", ["Upper", "Old name"])
def test_a_trigger_that_moves_beyond_what_the_portal_shows_is_closed_and_no_all_clear(name: str, level: str) -> None:
    ((kind, event, text),) = said(long_day(beyond()), {name: level}, {name: "G1"})
    assert (kind, event) == ("trigger lapsed beyond what the portal shows", name)
    assert text == (
        f"the trigger at {name} (Name of G1) has moved beyond what the portal shows, and is closed there. This is no "
        "all clear: trigger detected by the forecast at Upper (Name of G1), first on 9-day, and the portal shows "
        "nothing after 7-day. Tell the recipients yourself. It is published when it comes within reach."
    )


def test_a_warning_that_moves_beyond_is_closed_with_one_notice() -> None:
    ((kind, _, text),) = said(long_day(beyond()), {"Upper": "warning-low"}, {"Upper": "G1"})
    assert kind == "alert beyond what the portal shows"
    assert text.startswith(
        "the alert at Upper (Name of G1) has moved beyond what the portal shows, and is closed there."
    )


def test_a_trigger_beyond_of_a_warning_that_is_shown_is_told() -> None:
    """A warning from 5-day on; the trigger stands on 9-day and 10-day, which the portal cannot show."""
    warning = beyond("-----w---TT", alert_class="med", trigger=False, first_trigger=None, lead_time=5)
    day = long_day(warning)
    shown = "beyond what the portal shows. It is shown as a warning from 5-day on."
    for before in ({}, {"Upper": "warning-medium"}):
        assert said(day, before) == [
            (
                "trigger beyond what the portal shows",
                "Upper",
                f"trigger detected by the forecast at Upper (Name of G1), first on 9-day, {shown}",
            )
        ]
    assert said(day, {"Upper": "trigger"}) == [
        (
            "trigger lapsed beyond what the portal shows",
            "Upper",
            f"the trigger at Upper (Name of G1) has moved to 9-day, 10-day, {shown}",
        )
    ]


def test_a_trigger_within_reach_says_nothing_of_later_days() -> None:
    trigger = beyond("-----T---TT")
    assert said(long_day(trigger), {"Upper": "trigger"}) == []


def silent(names: list[str], mail: str, *, known: tuple[str, ...] = (), area: str = "Lowland") -> list[str]:
    """Events `names`, all of them triggers from 0-day on, of which `known` were warnings before: those not mailed."""
    events = [replace(event(name, "TT------", "max", {"A": 1, "A1": 1}), station_code=f"G{n}")
              for n, name in enumerate(names)]  # fmt: skip
    events = [replace(e, areas=tuple(replace(row, name=area) for row in e.areas)) for e in events]
    day = found(events, [])
    shown = names_in_preview(mail, names, other_names_in_mail(day))
    return [n.event for n in notices(day, dict.fromkeys(known, "warning"), shown) if n.kind == "trigger without mail"]


def test_a_name_within_another_one_is_not_shown_by_it() -> None:
    assert silent(["Nile", "White Nile"], "<p>White Nile: trigger</p>") == ["Nile"]
    assert silent(["Nile", "White Nile"], "<p>White Nile: trigger</p><p>Nile: trigger</p>") == []
    assert silent(["G1", "G12"], "<p>G12: trigger</p>") == ["G1"]
    assert silent(["A & B"], "<p>A &amp; B: trigger</p>") == []


def test_a_name_that_is_an_areas_name_is_judged_by_the_servers_rule() -> None:
    """A warning that becomes a trigger on its 0-day is not mailed, whatever areas another event's mail lists."""
    mail = "<p>White Nile: trigger</p><td>Mbale</td>"
    assert silent(["Mbale", "White Nile"], mail, known=("Mbale",), area="Mbale") == ["Mbale"]
    assert silent(["Mbale"], "<p>Mbale: trigger</p><td>Mbale</td>", area="Mbale") == []
    assert silent(["Mbale"], "<td>Mbale Town</td>", area="Mbale Town") == ["Mbale"]


def test_a_name_is_looked_for_as_the_mail_cuts_it() -> None:
    assert silent(["G_1"], "<p>G: trigger</p>") == []
    assert silent(["G_1", "G_2"], "<p>G: trigger</p>", known=("G_2",)) == ["G_2"]


@pytest.mark.parametrize(("issued_today", "silent"), [(("Upper",), False), ((), True), (("Other",), True)])
def test_a_0_day_trigger_is_mailed_where_its_event_is_issued_anew(issued_today: tuple[str, ...], silent: bool) -> None:
    """Without a preview the server's own rule is applied: it mails a 0-day event only when it was first issued."""
    day = replace(DAY, events=(replace(UPPER, flags="TT------", lead_time=0),))
    made = notices(day, {"Upper": "warning-medium"}, None, {"Upper": "G1"}, issued_today)
    assert (("trigger without mail", "Upper") in [(n.kind, n.event) for n in made]) == silent


def test_an_area_that_drops_out_of_an_event_that_goes_on() -> None:
    """Not of one that is new, nor of one that has ended, which has a notice of its own."""
    lower = event("G2", "---ww---", "med", {"B": 0, "B1": 0})
    day = found([UPPER, lower], [station("G3")])
    before = {"Upper": {"A": "Hill", "B": "Dale", "C": ""}, "G3": {"A": "Hill"}}
    assert [(notice.kind, notice.event, notice.text) for notice in dropped_areas(day, before)] == [
        (
            "area no longer alerted", "Upper",
            "Testland, forecast of 2026-11-10: the alert at Upper (Name of G1) goes on without Dale (B), which is "
            "shown with G2 now, and C. The portal closes them there and sends no mail about that.",
        )
    ]  # fmt: skip
    assert list(dropped_areas(day, {"Upper": {"A": "Hill"}, "G2": {}})) == []


def test_an_area_that_was_shown_with_a_withdrawn_event_alone() -> None:
    """An event that lost its shared district to the one that a person takes back: nothing is shown there any more."""
    lower = replace(event("G2", "---ww---", "med", {"B": 0, "B1": 0}), shared_areas_given=(("A", "Upper"),))
    day = found([UPPER, lower], [])
    assert list(dropped_areas(day, {})) == []
    assert [(notice.kind, notice.event, notice.text) for notice in dropped_areas(day.without(["Upper"]), {})] == [
        (
            "area no longer alerted", "G2",
            "Testland, forecast of 2026-11-10: the alert at G2 (Name of G2) has Area A (A) too, which the portal "
            "showed with Upper alone. Upper was withdrawn, and the portal shows no alert there now. This is no all "
            "clear: tell the recipients yourself.",
        )
    ]  # fmt: skip
    assert list(dropped_areas(day.without(["G2"]), {})) == []
