"""`check` of typhoon: houses, names, boundaries, triggers and the monitoring polygon, all faults at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.check.files import check_files
from ibf_pipeline.prepare.typhoon.build import prepare_typhoon
from ibf_pipeline.prepare.typhoon.store import read_typhoon
from tests.worlds.countries import typhoon_files
from tests.worlds.countries.tiny_country import feature, square, write_areas


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return typhoon_files.write_country(tmp_path / "static")


def bad(static: Path, **changes: Any) -> str:
    found, _ = check_files(typhoon_files.country(**changes), static)
    return "\n".join(f"{one.level}: {one.found}; {one.remedy}" for one in found if one.level in ("error", "warning"))


def test_a_country_that_can_be_prepared(static: Path) -> None:
    found, data = check_files(typhoon_files.country(), static)
    assert [one.found for one in found if one.level == "error"] == []
    assert "housing.csv: 39 houses, of every area" in [one.found for one in found]
    assert "names.csv: local names of 2 storms" in [one.found for one in found]
    assert data.place_codes() == {3: ("A1", "A2", "A3", "A4")}, "what the portal is compared with"


def test_every_fault_is_found_at_once(static: Path) -> None:
    (static / "housing.csv").write_text("place_code,houses\nA1,0\nA1,-3\nA9,1.200\n")
    (static / "names.csv").write_text("name,local_name\nCHANTHU,Kiko\nchanthu,Kiko\n")
    (static / "population.tif").unlink()
    triggers = [typhoon_files.TRIGGER | {"regions": ["PH01"]}]
    said = bad(static, triggers=triggers, monitoring=[[0, 9], [2, 9], [2, 11], [0, 11]])
    for words in (
        "line 2: A1 has 0 houses, line 3: area A1 stands twice, line 3: A1 has -3 houses",
        "names.csv: line 3: CHANTHU stands twice",
        "1 region of triggers unknown to the boundaries: PH01",
        "latitude and longitude are swapped: write [lon, lat]",
        "population.tif",
    ):
        assert words in said, said


def test_codes_that_lost_their_zeros(static: Path) -> None:
    areas = [feature(3, f"0{n}", None, square(*edges)) for n, edges in enumerate(typhoon_files.EDGES.values(), 1)]
    write_areas(static / "admin_areas", 3, areas)
    (static / "housing.csv").write_text("place_code,houses\n1,20\n2,10\n03,8\n04,1\n")
    assert "area '1' is not in the boundaries; there is '01': leading zeros were lost" in bad(static)


def test_boundaries_that_are_missing_leave_the_rest_unchecked_but_the_names(static: Path) -> None:
    (static / "admin_areas" / "adm1.geojson").unlink()
    (static / "names.csv").write_text("name,local_name\nCHANTHU,\n")
    said = bad(static)
    assert "admin_areas/adm1.geojson" in said
    assert "line 2: no local_name" in said


def test_a_doubt_reads_as_in_a_run(static: Path) -> None:
    (static / "housing.csv").write_text("place_code,houses\nA1,20\nA2,10\n")
    corners = [[9, 0], [10.1, 0], [10.1, 2], [9, 2]]
    found, _ = check_files(typhoon_files.country(monitoring=corners), static)
    prepare_typhoon(typhoon_files.country(monitoring=corners), static, static.parent / "p")
    of_runs = read_typhoon(static.parent / "p", "XTI").layers.doubts
    assert {doubt for one in found for doubt in one.doubts} == set(of_runs)
    assert "the monitoring polygon reaches 25 % of the areas: storms near the others are not seen" in of_runs


def test_triggers_that_can_never_set_one_are_told(static: Path) -> None:
    damage = {"scope": "country", "measure": "houses_damaged", "amount": 5, "probability": 0.5}
    assert "triggers by damage without calibration: houses_damaged 5 (country)" in bad(static, triggers=[damage])
    assert "triggers is an empty list" in bad(static, triggers=[])
    assert "the country has no file of houses" in bad(static, triggers=[damage], housing=None)
