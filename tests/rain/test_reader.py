"""Rain files of every kind to the amounts of steps, by numbers that a person can add up."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import shapely

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.reader import read_rain
from ibf_pipeline.rain.steps import GriddedRain
from ibf_pipeline.rain.weights import weigh
from ibf_pipeline.sources.archives import unpacked
from tests.rain.written import BOUNDS, CYCLE, LAT, LON, flat, grib, hour, imerg, netcdf

FROM_START = RainDeclaration(amounts="from-start")
HOURLY = RainDeclaration(amounts="step", stamp="end", step_minutes=60)


def steps(rain: GriddedRain) -> list[tuple[int, int]]:
    """In hours after the cycle."""
    hours = [(each - CYCLE) // np.timedelta64(60, "m") for each in (rain.starts, rain.ends)]
    return [(int(start), int(end)) for start, end in zip(*hours, strict=True)]


def fallen(rain: GriddedRain, member: int = 0) -> list[float]:
    """mm of every step in the north-western cell."""
    return [round(float(each), 2) for each in rain.amount[member, :, 0, 0]]


def test_gfs_restarts_every_6_hours(tmp_path: Path) -> None:
    """f003 is 0-3 and f006 is 0-6: the second 3 hours are a difference, 9 hours are a bucket of its own."""
    file = grib(tmp_path / "gfs", [("0-3", flat(2)), ("0-6", flat(5)), ("6-9", flat(4)), ("6-12", flat(4))])
    rain = read_rain([file], RainDeclaration(), BOUNDS)
    assert steps(rain) == [(0, 3), (3, 6), (6, 9), (9, 12)]
    assert fallen(rain) == [2, 3, 4, 0]
    assert rain.cycle == CYCLE


def test_gfs_also_writes_the_sum_of_the_run_beside_the_buckets(tmp_path: Path) -> None:
    fields = [
        ("0-6", flat(5)),
        ("0-6", flat(5)),
        ("6-9", flat(4)),
        ("0-9", flat(9)),
        ("6-12", flat(7)),
        ("0-12", flat(12)),
    ]
    rain = read_rain([grib(tmp_path / "gfs", fields)], RainDeclaration(), BOUNDS)
    assert steps(rain) == [(0, 6), (6, 9), (9, 12)]
    assert fallen(rain) == [5, 4, 3]


def test_a_missing_file_makes_a_longer_step_and_never_a_dry_one(tmp_path: Path) -> None:
    """Without f003 nobody knows when the 5 mm fell; without f006 what fell from 3 to 6 is unknown."""
    without_f003 = read_rain([grib(tmp_path / "a", [("0-6", flat(5)), ("6-9", flat(4))])], RainDeclaration(), BOUNDS)
    assert (steps(without_f003), fallen(without_f003)) == ([(0, 6), (6, 9)], [5, 4])
    without_f006 = read_rain([grib(tmp_path / "b", [("0-3", flat(5)), ("6-9", flat(4))])], RainDeclaration(), BOUNDS)
    assert (steps(without_f006), fallen(without_f006)) == ([(0, 3), (6, 9)], [5, 4])


def test_ecmwf_sums_in_metres_of_members(tmp_path: Path) -> None:
    file = tmp_path / "ens"
    for member, mm in ((1, 0.010), (2, 0.0)):
        grib(file, [("0-3", flat(mm / 2)), ("0-6", flat(mm)), ("0-12", flat(mm * 4))], param=228, member=member)
    rain = read_rain([file], RainDeclaration(), BOUNDS)
    assert rain.members == (1, 2)
    assert steps(rain) == [(0, 3), (3, 6), (6, 12)]
    assert (fallen(rain, 0), fallen(rain, 1)) == ([5, 5, 30], [0, 0, 0])


def test_a_member_without_a_message_is_missing(tmp_path: Path) -> None:
    file = grib(tmp_path / "ens", [("0-3", flat(1)), ("0-6", flat(3))], member=1)
    rain = read_rain([grib(file, [("0-3", flat(1))], member=2)], RainDeclaration(), BOUNDS)
    assert fallen(rain, 0) == [1, 2]
    assert np.isnan(rain.amount[1, 1]).all()


def test_mean_rates_since_the_start(tmp_path: Path) -> None:
    """1 mm/h over 0-3 and 2 mm/h over 0-6 are 3 mm and then 9."""
    rates = [("0-3", flat(1 / 3600)), ("0-6", flat(2 / 3600))]
    file = grib(tmp_path / "rate", rates, param=3059, keys={"typeOfStatisticalProcessing": 0})
    assert fallen(read_rain([file], RainDeclaration(variable="prate"), BOUNDS)) == [3, 9]


def test_half_hours_of_imerg_are_rates_with_a_group_and_bounds(tmp_path: Path) -> None:
    """8 mm/h for half an hour are 4 mm; rows of the file go from south to north and its dimensions are lon, lat."""
    rate = flat(8)
    rate[0] = np.nan
    rate[2] = 2
    files = [imerg(tmp_path, hour(0), rate), imerg(tmp_path, hour(0) + np.timedelta64(30, "m"), rate)]
    rain = read_rain(files, RainDeclaration(), BOUNDS, observed=True)
    assert (rain.ends - rain.starts).tolist() == [np.timedelta64(30, "m")] * 2
    assert rain.amount[0, 0, :, 0].tolist() == pytest.approx([1, 4, np.nan], nan_ok=True)
    assert rain.starts[0] == CYCLE
    assert rain.cycle is None


def test_imerg_of_version_6_has_another_name(tmp_path: Path) -> None:
    rain = read_rain([imerg(tmp_path, hour(0), flat(2), "precipitationCal")], RainDeclaration(), BOUNDS)
    assert fallen(rain) == [1]


def test_cosmo_counts_from_the_start_and_writes_large_numbers_where_it_has_none(tmp_path: Path) -> None:
    """Missing in one sum is missing in the step before and after it, never dry (F5)."""
    fields = np.stack([flat(0), flat(2), flat(2), flat(6)])
    fields[2, 0, 1] = 9.97e36
    rain = read_rain(
        [netcdf(tmp_path / "cosmo.nc", [0, 1, 2, 3], fields)],
        RainDeclaration(amounts="from-start", missing_above=1000),
        BOUNDS,
        CYCLE,
    )
    assert steps(rain) == [(0, 1), (1, 2), (2, 3)]
    assert fallen(rain) == [2, 0, 4]
    assert np.isnan(rain.amount[0, :, 0, 1]).tolist() == [False, True, True]


@pytest.mark.parametrize("large", [9999.0, 1e20, -9999.0])
def test_an_undeclared_number_for_missing_ones_stops(large: float, tmp_path: Path) -> None:
    """A constant 9999 in sums would be 0 mm in every step."""
    file = netcdf(tmp_path / "cosmo.nc", [1, 2, 3], np.full((3, *flat(0).shape), large))
    with pytest.raises(InputInvalid, match="mm of rain in 2026-02-15T06:00 to 2026-02-15T07:00 UTC"):
        read_rain([file], FROM_START, BOUNDS, CYCLE)


def test_a_declared_fill_value_is_missing(tmp_path: Path) -> None:
    field = flat(3)
    field[0, 0] = np.nan
    file = netcdf(tmp_path / "filled.nc", [1], field[np.newaxis], fill=-9999.0)
    rain = read_rain([file], FROM_START, BOUNDS, CYCLE)
    assert rain.amount[0, 0, 0, :2].tolist() == pytest.approx([np.nan, 3], nan_ok=True)


def test_rounding_is_no_rain_and_a_falling_sum_stops(tmp_path: Path) -> None:
    """0.06 mm less is what packing does; 0.5 mm less cannot be, and the file and the step are named."""
    near = netcdf(tmp_path / "near.nc", [1, 2], np.stack([flat(5), flat(4.94)]))
    assert fallen(read_rain([near], FROM_START, BOUNDS, CYCLE)) == [5, 0]
    falls = netcdf(tmp_path / "falls.nc", [1, 2], np.stack([flat(5), flat(4.5)]))
    with pytest.raises(InputInvalid, match=r"falls.nc: -0.5 mm of rain in 2026-02-15T07:00 to 2026-02-15T08:00 UTC"):
        read_rain([falls], FROM_START, BOUNDS, CYCLE)


def test_declared_buckets(tmp_path: Path) -> None:
    file = netcdf(tmp_path / "gfs.nc", [3, 6, 9], np.stack([flat(2), flat(5), flat(4)]), run=True)
    rain = read_rain([file], RainDeclaration(amounts="buckets", bucket_hours=6), BOUNDS)
    assert (steps(rain), fallen(rain)) == ([(0, 3), (3, 6), (6, 9)], [2, 3, 4])
    with pytest.raises(InputInvalid, match="declare `bucket_hours`"):
        read_rain([file], RainDeclaration(amounts="buckets"), BOUNDS)


@pytest.mark.parametrize(
    "reads", [RainDeclaration(amounts="buckets", bucket_hours=6), RainDeclaration(amounts="step", stamp="end")]
)
def test_the_start_of_a_run_is_no_dry_time_before_it(reads: RainDeclaration, tmp_path: Path) -> None:
    """Models write a field of 0 for their start; the hours before are those of an older run, which may have rain."""
    file = netcdf(tmp_path / "run.nc", [0, 1, 2], np.stack([flat(0), flat(2), flat(5)]), run=True)
    assert steps(read_rain([file], reads, BOUNDS)) == [(0, 1), (1, 2)]


def test_steps_before_the_start_of_a_nowcast_were_measured(tmp_path: Path) -> None:
    file = netcdf(tmp_path / "radar.nc", [-1, 0, 1], np.stack([flat(4), flat(2), flat(5)]), run=True)
    rain = read_rain([file], RainDeclaration(amounts="step", stamp="end"), BOUNDS)
    assert (steps(rain), fallen(rain)) == ([(-2, -1), (-1, 0), (0, 1)], [4, 2, 5])


@pytest.mark.parametrize(("stamp", "first"), [("start", 0), ("middle", 0.5), ("end", 1)])
def test_stamps_at_the_start_the_middle_and_the_end(stamp: str, first: float, tmp_path: Path) -> None:
    file = netcdf(tmp_path / "radar.nc", [first, first + 1], np.stack([flat(1), flat(2)]))
    rain = read_rain([file], RainDeclaration(amounts="step", stamp=stamp), BOUNDS)  # type: ignore[arg-type]
    assert (steps(rain), fallen(rain)) == ([(0, 1), (1, 2)], [1, 2])


def test_bounds_say_it_all(tmp_path: Path) -> None:
    """Sums from the start by their bounds: nothing has to be declared."""
    file = netcdf(tmp_path / "cf.nc", [1, 3], np.stack([flat(1), flat(4)]), bounds=[(0, 1), (0, 3)])
    rain = read_rain([file], RainDeclaration(), BOUNDS)
    assert (steps(rain), fallen(rain)) == ([(0, 1), (1, 3)], [1, 3])


@pytest.mark.parametrize(
    ("unit", "value"),
    [("mm/h", 3.6), ("m h-1", 0.0036), ("kg m**-2 s**-1", 0.001), ("m s-1", 1e-6), ("mm/hr", 3.6)],
)
def test_units_of_rates(unit: str, value: float, tmp_path: Path) -> None:
    """3.6 mm/h for a quarter of an hour are 0.9 mm."""
    file = netcdf(tmp_path / "rate.nc", [0.25, 0.5], np.stack([flat(value)] * 2), unit=unit, variable="prate")
    assert fallen(read_rain([file], RainDeclaration(stamp="end"), BOUNDS)) == [0.9, 0.9]


@pytest.mark.parametrize(("unit", "value"), [("mm", 5), ("kg m-2", 5), ("m", 0.005), ("kg/m^2", 5)])
def test_units_of_amounts(unit: str, value: float, tmp_path: Path) -> None:
    file = netcdf(tmp_path / "amount.nc", [1], flat(value)[np.newaxis], unit=unit)
    assert fallen(read_rain([file], HOURLY, BOUNDS)) == [5]


def test_ascending_latitudes_and_longitudes_to_360_change_nothing(tmp_path: Path) -> None:
    field = np.arange(12.0).reshape(1, 3, 4)
    plain = read_rain([netcdf(tmp_path / "plain.nc", [1], field)], HOURLY, BOUNDS)
    turned = netcdf(tmp_path / "turned.nc", [1], field[:, ::-1], lat=LAT[::-1], lon=LON + 360)
    other = read_rain([turned], HOURLY, BOUNDS)
    assert other.grid == plain.grid
    np.testing.assert_array_equal(other.amount, plain.amount)
    upwards = read_rain([grib(tmp_path / "up", [("0-1", field[0, ::-1])], lat=LAT[::-1])], RainDeclaration(), BOUNDS)
    np.testing.assert_allclose(upwards.amount[0, 0], field[0], atol=1e-4)


def test_a_country_on_the_seam_of_a_global_grid(tmp_path: Path) -> None:
    """Ghana lies on both sides of 0 degrees: columns 0 and 1, and the last ones, are neighbours."""
    lat, lon = np.arange(10.0, 4.0, -1), np.arange(0.0, 360.0, 1)
    field = np.broadcast_to(np.where(lon > 180, lon - 360, lon), (1, len(lat), len(lon))) + 10.0
    file = netcdf(tmp_path / "global.nc", [1], field, lat=lat, lon=lon)
    rain = read_rain([file], HOURLY, (-2.4, 5.6, 1.4, 8.4))
    assert rain.amount[0, 0, 0].tolist() == [7, 8, 9, 10, 11, 12]
    assert (rain.grid.left, rain.grid.dx) == (-3.5, 1)


def test_a_country_on_both_sides_of_180_degrees_has_all_cells(tmp_path: Path) -> None:
    """Of Fiji, whose areas are cut there: no part of one lies beyond the last cell, whose middle is at the seam."""
    lat, lon = np.arange(-10.0, -25.0, -1), np.arange(0.0, 360.0, 1)
    field = np.broadcast_to(np.abs(lon - 180), (1, len(lat), len(lon)))
    rain = read_rain([netcdf(tmp_path / "global.nc", [1], field, lat=lat, lon=lon)], HOURLY, (-180, -21, 180, -12))
    ends = weigh(rain.grid, ["west", "east"], [shapely.box(179.6, -17, 180, -16), shapely.box(-180, -17, -178.5, -16)])
    assert ends.means(rain.amount)[0, 0].tolist() == pytest.approx([0, 1 / 1.5], abs=1e-3)
    assert np.add.reduceat(ends.shares, ends.begins[:-1]).tolist() == pytest.approx([1, 1])


def rotated_file(file: Path, pole: tuple[float, float] | None) -> Path:
    attributes = {} if pole is None else {"grid_mapping": "rotated_pole"}
    netcdf(file, [1], np.arange(12.0).reshape(1, 3, 4), names=("rlat", "rlon"), attributes=attributes)
    if pole is not None:
        with netCDF4.Dataset(file, "a") as data:
            mapping = data.createVariable("rotated_pole", "i4", ())
            mapping.grid_mapping_name = "rotated_latitude_longitude"
            mapping.grid_north_pole_latitude, mapping.grid_north_pole_longitude = pole
    return file


def test_a_rotated_grid_says_where_its_pole_is_or_is_refused(tmp_path: Path) -> None:
    file = rotated_file(tmp_path / "bare.nc", None)
    with pytest.raises(InputInvalid, match="nothing says where its pole lies"):
        read_rain([file], HOURLY, BOUNDS)
    declared = read_rain(
        [file], RainDeclaration(amounts="step", stamp="end", step_minutes=60, north_pole=(90, 180)), BOUNDS
    )
    assert declared.grid.pole is None
    said = rotated_file(tmp_path / "plain.nc", (90.0, 180.0))
    assert read_rain([said], HOURLY, BOUNDS).grid == declared.grid
    with pytest.raises(InputInvalid, match=r"the source declares \(40, -170\) as pole"):
        read_rain([said], RainDeclaration(amounts="step", stamp="end", step_minutes=60, north_pole=(40, -170)), BOUNDS)


def test_two_dimensional_latitudes_are_refused(tmp_path: Path) -> None:
    file = netcdf(tmp_path / "wrf.nc", [1], flat(1)[np.newaxis], names=("south_north", "west_east"))
    with pytest.raises(InputInvalid, match="no latitude among the dimensions"):
        read_rain([file], HOURLY, BOUNDS)


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        (RainDeclaration(), "declare `amounts`"),
        (RainDeclaration(amounts="step", step_minutes=60), "declare `stamp`"),
        (RainDeclaration(amounts="step", stamp="end"), "declare `step_minutes`"),
        (RainDeclaration(amounts="rate", stamp="end"), "the source declares rate"),
        (RainDeclaration(amounts="step", stamp="end", unit="m"), "'mm' and the source declares 'm'"),
        (RainDeclaration(amounts="from-start"), "when the run began"),
        (RainDeclaration(variable="rain"), "no precipitation among"),
    ],
)
def test_what_nobody_says_or_contradicts_the_file_stops(reads: RainDeclaration, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=words):
        read_rain([netcdf(tmp_path / "rain.nc", [1], flat(1)[np.newaxis])], reads, BOUNDS)


def test_what_bounds_say_must_be_what_the_source_declares(tmp_path: Path) -> None:
    file = netcdf(tmp_path / "cf.nc", [1, 2], np.stack([flat(1)] * 2), bounds=[(0, 1), (1, 2)])
    assert fallen(read_rain([file], RainDeclaration(amounts="step", stamp="end"), BOUNDS)) == [1, 1]
    with pytest.raises(InputInvalid, match="the source declares start"):
        read_rain([file], RainDeclaration(amounts="step", stamp="start"), BOUNDS)
    with pytest.raises(InputInvalid, match="the source declares from-start"):
        read_rain([file], FROM_START, BOUNDS)
    buckets = grib(tmp_path / "gfs", [("0-3", flat(1)), ("0-6", flat(2)), ("3-6", flat(1))])
    with pytest.raises(InputInvalid, match="goes over several steps"):
        read_rain([buckets], RainDeclaration(amounts="step"), BOUNDS)


def test_a_hole_among_stamps_does_not_lengthen_a_step(tmp_path: Path) -> None:
    """A rate of 15 minutes is not that of the 30 minutes to the next file."""
    hours = [0.25, 0.5, 1.0]
    file = netcdf(tmp_path / "radar.nc", hours, np.stack([flat(4)] * 3), unit="mm/h", variable="rain")
    with pytest.raises(InputInvalid, match="stamps are 15, 30 minutes apart"):
        read_rain([file], RainDeclaration(stamp="end"), BOUNDS)
    rain = read_rain([file], RainDeclaration(stamp="end", step_minutes=15), BOUNDS)
    assert fallen(rain) == [1, 1, 1]
    assert rain.starts[2] - rain.ends[1] == np.timedelta64(15, "m")


def test_two_amounts_for_one_step_stop(tmp_path: Path) -> None:
    file = grib(tmp_path / "gfs", [("0-3", flat(1)), ("0-3", flat(2))])
    with pytest.raises(InputInvalid, match="two different amounts for 2026-02-15T06:00 to 2026-02-15T09:00"):
        read_rain([file], RainDeclaration(), BOUNDS)


def test_files_of_two_runs_stop(tmp_path: Path) -> None:
    files = [grib(tmp_path / "a", [("0-3", flat(1))]), grib(tmp_path / "b", [("0-3", flat(1))], cycle=hour(6))]
    with pytest.raises(InputInvalid, match="2026-02-15T06:00 and 2026-02-15T12:00"):
        read_rain(files, RainDeclaration(), BOUNDS)
    with pytest.raises(InputInvalid, match=r"the run of 2026-02-15T06:00 UTC\. Expected: the run of 2026-02-15T12:00"):
        read_rain(files[:1], RainDeclaration(), BOUNDS, hour(6))


def test_another_country_is_no_rain(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="has none in the country"):
        read_rain([grib(tmp_path / "gfs", [("0-3", flat(1))])], RainDeclaration(), (38.0, 3.0, 42.0, 9.0))


def test_archives_are_unpacked_by_their_source(tmp_path: Path) -> None:
    plain = netcdf(tmp_path / "rain.nc", [1], flat(5)[np.newaxis])
    packed = tmp_path / "rain.nc.gz"
    with plain.open("rb") as content, gzip.open(packed, "wb") as out:
        shutil.copyfileobj(content, out)
    with pytest.raises(InputInvalid, match="this is an archive"):
        read_rain([packed], HOURLY, BOUNDS)
    found = unpacked([packed], [], tmp_path / "cache")
    files = found if isinstance(found, list) else found[0]
    assert fallen(read_rain(files, HOURLY, BOUNDS)) == [5]


@pytest.mark.parametrize("kind", ["grib", "netcdf"])
def test_a_file_that_was_cut_off(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "rain"
    if kind == "grib":
        grib(file, [("0-3", flat(1)), ("0-6", np.arange(12.0).reshape(3, 4))])
    else:
        netcdf(file, [1], flat(5)[np.newaxis])
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputInvalid, match="delete it and fetch it again"):
        read_rain([file], RainDeclaration() if kind == "grib" else HOURLY, BOUNDS)


@pytest.mark.parametrize("version", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
@pytest.mark.parametrize("records", [True, False])
def test_a_classic_file_is_whole_or_refused(version: str, records: bool, tmp_path: Path) -> None:
    """The library would read its missing end as 0 mm."""
    file = netcdf(tmp_path / "classic.nc", [1, 2, 3], np.stack([flat(5)] * 3), version=version, records=records)
    assert file.read_bytes().startswith(b"CDF")
    assert fallen(read_rain([file], HOURLY, BOUNDS)) == [5, 5, 5]
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(InputInvalid, match="the last 8 bytes are missing"):
        read_rain([file], HOURLY, BOUNDS)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputInvalid, match="delete it and fetch it again"):
        read_rain([file], HOURLY, BOUNDS)


def test_members_and_steps_after_the_run_in_netcdf(tmp_path: Path) -> None:
    """As tools make it of GRIB: hours in `step`, the run in `time`, members in `number`, a level of length 1."""
    file = tmp_path / "ens.nc"
    with netCDF4.Dataset(file, "w") as data:
        for name, axis in (("number", [3, 7]), ("level", [0]), ("step", [3, 6]), ("latitude", LAT), ("longitude", LON)):
            data.createDimension(name, len(axis))
            data.createVariable(name, "f4", (name,))[:] = axis
        data["step"].units = "hours"
        run = data.createVariable("time", "i8", ())
        run.units, run[...] = "seconds since 1970-01-01", int(CYCLE.astype("datetime64[s]").astype(int))
        rain = data.createVariable("tp", "f4", ("step", "number", "level", "latitude", "longitude"))
        rain.units = "m"
        rain[:] = np.stack([[[flat(0.001)], [flat(0.002)]], [[flat(0.004)], [flat(0.002)]]])
    rain = read_rain([file], FROM_START, BOUNDS)
    assert rain.cycle == CYCLE
    assert rain.members == (3, 7)
    assert (steps(rain), fallen(rain, 0), fallen(rain, 1)) == ([(0, 3), (3, 6)], [1, 3], [2, 0])
    with pytest.raises(InputInvalid, match="the run of 2026-02-15T06:00 UTC"):
        read_rain([file], FROM_START, BOUNDS, hour(6))
