"""Parents: the portal's codes where there are any, else derived by one rule, kept in a file that people correct."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.check.country import check_static
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.static.fetch import Origins, fetch_static
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import feature, square, write_areas

BORDERS = {"01A": (10, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.15), "02B": (10.15, 10.2)}
HEADER = "placeCode,adminLevel,parent,how,share\n"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """The tiny country as the portal has most countries: its codes of parents are null."""
    static = tiny_country.write_country(tmp_path / "static")
    name_areas(static, {code: code for code in BORDERS}, ADM1_PCODE=None, ADM1_EN=None)
    return static


def name_areas(static: Path, codes: dict[str, str], **more: Any) -> None:
    """Write level 2 under other codes, without parents."""
    features = [feature(2, codes[code], None, square(*edges)) for code, edges in BORDERS.items()]
    for entry in features:
        entry["properties"] |= more
    write_areas(static / "admin_areas", 2, features)


def parents_of(static: Path) -> dict[str, str | None]:
    level = read_boundaries(static / "admin_areas", (1, 2))[2]
    return dict(zip(level.place_codes, level.parents, strict=True))


def fetched(static: Path, *, refresh: bool = False) -> str:
    """The file of parents after `fetch-static`."""
    fetch_static(tiny_country.country(), static, Origins(), None, lambda text: None, refresh=refresh)
    return (static / "admin_areas" / "admin_parents.csv").read_text()


def test_codes_that_begin_with_one_code_above_say_the_parent(static: Path, tmp_path: Path) -> None:
    assert fetched(static) == (
        HEADER + "01A,2,01,prefix,1.000\n01B,2,01,prefix,1.000\n02A,2,02,prefix,1.000\n02B,2,02,prefix,1.000\n"
    )
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    population = {area.place_code: round(area.population, 4) for area in layers.level(1)}
    assert population == {"01": 180, "02": 180}
    assert layers.findings == (), "nothing is remarkable about parents that the codes say"


def test_one_code_that_begins_with_none_leaves_it_to_the_overlap(static: Path) -> None:
    """05 lies 10..10.12: nine of its twelve parts in 01, and three in 02, where it begins with neither code."""
    name_areas(static, {"01A": "01A", "01B": "05", "02A": "01C", "02B": "02B"})
    assert parents_of(static) == {"01A": "01", "05": "01", "01C": "02", "02B": "02"}
    areas = [feature(2, "05", None, square(10, 10.12)), feature(2, "06", None, square(30, 30.1))]
    write_areas(static / "admin_areas", 2, areas)
    assert fetched(static) == HEADER + "05,2,01,overlap,0.833\n06,2,02,overlap,0.000\n", "06 lies nearest to 02"
    said = [found.found for found in check_static(tiny_country.country(), static)[0]]
    assert (
        "2 areas of level 2 reach out of their parents, 1 of them for the most part: 06 in 02 (0%), 05 in 01 (83%)"
        in "\n".join(said)
    ), "the file says the parents, and the doubt stays"


def test_a_code_that_begins_with_two_codes_above_leaves_it_to_the_overlap(static: Path) -> None:
    write_areas(
        static / "admin_areas", 1, [feature(1, "0", None, square(10, 10.1)), feature(1, "02", None, square(10.1, 10.2))]
    )
    level = read_boundaries(static / "admin_areas", (1, 2))[2]
    assert (set(level.how), level.parents) == ({"overlap"}, ("0", "0", "02", "02"))


def test_areas_that_name_their_parent_need_no_file(tmp_path: Path) -> None:
    static = tiny_country.write_country(tmp_path / "static")
    fetch_static(tiny_country.country(), static, Origins(), None, lambda text: None)
    assert not (static / "admin_areas" / "admin_parents.csv").exists()


def test_a_corrected_line_wins_and_is_kept(static: Path, tmp_path: Path) -> None:
    """01B with its 81 people goes to 02, at the next `prepare`."""
    file = static / "admin_areas" / "admin_parents.csv"
    fetched(static)
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    file.write_text(file.read_text().replace("01B,2,01,prefix", "01B,2,02,by hand"))
    assert "tables" in prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert {area.place_code: round(area.population, 4) for area in layers.level(1)} == {"01": 99, "02": 261}
    assert "01B,2,02,by hand" in fetched(static, refresh=True)


def test_a_line_wins_over_the_code_that_the_boundaries_name(tmp_path: Path) -> None:
    static = tiny_country.write_country(tmp_path / "static")
    (static / "admin_areas" / "admin_parents.csv").write_text("placeCode,adminLevel,parent\n02A,2,01\n")
    assert parents_of(static) == {"01A": "01", "01B": "01", "02A": "01", "02B": "02"}


def test_the_file_is_written_anew_with_new_areas_while_nobody_has_changed_it(static: Path) -> None:
    fetched(static)
    name_areas(static, {"01A": "01X", "01B": "01B", "02A": "02A", "02B": "02B"})
    with pytest.raises(InputInvalid, match="placeCode '01A' is not an area of level 2"):
        parents_of(static)
    assert fetched(static, refresh=True).startswith(HEADER + "01X,2,01,prefix,1.000\n")


@pytest.mark.parametrize(
    ("line", "found", "expected"),
    [
        ("09,2,01", "line 2: placeCode '09' is not an area of level 2", "a code of the boundaries, such as '01A'"),
        ("01A,2,1", "line 2: parent '1' is not an area of the level above", "a code of the boundaries, such as '01'"),
        ("01A,1,01", "line 2: adminLevel '1'", "every area once, with its level out of 2"),
        ("01A,two,01", "line 2: adminLevel 'two'", "every area once, with its level out of 2"),
        ("01A,2,01\n01A,2,02", "line 3: 01A stands twice", "every area once, with its level out of 2"),
    ],
)
def test_a_line_that_cannot_be(static: Path, line: str, found: str, expected: str) -> None:
    file = static / "admin_areas" / "admin_parents.csv"
    file.write_text(f"placeCode,adminLevel,parent\n{line}\n")
    with pytest.raises(InputInvalid) as caught:
        parents_of(static)
    error = caught.value
    assert (error.found, error.where, error.expected) == (found, str(file), expected)
    assert error.remedy.startswith("correct")


def test_lines_of_levels_that_another_hazard_has_are_passed_over(static: Path) -> None:
    """Floods of levels 1, 2 and 3 share the file with typhoon, of levels 1 and 2."""
    file = static / "admin_areas" / "admin_parents.csv"
    file.write_text("placeCode,adminLevel,parent\n02A,2,01\n02A7,3,02A\n")
    assert parents_of(static)["02A"] == "01"


def test_a_level_in_between_that_the_country_does_not_have(static: Path) -> None:
    """The portal names parents of the level before; a country of levels 1 and 3 has none of these."""
    areas = static / "admin_areas"
    content = json.loads((areas / "adm2.geojson").read_text())
    for entry in content["features"]:
        code = entry["properties"]["ADM2_PCODE"]
        entry["properties"] = {"ADM3_PCODE": code, "ADM2_PCODE": "somewhere"}
    (areas / "adm3.geojson").write_text(json.dumps(content))
    level = read_boundaries(areas, (1, 3))[3]
    assert (set(level.how), level.parents) == ({"prefix"}, ("01", "01", "02", "02"))
