"""Tables as programs and people write them: the same table, or one error that check, prepare and run agree on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from ibf_pipeline.check.country import check_static
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.station_places import require_in_country
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.static.reporting_points import listed_points
from tests.budget import examples
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_day import TinyDay

Rows = list[list[str]]
TABLES: Final[dict[str, str]] = {
    "stations.csv": "stationCode,stationName,lat,lon,fid\nG1,Étape,0.97,10.02,G1\nG2,Na,0.97,10.12,G2\n",
    "station_admin_mapping.csv": tiny_country.MAPPING,
    "population_totals.csv": "adminLevel,placeCode,value\n1,01,180\n1,02,180\n",
    "admin_areas/admin_parents.csv": "placeCode,adminLevel,parent\n01A,2,01\n02B,2,02\n",
}
POINTS: Final = "points.csv"
"""a list of gauges as people have it, which stations are taken from where no portal has any"""
GAUGES: Final = "station_id,StationName,lat,lon\nG1,Étape,0.97,10.02\nG2,Na,0.97,10.12\n"
NUMBERS: Final = {
    POINTS: ("lat", "lon"),
    "stations.csv": ("lat", "lon"),
    "population_totals.csv": ("value", "adminLevel"),
    "admin_areas/admin_parents.csv": ("adminLevel",),
}

SAYS: Final = {
    "stations.csv": (1, "Other"),
    "station_admin_mapping.csv": (1, "G2"),
    "population_totals.csv": (2, "181"),
    "admin_areas/admin_parents.csv": (2, "01"),
    POINTS: (2, "0.99"),
}
"""of each table the column, counted from 0, in which a line that repeats a key differs, and what it says there"""
TWICE: Final = "a key twice"


def few(number: int, many: int) -> settings:
    """Each example is a whole day."""
    return settings(
        max_examples=examples(number, many),
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def rows_of(name: str) -> Rows:
    return [line.split(",") for line in (GAUGES if name == POINTS else TABLES[name]).splitlines()]


def text_of(rows: Sequence[Sequence[str]], mark: str = ",", end: str = "\n") -> str:
    return end.join(mark.join(row) for row in rows) + end


def sound(day: TinyDay) -> None:
    for name, text in TABLES.items():
        (day.static / name).write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Way:
    """How a program or a person writes a table."""

    mark: str
    encoding: str
    end: str
    around: str
    blank: list[str]
    order: Random
    quoted: bool

    def bytes_of(self, rows: Rows) -> bytes:
        columns = list(range(len(rows[0])))
        self.order.shuffle(columns)
        quote = '"' if self.quoted else ""
        written = [[f"{quote}{self.around}{row[column]}{self.around}{quote}" for column in columns] for row in rows]
        lines = chain.from_iterable((row, self.blank) if self.blank else (row,) for row in written)
        return text_of(list(lines), self.mark, self.end).encode(self.encoding)


WAYS: Final = st.builds(
    Way,
    mark=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    around=st.sampled_from(["", " ", "\xa0", "\u200b", "\ufeff "]),
    blank=st.sampled_from([[], [""], ["", "", ""], [" "]]),
    order=st.randoms(use_true_random=False),
    quoted=st.booleans(),
)


@few(4, 60)
@given(name=st.sampled_from(sorted(TABLES)), way=WAYS)
def test_the_same_table_is_the_same_day(day: TinyDay, name: str, way: Way) -> None:
    """By hand: the 10-year map wets the top row, where ten cells of G1's areas have two people each."""
    sound(day)
    (day.static / name).write_bytes(way.bytes_of(rows_of(name)))
    said = check_static(tiny_country.country(), day.static)[0]
    assert [one for one in said if one.level == "error"] == []
    found = day.findings()
    assert [(event.name, event.people) for event in found.events] == [("G1", 20)]
    assert found.station("G1").name == "Étape"
    assert found.doubts == ()


def number_column(name: str, rows: Rows, line: int, text: str) -> bytes | None:
    """The table with a number of a line replaced."""
    if name not in NUMBERS:
        return None
    rows[line][rows[0].index(NUMBERS[name][line % len(NUMBERS[name])])] = text
    return text_of(rows).encode()


def with_field(name: str, rows: Rows, line: int, change: Callable[[list[str]], list[str]]) -> bytes:
    rows[line] = change(rows[line])
    return text_of(rows).encode()


def twice(name: str, rows: Rows, line: int) -> bytes:
    """The key of a line again in the next one, which says something else of it."""
    column, other = SAYS[name]
    again = list(rows[line])
    again[column] = other
    rows.insert(line + 1, again)
    return text_of(rows).encode()


