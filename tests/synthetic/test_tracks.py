"""Generated tracks keep their promise: place, hour, wind and spread, cycle after cycle, and through a BUFR file."""

from __future__ import annotations

import math
from pathlib import Path

import eccodes
import numpy as np
import pytest
import shapely
import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.sphere import distance_km
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.tracks import UnknownPlace, made_tracks, parse_track_wishes, write_tracks
from ibf_pipeline.synthetic.wishes import WishInvalid
from ibf_pipeline.tracks.reader import read_tracks
from tests.synthetic import islands

ISSUE = IssueTime.parse("2026-11-30T00")
LAYERS = islands.layers()


def made(wishes: str, issue_time: str = "2026-11-30T00") -> xr.Dataset:
    return made_tracks(parse_track_wishes(wishes), IssueTime.parse(issue_time), LAYERS)


def at_hour(tracks: xr.Dataset, name: str, hour: float) -> xr.Dataset:
    """Between the steps, in straight lines: (member)."""
    storm, steps = tracks.isel(storm=tracks["name"].values.tolist().index(name)), tracks["step"].values
    first = min(int(np.searchsorted(steps, hour, side="right")) - 1, len(steps) - 2)
    before, after = (storm.isel(time=number, drop=True) for number in (first, first + 1))
    return before + (after - before) * (hour - steps[first]) / 6


def crossing(tracks: xr.Dataset, name: str, member: int = 52) -> tuple[float, shapely.Point]:
    """Hour and place in which a member's line first meets land."""
    storm = tracks.isel(storm=tracks["name"].values.tolist().index(name)).sel(member=member)
    storm = storm.isel(time=np.flatnonzero(np.isfinite(storm["lat"].values)))
    for first in range(storm.sizes["time"] - 1):
        leg = shapely.linestrings(storm[["lon", "lat"]].isel(time=slice(first, first + 2)).to_array().values.T)
        met = leg.intersection(LAYERS.land)
        if not met.is_empty:
            share = min(leg.project(shapely.Point(each), normalized=True) for each in shapely.get_coordinates(met))
            return float(storm["step"][first]) + 6 * share, leg.interpolate(share, normalized=True)
    return math.nan, shapely.Point()


@pytest.mark.parametrize(
    ("hour", "place", "outlines"),
    [
        (48, "North", ("N1", "N2")),
        (45, "south", ("S1", "S2")),
        (120, "Outer Island", ("E1",)),
        (3, "Baybay", ("N2",)),
        (46, "S2", ("S2",)),
        (48, "All", tuple(islands.OUTLINES)),
        (50, "17.2/122.0", ("N2",)),
    ],
)
def test_landfall_is_in_that_place_and_hour_with_that_wind(hour: int, place: str, outlines: tuple[str, ...]) -> None:
    tracks = made(f"CHANTHU=landfall@{hour}h:{place}:45ms:80km")
    found, where = crossing(tracks, "CHANTHU")
    assert found == pytest.approx(hour, abs=0.25)
    nearest = min(islands.OUTLINES, key=lambda code: islands.OUTLINES[code].distance(where))
    assert nearest in outlines
    assert float(at_hour(tracks, "CHANTHU", hour)["wind"].sel(member=52)) == pytest.approx(45, abs=0.06)


@pytest.mark.parametrize(("hour", "spread"), [(48, 80), (42, 80), (120, 200), (0, 30), (-6, 30), (48, 0)])
def test_members_are_spread_as_wished_in_that_hour(hour: int, spread: int) -> None:
    tracks = made(f"CHANTHU=landfall@{hour}h:North:45ms:{spread}km")
    at = at_hour(tracks, "CHANTHU", max(hour, 0)).sel(member=range(1, 51))
    lat, lon = at["lat"].values, at["lon"].values
    rms = np.sqrt((distance_km(lat, lon, lat.mean(), lon.mean()) ** 2).mean())
    assert rms == pytest.approx(spread, abs=1)
    assert float(at["wind"].mean()) == pytest.approx(45, abs=0.5) or hour < 0


def test_the_control_is_a_run_of_its_own_near_the_high_resolution_run() -> None:
    at = at_hour(made("CHANTHU=landfall@48h:North:45ms:80km"), "CHANTHU", 48)
    control, best = at.sel(member=51), at.sel(member=52)
    assert (str(control["kind"].values), str(best["kind"].values)) == ("control", "high-resolution")
    assert 5 < distance_km(control["lat"], control["lon"], best["lat"], best["lon"]) < 30


