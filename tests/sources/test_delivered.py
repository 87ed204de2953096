"""Forecasts as people have them: names of any kind, archives, EWDS netCDF; read, or named where it is not used."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import eccodes
import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ibf_pipeline.discharge.grib_messages import read_grib_messages
from ibf_pipeline.discharge.reader import StationCells, read_cube
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.sources import FolderSource
from ibf_pipeline.sources.cache import InputCache
from tests.worlds.countries.forecast_files import ISSUE, cells_of, write_grib

DAY = f"{ISSUE:%Y%m%d}"
MEMBERS = [0, 1, 2]
"""0 is the control"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One GRIB2 file of three members."""
    return write_grib(tmp_path_factory.mktemp("whole") / "glofas.grib2", members=MEMBERS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    day = tmp_path / "in" / DAY
    day.mkdir(parents=True)
    return day


def source(folder: Path) -> FolderSource:
    return FolderSource("in", folder.parent, "4", InputCache(folder.parent.parent / "cache"))


def members_of(folder: Path) -> xr.DataArray:
    return read_cube(source(folder).fetch(ISSUE).files, cells_of("AAA"), ISSUE, version="4")


def control_and_perturbed(whole: Path) -> tuple[bytes, bytes]:
    messages = list(read_grib_messages(whole))
    own = len(messages) // len(MEMBERS)
    return b"".join(messages[:own]), b"".join(messages[own:])


def messages_of(content: bytes) -> Iterator[int]:
    while content:
        length = int.from_bytes(content[8:16], "big")
        yield eccodes.codes_new_from_message(content[:length])
        content = content[length:]


@pytest.mark.parametrize(
    "names",
    [("data.grib", "data.grib2"), ("data.grib2", "data.grib"), ("cf.grb", "pf.GRIB2"), ("control", "perturbed.bin")],
)
def test_control_and_perturbed_under_any_names_are_one_forecast(
    names: tuple[str, str], whole: Path, folder: Path
) -> None:
    for name, content in zip(names, control_and_perturbed(whole), strict=True):
        (folder / name).write_bytes(content)
    xr.testing.assert_identical(members_of(folder), read_cube([whole], cells_of("AAA"), ISSUE, version="4"))


def as_zip(file: Path, folder: Path) -> None:
    with zipfile.ZipFile(folder / "5f3e0a.zip", "w") as packed:
        packed.write(file, "some/where/data.grib2")
        packed.writestr("readme.txt", "from the EWDS")


def as_gzip(file: Path, folder: Path) -> None:
    (folder / "data.grib2.gz").write_bytes(gzip.compress(file.read_bytes()))


def as_tar(file: Path, folder: Path, mode: str = "w:gz") -> None:
    with tarfile.open(folder / "delivery", mode) as packed:  # type: ignore[call-overload]
        packed.add(file, "../../outside.grib2")


def as_plain_tar(file: Path, folder: Path) -> None:
    as_tar(file, folder, "w")


def as_bzip2(file: Path, folder: Path) -> None:
    (folder / "data").write_bytes(bz2.compress(file.read_bytes()))


def as_xz(file: Path, folder: Path) -> None:
    (folder / "DATA.GRIB2.XZ").write_bytes(lzma.compress(file.read_bytes()))


def as_zip_in_a_zip(file: Path, folder: Path) -> None:
    as_zip(file, folder)
    (folder / "5f3e0a.zip").rename(folder / "inner")
    with zipfile.ZipFile(folder / "outer", "w") as packed:
        packed.write(folder / "inner", "deep/inner.zip")
        packed.writestr("__MACOSX/._data.grib2", b"resource fork")
    (folder / "inner").unlink()


@pytest.mark.parametrize("pack", [as_zip, as_gzip, as_tar, as_plain_tar, as_bzip2, as_xz, as_zip_in_a_zip])
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "its content beside it"])
def test_archives_are_opened_as_they_are_delivered(
    pack: Callable[[Path, Path], None], beside: bool, whole: Path, folder: Path
) -> None:
    pack(whole, folder)
    if beside:
        shutil.copy(whole, folder / "data.grib2")
    before = sorted(folder.iterdir())
    for _ in range(2):
        xr.testing.assert_identical(members_of(folder), read_cube([whole], cells_of("AAA"), ISSUE, version="4"))
    assert sorted(folder.iterdir()) == before, "nothing is written where forecasts come from"
    assert not list(folder.parent.parent.glob("*.grib2")), "no archive writes beside its place"


