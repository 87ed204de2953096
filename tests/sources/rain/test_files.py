"""Rain in folders and object stores: COSMO as Malawi gets it, a radar every 15 minutes, what is damaged."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.wiring.rain_sources import open_rain_sources
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.rain.grid import rotated
from ibf_pipeline.sources.rain.block import rain_of_block
from tests.rain.written import flat, netcdf
from tests.sources.rain.world import ISSUE, NOW, after, areas, at, block, configured, series
from tests.worlds.services import web_archive

POLE = (75.0, -150.0)
COSMO: dict[str, Any] = {
    "kind": "rain-folder",
    "root": "cosmo",
    "origin": "COSMO",
    "files": "COSMO_MLW_%Y%m%dT%H_prec.nc",
    "reads": {"amounts": "from-start", "missing_above": 1000, "north_pole": list(POLE)},
}
RADAR: dict[str, Any] = {
    "kind": "rain-folder",
    "root": "radar",
    "origin": "radar",
    "role": "observed",
    "files": "%Y%m%d/%H%M.nc",
    "every_hours": 0.25,
    "reads": {"stamp": "end", "step_minutes": 15},
}
MODEL: dict[str, Any] = {
    "kind": "rain-folder", "root": "model", "origin": "model", "reads": {"amounts": "from-start"},
}  # fmt: skip


def cosmo(root: Path, began: int, sums: Sequence[float]) -> Path:
    """A run that began so many hours after the issue time, hourly sums from its start on a rotated grid."""
    root.mkdir(exist_ok=True)
    lon, lat = rotated(np.array([[34.0, -10.75]]), pole=POLE)[0]
    axes = [np.arange(-8, 9) * 0.25 + centre for centre in (lat, lon)]
    fields = np.array([np.full((17, 17), mm) for mm in sums])
    hours = [began + hour for hour in range(len(sums))]
    file = root / f"COSMO_MLW_{after(began):%Y%m%dT%H}_prec.nc"
    return netcdf(file, hours, fields, lat=axes[0], lon=axes[1], names=("rlat", "rlon"))


def model(root: Path, began: int, mm: Callable[[int], float], last: int = 60) -> Path:
    """A run on a plain grid, `mm` in the hour that ends so long after it began."""
    folder = root / "forecast" / f"{after(began):%Y%m%d%H}"
    folder.mkdir(parents=True, exist_ok=True)
    sums = np.cumsum([mm(hour) for hour in range(1, last + 1)])
    hours = [began + hour for hour in range(1, last + 1)]
    return netcdf(folder / "rain.nc", hours, np.array([flat(each) for each in sums]))


def radar(root: Path, first: int, last: int, mm_h: float) -> list[Path]:
    """A file for every quarter of an hour after `first` up to `last`, hours after the issue time."""
    files = []
    for quarter in range(4 * first + 1, 4 * last + 1):
        file = root / f"{after(quarter / 4):%Y%m%d/%H%M.nc}"
        file.parent.mkdir(parents=True, exist_ok=True)
        files.append(netcdf(file, [quarter / 4], flat(mm_h)[np.newaxis], variable="precipitation", unit="mm/h"))
    return files


def test_cosmo_from_the_start_rotated_and_with_1000_for_missing(tmp_path: Path) -> None:
    cosmo(tmp_path / "cosmo", -6, [0, *range(2, 110, 2)])
    cosmo(tmp_path / "cosmo", -30, [0, 5, 10, 9999, 20, *[20] * 50])
    found = block(tmp_path, {"cosmo": COSMO | {"every_hours": 24}}, longest_h=30)
    assert [at(found.rain, hour) for hour in (-29, -28, -5, 1, 48)] == [
        (5, "COSMO 2026-02-14T00"),
        (5, "COSMO 2026-02-14T00"),
        (2, "COSMO 2026-02-15T00"),
        (2, "COSMO 2026-02-15T00"),
        (2, "COSMO 2026-02-15T00"),
    ]
    assert np.isnan(series(found.rain, [-27])).all(), "the sum is missing, so nobody knows this hour"
    assert found.rain.attrs["cycle"] == "2026-02-15T00:00"
    assert [note for note in found.notes if "missing" in note] == [
        "rain is missing in 8 hours before the block, in 2 areas: sums over them are lower bounds"
    ]


def test_a_run_that_ends_early_does_not_lead_but_fills_hours_before(tmp_path: Path) -> None:
    model(tmp_path / "model", -6, lambda hour: 1, last=20)
    model(tmp_path / "model", -12, lambda hour: 2)
    found = block(tmp_path, {"model": MODEL})
    assert found.rain.attrs["cycle"] == "2026-02-14T18:00"
    assert at(found.rain, 0) == (1, "model 2026-02-15T00")
    assert at(found.rain, 1) == (2, "model 2026-02-14T18")
    assert [note for note in found.notes if "model" in note] == [
        "model: model of 2026-02-15 06:00 UTC is not used: no rain of 2026-02-15 06:00 UTC",
        "model: model of 2026-02-15 00:00 UTC is not whole and does not lead: the hour to 2026-02-15 21:00 UTC is "
        "missing",
    ]


def test_only_runs_that_are_not_whole_stop_the_block(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1, last=20)
    with pytest.raises(InputMissing, match=r"model 2026-02-15T06 has no rain after the issue time.*does not lead"):
        block(tmp_path, {"model": MODEL})
    assert block(tmp_path, {"model": MODEL | {"whole_h": 20}}).rain.attrs["cycle"] == "2026-02-15T06:00"


def test_forecasts_that_only_an_operator_can_fix_are_wrong_and_not_awaited(tmp_path: Path) -> None:
    for hour in (0, -6, -30):
        spoiled = model(tmp_path / "model", hour, lambda hour: 1)
        netcdf(spoiled, [1, 2], np.array([flat(1), flat(900)]))
    with pytest.raises(InputInvalid, match=r"source model is passed over: .*fix what the sources"):
        block(tmp_path, {"model": MODEL})
    model(tmp_path / "model", -30, lambda hour: 1)
    with pytest.raises(InputInvalid, match="899 mm of rain"):
        block(tmp_path, {"model": MODEL})
    other = MODEL | {"root": "late"}
    with pytest.raises(InputMissing, match="899 mm of rain"):
        block(tmp_path, {"model": MODEL, "late": other})


def test_a_run_that_may_come_is_awaited_and_those_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    netcdf(model(tmp_path / "model", -6, lambda hour: 1), [1, 2], np.array([flat(1), flat(900)]))
    with pytest.raises(InputMissing, match=r"no rain of 2026-02-15 06:00 UTC; .*00:00 UTC is not used: 899 mm"):
        block(tmp_path, {"model": MODEL})


def test_measured_rain_is_asked_for_further_back_than_forecasts(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    for hour in (-12, -18, -24, -30, -36):
        model(tmp_path / "model", hour, lambda hour: 2)
    radar(tmp_path / "radar", -26, -20, 6)
    opened = open_rain_sources(*configured(tmp_path, {"radar": RADAR, "model": MODEL}))
    found = rain_of_block(opened, ISSUE, areas(tmp_path), longest_h=4, measured_h=22)
    assert [at(found.rain, hour) for hour in (-22, -9)] == [(6, "radar"), (2, "model 2026-02-14T18")]
    assert np.isnan(series(found.rain, [-18])).all()
    assert not [note for note in found.notes if "missing" in note]


def test_a_radar_every_15_minutes_goes_before_forecasts(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    model(tmp_path / "model", -6, lambda hour: 2)
    radar(tmp_path / "radar", -8, 3, 6)
    (tmp_path / "radar" / f"{after(-1.5):%Y%m%d/%H%M.nc}").unlink()
    found = block(tmp_path, {"radar": RADAR, "model": MODEL})
    assert at(found.rain, 0) == (6, "radar")
    assert at(found.rain, -1) == (2, "model 2026-02-15T00"), "an hour that lacks a quarter is missing"
    assert at(found.rain, 1) == (1, "model 2026-02-15T06"), "what was measured later is not known yet"
    assert found.rain["step_hours"].sel(area="A", time="2026-02-15T06").item() == 0.25
    assert found.doubts == ()


def test_damaged_and_empty_files_of_a_radar_are_named(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    files = radar(tmp_path / "radar", -3, 0, 6)
    files[2].write_bytes(files[2].read_bytes()[:200])
    files[5].write_bytes(b"")
    files[6].with_name(".hidden.part").write_bytes(b"half")
    found = block(tmp_path, {"radar": RADAR, "model": MODEL})
    assert series(found.rain, [-2, -1, 0])[2] == 6
    assert np.isnan(series(found.rain, [-2, -1])).all()
    assert f"radar: {files[2].name} is left out: " in found.notes[0]


def test_two_versions_of_a_quarter_of_an_hour_leave_its_hour_to_others(tmp_path: Path) -> None:
    """Nobody can tell which of them is right; all other hours stay measured."""
    model(tmp_path / "model", -6, lambda hour: 2)
    radar(tmp_path / "radar", -8, 0, 6)
    again = RADAR | {"files": "%Y%m%d/%H%M*.nc"}
    netcdf(tmp_path / "radar" / f"{after(-1):%Y%m%d/%H%M}_new.nc", [-1], flat(8)[None], variable="pr", unit="mm/h")
    netcdf(tmp_path / "radar" / f"{after(-3):%Y%m%d/%H%M}_same.nc", [-3], flat(6)[None], variable="pr", unit="mm/h")
    found = block(tmp_path, {"radar": again, "model": MODEL})
    assert [at(found.rain, hour) for hour in (-3, -2, 0)] == [(6, "radar")] * 3
    assert at(found.rain, -1) == (2, "model 2026-02-15T00")
    assert [note.partition(" is left")[0] for note in found.notes[:2]] == ["radar: 0500.nc", "radar: 0500_new.nc"]
    assert "another file has other amounts of the same time" in found.notes[0]


def test_an_archive_that_goes_away_leaves_what_was_fetched(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    model(tmp_path / "model", -6, lambda hour: 2)
    files = radar(tmp_path / "served", -2, 0, 6)
    stored = {key: RADAR[key] for key in ("origin", "role", "files", "every_hours", "reads")}
    with web_archive.running(tmp_path / "served") as web:
        web.refuse_file[files[3].name] = 10**6
        sources = {"web": stored | {"kind": "rain-object-store", "url": web.url, "attempts": 1}, "model": MODEL}
        found = block(tmp_path, sources)
    assert [at(found.rain, hour)[0] for hour in (-1, 0)] == [2, 6]
    assert "web: radar of 2026-02-15 05:00 UTC and before is left out: " in found.notes[0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([flat(1), flat(900)], "is not used: 899 mm of rain in"),
        ([flat(5), flat(2)], "is not used: -3 mm of rain in"),
        ([flat(1), flat(np.nan)], "is not whole and does not lead: the hour to 2026-02-15 08:00 UTC is missing"),
    ],
)
def test_rain_that_cannot_be_or_is_missing_everywhere_does_not_lead(
    tmp_path: Path, fields: list[np.ndarray], said: str
) -> None:
    model(tmp_path / "model", -6, lambda hour: 2)
    file = model(tmp_path / "model", 0, lambda hour: 1)
    netcdf(file, [1, 2], np.array(fields))
    found = block(tmp_path, {"model": MODEL})
    assert found.rain.attrs["cycle"] == "2026-02-15T00:00"
    assert f"model: model of 2026-02-15 06:00 UTC {said}" in found.notes[0]


def test_nowcasts_go_before_forecasts_and_after_observations(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    radar(tmp_path / "radar", -8, -1, 6)
    for began in (-1, 0):
        folder = tmp_path / "radar" / "nowcast" / f"{after(began):%Y%m%d%H%M}"
        folder.mkdir(parents=True)
        steps = [began + quarter / 4 for quarter in range(1, 9)]
        netcdf(folder / "n.nc", steps, np.array([flat(8 + began)] * 8), variable="precipitation", unit="mm/h")
    nowcast = {"kind": "rain-folder", "root": "radar", "origin": "nowcast", "role": "nowcast", "reads": RADAR["reads"]}
    found = block(tmp_path, {"model": MODEL, "nowcast": nowcast, "radar": RADAR})
    assert [at(found.rain, hour) for hour in (-1, 0, 1, 2, 3)] == [
        (6, "radar"),
        (7, "nowcast 2026-02-15T05"),
        (8, "nowcast 2026-02-15T06"),
        (8, "nowcast 2026-02-15T06"),
        (1, "model 2026-02-15T06"),
    ]


def test_observations_that_are_missing_altogether_are_a_doubt_and_a_note(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    model(tmp_path / "model", -12, lambda hour: 2)
    found = block(tmp_path, {"radar": RADAR, "model": MODEL})
    assert found.notes[0].startswith(
        "source radar is passed over: no radar of 2026-02-14 17:45 UTC to 2026-02-15 06:15 UTC"
    )
    assert "no rain was measured in the 24 hours before the block (radar)" in found.doubts[0]
    assert list(found.origin["passed_over"]) == ["radar"]


def test_a_radar_that_stands_still_for_days_is_a_doubt(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    day = {"kind": "rain-folder", "root": "radar", "origin": "radar", "role": "observed",
           "reads": {"stamp": "end", "step_minutes": 60}}  # fmt: skip
    for began in (-54, -30, -6):
        folder = tmp_path / "radar" / "observed" / f"{after(began):%Y%m%d}"
        folder.mkdir(parents=True)
        hours = [began + hour for hour in range(1, 25)]
        netcdf(folder / "day.nc", hours, np.array([flat(0.7)] * 24), variable="precipitation", unit="mm/h")
    found = block(tmp_path, {"radar": day, "model": MODEL}, longest_h=48)
    (doubt,) = found.doubts
    assert doubt.startswith(
        "radar says the same in 2 areas for days, such as 0.7 mm in each of the 54 hours to 2026-02-15"
    )


def test_an_old_run_under_a_new_name_is_a_doubt(tmp_path: Path) -> None:
    for began in (-6, 0):
        model(tmp_path / "model", began, lambda hour: 0.37)
    assert block(tmp_path, {"model": MODEL}).doubts == (), "drizzle is like any other"
    rain_that_differs_from_cell_to_cell(tmp_path)
    (doubt,) = block(tmp_path, {"model": MODEL}).doubts
    assert doubt.startswith("model 2026-02-15T06 has the same rain, hour by hour, as the run before it")


def rain_that_differs_from_cell_to_cell(root: Path) -> None:
    """The same in both runs, by their own hours."""
    cells = np.arange(1.0, 13.0).reshape(3, 4)
    for began in (-6, 0):
        fields = np.array([cells * hour**1.1 for hour in range(1, 61)])
        file = root / "model" / "forecast" / f"{after(began):%Y%m%d%H}" / "rain.nc"
        netcdf(file, [began + hour for hour in range(1, 61)], fields)


def test_archives_are_unpacked_and_a_damaged_one_is_no_run(tmp_path: Path) -> None:
    for began in (-6, 0):
        file = model(tmp_path / "model", began, lambda hour: 1)
        with zipfile.ZipFile(file.with_suffix(".zip"), "w") as packed:
            packed.write(file, "rain.nc")
        file.unlink()
    assert block(tmp_path, {"model": MODEL}).rain.attrs["cycle"] == "2026-02-15T06:00"
    newest = tmp_path / "model" / "forecast" / f"{NOW:%Y%m%d%H}" / "rain.zip"
    newest.write_bytes(newest.read_bytes()[:-50])
    found = block(tmp_path, {"model": MODEL})
    assert found.rain.attrs["cycle"] == "2026-02-15T00:00"
    assert "model of 2026-02-15 06:00 UTC is not used: the archive cannot be read" in found.notes[0]


def test_a_file_of_another_run_or_of_another_unit_is_not_used(tmp_path: Path) -> None:
    for began in (-6, 0):
        model(tmp_path / "model", began, lambda hour: 1)
    netcdf(tmp_path / "model" / "forecast" / f"{NOW:%Y%m%d%H}" / "rain.nc", [1], flat(1)[np.newaxis], unit="K")
    found = block(tmp_path, {"model": MODEL})
    assert found.rain.attrs["cycle"] == "2026-02-15T00:00"
    assert found.notes[0].startswith("model: model of 2026-02-15 06:00 UTC is not used: precipitation in 'K'")
    assert found.notes[0].endswith(")"), "and what to do about it"


def test_a_folder_that_may_not_be_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)

    def forbidden(place: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(InputInvalid, match=r"its files cannot be read: .*Permission denied"):
        block(tmp_path, {"model": MODEL})


def test_a_web_server_and_a_url_of_files(tmp_path: Path) -> None:
    for began in (-6, 0):
        model(tmp_path / "served", began, lambda hour, began=began: 1 + abs(began))
    stored = {key: MODEL[key] for key in ("origin", "reads")} | {"kind": "rain-object-store", "attempts": 1}
    with web_archive.running(tmp_path / "served") as web:
        sources = {"web": stored | {"url": web.url}}
        assert at(block(tmp_path, sources).rain, 1) == (1, "model 2026-02-15T06")
        block(tmp_path, sources)
        assert web.sent["rain.nc"] == sum(file.stat().st_size for file in (tmp_path / "served").rglob("*.nc"))
        again = model(tmp_path / "served", 0, lambda hour: 3)
        os.utime(again, (2e9, 2e9))
        assert at(block(tmp_path, sources).rain, 1)[0] == 3, "delivered again under the same name"
        web.refuse = 10**6
        with pytest.raises(InputMissing, match=r"source web is passed over: .*503"):
            block(tmp_path, sources)
    files = {"store": stored | {"url": f"file://{tmp_path}/served"}}
    assert at(block(tmp_path, files).rain, 1)[0] == 3


def test_a_web_server_that_lists_nothing_gives_files_of_a_plain_name(tmp_path: Path) -> None:
    model(tmp_path / "model", 0, lambda hour: 1)
    radar(tmp_path / "served", -2, 0, 6)
    stored = {key: RADAR[key] for key in ("origin", "role", "every_hours", "reads")} | {"kind": "rain-object-store"}
    with web_archive.running(tmp_path / "served") as web:
        web.listing, web.unlisted = False, 403
        plain = stored | {"url": web.url, "files": RADAR["files"], "attempts": 1}
        assert at(block(tmp_path, {"web": plain, "model": MODEL}).rain, 0) == (6, "radar")
        wild = {"web": plain | {"files": "%Y%m%d/%H%M*"}, "model": MODEL}
        assert "source web is passed over: " in (note := block(tmp_path, wild).notes[0])
        assert "403" in note


@pytest.mark.parametrize("status", [401, 403])
def test_a_web_server_that_refuses_is_passed_over(tmp_path: Path, status: int) -> None:
    model(tmp_path / "served", 0, lambda hour: 1)
    model(tmp_path / "model", -6, lambda hour: 2)
    with web_archive.running(tmp_path / "served") as web:
        web.forbidden = status
        web_first = {"kind": "rain-object-store", "url": web.url, "reads": MODEL["reads"], "attempts": 1}
        found = block(tmp_path, {"web": web_first, "model": MODEL})
    assert at(found.rain, 1) == (2, "model 2026-02-15T00")
    assert found.notes[0].startswith("source web is passed over: ")
    assert str(status) in found.notes[0]