Wrong = Callable[[str, Rows, int], bytes | None]
OF_A_LINE: Final[dict[str, Wrong]] = {
    "one field more": lambda n, r, i: with_field(n, r, i, lambda row: [*row, ""]),
    "one field less": lambda n, r, i: with_field(n, r, i, lambda row: row[:-1]),
    "decimal comma": lambda n, r, i: number_column(n, r, i, "0,97"),
    "decimal comma in quotes": lambda n, r, i: number_column(n, r, i, '"0,97"'),
    "thousands": lambda n, r, i: number_column(n, r, i, "1 000"),
    "thousands, unseen": lambda n, r, i: number_column(n, r, i, "1\u202f000"),
    "no number": lambda n, r, i: number_column(n, r, i, "NaN"),
    "too large": lambda n, r, i: number_column(n, r, i, "inf"),
    "a dash": lambda n, r, i: number_column(n, r, i, "-"),
    "nothing": lambda n, r, i: number_column(n, r, i, ""),
    "a line in a field": lambda n, r, i: with_field(n, r, i, lambda row: [*row[:-1], f'"{row[-1]}\nbelow"']),
    "a quote never closed": lambda n, r, i: with_field(n, r, i, lambda row: ['"' + row[0], *row[1:]]),
    TWICE: lambda n, r, i: twice(n, r, i),
    "a byte 0": lambda n, r, i: with_field(n, r, i, lambda row: [*row[:-1], f"{row[-1]}\0"]),
}
OF_THE_FILE: Final[dict[str, Wrong]] = {
    "a column twice": lambda n, r, i: text_of([[*row, row[-1]] for row in r]).encode(),
    "another column": lambda n, r, i: text_of([[f"{name}_" for name in r[0]], *r[1:]]).encode(),
    "Windows-1252": lambda n, r, i: text_of([*r[:i], [*r[i][:-1], "Été"], *r[i + 1 :]]).encode("cp1252"),
    "a workbook": lambda n, r, i: b"PK\x03\x04\x14\x00\x06\x00" + text_of(r).encode(),
    "an old workbook": lambda n, r, i: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + text_of(r).encode(),
    "a web page": lambda n, r, i: b"<!doctype html><title>Log in</title>",
    "UTF-16 without a mark": lambda n, r, i: text_of(r).encode("utf-16-le"),
}


@few(10, 150)
@given(
    name=st.sampled_from(sorted(TABLES)),
    wrong=st.sampled_from(sorted(OF_A_LINE | OF_THE_FILE)),
    line=st.integers(1, 2),
)
def test_whatever_is_wrong_with_a_table_all_say_it(day: TinyDay, name: str, wrong: str, line: int) -> None:
    sound(day)
    content = (OF_A_LINE | OF_THE_FILE)[wrong](name, rows_of(name), line)
    if content is None:
        return
    file = day.static / name
    file.write_bytes(content)
    with pytest.raises(InputInvalid) as refused:
        prepare_floods(tiny_country.country(), day.static, day.root / "prepared")
    error = refused.value
    assert (error.where, bool(error.expected), bool(error.remedy)) == (str(file), True, True)
    assert wrong in OF_THE_FILE or f"line {line + 1 + (wrong == TWICE)}" in error.found, error.found
    assert day.refused(InputInvalid).found == error.found
    said = [one.found for one in check_static(tiny_country.country(), day.static)[0] if one.level == "error"]
    if (wrong, name) == (TWICE, "station_admin_mapping.csv"):
        assert any("mapped to more than one station" in words for words in said), "check names all such areas at once"
        return
    assert any(error.found in words and str(file) in words for words in said), said


@few(20, 200)
@given(way=WAYS)
def test_a_list_of_gauges_is_read_however_it_is_written(day: TinyDay, way: Way) -> None:
    (day.static / POINTS).write_bytes(way.bytes_of(rows_of(POINTS)))
    assert [(point.code, point.name, point.lat, point.lon) for point in points_of(day)] == [
        ("G1", "Étape", 0.97, 10.02),
        ("G2", "Na", 0.97, 10.12),
    ]


