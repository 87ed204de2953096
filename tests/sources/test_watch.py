"""Waiting for a day's forecast, with a clock that moves where somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from ibf_pipeline.config.sources import Waiting
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.sources.watch import Availability, LookTimes, Watched, watch

ISSUE = date(2026, 2, 15)
afternoon = partial(Waiting, first_look="14:30", every_minutes=5)
AFTERNOON = afternoon()
NONE, SOME, MOST, ALL = (
    Availability(False, False, "no folder"),
    Availability(False, False, "20 of 51 members"),
    Availability(False, True, "40 of 51 members"),
    Availability(True, True, "51 of 51 members"),
)


def at(clock: str, day: date = ISSUE) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+00:00")


class World:
    """A clock, and what each country's forecast looks like from when on."""

    def __init__(self, begin: datetime, forecasts: dict[str, dict[str, Availability]]) -> None:
        self.moment = begin
        self.forecasts = forecasts
        self.started: dict[str, datetime] = {}
        self.looks: list[datetime] = []
        self.told: list[str] = []
        self.done: dict[str, datetime] = {}
        self.unwatched: dict[str, tuple[str, ...]] = {}
        self.takes: dict[str, float] = {}
        """seconds that the next look at a country takes"""

    def look(self, countries: Sequence[str], seconds: float | None) -> Iterator[tuple[str, Availability]]:
        self.looks.append(self.moment)
        found = dict.fromkeys(countries, NONE)
        for country in countries:
            for clock, look in self.forecasts[country].items():
                if self.moment >= at(clock):
                    found[country] = look
        for country in sorted(countries, key=lambda country: self.takes.get(country, 0)):
            if (took := self.takes.get(country, 0)) and seconds is not None and took > seconds:
                self.moment += timedelta(seconds=seconds)
                self.takes[country] = took - seconds
                yield country, Availability(False, False, "still being fetched")
            else:
                self.moment += timedelta(seconds=self.takes.pop(country, 0))
                yield country, found[country]

    def start(self, country: str) -> None:
        assert country not in self.started, "a run is started once"
        self.started[country] = self.moment

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.moment += timedelta(seconds=seconds)

    def watch(self, waiting: Waiting | None = None, start: Callable[[str], str | None] | None = None) -> Watched:
        return watch(
            list(self.forecasts),
            LookTimes.of(ISSUE, waiting or AFTERNOON),
            look=self.look,
            start=start or self.start,
            done=lambda country: (
                "published before" if self.moment >= self.done.get(country, at("00:00", date(2027, 1, 1))) else None
            ),
            unwatched=lambda country: self.unwatched.get(country, ()),
            tell=self.told.append,
            now=lambda: self.moment,
            sleep=self.sleep,
        )


def test_a_whole_ensemble_starts_its_country_at_once() -> None:
    world = World(at("14:30"), {"KEN": {"14:30": ALL}})
    assert world.watch().started == {"KEN": "51 of 51 members"}
    assert (world.looks, world.told) == ([at("14:30")], [])


def test_nobody_looks_before_the_time_and_then_every_few_minutes() -> None:
    world = World(at("09:00"), {"KEN": {"14:44": ALL}})
    world.watch()
    assert world.looks == [at("14:30"), at("14:35"), at("14:40"), at("14:45")]
    assert world.started == {"KEN": at("14:45")}
    assert world.told == [
        "looking from 14:30 UTC on",
        "waiting for KEN (no folder); next look at 14:35, last one at 20:00 UTC",
        "waiting for KEN (no folder); next look at 14:40, last one at 20:00 UTC",
        "waiting for KEN (no folder); next look at 14:45, last one at 20:00 UTC",
    ]


def test_by_default_one_looks_from_10_on_every_ten_minutes() -> None:
    world = World(at("09:00"), {"KEN": {"10:10": ALL}})
    world.watch(Waiting())
    assert world.looks == [at("10:00"), at("10:10")]
    world = World(at("09:00"), {"KEN": {}})
    world.watch(Waiting())
    assert (len(world.looks), world.looks[-1]) == (61, at("20:00")), "no more a day than every five from 14:30 on"