def test_pressure_is_that_of_the_wind() -> None:
    """By hand at the landfall of a storm of 45 m/s: b of Holland (2008), and its 1-minute wind as a 10-minute one."""
    tracks = made("CHANTHU=landfall@48h:North:45ms:80km")
    at, before = (at_hour(tracks, "CHANTHU", hour).sel(member=52) for hour in (48, 42))
    moving = float(distance_km(before["lat"], before["lon"], at["lat"], at["lon"])) / 21.6
    drop = 1010 - float(at["pressure"])
    b = -4.4e-5 * drop**2 + 0.01 * drop - 0.014 * float(at["lat"]) + 0.15 * moving ** (0.6 * (1 - drop / 215)) + 1
    assert 0.93 * math.sqrt(b * drop * 100 / (1.15 * math.e)) + moving == pytest.approx(45, abs=0.3)
    assert 960 < float(at["pressure"]) < 980


def test_a_pass_comes_no_nearer_than_wished_and_in_that_hour() -> None:
    tracks = made("CHANTHU=pass@48h:North:45ms:80km:40kmoff")
    hours = np.arange(24, 72)
    best = [at_hour(tracks, "CHANTHU", hour).sel(member=52) for hour in hours]
    x, y = (np.array([float(each[name]) for each in best]) for name in ("lon", "lat"))
    coast = shapely.get_coordinates(shapely.segmentize(shapely.box(121, 15, 122, 18).exterior, 0.05))
    coast = np.vstack([coast, shapely.get_coordinates(shapely.segmentize(islands.OUTLINES["E1"].exterior, 0.05))])
    away = distance_km(y[:, None], x[:, None], coast[:, 1], coast[:, 0])
    assert away.min() == pytest.approx(40, abs=3)
    assert hours[away.min(axis=1).argmin()] == pytest.approx(48, abs=2)
    assert coast[away.min(axis=0).argmin(), 1] >= 16.5
    assert math.isnan(crossing(tracks, "CHANTHU")[0])


def test_a_storm_is_seen_where_it_is_wished() -> None:
    at = at_hour(made("CHANTHU=seen@12h:14.5/127.25:30ms:50km"), "CHANTHU", 12).sel(member=52)
    assert (float(at["lat"]), float(at["lon"]), float(at["wind"])) == (14.5, 127.25, 30)


def test_a_wish_that_is_told_again_in_the_next_cycles_is_the_same_storm() -> None:
    first = made("CHANTHU=landfall@48h:North:45ms:80km")
    for later in (6, 12, 42, 48, 54, 66):
        issue = f"2026-{11 + (later >= 24):02d}-{30 if later < 24 else later // 24:02d}T{later % 24:02d}"
        tracks = made(f"CHANTHU=landfall@{48 - later}h:North:45ms:80km", issue)
        now, before = tracks.isel(storm=0, time=0).sel(member=52), at_hour(first, "CHANTHU", later).sel(member=52)
        assert distance_km(now["lat"], now["lon"], before["lat"], before["lon"]) < 2
        assert float(now["wind"]) == pytest.approx(float(before["wind"]), abs=0.2)
        assert (float(now["observed_lat"]), float(now["observed_lon"])) == (float(now["lat"]), float(now["lon"]))
        assert tracks.attrs["last_step_h"] == (240 if later % 12 == 0 else 144)


def test_a_storm_that_is_not_there_yet_forms_in_two_thirds_of_the_members_and_stays_the_same_once_named() -> None:
    tracks = made("70W=genesis@120h:North:45ms:80km")
    storm = tracks.isel(storm=0)
    assert np.isnan(storm["observed_lat"])
    there = np.isfinite(storm["lat"].values)
    assert tracks["step"].values[there.any(axis=0)][0] == 48
    assert there.any(axis=1).sum() == 33 + 2
    assert crossing(tracks, "70W")[0] == pytest.approx(120, abs=0.25)
    named = made("CHANTHU/21W=landfall@114h:North:45ms:80km", "2026-11-30T06")
    assert named["storm"].values.tolist() == ["21W"]
    one, other = at_hour(tracks, "70W", 120).sel(member=52), at_hour(named, "CHANTHU", 114).sel(member=52)
    assert distance_km(one["lat"], one["lon"], other["lat"], other["lon"]) < 2


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    tracks = made("70W=genesis@120h:South:25ms:200km CHANTHU=landfall@48h:North:45ms:80km")
    file = write_tracks(tracks, tmp_path / "tracks.bufr")
    xr.testing.assert_identical(read_tracks([file], ISSUE.start), tracks)
    assert tracks.attrs["source"] == "made up, no forecast of anybody"


