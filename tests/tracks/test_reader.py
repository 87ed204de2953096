"""Cyclone tracks of real files: numbers read off ecCodes' own dump of single members, file by file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.domain.tracks import DIMS, cycle_of
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.track_files import write_tracks
from ibf_pipeline.tracks.reader import read_tracks, read_tracks_isolated
from tests.conftest import real_data

CHANTHU = "chanthu_2021091000_eps.bufr"
FOUR = "four_storms_2023082200.bufr"
GENESIS = "genesis_2022041812.bufr"
HEROLD_DET = "herold_2020031912_det.bufr"
HEROLD_EPS = "herold_2020031912_eps.bufr"

_READ: dict[str, xr.Dataset] = {}


def tracks_of(name: str) -> xr.Dataset:
    """Of a real file, read once."""
    if name not in _READ:
        _READ[name] = read_tracks([real_data("tracks", name)])
    return _READ[name]


@pytest.mark.parametrize(
    ("file", "storm", "member", "step", "centre", "pressure", "wind", "strongest"),
    [
        (CHANTHU, "21W", 7, 0, (17.3, 124.0), 954, 47.8, (17.0, 123.9)),
        (CHANTHU, "21W", 7, 48, (24.2, 122.6), 968, 28.8, (24.1, 122.8)),
        (CHANTHU, "21W", 7, 120, (30.7, 125.4), 971, 26.2, (31.4, 125.6)),
        (CHANTHU, "21W", 52, 24, (19.9, 121.8), 958, 44.2, (19.8, 122.1)),
        (CHANTHU, "21W", 52, 36, (21.2, 121.5), 953, 45.8, (21.0, 121.6)),
        (CHANTHU, "21W", 51, 240, (45.4, 155.9), 954, 28.3, (45.5, 154.2)),
        (FOUR, "08L", 20, 0, (13.5, -70.6), 1004, 16.0, (17.9, -70.9)),
        (FOUR, "08L", 20, 72, (22.2, -69.7), 1007, 11.8, (21.5, -68.7)),
        (FOUR, "09L", 52, 6, (25.8, -94.8), 1006, 17.5, (26.4, -94.7)),
        (GENESIS, "72W", 35, 204, (9.7, 127.2), 1005, 13.9, (10.9, 128.3)),
        (GENESIS, "72W", 35, 240, (11.8, 122.6), 1001, 14.4, (12.7, 124.5)),
        (GENESIS, "70E", 51, 0, (9.3, -125.2), 1009, 11.8, (11.9, -124.3)),
        (GENESIS, "70E", 51, 6, (9.9, -124.1), 1012, 10.3, (11.2, -125.3)),
        (HEROLD_DET, "22S", 52, 0, (-26.0, 72.0), 996, 16.5, (-25.3, 72.8)),
        (HEROLD_DET, "22S", 52, 12, (-27.5, 73.5), 1001, 15.4, (-27.1, 74.3)),
        (HEROLD_EPS, "22S", 52, 12, (-27.5, 73.5), 1001, 15.4, (-27.1, 74.3)),
    ],
)
def test_a_member_at_a_step_has_the_numbers_of_the_file(
    file: str,
    storm: str,
    member: int,
    step: int,
    centre: tuple[float, float],
    pressure: float,
    wind: float,
    strongest: tuple[float, float],
) -> None:
    tracks = tracks_of(file)
    at = tracks.sel(storm=storm, member=member).isel(time=int(np.flatnonzero(tracks["step"] == step)[0]))
    assert (at["lat"], at["lon"]) == centre
    assert (at["wind_lat"], at["wind_lon"]) == strongest
    assert (at["pressure"], at["wind"]) == (pressure, wind)
    assert at["time"].values == np.datetime64(cycle_of(tracks).replace(tzinfo=None)) + np.timedelta64(step, "h")


def test_radii_are_those_of_the_members_quadrants_and_speeds() -> None:
    at = tracks_of(CHANTHU).sel(storm="21W", member=7).isel(time=8)
    assert at["radius"].dims == ("speed", "quadrant")
    assert at["radius"].values.tolist() == [[253.7, 305.6, 329.7, 98.2], [61.1, 44.4, 0, 57.4], [0, 0, 0, 0]]
    assert tracks_of(CHANTHU)["speed"].values.tolist() == [17.5, 25.7, 32.9]


@pytest.mark.parametrize(
    ("file", "cycle", "storms", "names", "at_first", "at_last"),
    [
        (CHANTHU, "2021-09-10T00", ["21W"], ["CHANTHU"], [52], [24]),
        (FOUR, "2023-08-22T00", ["06L", "07L", "08L", "09L"], ["GERT", "EMILY", "FRANKLIN", "09L"], [30, 0, 25, 52],
         [1, 0, 19, 0]),
        (GENESIS, "2022-04-18T12", ["70E", "70W", "71E", "71W", "72W"], ["70E", "70W", "71E", "71W", "72W"],
         [43, 0, 12, 0, 0], [0, 7, 0, 8, 1]),
        (HEROLD_DET, "2020-03-19T12", ["22S"], ["HEROLD"], [1], [1]),
        (HEROLD_EPS, "2020-03-19T12", ["22S"], ["HEROLD"], [50], [1]),
    ],
)  # fmt: skip
def test_every_storm_of_a_file_is_there_with_the_members_that_have_it(
    file: str, cycle: str, storms: list[str], names: list[str], at_first: list[int], at_last: list[int]
) -> None:
    tracks = tracks_of(file)
    assert tracks["lat"].dims == DIMS
    assert cycle_of(tracks) == datetime.fromisoformat(cycle).replace(tzinfo=UTC)
    assert tracks["storm"].values.tolist() == storms
    assert tracks["name"].values.tolist() == names
    there = np.isfinite(tracks["lat"].values).sum(axis=1)
    assert (there[:, 0].tolist(), there[:, -1].tolist()) == (at_first, at_last)
    assert (tracks.attrs["perturbed"], tracks.attrs["last_step_h"], tracks.attrs["source"]) == (50, 240, "ECMWF")


def test_an_absent_member_is_a_member_without_the_storm() -> None:
    tracks = tracks_of(GENESIS)
    assert tracks["member"].values.tolist() == list(range(1, 53))
    assert tracks["kind"].values.tolist() == ["perturbed"] * 50 + ["control", "high-resolution"]
    have = np.isfinite(tracks["lat"].sel(storm="72W").values).any(axis=1)
    assert tracks["member"].values[have].tolist() == [34, 35]


def test_a_storm_that_was_seen_and_that_no_member_has_is_there() -> None:
    emily = tracks_of(FOUR).sel(storm="07L")
    assert (emily["observed_lat"], emily["observed_lon"]) == (21.1, -41.9)
    assert not np.isfinite(emily["lat"]).any()


def test_members_without_a_seen_storm_are_listed() -> None:
    four, genesis = tracks_of(FOUR), tracks_of(GENESIS)
    assert dict(zip(four["storm"].values.tolist(), four["listed"].values.tolist(), strict=True)) == {
        "06L": 52, "07L": 52, "08L": 52, "09L": 52
    }  # fmt: skip
    assert int(np.isfinite(four["lat"].sel(storm="08L").isel(time=0)).sum()) == 25
    assert genesis["listed"].sel(storm="72W") == 2


def test_a_storm_that_is_not_there_yet_was_seen_nowhere() -> None:
    assert np.isnan(tracks_of(GENESIS)["observed_lat"]).all()


def test_the_ensembles_file_and_that_of_the_single_run_are_one_cycle(tmp_path: Path) -> None:
    whole = tracks_of(CHANTHU)
    ensemble = write_tracks(whole.sel(member=range(1, 52)), tmp_path / "enfo.bufr")
    single = write_tracks(whole.sel(member=[52]), tmp_path / "oper.bufr")
    for files in ([ensemble, single], [single, ensemble]):
        xr.testing.assert_equal(read_tracks(files), whole)


def test_a_member_that_is_in_two_files_must_be_the_same_in_both(tmp_path: Path) -> None:
    """ECMWF's file of the single run has 15.9 m/s at step 6, the ensemble's 16.0 for the same: that is rounding."""
    both = [real_data("tracks", name) for name in (HEROLD_DET, HEROLD_EPS)]
    assert tracks_of(HEROLD_DET)["wind"].sel(member=52).values.tolist() == [[16.5, 15.9, 15.4]]
    xr.testing.assert_equal(read_tracks(both), tracks_of(HEROLD_EPS))
    other = tracks_of(HEROLD_DET).copy(deep=True)
    other["wind"].loc[{"member": 52}] += 1
    with pytest.raises(InputInvalid, match="22S has member 52 twice with different numbers"):
        read_tracks([both[1], write_tracks(other.sel(member=[52]), tmp_path / "other.bufr")])


def test_another_cycle_is_refused() -> None:
    chanthu, herold = real_data("tracks", CHANTHU), real_data("tracks", HEROLD_DET)
    with pytest.raises(InputInvalid, match=r"2020-03-19 12 UTC and the cycle of 2021-09-10 00 UTC"):
        read_tracks([chanthu, herold])
    with pytest.raises(InputInvalid, match=r"the cycle of 2020-03-19 12 UTC.*Expected: the cycle of 2020-03-20 00 UTC"):
        read_tracks([herold], datetime(2020, 3, 20, tzinfo=UTC))
    read_tracks([herold], datetime(2020, 3, 19, 12, tzinfo=UTC))


def test_a_larger_ensemble_than_configured_is_refused_by_name() -> None:
    with pytest.raises(InputInvalid, match=r"member 41 of type 4.*`members` in the country's file"):
        read_tracks([real_data("tracks", CHANTHU)], perturbed=40)


def test_without_compression_each_member_has_steps_of_its_own(tmp_path: Path) -> None:
    """Member 3 has the analysis and a step of 6 h, member 4 steps of 12 and 24 h: keys are numbered through all."""
    file = tmp_path / "uncompressed.bufr"
    values = {
        "ensembleMemberNumber": [3, 4],
        "ensembleForecastType": [4, 4],
        "timePeriod": [6, 12, 24],
        "latitude": [17.0, 17.1, 17.2, 18.1, 18.2, 17.0, 16.1, 16.2, 17.3, 17.4, 18.3, 18.4],
        "longitude": [124.0, 124.1, 124.2, 123.1, 123.2, 124.0, 125.1, 125.2, 124.3, 124.4, 122.3, 122.4],
        "pressureReducedToMeanSeaLevel": [97000, 97100, 98000, 98100, 98200],
        "windSpeedAt10M": [30.0, 30.1, 40.0, 40.1, 40.2],
    }
    file.write_bytes(uncompressed([1, 2], values))
    tracks = read_tracks([file]).sel(storm="21W")
    assert tracks["step"].values.tolist() == [0, 6, 12, 24]
    assert tracks["lat"].sel(member=3).values[:2].tolist() == [17.1, 18.1]
    assert np.isnan(tracks["lat"].sel(member=3).values[2:]).all()
    assert tracks["lon"].sel(member=4).values[[0, 2, 3]].tolist() == [125.1, 124.3, 122.3]
    assert tracks["wind"].sel(member=4).values[[0, 2, 3]].tolist() == [40.0, 40.1, 40.2]
    assert tracks["pressure"].sel(member=4).values[[0, 2, 3]].tolist() == [980, 981, 982]
    assert np.isnan(tracks["lat"].sel(member=4).values[1])


def uncompressed(steps: list[int], values: dict[str, list[float]]) -> bytes:
    """A message of 2021-09-10 00 UTC with so many steps of each member."""
    import eccodes

    handle = eccodes.codes_bufr_new_from_samples("BUFR4")
    eccodes.codes_set_array(handle, "inputDelayedDescriptorReplicationFactor", steps)
    moment = {"Year": 2021, "Month": 9, "Day": 10, "Hour": 0, "Minute": 0}
    head = {"masterTablesVersionNumber": 35, "numberOfSubsets": len(steps), "compressedData": 0, "typicalSecond": 0}
    for key, value in (head | {f"typical{name}": value for name, value in moment.items()}).items():
        eccodes.codes_set(handle, key, value)
    eccodes.codes_set_array(handle, "unexpandedDescriptors", [316082])
    for key, value in {name.lower(): value for name, value in moment.items()}.items():
        eccodes.codes_set_array(handle, key, [value] * len(steps))
    for key, of_all in values.items():
        eccodes.codes_set_array(handle, key, np.array(of_all, float))
    for number in range(1, len(steps) + 1):
        eccodes.codes_set(handle, f"#{number}#stormIdentifier", "21W")
    eccodes.codes_set(handle, "pack", 1)
    content: bytes = eccodes.codes_get_message(handle)
    eccodes.codes_release(handle)
    return content


def test_headings_of_bulletins_around_messages_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "bulletin.bufr"
    one = b"\x01\r\r\n042\r\r\nJSXX01 ECMP 191200\r\r\n"
    file.write_bytes(one + real_data("tracks", HEROLD_DET).read_bytes() + b"\r\r\n\x03")
    xr.testing.assert_identical(read_tracks([file]), tracks_of(HEROLD_DET))


def test_another_process_reads_the_same() -> None:
    xr.testing.assert_identical(read_tracks_isolated([real_data("tracks", HEROLD_EPS)]), tracks_of(HEROLD_EPS))
