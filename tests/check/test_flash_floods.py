"""`check` of flash floods: scenarios, districts, assets, rasters and the portal, all faults at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ibf_pipeline.check.files import check_files
from ibf_pipeline.check.finding import Finding
from ibf_pipeline.check.portal_assets import check_portal_assets
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.prepare.fetch_records import write_fetch_record
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import read_flash_floods
from ibf_pipeline.targets.portal import OpenOnPortal, PortalState
from tests.worlds.countries import flash_files

STATE = PortalState(
    api_words="here",
    role="pipeline",
    upload_roles=("pipeline",),
    admin_levels=(3,),
    default_admin_level=3,
    place_codes={3: ("A1", "A2", "U1")},
    points={"schools": {"7": "West", "8": "Middle"}, "health_sites": None},
    indicators=None,
    open_events=(),
)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return flash_files.write_country(tmp_path / "static")


def bad(static: Path, **changes: Any) -> list[tuple[str, str]]:
    found, _ = check_files(flash_files.country(**changes), static)
    return [(one.subject, one.found) for one in found if one.level not in ("fine", "not checked")]


def write(static: Path, name: str, text: str) -> None:
    (static / name).write_text(text, encoding="utf-8")


def test_a_country_that_can_be_prepared(static: Path) -> None:
    write(static, "assets/waterpoints.csv", "fid,lat,lon\n1,0.99,10.01\n")
    found, data = check_files(flash_files.country(), static)
    assert {one.level for one in found} == {"fine", "not checked"}
    said = [one.found for one in found]
    assert "3 scenarios, each with its rank" in said
    assert "schools.csv: 4, of which 3 in areas of districts" in said
    assert data.fids == {
        "schools": ("7", "8", "9"),
        "health_sites": ("1",),
        "waterpoints": ("1",),
        "buildings": ("3731", "3732"),
        "roads": ("120", "99"),
    }


def test_a_category_without_a_file_is_said(static: Path) -> None:
    assert bad(static) == [("assets", "no file of waterpoints below assets/")]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("flash_floods/scenarios.csv", flash_files.SCENARIOS.replace("40,3", "40,"), "scenarios without a rank: 40mm"),
        ("flash_floods/scenarios.csv", flash_files.SCENARIOS + "60mm_4hr,4,60,4\n", "depth/60mm_4hr.tif"),
        ("flash_floods/scenarios.csv", flash_files.SCENARIOS.replace(",1\n", ",9\n"), "has the lower rank: 10mm_1hr"),
        (
            "flash_floods/scenarios.csv",
            flash_files.SCENARIOS + "60mm_9hr,9,60,4\n",
            "scenarios of 9 hours are not",
        ),
        (
            "assets/schools.csv",
            "fid,lat,lon\n1,0.99,10.01\n2,10.01,0.99\n",
            "1 of 2 lie in no area of the",
        ),
        ("assets/schools.csv", "fid,lat,lon\n1,0.99,10.07\n", "none of 1 lies in an area of a district"),
        ("assets/schools.csv", "fid,lat,lon\n1,0.99,10.01\n1,0.98,10.01\n", "fids that stand for several places: 1"),
        ("assets/schools.csv", "fid,lat,lon\n1,0.99,10.01\n1,0.99,10.01\n", "1 lines say what another one said"),
        ("assets/roads.csv", 'wkt,fid\n"LINESTRING (10 1, 10.01 1)",M1\n', "fid is 'M1'"),
        ("up.csv", "area,upstream\nA1,A9\n", "area 'A9' is not in the boundaries"),
        ("limits.csv", "area,people\nU1,5\n", "limits.csv has numbers of areas in no district: U1"),
        ("limits.csv", "area,people\nU9,5\n", "area 'U9' is not in the boundaries"),
    ],
)
def test_what_is_wrong_with_a_table_is_found(static: Path, file: str, text: str, expected: str) -> None:
    write(static, file, text)
    tables = {"upstream": "up.csv"} if file == "up.csv" else {"area_thresholds": file} if "limits" in file else {}
    assert [found for _, found in bad(static, **tables) if expected in found]


def test_districts_with_areas_that_the_boundaries_have_not(static: Path) -> None:
    found = bad(static, districts={"Alpha": ["A1", "A9"]})
    assert found[0][0] == "configuration"
    assert "1 area of districts unknown to the boundaries: A9 of Alpha" in found[0][1]


def test_areas_that_no_flood_reaches_or_the_library_has_not(static: Path) -> None:
    for name in ("20mm_1hr", "40mm_4hr"):
        depth = np.zeros((4, 4))
        depth[:, 0] = 1
        flash_files.raster(static / "flash_floods" / "depth" / f"{name}.tif", depth)
    found = [words for _, words in bad(static, districts={"Alpha": ["A1", "A2"], "Beta": ["U1"]})]
    assert "the library ends inside areas of districts: U1: 0% covered" in found
    assert "no flood of the library has water in 2 of 3 areas of districts: A2, U1" in found


def test_dry_and_shrinking_floods(static: Path) -> None:
    flash_files.raster(static / "flash_floods" / "depth" / "20mm_1hr.tif", np.zeros((4, 4)))
    found = [words for _, words in bad(static)]
    assert "no water in the flood of 20mm_1hr" in found
    assert "the flood of 10mm_1hr is wetter than that of 20mm_1hr" in found


def test_depths_in_centimetres_are_doubted_as_for_floods(static: Path) -> None:
    depth = np.arange(16.0).reshape(4, 4) * 7
    flash_files.raster(static / "flash_floods" / "depth" / "40mm_4hr.tif", depth, nodata=0)
    (words,) = [words for _, words in bad(static) if "centimetres" in words]
    assert words.startswith("40mm_4hr.tif: every depth is a whole number, the greatest is 105: is it in metres")
    prepare_flash_floods(flash_files.country(), static, static.parent / "p")
    assert read_flash_floods(static.parent / "p", "XTV").layers.doubts == (words,)


def test_people_are_doubted_as_for_floods(static: Path) -> None:
    write(static, "population_totals.csv", "adminLevel,placeCode,value\n3,A1,100\n3,A2,80\n3,U1,160\n")
    assert any("population.tif adds up to 320" in words for _, words in bad(static))
    write(static, "population_totals.csv", "adminLevel,placeCode,value\n3,A1,1000\n")
    assert any(subject == "rasters" for subject, _ in bad(static))


def test_a_damaged_population_raster_is_one_error_among_others(static: Path) -> None:
    write(static, "population.tif", "no raster")
    found = bad(static)
    assert any(subject == "rasters" and "the population raster cannot be read" in words for subject, words in found)
    assert any(subject == "assets" for subject, _ in found)


def test_runs_say_what_check_doubts_unless_it_is_accepted(static: Path) -> None:
    districts = {"Alpha": ["A1", "A2"], "Beta": ["U1"]}
    flash_files.raster(static / "flash_floods" / "depth" / "20mm_1hr.tif", np.zeros((4, 4)))
    found, _ = check_files(flash_files.country(districts=districts), static)
    prepare_flash_floods(flash_files.country(districts=districts), static, static.parent / "p")
    layers = read_flash_floods(static.parent / "p", "XTV").layers
    assert {doubt for one in found for doubt in one.doubts} == set(layers.doubts)
    assert len(layers.doubts) == 2
    assert set(layers.doubts) <= set(layers.findings)
    accepted = layers.accepting(["the library ends inside"])
    assert len(accepted.doubts) == 1
    assert any(words.startswith("accepted: the library ends inside") for words in accepted.findings)
    texts = {"accepted_doubts": ["the library ends inside"], "districts": districts}
    again, _ = check_files(flash_files.country(**texts), static)
    assert [one.level for one in again if "ends inside" in one.found] == ["accepted"]


def test_what_is_doubtful_about_fetched_files_is_said(static: Path) -> None:
    """Of those that flash floods read: flood maps and stations of the same folder are not theirs."""
    prepare_flash_floods(flash_files.country(), static, static.parent / "p")
    for name in ("admin_areas/adm3.geojson", "stations.csv"):
        (static / name).touch()
        write_fetch_record(static, name, {"doubt": f"doubt of {name}", "sha256": sha256(static / name)})
    doubt = "doubt of admin_areas/adm3.geojson"
    assert ("boundaries", doubt) in bad(static)
    assert not any("stations.csv" in found for _, found in bad(static))
    assert "tables" in prepare_flash_floods(flash_files.country(), static, static.parent / "p")
    assert read_flash_floods(static.parent / "p", "XTV").layers.doubts == (doubt,)


def portal(fids: dict[str, tuple[str, ...]], **changes: Any) -> list[Finding]:
    return list(check_portal_assets(replace(STATE, **changes), flash_files.country(), FLASH_FLOODS, fids))


def test_fids_that_the_portal_does_not_know() -> None:
    fids = {"schools": ("7", "8", "9"), "health_sites": ("1",), "roads": ("120",), "buildings": ("3731",)}
    assert [(one.level, one.found) for one in portal(fids)] == [
        ("warning", "the portal does not know 1 of 3 schools: 9"),
        ("not checked", "the portal tells no health_sites"),
        ("not checked", "roads and buildings cannot be compared: the portal has no way of telling its lines"),
    ]
    assert [one.level for one in portal({"schools": ("7", "8")})] == ["fine"]


def test_open_events_that_no_district_is_named_after() -> None:
    events = tuple(OpenOnPortal(name, is_trigger=True) for name in ("Alpha", "Alpha district", "EXERCISE Beta"))
    (found,) = portal({}, open_events=events)
    assert found.found == "open events that are named after no district: Alpha district; districts are Alpha"