@few(30, 200)
@given(wrong=st.sampled_from(sorted(OF_A_LINE | OF_THE_FILE)), line=st.integers(1, 2))
def test_whatever_is_wrong_with_a_list_of_gauges_is_said(day: TinyDay, wrong: str, line: int) -> None:
    """But for a gauge that is said to have no place, which is left out, and columns that are known all the same."""
    content = (OF_A_LINE | OF_THE_FILE)[wrong](POINTS, rows_of(POINTS), line)
    assert content is not None
    (day.static / POINTS).write_bytes(content)
    if wrong in ("no number", "a dash", "nothing", "another column"):
        left = {"G1", "G2"} - (set() if wrong == "another column" else {f"G{line}"})
        assert {point.code for point in points_of(day)} == left
        return
    with pytest.raises(InputInvalid) as refused:
        points_of(day)
    error = refused.value
    assert (error.where, bool(error.expected), bool(error.remedy)) == (str(day.static / POINTS), True, True)
    assert wrong in OF_THE_FILE or f"line {line + 1 + (wrong == TWICE)}" in error.found, error.found


def points_of(day: TinyDay) -> tuple[Station, ...]:
    file = day.static / POINTS
    return listed_points(file, str(file), read_boundaries(day.static / "admin_areas", (1, 2))[2])


def wrong_places(static: Path, *places: str) -> None:
    lines = [f"G{n},Name {n},{place}," for n, place in enumerate(places, 1)]
    (static / "stations.csv").write_text("\n".join(["stationCode,stationName,lat,lon,fid", *lines]) + "\n")


@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        ((10.1, 0.9), "exchange lat and lon: in stations.csv, or in the boundaries"),
        ((0.9, -10.1), "write lon with the other sign"),
        ((-0.9, 10.1), "write lat with the other sign"),
        ((-0.9, -10.1), "write lat and lon with the other sign"),
        ((50.0, 50.0), "compare both files"),
    ],
)
def test_stations_that_all_lie_outside_are_told_the_way_inside(place: tuple[float, float], remedy: str) -> None:
    country = Boundaries(1, ("01",), ("One",), (None,), (box(10.0, 0.8, 10.2, 1.0),), ())
    station = Station("G1", "Upper", *place, *place)
    with pytest.raises(InputInvalid) as refused:
        require_in_country([station], country, Path("stations.csv"))
    assert refused.value.remedy.startswith(remedy)
    assert refused.value.expected.endswith("lat 0.8 to 1, lon 10 to 10.2")


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (("0.97,10.02", "10.12,0.97"), "station G2 at lat 10.12, lon 0.97 lies 1,"),
        (("10.02,0.97", "10.12,0.97"), "every station lies outside the country"),
        (("0.97,10.02", "0.97,181"), "line 3: lon is '181'"),
    ],
)
def test_a_station_in_another_part_of_the_world_is_refused_by_all(
    day: TinyDay, places: tuple[str, ...], said: str
) -> None:
    wrong_places(day.static, *places)
    error = day.refused(InputInvalid)
    assert error.found.startswith(said)
    found = check_static(tiny_country.country(), day.static)[0]
    assert any(error.found in one.found for one in found if one.level == "error")


def test_a_decimal_comma_that_fits_the_header_is_refused_by_all(day: TinyDay) -> None:
    """The line lacks its fid: 10 would be the longitude, and 12 the fid."""
    (day.static / "stations.csv").write_text(
        "stationCode,stationName,lat,lon,fid\nG1,Upper,0.97,10.02,\nG2,Na,0.97,10,12\n"
    )
    error = day.refused(InputInvalid)
    assert error.found.startswith("line 3: lon 10, then 12, and fid '12', which is none")
    with pytest.raises(InputInvalid, match="line 3: lon 10"):
        prepare_floods(tiny_country.country(), day.static, day.root / "prepared")
    said = [one.found for one in check_static(tiny_country.country(), day.static)[0] if one.level == "error"]
    assert any(error.found in words for words in said)


def test_a_number_for_an_indicator_is_half_of_a_total(day: TinyDay) -> None:
    """It was a row of another indicator, left out without a word."""
    (day.static / "population_totals.csv").write_text(
        "adminLevel,placeCode,value,indicator\n1,01,180,populationTotal\n1,02,180,5\n"
    )
    assert day.refused(InputInvalid).found == "line 3: value 180 and indicator '5'"


@pytest.mark.parametrize(
    ("places", "doubt"),
    [
        (("0.97,10.02", "-0.97,17"), "stations far outside the country: G2 (783 km)"),
        (("0.97,10.02", "0.972,10.021"), "stations in one and the same GloFAS cell: G1, G2"),
    ],
)
def test_a_place_that_may_be_anothers_is_doubted(day: TinyDay, places: tuple[str, ...], doubt: str) -> None:
    wrong_places(day.static, *places)
    prepare_floods(tiny_country.country(), day.static, day.prepared)
    assert doubt in read_prepared(day.prepared, "XTY")[0].doubts
