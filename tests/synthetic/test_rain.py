"""Generated rain keeps its promise through the real reader, weights, hours and rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.rain.assembly import assemble
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.hourly_rain import HourlyRain, hourly_rain
from ibf_pipeline.rain.reader import read_rain
from ibf_pipeline.rain.weights import area_steps, weigh
from ibf_pipeline.synthetic.rain import RainWish, parse_rain_wishes, write_rain
from ibf_pipeline.synthetic.wishes import WishInvalid
from tests.budget import examples
from tests.worlds.countries import two_valleys

ISSUE = IssueTime.parse(two_valleys.ISSUE)
GROUND = (
    shapely.box(33.00, -11.30, 33.41, -11.02),
    shapely.box(33.41, -11.30, 33.44, -11.27),
    shapely.box(33.41, -11.27, 33.83, -11.02),
    shapely.box(33.00, -11.02, 33.83, -10.70),
)
"""A1; A2, smaller than a cell of 0.05 degrees; B1, which touches both; U1 in the hills"""


def written(folder: Path, wishes: str, **how: object) -> xr.DataArray:
    """The rain of areas that the files of some wishes say."""
    parsed = parse_rain_wishes(wishes, two_valleys.DISTRICTS)
    write_rain(folder, ISSUE, parsed, two_valleys.layers(), GROUND, two_valleys.country(), **how)  # type: ignore[arg-type]
    forecasts = [read(each) for each in sorted((folder / "forecast").iterdir())]
    observed = [read(folder / "observed", observed=True)] if (folder / "observed").is_dir() else []
    nowcasts = [read(each) for each in (folder / "nowcast").glob("*")]
    return assemble(ISSUE, two_valleys.AREAS, observed, forecasts, nowcasts=nowcasts)


def read(folder: Path, *, observed: bool = False) -> HourlyRain:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    rain = read_rain(files, RainDeclaration(), (33.0, -11.3, 33.83, -10.7), observed=observed)
    steps = area_steps(rain, weigh(rain.grid, two_valleys.AREAS, GROUND))
    return hourly_rain(steps, "IMERG" if observed else f"model of {folder.parent.name}")


def starts(result: FlashFloodFindings) -> dict[str, int]:
    return {e.district: int((e.starts - ISSUE.start).total_seconds() // 3600) for e in result.events}


@pytest.mark.parametrize(
    "wishes",
    [
        "Alpha=@30h:200mm/24h",
        "Alpha=@-5h",
        "Alpha=@0h:25mm/1h Beta=@48h",
        "Beta=@7h:80mm/4h Alpha=@7h:100mm/24h",
        "Alpha=@-2h:120mm/4h Beta=@13h:150mm/12h",
        "Beta=@1h:333mm/48h",
    ],
)
def test_an_event_begins_in_the_wished_hour_and_nowhere_else(tmp_path: Path, wishes: str) -> None:
    rain = written(tmp_path, wishes)
    wanted = {wish.district: wish for wish in parse_rain_wishes(wishes)}
    assert starts(two_valleys.found(rain)) == {name: wish.at_h for name, wish in wanted.items()}
    hours = np.arange(two_valleys.FIRST, rain.sizes["time"] + two_valleys.FIRST)
    assert (rain["observed"].values == (hours <= 0)[:, np.newaxis]).all()
    for name, wish in wanted.items():
        for code in two_valleys.DISTRICTS[name]:
            fallen = rain.sel(area=code).rolling(time=wish.over_h or 48, min_periods=1).sum().max()
            assert wish.amount_mm is None or wish.amount_mm <= fallen + 0.001 <= wish.amount_mm * 1.02, code


@settings(max_examples=examples(8, 100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.tuples(st.integers(-5, 48), st.integers(-5, 48)),
    hours=st.tuples(st.integers(2, 24), st.integers(2, 24)),
    amount=st.integers(120, 300),
)
def test_whatever_is_wished_begins_when_it_is_wished(
    tmp_path: Path, at: tuple[int, int], hours: tuple[int, int], amount: int
) -> None:
    rain = written(tmp_path, f"Alpha=@{at[0]}h:{amount}mm/{hours[0]}h Beta=@{at[1]}h:{amount + 70}mm/{hours[1]}h")
    assert starts(two_valleys.found(rain)) == {"Alpha": at[0], "Beta": at[1]}


def test_without_an_amount_the_least_flood_that_reaches_too_many_is_taken(tmp_path: Path) -> None:
    (event,) = two_valleys.found(written(tmp_path, "Alpha=@0h")).events
    assert {cause.scenario for cause in event.causes} == {"20mm_1hr"}, "30 people in A1, at most 20 below it"


def test_the_wished_flood_is_reached_and_none_is_worse(tmp_path: Path) -> None:
    (event,) = two_valleys.found(written(tmp_path, "Beta=@9h:120mm/4h")).events
    assert [(cause.scenario, cause.people) for cause in event.causes] == [("120mm_4hr", 3000)]


def test_a_share_of_the_members_carries_the_wish(tmp_path: Path) -> None:
    rain = written(tmp_path, "Alpha=@9h:80mm/4h", members=5, share=0.4)
    (event,) = two_valleys.found(rain).events
    assert (rain.sizes["member"], event.probability, event.trigger, event.lead_time) == (5, 0.4, False, 9)


def test_steps_of_15_minutes_and_a_nowcast(tmp_path: Path) -> None:
    rain = written(tmp_path, "Alpha=@3h:60mm/2h", step_minutes=15, nowcast_h=6, observed=False)
    assert starts(two_valleys.found(rain)) == {"Alpha": 3}
    assert not rain["observed"].any()
    near = rain.sel(time=slice(two_valleys.at(1).replace(tzinfo=None), two_valleys.at(6).replace(tzinfo=None)))
    assert (near["step_hours"] == 0.25).all()
    origins = {rain.attrs["origins"][number] for number in np.unique(near["origin"])}
    assert origins == {"model of nowcast 2026-02-15T06"}


def test_no_wish_is_dry_and_seen(tmp_path: Path) -> None:
    rain = written(tmp_path, "")
    assert (rain == 0).all()
    assert not two_valleys.found(rain).events


def test_what_lay_there_of_another_block_of_the_same_time_goes(tmp_path: Path) -> None:
    written(tmp_path, "Alpha=@-2h", members=3)
    assert (written(tmp_path, "") == 0).all()


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ("Gamma=@3h", "no district 'Gamma'"),
        ("Alpha=@3h alpha=@4h", "named twice"),
        ("Alpha=3h", "is not a wish"),
        ("Alpha", "is not a wish"),
        ("Alpha=@3h:20mm", "is not a wish"),
        ("Alpha=@49h", "hour 49"),
        ("Alpha=@-6h", "hour -6"),
        ("Alpha=@3h:0mm/2h", "0 mm in 2 h"),
        ("Alpha=@3h:401mm/2h", "401 mm in 2 h"),
        ("Alpha=@3h:10mm/49h", "rain of 49 hours"),
    ],
)
def test_a_wish_that_is_none_is_told(wishes: str, said: str) -> None:
    with pytest.raises(WishInvalid, match=said):
        parse_rain_wishes(wishes, two_valleys.DISTRICTS)


def test_names_with_blanks_and_in_any_case() -> None:
    assert parse_rain_wishes("blantyre city=@6h:60mm/1h  Rumphi=@-3h", ["Blantyre City", "Rumphi"]) == (
        RainWish("Blantyre City", 6, 60.0, 1),
        RainWish("Rumphi", -3),
    )


def test_rain_that_reaches_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WishInvalid, match=r"10 mm in 1 h are over no area's limit.*20mm/1h"):
        written(tmp_path, "Alpha=@3h:10mm/1h")


def test_rain_that_runs_into_another_district_is_refused(tmp_path: Path) -> None:
    layers = two_valleys.layers(catchments={"B1": {"A1": 1.0}})
    with pytest.raises(InputInvalid, match="Beta would be over its limit"):
        write_rain(tmp_path, ISSUE, [RainWish("Alpha", 3, 80, 4)], layers, GROUND, two_valleys.country())
