from datetime import date

import cfgrib
import netCDF4
import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.files import write_ftp_members
from tests.synthetic.plain_rule import RETURN_PERIOD_RULE, table
from tests.worlds.countries import damage
from tests.worlds.countries.ewds_grib import write_ewds_grib
from tests.worlds.countries.gaps import with_gaps

DAY = date(2026, 2, 15)
GRID = Grid(left=20.0, top=6.0, cell=0.05, width=4, height=3)
CELLS = {"A": (0, 1), "B": (2, 3)}
THRESHOLDS = table(
    A=(169.8, 184.7, 221.3, 245.6, 268.9, 299.0, 321.6, 344.0, 373.7),
    B=(3.8, 4.4, 5.9, 6.9, 7.9, 9.1, 10.1, 11.0, 12.2),
)
BACKGROUND = np.array([[np.nan, 5.0, 5.0, 0.0], [0.0, 5.0, 0.0, 0.0], [0.0, 5.0, 5.0, 5.0]])


@pytest.fixture(scope="module")
def cube():
    return with_gaps(make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=---wTTTT"), missing=["B"])


@pytest.fixture
def day_folder(cube, tmp_path):
    return write_ftp_members(tmp_path, DAY, cube, CELLS, GRID, background=BACKGROUND, members=range(3))


def test_ftp_files_are_named_and_laid_out_like_the_product(cube, day_folder):
    assert day_folder.name == "20260215"
    assert sorted(file.name for file in day_folder.iterdir()) == [f"dis_0{n}_2026021500.nc" for n in range(3)]
    with netCDF4.Dataset(day_folder / "dis_02_2026021500.nc") as data:
        dis = data["dis"]
        assert dis.dimensions == ("time", "lat", "lon")
        assert dis.shape == (10, 3, 4)
        assert dis.dtype == np.float32
        assert (dis.units, float(dis._FillValue), dis.filters()["zlib"]) == ("m3/s", -9999.0, True)
        assert data["lat"][:].tolist() == [5.975, 5.925, 5.875]
        assert data["lon"][:].tolist() == [20.025, 20.075, 20.125, 20.175]
        assert data["time"].units == "days since 2026-02-16"
        assert data["time"][:].tolist() == list(range(10))
        assert set(data.variables) == {"dis", "lat", "lon", "time"}
        assert dis[:8, 0, 1].tolist() == cube.sel(member=2, station="A").values.tolist()
        assert dis[:, 2, 3].mask.all()
        assert dis[:, 0, 0].mask.all()
        assert (dis[:, 1, 2] == 0).all()
        assert 2 < dis[0, 1, 1] < 12


def test_ftp_values_are_in_tenths(day_folder):
    with netCDF4.Dataset(day_folder / "dis_01_2026021500.nc") as data:
        tenths = data["dis"][:].compressed().astype(float) * 10
    assert np.abs(tenths - np.round(tenths)).max() < 1e-3


def test_grib_holds_control_and_perturbed_members(cube, tmp_path):
    path = write_ewds_grib(
        tmp_path / "a" / "day.grib2", DAY, cube, CELLS, GRID, background=BACKGROUND, members=range(6)
    )
    parts = {}
    for kind in ("cf", "pf"):
        (parts[kind],) = cfgrib.open_datasets(
            str(path),
            backend_kwargs={
                "indexpath": "",
                "filter_by_keys": {"dataType": kind},
                "read_keys": ["generatingProcessIdentifier"],
            },
        )
    control, perturbed = parts["cf"], parts["pf"]
    assert int(control["number"]) == 0
    assert perturbed["number"].values.tolist() == list(range(1, 6))
    assert (perturbed["step"].values / np.timedelta64(1, "h")).tolist() == [24.0 * day for day in range(1, 9)]
    assert str(perturbed["valid_time"].values[0])[:10] == "2026-02-16"
    assert perturbed["latitude"].values.tolist() == [5.975, 5.925, 5.875]
    discharge = perturbed["avg_dis"]
    assert discharge.attrs["units"] == "m**3 s**-1"
    assert discharge.attrs["GRIB_generatingProcessIdentifier"] == 128
    assert discharge.dims == ("number", "step", "latitude", "longitude")
    expected = cube.sel(station="A").values
    assert np.allclose(discharge.values[:, :, 0, 1], expected[1:6], atol=0.01)
    assert np.allclose(control["avg_dis"].values[:, 0, 1], expected[0], atol=0.01)
    assert np.isnan(discharge.values[:, :, 2, 3]).all()


def test_grib_of_a_country_on_both_sides_of_greenwich(cube, tmp_path):
    grid = Grid(left=-0.1, top=0.1, cell=0.05, width=4, height=3)
    path = write_ewds_grib(tmp_path / "day.grib2", DAY, cube, CELLS, grid, members=[0])
    data = xr.open_dataset(path, engine="cfgrib", backend_kwargs={"indexpath": ""})
    assert np.round(data["longitude"].values, 3).tolist() == [-0.075, -0.025, 0.025, 0.075]
    assert np.round(data["latitude"].values, 3).tolist() == [0.075, 0.025, -0.025]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"A": (0, 1)}, "station B has no cell"),
        ({"A": (0, 1), "B": (3, 0)}, "station B is in row 3, column 0"),
        ({"A": (0, 1), "B": (0, 1)}, "stations A and B share the cell"),
    ],
)
def test_cells_that_cannot_be_are_refused(cube, cells, message, tmp_path):
    with pytest.raises(InputInvalid, match=message):
        write_ftp_members(tmp_path, DAY, cube, cells, GRID)


def test_damage_on_purpose(day_folder):
    damage.leave_out_members(day_folder, [0])
    file, other = day_folder / "dis_01_2026021500.nc", day_folder / "dis_02_2026021500.nc"
    assert not (day_folder / "dis_00_2026021500.nc").exists()
    with netCDF4.Dataset(file) as data:
        before = data["dis"][:, 0, 1].tolist()
    damage.blank_lead_time(file, 3)
    damage.shift_days(file, 2)
    damage.set_unit(file, "l/s")
    damage.turn_longitudes(file)
    damage.flip_latitudes(file)
    damage.rename_variable(file, "dis24")
    with netCDF4.Dataset(file) as data:
        assert data["dis24"][3].mask.all()
        assert data["dis24"][4, 2, 1] == pytest.approx(before[4])
        assert data["dis24"].units == "l/s"
        assert data["time"].units == "days since 2026-02-18"
        assert data["lon"][0] == 380.025
        assert data["lat"][:].tolist() == [5.875, 5.925, 5.975]
    damage.truncate(other, 100)
    assert other.stat().st_size == 100


def test_a_file_holds_every_day_of_its_cube(tmp_path):
    """Ten days, or as many as the cube has: no wish of a later day is lost."""
    longer = make_ensemble(THRESHOLDS, RETURN_PERIOD_RULE, "A=-----------T", lead_times=12)
    folder = write_ftp_members(tmp_path, DAY, longer, CELLS, GRID, members=[3])
    with netCDF4.Dataset(folder / "dis_03_2026021500.nc") as data:
        assert data["dis"][:, 0, 1].tolist() == longer.sel(member=3, station="A").values.tolist()
