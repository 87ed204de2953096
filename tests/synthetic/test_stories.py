from datetime import date

import netCDF4
import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.errors import InputInvalid
from tests.synthetic.plain_rule import RETURN_PERIOD_RULE, classes, flags
from tests.synthetic.test_demo_country import COUNTRY
from tests.worlds.countries.demo_rivers import background, station_cells, thresholds
from tests.worlds.countries.stories import COMMITTED_DAYS, STORIES, story_ensemble, write_day

DAY = date(2026, 3, 1)

FLAGS = {
    "trigger-after-warnings": {"G9001": "-wwwTTw-"},
    "trigger-today": {"G9002": "TTTww---"},
    "warning-only": {"G9004": "---www--"},
    "beyond-limit": {"G9005": "------ww"},
    "two-events": {"G9003": "--wTTw--", "G9008": "---TTT--"},
    "falls-again": {"G9002": "-wTT----"},
    "no-alert": {},
    "unmapped-only": {"G9006": "--TTT---"},
    "members-49": {"G9001": "-wwwTTw-"},
    "members-30": {"G9001": "-wwwTTw-"},
    "busiest": {
        "G9001": "-wwwTTw-",
        "G9002": "-TT--w--",
        "G9003": "TTww----",
        "G9004": "---ww---",
        "G9005": "------ww",
        "G9006": "--TT----",
        "G9008": "TTTww---",
    },
    "day-after": {
        "G9001": "wwwTTw--",
        "G9002": "TT--w---",
        "G9003": "Tww-----",
        "G9005": "-----Tw-",
        "G9006": "-TT-----",
        "G9008": "TTww----",
    },
}


@pytest.mark.parametrize("name", list(STORIES))
def test_a_story_says_what_it_is_told_to(name):
    story = STORIES[name]
    cube = story_ensemble(story, DAY).sel(member=list(story.members))
    said = {code: flags(cube, thresholds(), RETURN_PERIOD_RULE, code) for code in cube["station"].values}
    assert {code: text for code, text in said.items() if text.strip("-")} == FLAGS[name]
    assert story.flags() == FLAGS[name]


def test_low_warnings_are_of_the_lowest_class():
    cube = story_ensemble(STORIES["warning-only"], DAY)
    assert classes(cube, thresholds(), RETURN_PERIOD_RULE, "G9004")[3:6] == ["min"] * 3


def test_the_station_off_the_rivers_is_dry():
    assert (story_ensemble(STORIES["busiest"], DAY).sel(station="G9007") == 0).all()


def test_members_of_the_stories():
    assert len(STORIES["members-49"].members) == 49
    assert len(STORIES["members-30"].members) == 30
    assert STORIES["busiest"].members == tuple(range(51))


def test_a_story_is_written_in_the_ftp_layout(tmp_path):
    folder = write_day(tmp_path, "members-30", DAY)
    assert folder == tmp_path / "20260301"
    assert len(list(folder.glob("dis_*_2026030100.nc"))) == 30
    row, column = station_cells()["G9001"]
    with netCDF4.Dataset(folder / "dis_07_2026030100.nc") as data:
        series = data["dis"][:8, row, column]
        sea = data["dis"][0].mask
    expected = story_ensemble(STORIES["members-30"], DAY).sel(member=7, station="G9001")
    assert series.tolist() == expected.values.tolist()
    assert (sea == np.isnan(background())).all()


def test_a_story_is_written_as_grib(tmp_path):
    folder = write_day(tmp_path, STORIES["two-events"], DAY, "ewds")
    (path,) = folder.iterdir()
    assert path.name == "glofas_20260301.grib2"
    options = {"indexpath": "", "filter_by_keys": {"dataType": "pf"}}
    data = xr.open_dataset(path, engine="cfgrib", backend_kwargs=options)
    row, column = station_cells()["G9008"]
    above = (
        data["avg_dis"].values[:, 4, row, column] > float(thresholds().sel(station="G9008", return_period=5))
    ).sum()
    assert 39 <= above <= 40


def test_unknown_stories_are_refused(tmp_path):
    with pytest.raises(InputInvalid, match=r"no story `flood`.*busiest"):
        write_day(tmp_path, "flood", DAY)


def test_the_committed_days_are_there():
    assert {day.isoformat() for day in COMMITTED_DAYS} == {"2026-02-15", "2026-02-16"}
    assert len(list((COUNTRY / "forecasts" / "20260215").glob("*.nc"))) == 51
    assert [path.name for path in (COUNTRY / "forecasts" / "20260216").iterdir()] == ["glofas_20260216.grib2"]
