"""Ensembles of another day, area, grid, variable, unit or model, incomplete or damaged."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.errors import FileDamaged, InputInvalid, InputMissing
from ibf_pipeline.synthetic.files import write_ftp_members
from tests.worlds.countries import damage
from tests.worlds.countries.ewds_grib import write_ewds_grib
from tests.worlds.countries.tiny_day import GRID, ISSUE, MEMBERS, TRIGGER, TinyDay, edit_text


@pytest.fixture(autouse=True)
def layers(day: TinyDay) -> None:
    """Nothing here is wrong with the static data."""
    day.bring_layers()


def all_members(day: TinyDay) -> list[Path]:
    return sorted(day.forecast.glob("*.nc"))


def test_no_forecast_yet(day: TinyDay) -> None:
    for file in all_members(day):
        file.unlink()
    error = day.refused(InputMissing)
    assert error.found == "no forecast of 2026-02-15"
    assert (error.where, error.exit_code) == (str(day.forecast), 3)


def test_a_forecast_of_nothing_but_zeros(day: TinyDay) -> None:
    for file in all_members(day):
        with netCDF4.Dataset(file, "a") as data:
            data["dis"][:] = 0
    error = day.refused(InputInvalid)
    assert error.found == "every value at all 2 stations is 0 m3/s"


@pytest.mark.parametrize("days", [-1, 1, 30])
def test_the_days_of_another_run(day: TinyDay, days: int) -> None:
    """The run of the day before covers all our lead times too: only its first stamp tells that it is not ours."""
    for file in all_members(day):
        damage.shift_days(file, days)
    error = day.refused(InputInvalid)
    first = ISSUE + timedelta(days=1 + days)
    assert error.found.startswith(f"the file covers {first}T00h to")
    assert error.where == str(day.member(0))
    assert error.expected == "daily means of the run of 2026-02-15, the first one stamped 24 h later"


def test_files_named_for_another_day(day: TinyDay) -> None:
    for file in all_members(day):
        file.rename(file.with_name(file.name.replace("20260215", "20260214")))
    assert day.refused(InputInvalid).found == "a file of 20260214"


def test_a_grib_file_of_another_run(day: TinyDay) -> None:
    day.configure(accepted_process_ids=[128])
    other = day.write_forecast(TRIGGER, layout="ewds", issue_date=ISSUE - timedelta(days=1)) / "glofas.grib2"
    for file in all_members(day):
        file.unlink()
    other.rename(day.forecast / "glofas.grib2")
    assert day.refused(InputInvalid).found == "a field of the run of 20260214 0000 UTC"


def test_fewer_lead_times_than_eight(day: TinyDay) -> None:
    edit_times(day.member(3), lambda times: times[:8] + np.array([0, 0, 0, 0, 0, 0, 0, 100]), 8)
    error = day.refused(InputInvalid)
    assert error.found.startswith("lead times 7-day are missing")
    assert error.where == str(day.member(3))


def test_a_day_that_stands_twice(day: TinyDay) -> None:
    edit_times(day.member(3), lambda times: np.where(times == 9, 8, times), 10)
    assert day.refused(InputInvalid).found == "two steps carry the same date"


def edit_times(file: Path, change, keep: int) -> None:
    with netCDF4.Dataset(file, "a") as data:
        times = np.array(data["time"][:])
        times[:keep] = change(times)[:keep]
        times[keep:] = 200 + np.arange(len(times) - keep)
        data["time"][:] = times


def test_another_area(day: TinyDay) -> None:
    for file in all_members(day):
        with netCDF4.Dataset(file, "a") as data:
            data["lat"][:] = data["lat"][:] + 20
    error = day.refused(InputInvalid)
    assert error.found.endswith("none of the 2 stations")
    assert error.expected == "the country's stations"


def test_latitude_and_longitude_exchanged(day: TinyDay) -> None:
    for file in all_members(day):
        with netCDF4.Dataset(file, "a") as data:
            for old, new in (("lat", "swap"), ("lon", "lat"), ("swap", "lon")):
                data.renameVariable(old, new)
                data.renameDimension(old, new)
    day.refused(InputInvalid)


@pytest.mark.parametrize(
    ("factor", "said"), [(2.0, "cells of 0.1 degrees latitude"), (None, "the latitudes are not evenly spaced")]
)
def test_another_grid(day: TinyDay, factor: float | None, said: str) -> None:
    """GloFAS v3 had cells of 0.1 degrees; an axis that goes back and forth is damage."""
    with netCDF4.Dataset(day.member(0), "a") as data:
        lat = np.array(data["lat"][:])
        data["lat"][:] = np.where(np.arange(len(lat)) % 2, lat[1], lat[0]) if factor is None else lat * factor
    error = day.refused(InputInvalid)
    assert error.found == said
    assert error.expected == "0.05 degrees (GloFAS v4)"


def test_another_variable(day: TinyDay) -> None:
    damage.rename_variable(day.member(4), "rowe")
    error = day.refused(InputInvalid)
    assert error.found.startswith("no discharge among the variables")
    assert (error.where, error.expected) == (str(day.member(4)), "one of dis, dis24, avg_dis")


@pytest.mark.parametrize(("unit", "said"), [("mm/day", "discharge is in 'mm/day'"), ("", "discharge has no unit")])
def test_another_unit(day: TinyDay, unit: str, said: str) -> None:
    damage.set_unit(day.member(4), unit)
    error = day.refused(InputInvalid)
    assert (error.found, error.expected) == (said, "m3/s")


def test_too_few_members(day: TinyDay) -> None:
    damage.leave_out_members(day.forecast, range(5))
    error = day.refused(InputMissing)
    assert (error.found, error.expected) == ("5 of 10 ensemble members are there", "at least 6")
    assert error.exit_code == 3


@pytest.mark.draws
def test_missing_members_above_the_minimum_are_reported(day: TinyDay) -> None:
    damage.leave_out_members(day.forecast, [2, 7])
    found = day.findings()
    assert found.members_missing == (2, 7)
    assert "8 of 10 members are there; missing: 02, 07" in found.notes
    assert found.station("G1").members == (8,) * 8


def test_a_step_that_is_missing_in_every_member(day: TinyDay) -> None:
    for file in all_members(day):
        damage.blank_lead_time(file, 6)
    error = day.refused(InputInvalid)
    assert error.found.startswith("no station has a usable forecast: G1 0 valid members on 6-day, 6 needed")


def test_a_step_missing_in_one_member_lowers_the_count_of_that_day(day: TinyDay) -> None:
    damage.blank_lead_time(day.member(3), 2)
    found = day.findings()
    station = found.station("G1")
    assert station.members == (10, 10, 9, 10, 10, 10, 10, 10)
    assert station.flags == "--TTT---"
    assert "station G1 (Upper) has as few as 9 valid members" in found.notes


def test_a_member_more_than_expected_is_said(day: TinyDay) -> None:
    shutil.copy(day.member(0), day.member(77))
    with netCDF4.Dataset(day.member(77), "a") as data:
        data["dis"][:] = data["dis"][:] * 1.01
    found = day.findings()
    assert "members beyond the 10 expected are there and count: 77" in found.notes
    assert found.station("G1").members == (11,) * 8


def test_one_member_under_every_number_is_one_member(day: TinyDay) -> None:
    """The day triggers with ten members; ten times its driest one would be an all clear, whole by its count."""
    for file in all_members(day)[1:]:
        shutil.copy(day.member(0), file)
    error = day.refused(InputInvalid)
    assert error.found == "member 0 and 9 others (1, 2, 3, 4, 5, 6, 7, 8, 9) hold the same field on every day"
    assert error.where == str(day.forecast)


def test_members_that_are_one_count_once(day: TinyDay) -> None:
    """Two members without rain in a small, rounded field do not cost the day."""
    for number in (8, 9):
        shutil.copy(day.member(3), day.member(number))
    found = day.findings()
    assert found.members_missing == (8, 9)
    assert "source folder: members that copy another one count as missing: 08, 09" in found.doubts


def test_members_written_twice_are_half_as_many(day: TinyDay) -> None:
    for number in range(0, MEMBERS, 2):
        shutil.copy(day.member(number), day.member(number + 1))
    error = day.refused(InputInvalid)
    assert error.found == "5 of 10 ensemble members have a usable value at any station; 5 are copies of others"


@pytest.mark.parametrize("cell", [(0, 0), (-1, -1)], ids=["north-west", "south-east"])
def test_members_that_differ_in_one_cell_of_one_day_are_several(day: TinyDay, cell: tuple[int, int]) -> None:
    """The stations recede alike in every member, as they do without rain: the field around them tells them apart."""
    for number, file in enumerate(all_members(day)):
        with netCDF4.Dataset(file, "a") as data:
            data["dis"][:] = (20.0 - np.arange(10))[:, np.newaxis, np.newaxis]
            data["dis"][7, cell[0], cell[1]] = 1.0 + number
    assert day.findings().station("G1").members == (10,) * 8


def test_one_member_at_every_station_is_one_whatever_the_field_around_it(day: TinyDay) -> None:
    """The case table: members that are equal at every station on every day are one member."""
    damage.unround(all_members(day))
    for number, file in enumerate(all_members(day)[1:]):
        shutil.copy(day.member(0), file)
        with netCDF4.Dataset(file, "a") as data:
            data["dis"][7, 0, 0] = 1.0 + number
    assert day.refused(InputInvalid).found.startswith(
        "9 of 10 members hold the values of another one at every station on every day (01, 02, 03"
    )


def test_some_members_that_are_one_at_every_station_count_as_missing(day: TinyDay) -> None:
    damage.unround(all_members(day))
    for number in (3, 8):
        shutil.copy(day.member(0), day.member(number))
        with netCDF4.Dataset(day.member(number), "a") as data:
            data["dis"][7, 0, 0] = 1.0 + number
    found = day.findings()
    assert found.members_missing == (3, 8)
    assert "source folder: members that copy another one count as missing: 03, 08" in found.notes


@pytest.mark.parametrize(("trickle", "members"), [(0.9, 10), (1.0, None)])
def test_members_of_a_country_that_dries_up_may_be_equal(day: TinyDay, trickle: float, members: int | None) -> None:
    """Less than 1 m3/s in every cell: nothing rains, so nothing makes the members differ."""
    for file in all_members(day):
        with netCDF4.Dataset(file, "a") as data:
            data["dis"][:] = trickle
    if members is None:
        assert day.refused(InputInvalid).found.startswith("member 0 and 9 others")
    else:
        assert day.findings().station("G1").members == (members,) * 8


def test_members_of_a_grib_file_that_are_one(day: TinyDay) -> None:
    """All ten members far below the lowest threshold, by the same number: nothing tells them apart."""
    cube = day.ensemble("").copy(data=np.full((10, 8, 2), 3.0, dtype=np.float32))
    for file in all_members(day):
        file.unlink()
    write_ewds_grib(day.forecast / "glofas.grib2", ISSUE, cube, day.cells, GRID)
    assert day.refused(InputInvalid).found.startswith("member 0 and 9 others (1, 2, 3")


@pytest.mark.draws
def test_a_station_without_data_is_blind_and_not_quiet(day: TinyDay) -> None:
    row, column = day.cells["G1"]
    for file in all_members(day):
        with netCDF4.Dataset(file, "a") as data:
            data["dis"][:, row, column] = np.ma.masked
    found = day.findings()
    station = found.station("G1")
    assert (station.condition, station.values, found.events) == ("blind", None, ())
    assert "station G1 (Upper) is blind: 0 valid members on 0-day, 6 needed" in found.notes


@pytest.mark.parametrize("keep", [0, 8, 600, -300], ids=["empty", "signature", "header", "without its end"])
def test_a_member_that_was_cut_off_counts_as_missing_and_is_named(day: TinyDay, keep: int) -> None:
    file = day.member(5)
    damage.truncate(file, keep if keep >= 0 else file.stat().st_size + keep)
    found = day.findings()
    assert found.members_missing == (5,)
    assert [event.flags for event in found.events] == ["--TTT---"]
    (said,) = [note for note in found.notes if "not used beside the incomplete ensemble" in note]
    assert said.startswith(f"source folder: not used beside the incomplete ensemble: {file.name}: the file ")
    assert file.name not in [read["name"] for read in day.run_folder.manifest()["inputs"]]


def test_fewer_whole_members_than_the_minimum_are_refused_with_the_damaged_one_named(day: TinyDay) -> None:
    """Six of ten are needed: what the seventh to tenth say is in doubt, and no matter of waiting."""
    for number in (5, 6, 7, 8, 9):
        damage.truncate(day.member(number), 600)
    error = day.refused(FileDamaged)
    assert error.where == str(day.member(5))
    assert "fetch it again" in error.remedy


@pytest.mark.parametrize("layout", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_classic_member_cut_off_or_not(day: TinyDay, layout: damage.Classic, share: float) -> None:
    """The netCDF library takes what is missing at its end for 0 m3/s, so even a whole one is refused."""
    for file in all_members(day):
        damage.make_classic(file, layout)
        damage.truncate(file, int(share * file.stat().st_size))
    error = day.refused(InputInvalid)
    assert error.where == str(day.member(0))
    assert error.found == f"a classic netCDF file ({layout})"
    assert "nccopy -k nc4" in error.remedy


def test_a_web_page_saved_as_a_forecast(day: TinyDay) -> None:
    day.member(5).write_text("<html>404 Not Found</html>")
    assert day.findings().members_missing == (5,)


@pytest.mark.parametrize("lost", [1, 40, 5000])
def test_a_grib_file_that_was_cut_off(day: TinyDay, lost: int) -> None:
    """However many whole messages are left: half of an ensemble is not taken for one."""
    day.configure(accepted_process_ids=[128])
    file = day.write_forecast(TRIGGER, layout="ewds") / "glofas.grib2"
    damage.truncate(file, file.stat().st_size - lost)
    error = day.refused(InputInvalid)
    assert error.found.startswith("message ")
    assert (error.where, error.expected) == (str(file), "a whole GRIB2 file")


def test_a_grib_file_that_holds_a_member_twice(day: TinyDay) -> None:
    day.configure(accepted_process_ids=[128])
    file = day.write_forecast(TRIGGER, layout="ewds") / "glofas.grib2"
    content = file.read_bytes()
    file.write_bytes(content + content[: int.from_bytes(content[8:16], "big")])
    assert day.refused(InputInvalid).found == "member 0 has two fields for the day that ends 2026-02-16T00h"


def test_a_sound_grib_file(day: TinyDay) -> None:
    day.configure(accepted_process_ids=[128])
    day.write_forecast(TRIGGER, layout="ewds")
    assert [event.flags for event in day.findings().events] == ["--TTT---"]


def test_a_process_id_of_no_known_version(day: TinyDay) -> None:
    day.write_forecast(TRIGGER, layout="ewds")
    error = day.refused(VersionRefused)
    assert error.found == "the GRIB process id 128 is of no known GloFAS version"
    assert "accepted_process_ids: [128]" in error.remedy


@pytest.mark.parametrize("accepted", [False, True])
def test_a_process_id_of_another_version(day: TinyDay, accepted: bool) -> None:
    ids = "glofas_process_ids: {'5': [128]}\nglofas_background_ids: {'5': [21]}\n"
    edit_text(day.config / "settings.yaml", "sources:", f"{ids}sources:")
    day.write_forecast(TRIGGER, layout="ewds")
    if accepted:
        day.configure(accepted_versions=["5"])
        assert day.refused(VersionRefused).found == "the forecast is of GloFAS v5, its source declares v4"
        edit_text(day.config / "settings.yaml", "glofas_version: '4'", "glofas_version: null")
        assert [event.flags for event in day.findings().events] == ["--TTT---"]
    else:
        assert day.refused(VersionRefused).found == "the forecast is of GloFAS v5, the thresholds are of v4"


def stamp_version(files: list[Path], **attributes: str) -> None:
    for file in files:
        with netCDF4.Dataset(file, "a") as data:
            data.setncatts(attributes)


@pytest.mark.parametrize(
    "attributes", [{"glofas_version": "5.0"}, {"title": "GloFAS operational, version 5.0"}, {"Product_Version": "5"}]
)
def test_v4_thresholds_with_v5_data(day: TinyDay, attributes: dict[str, str]) -> None:
    stamp_version(all_members(day), **attributes)
    error = day.refused(VersionRefused)
    assert error.found.startswith("the forecast is of GloFAS v5")
    assert error.where == str(day.forecast)
    assert 'accepted_versions: ["5"]' in error.remedy
    assert "countries/XTY.yaml" in error.remedy


def test_what_else_a_file_tells_is_not_its_version(day: TinyDay) -> None:
    """The tool that cut a file names whatever was its input, such as the upstream areas of another version."""
    stamp_version(all_members(day), history="ncks -A uparea_glofas_v5_0.nc dis.nc", comment="unlike GloFAS v5")
    assert [event.flags for event in day.findings().events] == ["--TTT---"]


def test_attributes_that_contradict_each_other(day: TinyDay) -> None:
    stamp_version(all_members(day)[4:5], glofas_version="4.1", title="GloFAS v5 forecast")
    error = day.refused(VersionRefused)
    assert error.found == (
        "its attributes contradict each other: glofas_version says GloFAS v4.1, title says GloFAS v5"
    )
    assert error.where == str(day.member(4))


def test_members_of_two_versions(day: TinyDay) -> None:
    stamp_version(all_members(day)[:3], glofas_version="4")
    stamp_version(all_members(day)[3:], glofas_version="5")
    assert day.refused(InputInvalid).found == "files of GloFAS versions 4 and 5 lie together"


def test_data_that_nobody_gave_a_version(day: TinyDay) -> None:
    edit_text(day.config / "settings.yaml", "glofas_version: '4'", "glofas_version: null")
    error = day.refused(VersionRefused)
    assert error.found == "nothing says which GloFAS version this forecast is of"


@pytest.mark.parametrize("value", [2e6, np.inf])
def test_a_discharge_that_no_river_has(day: TinyDay, value: float) -> None:
    row, column = day.cells["G2"]
    with netCDF4.Dataset(day.member(1), "a") as data:
        data["dis"][3, row, column] = value
    error = day.refused(InputInvalid)
    assert error.found.startswith("a discharge of")
    assert error.expected == "0 to 1e+06 m3/s"


def test_a_later_failure_leaves_the_earlier_run_whole(prepared_day: TinyDay) -> None:
    for number in range(5):
        damage.truncate(prepared_day.member(number), 0)
    prepared_day.refused(FileDamaged)
    assert prepared_day.run_folder.findings().events[0].flags == "--TTT---"


def test_the_tiny_ensemble_is_what_these_tests_take_it_for(day: TinyDay) -> None:
    assert len(all_members(day)) == MEMBERS
    assert (GRID.width, GRID.height) == (6, 4)


def test_an_ensemble_without_any_value_is_nothing_to_wait_for(day: TinyDay) -> None:
    """GloFAS has no negative discharge: every value of every member is unusable."""
    root = day.root / "forecasts"
    write_ftp_members(root, ISSUE, day.ensemble(TRIGGER) * 0 - 5, day.cells, GRID)
    error = day.refused(InputInvalid)
    assert error.found == "0 of 10 ensemble members have a usable value at any station"
    assert error.exit_code == 1


def test_a_folder_in_the_place_of_a_member_is_called_one(day: TinyDay) -> None:
    day.member(4).unlink()
    day.member(4).mkdir()
    error = day.refused(InputInvalid)
    assert (error.found, error.where) == ("this is a folder", str(day.member(4)))
    assert error.remedy == "remove it and fetch it again"


def set_zero(day: TinyDay, members: list[int]) -> None:
    for member in members:
        with netCDF4.Dataset(day.member(member), "a") as data:
            data["dis"][:] = 0


def test_members_without_any_water_count_as_missing(day: TinyDay) -> None:
    """6 of 10 members are left, all of them above the threshold; with the 4 empty ones it would be 60 %."""
    set_zero(day, [1, 4, 5, 9])
    found = day.findings()
    assert found.members_missing == (1, 4, 5, 9)
    assert "members that are 0 m3/s everywhere count as missing: 01, 04, 05, 09" in found.notes
    assert found.station("G1").members == (6,) * 8


def set_zero_on(day: TinyDay, members: list[int], lead_times: list[int]) -> None:
    for member in members:
        with netCDF4.Dataset(day.member(member), "a") as data:
            data["dis"][: min(lead_times)] = 20.0
            data["dis"][lead_times] = 0


@pytest.mark.draws
def test_days_of_some_members_without_water_count_as_missing(day: TinyDay) -> None:
    """On 3-day 6 of 10 members are left, all of them above the threshold; with the 4 zeros it would be 60 %."""
    set_zero_on(day, [1, 4, 5, 9], [3])
    found = day.findings()
    assert found.members_missing == ()
    assert (
        "members that are 0 m3/s at every station on 3-day, beside water, count as missing there: 01, 04, 05, 09"
        in (found.notes)
    )
    assert found.station("G1").members == (10, 10, 10, 6, 10, 10, 10, 10)


@pytest.mark.parametrize("members", [range(5), range(MEMBERS)])
def test_a_day_of_zeros_in_too_many_members_is_no_all_clear(day: TinyDay, members: range) -> None:
    set_zero_on(day, list(members), [2, 3, 4])
    error = day.refused(InputInvalid)
    assert error.found.startswith(
        f"no station has a usable forecast: G1 {MEMBERS - len(members)} valid members on 2-day"
    )
    assert f"; {len(members)} members are 0 m3/s at every station on 4-day, beside water" in error.found


def test_too_many_members_without_water(day: TinyDay) -> None:
    set_zero(day, list(range(8)))
    error = day.refused(InputInvalid)
    assert (error.found, error.expected) == (
        "2 of 10 ensemble members have a usable value at any station", "at least 6"
    )  # fmt: skip


def yesterday_and_today(day: TinyDay) -> Path:
    """A finished run of the day before, and today's forecast; returns the folder of yesterday's files."""
    before = ISSUE - timedelta(days=1)
    shutil.copytree(day.write_forecast(TRIGGER, issue_date=before), day.root / "old")
    assert day.flow(publish=False, issue_date=before).is_completed()
    return day.root / "old"


def redate(old: Path, new: Path) -> None:
    """Yesterday's member under today's name and dates."""
    shutil.copy(old, new)
    damage.shift_days(new, 1)


def test_yesterdays_forecast_under_todays_dates(day: TinyDay) -> None:
    old = yesterday_and_today(day)
    for number, file in enumerate(all_members(day)):
        redate(old / f"dis_{number:02d}_2026021400.nc", file)
    error = day.refused(InputInvalid)
    assert error.found.startswith("10 of 10 members hold the values of the forecast of 2026-02-14 (00, 01, 02")
    assert error.where == str(day.forecast)


def test_members_that_repeat_yesterdays_count_as_missing_and_are_said(day: TinyDay) -> None:
    old = yesterday_and_today(day)
    assert day.findings().members_missing == (), "today's own members"
    for number in (0, 4):
        redate(old / f"dis_{number:02d}_2026021400.nc", day.member(number))
    found = day.findings()
    assert found.members_missing == (0, 4)
    assert "source folder: members that repeat the forecast of 2026-02-14 count as missing: 00, 04" in found.notes