def test_what_an_archive_holds_besides_is_named(whole: Path, folder: Path) -> None:
    as_zip_in_a_zip(whole, folder)
    assert source(folder).fetch(ISSUE).origin["not_used"] == ["outer/._data.grib2", "outer/inner.zip/readme.txt"]


def test_an_archive_that_was_cut_off(whole: Path, folder: Path) -> None:
    as_gzip(whole, folder)
    file = folder / "data.grib2.gz"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputInvalid, match="the archive cannot be read") as refused:
        source(folder).fetch(ISSUE)
    assert refused.value.where == str(file)


def test_what_lies_there_and_is_not_used_is_named(whole: Path, folder: Path) -> None:
    for name in ("readme.txt", "data.grib2.5b7b6.idx", "later.grib2.part"):
        (folder / name).write_bytes(b"GRIB" if name.endswith(".part") else b"text")
    with pytest.raises(InputMissing, match=r"2026-02-15; there is data\.grib2\.5b7b6\.idx, later\.grib2\.p"):
        source(folder).fetch(ISSUE)
    shutil.copy(whole, folder / "data.grb")
    files = source(folder).fetch(ISSUE)
    assert [file.name for file in files.files] == ["data.grb"]
    assert files.origin["not_used"] == ["data.grib2.5b7b6.idx", "later.grib2.part", "readme.txt"]


LAT, LON = np.array([9.975, 9.925, 9.875, 9.825]), np.array([20.025, 20.075, 20.125])
CELLS = StationCells(("G1",), LAT[[1]], LON[[2]])


def write_ewds(
    file: Path,
    values: np.ndarray,
    numbers: list[int] | None,
    *,
    new: bool,
    stamps: bool = True,
    coordinate: bool = True,
    unit: str = "hours",
    run: date = ISSUE,
) -> None:
    """`data_format: netcdf` of the EWDS, as documented since 2024 (`new`) and before; `numbers` None: the control.

    `unit`: of the lead times; `run`: what the file says of its run, whatever its days are.
    """
    lead, reference = ("forecast_period", "forecast_reference_time") if new else ("step", "time")
    start = int(np.datetime64(ISSUE, "s").astype(int))
    dims = [*([] if numbers is None else ["number"]), *([reference] if new else []), lead, "latitude", "longitude"]
    sizes = {
        "number": len(numbers or [0]),
        reference: 1,
        lead: values.shape[1],
        "latitude": len(LAT),
        "longitude": len(LON),
    }
    with netCDF4.Dataset(file, "w") as out:
        for name in dims:
            out.createDimension(name, sizes[name])
        discharge = out.createVariable("dis24", "f4", dims)
        discharge.units = "m**3 s**-1"
        discharge[:] = values.reshape([sizes[name] for name in dims])
        if coordinate:
            out.createVariable("number", "i8", () if numbers is None else ("number",))[...] = numbers or 0
        moment = out.createVariable(reference, "i8", (reference,) if new else ())
        moment.units = "seconds since 1970-01-01"
        moment[...] = int(np.datetime64(run, "s").astype(int))
        period = out.createVariable(lead, "f8", (lead,))
        period.units = unit
        days = np.arange(1, values.shape[1] + 1)
        period[:] = days if unit == "days" else 24 * days
        if stamps:
            valid = out.createVariable("valid_time", "i8", (reference, lead) if new else (lead,))
            valid.units = "seconds since 1970-01-01"
            valid[...] = (start + 86400 * days).reshape((1, -1) if new else (-1,))
        out.createVariable("latitude", "f8", ("latitude",))[:] = LAT
        out.createVariable("longitude", "f8", ("longitude",))[:] = LON