def test_a_flat_reading_mixes_members(tmp_path: Path) -> None:
    """The file has what makes ECMWF's hard to read: values that are the same for all members stand there once."""
    tracks = made("CHANTHU=landfall@48h:North:45ms:80km")
    content = write_tracks(tracks, tmp_path / "tracks.bufr").read_bytes()
    handle = eccodes.codes_new_from_message(content)
    eccodes.codes_set(handle, "unpack", 1)
    steps = tracks.sizes["time"]
    assert eccodes.codes_get_size(handle, "latitude") == 1 + 2 * 52 * steps
    assert eccodes.codes_get_size(handle, "timePeriod") == steps - 1
    assert eccodes.codes_get_size(handle, "meteorologicalAttributeSignificance") == 1 + 52 + 2 * steps - 1
    eccodes.codes_release(handle)


def test_no_wish_is_a_cycle_without_a_storm(tmp_path: Path) -> None:
    assert parse_track_wishes(" END ") == parse_track_wishes("") == ()
    tracks = made("end")
    assert (tracks.sizes["storm"], tracks.sizes["member"]) == (0, 50)
    assert tracks["radius"].dims == ("storm", "member", "time", "speed", "quadrant")
    with pytest.raises(InputInvalid, match="no storm to write"):
        write_tracks(tracks, tmp_path / "tracks.bufr")


def test_wishes_are_read_in_their_order_with_what_is_left_out() -> None:
    one, other = parse_track_wishes("chanthu=landfall@48h:Outer Island  71W=genesis@+120h:17.2/122:25ms:200.5km")
    assert (one.name, one.place, one.wind_ms, one.spread_km, one.off_km) == ("CHANTHU", "Outer Island", 40, 80, None)
    assert (other.identifier, other.at_h, other.place, other.spread_km) == ("71W", 120, "17.2/122", 200.5)
    assert one.identifier == parse_track_wishes("CHANTHU=landfall@6h:North")[0].identifier


@pytest.mark.parametrize(
    ("wishes", "found"),
    [
        ("CHANTHU", "`CHANTHU` is not a wish"),
        ("CHANTHU=landfall@48h", "is not a wish"),
        ("CHANTHU=arrives@48h:North", "is not a wish"),
        ("CHANTHU=landfall@300h:North", "300 hours after the cycle"),
        ("CHANTHU=landfall@48h:North:120ms", "120 m/s"),
        ("CHANTHU=landfall@48h:North:45ms:900km", "900 km of spread"),
        ("CHANTHU=landfall@48h:North:45ms:80km:40kmoff", "40kmoff of a landfall"),
        ("CHANTHU=pass@45h:North", "a pass at hour 45"),
        ("CHANTHU=genesis@96h:North", "genesis of CHANTHU"),
        ("ABCDEFGHIJKL=landfall@48h:North", "a storm called 'ABCDEFGHIJKL'"),
        ("A/21W=landfall@48h:North B/21W=landfall@60h:South", "B and A are both storm 21W"),
        ("CHANTHU=landfall@48h:Atlantis", "there is no place 'Atlantis'"),
        ("CHANTHU=landfall@48h:San Jose", "2 areas are called San Jose"),
        ("CHANTHU=landfall@48h:16.0/130.0", "no storm comes from the open sea to a landfall at 16.0/130.0"),
        ("CHANTHU=landfall@48h:86.0/130.0", "the place 86.0/130.0"),
    ],
)
def test_what_cannot_be_wished_for_is_said_with_a_remedy(wishes: str, found: str) -> None:
    with pytest.raises(WishInvalid) as error:
        made(wishes)
    assert found in str(error.value)
    assert error.value.remedy
    assert error.value.exit_code == 2
    assert isinstance(error.value, UnknownPlace) == ("Atlantis" in wishes)