def test_an_incomplete_ensemble_above_the_minimum_is_waited_for_and_then_used() -> None:
    world = World(at("14:30"), {"KEN": {"14:40": SOME, "15:00": MOST}})
    watched = world.watch()
    assert world.started == {"KEN": at("20:00")}
    assert watched.started == {"KEN": "40 of 51 members"}
    assert "waiting for KEN (40 of 51 members)" in world.told[-1]


def test_it_is_completed_while_one_waits() -> None:
    world = World(at("14:30"), {"KEN": {"14:40": MOST, "16:02": ALL}})
    world.watch()
    assert world.started == {"KEN": at("16:05")}


def test_what_never_comes_is_not_available_yet() -> None:
    world = World(at("14:30"), {"KEN": {"15:00": SOME}})
    watched = world.watch()
    assert (watched.started, watched.absent) == ({}, {"KEN": "20 of 51 members"})
    assert world.looks[-1] == at("20:00")
    assert len(world.looks) == 67, "every five minutes from 14:30 to 20:00, both included"


def test_countries_start_one_by_one_as_their_forecast_comes() -> None:
    world = World(at("14:30"), {"KEN": {"15:00": ALL}, "UGA": {"14:35": ALL}, "ZMB": {}})
    watched = world.watch(afternoon(until="16:00"))
    assert world.started == {"UGA": at("14:35"), "KEN": at("15:00")}
    assert watched.absent == {"ZMB": "no folder"}
    assert world.told[0] == "waiting for KEN, UGA, ZMB (no folder); next look at 14:35, last one at 16:00 UTC"


def test_one_that_begins_after_the_last_look_looks_once() -> None:
    """The worker was down; or a person runs yesterday's day again."""
    for forecast, started in (({"15:00": MOST}, {"KEN"}), ({}, set())):
        world = World(at("02:00", ISSUE + timedelta(days=1)), {"KEN": forecast})
        assert set(world.watch().started) == started
        assert len(world.looks) == 1


def test_waiting_beyond_midnight() -> None:
    world = World(at("22:00"), {"KEN": {}})
    world.watch(Waiting(first_look="22:00", until="02:00", every_minutes=60))
    assert world.looks == [at("22:00") + timedelta(hours=hours) for hours in range(5)]


def test_the_last_look_is_at_the_end_whatever_the_interval() -> None:
    world = World(at("14:30"), {"KEN": {"19:58": ALL}})
    world.watch(afternoon(every_minutes=120))
    assert world.looks == [at("14:30"), at("16:30"), at("18:30"), at("20:00")]


def test_a_country_that_another_source_has_served_is_not_waited_for() -> None:
    world = World(at("14:30"), {"KEN": {}, "UGA": {"15:00": ALL}})
    world.done["KEN"] = at("14:50")
    watched = world.watch()
    assert watched.done == {"KEN": "published before"}
    assert watched.absent == {}
    assert max(world.looks) == at("15:00")


def test_a_run_that_cannot_be_started_keeps_no_other_from_starting() -> None:
    world = World(at("14:30"), {"KEN": {"14:30": ALL}, "UGA": {"14:30": ALL}})

    def start(country: str) -> None:
        if country == "KEN":
            raise RuntimeError("there is no deployment floods/KEN")
        world.start(country)

    watched = world.watch(start=start)
    assert watched.not_started == {"KEN": "there is no deployment floods/KEN"}
    assert set(world.started) == {"UGA"}


def test_a_country_whose_run_is_done_is_not_said_to_be_started() -> None:
    world = World(at("14:30"), {"KEN": {"14:30": ALL}})
    watched = world.watch(start=lambda country: "its run ended Completed: held")
    assert (watched.started, watched.done) == ({}, {"KEN": "its run ended Completed: held"})