def fields(members: int) -> np.ndarray:
    """(member, lead_time, row, column) m3/s: member 100, lead time 10, row 1, column 0.1."""
    member, day, row, column = np.meshgrid(*map(np.arange, (members, 8, len(LAT), len(LON))), indexing="ij")
    return (100.0 * member + 10 * day + row + 0.1 * column).astype(np.float32)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    new=st.booleans(),
    own_control=st.booleans(),
    stamps=st.booleans(),
    unit=st.sampled_from(["hours", "days"]),
    names=st.permutations(["a.nc", "b", "c.NC4"]),
)
def test_ewds_netcdf_is_read_whatever_its_names(
    new: bool, own_control: bool, stamps: bool, unit: str, names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By hand: member 2, 3-day, second row, third column are 231.2 m3/s."""
    folder = tmp_path_factory.mktemp("ewds") / DAY
    folder.mkdir()
    values, more = fields(3), {"new": new, "stamps": stamps, "unit": unit}
    if own_control:
        write_ewds(folder / names[0], values[1:], [1, 2], **more)
        write_ewds(folder / names[1], values[:1], None, **more)
    else:
        write_ewds(folder / names[2], values, [0, 1, 2], **more)
    cube = read_cube(FolderSource("in", folder.parent, "4").fetch(ISSUE).files, CELLS, ISSUE)
    assert cube["member"].values.tolist() == [0, 1, 2]
    assert cube.sel(member=2, lead_time=3, station="G1").item() == pytest.approx(231.2)


def test_numbers_without_their_coordinate_are_no_damage(folder: Path) -> None:
    write_ewds(folder / "data.nc", fields(3), [0, 1, 2], new=True, coordinate=False)
    with pytest.raises(InputInvalid, match="the dimension number has no coordinate") as refused:
        read_cube([folder / "data.nc"], CELLS, ISSUE)
    assert "delete" not in str(refused.value)


@pytest.mark.parametrize("new", [True, False])
def test_a_file_that_names_another_run_than_that_of_its_days(new: bool, folder: Path) -> None:
    write_ewds(folder / "data.nc", fields(3), [0, 1, 2], new=new, run=ISSUE - timedelta(days=1))
    with pytest.raises(InputInvalid) as refused:
        read_cube([folder / "data.nc"], CELLS, ISSUE)
    assert refused.value.found == "its days are those of the run of 2026-02-15, and it names the run of 2026-02-14T00h"


def test_a_name_that_contradicts_the_number_in_the_file(folder: Path) -> None:
    for name, right in ((f"DIS_02_{DAY}00.NC", True), (f"dis_01_{DAY}00.nc", False)):
        write_ewds(folder / name, fields(3)[2:], None, new=False)
        with netCDF4.Dataset(folder / name, "a") as data:
            data["number"][...] = 2
        if right:
            assert read_cube([folder / name], CELLS, ISSUE)["member"].values.tolist() == [2]
        else:
            with pytest.raises(InputInvalid, match="its name says member 1, and it is member 2"):
                read_cube([folder / name], CELLS, ISSUE)


def test_a_control_that_carries_a_members_number(whole: Path, folder: Path) -> None:
    changed = []
    for content in control_and_perturbed(whole)[:1]:
        for message in messages_of(content):
            eccodes.codes_set(message, "perturbationNumber", 1)
            changed.append(eccodes.codes_get_message(message))
            eccodes.codes_release(message)
    (folder / "data.grib2").write_bytes(b"".join(changed))
    with pytest.raises(InputInvalid, match="says that it is the control, and that it is member 1"):
        members_of(folder)


def test_grib_of_edition_1_is_no_damage(folder: Path) -> None:
    (folder / "data.grib").write_bytes(b"GRIB\x00\x00\x54\x01" + b"\x00" * 72 + b"7777")
    with pytest.raises(InputInvalid, match="message 1 is of GRIB edition 1") as refused:
        members_of(folder)
    assert refused.value.remedy == "order GRIB2, or convert it with grib_set -s edition=2"
