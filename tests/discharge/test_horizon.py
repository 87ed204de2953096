"""As many lead times as a country looks at are read, from files that hold more; fewer are an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ibf_pipeline.discharge.file_discharge import lead_times_covered
from ibf_pipeline.discharge.reader import find_files, read_cube
from ibf_pipeline.errors import InputInvalid
from tests.worlds.countries.forecast_files import ISSUE, cells_of, discharge, write_grib, write_members

Write = Callable[[Path, int], Path]


def ftp(root: Path, days: int) -> Path:
    """Files of 10 days, or of as many as there are where it is more."""
    return write_members(root, members=[0, 1], days=days)


def ewds(root: Path, days: int) -> Path:
    return write_grib(root / "glofas.grib2", members=[0, 1], days=days).parent


@pytest.mark.parametrize("write", [ftp, ewds])
def test_the_first_lead_times_are_read_and_later_ones_may_be_there(write: Write, tmp_path: Path) -> None:
    files = find_files(write(tmp_path, 12))
    longer = read_cube(files, cells_of("AAA"), ISSUE, lead_times=11)
    assert longer["lead_time"].values.tolist() == list(range(11))
    assert longer.sel(member=1, station="A2").values.tolist() == pytest.approx(
        [discharge(1, day, "A2") for day in range(11)], abs=0.06
    )
    np.testing.assert_array_equal(read_cube(files, cells_of("AAA"), ISSUE), longer.values[:, :8])


@pytest.mark.parametrize(
    ("write", "missing", "hours"), [(ftp, "10-day", "25T00h"), (ewds, "8-day, 9-day, 10-day", "23")]
)
def test_a_file_that_ends_before_the_horizon_is_an_error(
    write: Write, missing: str, hours: str, tmp_path: Path
) -> None:
    files = find_files(write(tmp_path, 8))
    with pytest.raises(InputInvalid) as caught:
        read_cube(files, cells_of("AAA"), ISSUE, lead_times=11)
    error = caught.value
    assert error.found.startswith(
        f"lead times {missing} are missing; the file covers 2026-02-16T00h to 2026-02-{hours}"
    )
    assert (error.where, error.expected) == (str(files[0]), "lead times 0-day to 10-day")
    assert error.remedy == "lower `horizon` in the country's file, or choose a source that goes further"


def test_a_gap_before_the_horizon_is_a_damaged_file(tmp_path: Path) -> None:
    """12 days without 9-day, whose mean is stamped 10 days after the issue date."""
    import eccodes

    file = write_grib(tmp_path / "all.grib2", members=[0], days=12)
    with file.open("rb") as stream, (tmp_path / "gap.grib2").open("wb") as out:
        while (message := eccodes.codes_grib_new_from_file(stream)) is not None:
            if eccodes.codes_get(message, "stepRange") != "216-240":
                eccodes.codes_write(message, out)
            eccodes.codes_release(message)
    with pytest.raises(InputInvalid, match="lead times 9-day are missing") as caught:
        read_cube([tmp_path / "gap.grib2"], cells_of("AAA"), ISSUE, lead_times=11)
    assert caught.value.remedy == "fetch the file again with all lead times"
    assert read_cube([tmp_path / "gap.grib2"], cells_of("AAA"), ISSUE, lead_times=9).sizes["lead_time"] == 9


def test_lead_times_are_counted_up_to_the_first_gap() -> None:
    days = [np.datetime64("2026-02-15", "s") + np.timedelta64(24 * day, "h") for day in (1, 2, 3, 5)]
    assert lead_times_covered(np.array(days), ISSUE) == 3
    assert lead_times_covered(np.array(days[1:]), ISSUE) == 0