def test_a_country_that_is_fetched_for_long_keeps_no_other_waiting() -> None:
    """KEN's order stays 90 minutes in the queue: UGA starts at once, and ZMB when its forecast has come."""
    world = World(at("14:30"), {"KEN": {"15:00": ALL}, "UGA": {"14:30": ALL}, "ZMB": {"14:47": ALL}})
    world.takes = {"KEN": 90 * 60}
    watched = world.watch()
    assert world.started == {"UGA": at("14:30"), "ZMB": at("14:50"), "KEN": at("16:00")}
    assert set(watched.started) == {"KEN", "UGA", "ZMB"}
    assert "KEN (still being fetched)" in world.told[0]


def test_the_last_look_starts_what_is_there_before_it_waits_for_the_rest() -> None:
    world = World(at("20:00"), {"KEN": {"15:00": ALL}, "UGA": {"14:30": MOST}})
    world.takes = {"KEN": 90 * 60}
    world.watch()
    assert world.started == {"UGA": at("20:00"), "KEN": at("21:30")}


def test_what_waiting_cannot_mend_is_said_at_once_and_what_it_may_mend_at_the_end() -> None:
    no_account = Availability(False, False, "no account. What to do: export it.", fault=True, lasting=True)
    damaged = Availability(False, False, "a field of another run", fault=True)
    world = World(at("14:30"), {"KEN": {"14:30": no_account}})
    watched = world.watch()
    assert (watched.faulty, watched.absent) == ({"KEN": "no account. What to do: export it."}, {})
    assert len(world.looks) == 1
    world = World(at("14:30"), {"KEN": {"14:30": damaged}, "UGA": {"14:30": damaged, "15:00": ALL}})
    watched = world.watch()
    assert (watched.faulty, watched.absent, world.started) == (
        {"KEN": "a field of another run"}, {}, {"UGA": at("15:00")},
    )  # fmt: skip
    assert world.looks[-1] == at("20:00")


def test_at_the_last_look_a_run_asks_the_sources_that_nobody_looks_at() -> None:
    """KEN and UGA list an archive behind the source of the sensor, ZMB does not."""
    no_account = Availability(False, False, "no account", fault=True, lasting=True)
    world = World(at("14:30"), {"KEN": {"15:00": SOME}, "UGA": {"14:30": no_account}, "ZMB": {"15:00": SOME}})
    world.unwatched = {"KEN": ("archive",), "UGA": ("archive", "mirror")}
    watched = world.watch()
    assert world.started == {"KEN": at("20:00"), "UGA": at("20:00")}, "the archive may have it as late as that"
    assert watched.started == {
        "KEN": "20 of 51 members; its run asks archive", "UGA": "its run asks archive and mirror",
    }  # fmt: skip
    assert (watched.absent, watched.faulty) == ({"ZMB": "20 of 51 members"}, {"UGA": "no account"})
    assert "UGA (no account)" in world.told[0]


def test_a_run_that_finds_nothing_in_its_other_sources_either() -> None:
    world = World(at("20:00"), {"KEN": {}})
    world.unwatched = {"KEN": ("archive",)}

    def start(country: str) -> None:
        raise InputMissing("input not available yet: ewds: no folder; archive: no folder")

    watched = world.watch(start=start)
    assert watched.started == {}
    assert watched.absent == {
        "KEN": "no folder; its run asks archive; input not available yet: ewds: no folder; archive: no folder"
    }


@pytest.mark.parametrize(
    ("first", "until", "end"),
    [("14:30", "20:00", at("20:00")), ("14:30", "02:00", at("02:00", ISSUE + timedelta(days=1)))],
)
def test_an_end_before_the_beginning_is_on_the_next_morning(first: str, until: str, end: datetime) -> None:
    times = LookTimes.of(ISSUE, Waiting(first_look=first, until=until))
    assert (times.first, times.last) == (datetime(2026, 2, 15, 14, 30, tzinfo=UTC), end)
