"""What a portal shows of a day that is half made: what is said of it, against what the sandbox answers."""

from __future__ import annotations

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.targets.ibf.incomplete_day import shows
from ibf_pipeline.targets.incomplete_day import interruption_words, portal_words
from tests.publish.test_day_sequences import day
from tests.publish.test_stopped_in_between import AFTER, BEFORE, dying_after
from tests.worlds.countries.flood_days import FloodDays
from tests.worlds.runs import flood_run

NO_ALERTS = "the portal shows no alerts, yesterday's included"


def said(portal: FloodDays, number: int) -> str:
    run = flood_run(portal.runs, portal.country.iso3, day(number))
    words = portal_words(run, "sandbox", shows)
    assert interruption_words(run, "sandbox", shows) in (None, words)
    return words


@pytest.mark.parametrize("stopped", [2, 16, 40])
def test_from_the_first_row_of_a_new_day_the_portal_shows_no_alerts(portal: FloodDays, stopped: int) -> None:
    portal.day(BEFORE, day(1))
    assert set(portal.events()) == {"G9001", "G9002"}
    with dying_after(stopped):
        portal.day(AFTER, day(2))
    assert (portal.events(), said(portal, 2)) == ({}, NO_ALERTS)


def test_where_nothing_is_known_to_be_done_it_may(portal: FloodDays) -> None:
    portal.day(BEFORE, day(1))
    with dying_after(1):
        portal.day(AFTER, day(2))
    assert portal.events() == {}
    assert said(portal, 2) == "the portal may show no alerts by now, not even yesterday's"


def test_a_day_without_alerts_empties_the_portal_as_well(portal: FloodDays) -> None:
    portal.day(BEFORE, day(1))
    with dying_after(20):
        portal.day("", day(2))
    assert (portal.events(), said(portal, 2)) == ({}, NO_ALERTS)


def test_in_place_of_an_earlier_upload_of_the_day_it_shows_parts(portal: FloodDays) -> None:
    portal.day(BEFORE, day(1))
    with dying_after(20):
        portal.day(AFTER, day(1))
    assert said(portal, 1).startswith("the portal shows no alerts or only parts of them, in place of")


def test_where_nothing_was_sent_it_shows_what_it_did(portal: FloodDays) -> None:
    portal.day(BEFORE, day(1))
    assert said(portal, 2) == "nothing was sent, so that the portal still shows yesterday's alerts"
    assert said(portal, 1).endswith("still shows what was published of this day before")
    assert set(portal.events()) == {"G9001", "G9002"}


def test_where_only_the_notification_is_left_it_shows_the_day(portal: FloodDays) -> None:
    portal.day(BEFORE, day(1))
    last = len(portal.revisions(day(1))[0].calls())
    with dying_after(last - 1):
        portal.day(AFTER, day(2))
    (revision,) = portal.revisions(day(2))
    assert revision.state().remaining_calls[-1].kind == "end"
    assert "G9001" in portal.events()


def test_a_file_that_is_gone_is_said_before_the_first_row(portal: FloodDays) -> None:
    """Not in the middle, with the portal empty."""
    portal.day(BEFORE, day(1))
    with dying_after(1):
        portal.day(AFTER, day(2))
    (revision,) = portal.revisions(day(2))
    before = revision.state().progress.entries
    raster = next(call.file for call in revision.calls() if call.file is not None)
    (revision.folder / raster.path).unlink()
    with pytest.raises(InputInvalid, match="the file of the call cannot be read"):
        portal.day(AFTER, day(2))
    assert revision.state().progress.entries == before
