"""Stations, thresholds and the station-to-area mapping: text stays text, doubt becomes an error."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr

from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.discharge.file_discharge import StationCells
from ibf_pipeline.domain.country import Station
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.csv_rows import decimal_number, read_rows
from ibf_pipeline.io.decimal_comma import require_no_decimal_comma
from ibf_pipeline.prepare.boundaries import lost_zeros
from ibf_pipeline.prepare.magnitudes import NO_LITRES, require_cubic_metres

NO_STATION = "no_station"
_LONGEST_PERIOD = 10_000
"""years"""


def read_stations(file: Path) -> tuple[Station, ...]:
    """`stations.csv`: stationCode, stationName, lat, lon (degrees); each station gets its GloFAS cell.

    The one line `no_station` says that the country has no river that GloFAS can forecast, and so no stations; an empty
    list says nothing and is refused. An optional column `river` says 0 where a threshold or upstream-area grid shows
    that the cell is not a river: the station is then blind on every day, instead of quiet for ever.
    """
    stations: dict[str, Station] = {}
    rows = read_rows(file, ("stationCode", "stationName", "lat", "lon"))
    if [row["stationCode"] for row in rows] == [NO_STATION]:
        return ()
    require_no_decimal_comma(rows, "stationCode", ("lat", "lon"), file)
    for row in rows:
        code, number = row["stationCode"], row.line
        if not code.isprintable() or code in ("", NO_STATION, *stations):
            raise InputInvalid(
                f"line {number}: station code {code!r} " + ("stands twice" if code in stations else "is none"),
                where=file,
                expected="every station once, by its code",
                remedy="remove or correct the line",
            )
        lat, lon = _degrees(row["lat"], 90, "lat", number, file), _degrees(row["lon"], 180, "lon", number, file)
        cell_lat, cell_lon = cell_centre(lat, lon)
        river = _yes_or_no(row.get("river") or "1", number, file)
        stations[code] = Station(code, row["stationName"], lat, lon, cell_lat, cell_lon, river=river)
    if not stations:
        raise InputInvalid(
            "there is no station in it",
            where=file,
            expected="the country's GloFAS stations",
            remedy=f"list them: stationCode, stationName, lat, lon; or {NO_STATION} where no river can be forecast",
        )
    return tuple(stations.values())


def cells_of_stations(stations: Sequence[Station]) -> StationCells:
    """The stations' cells as the discharge reader takes them."""
    return StationCells(
        tuple(station.code for station in stations),
        np.array([station.cell_lat for station in stations]),
        np.array([station.cell_lon for station in stations]),
    )


def _yes_or_no(text: str, number: int, file: Path) -> bool:
    if text not in ("0", "1"):
        raise InputInvalid(
            f"line {number}: river is {text!r}",
            where=file,
            expected="0 or 1",
            remedy="write 0 where the station's cell is not on a river, else 1 or nothing",
        )
    return text == "1"


def _degrees(text: str, limit: float, column: str, number: int, file: Path) -> float:
    value = decimal_number(text)
    if value is None or abs(value) > limit:
        raise InputInvalid(
            f"line {number}: {column} is {text!r}",
            where=file,
            expected=f"degrees, -{limit}..{limit}",
            remedy="write decimal degrees with a point",
        )
    return value


def read_thresholds(file: Path, stations: Collection[Station], return_periods: Collection[float]) -> xr.DataArray:
    """`thresholds.json`: (station, return_period) m3/s, for the stations in their order.

    Entries may be repeated identically (the seed data list each station several times). Raises InputInvalid if
    repeated entries differ, a station or one of the `return_periods` that the country's rule needs is missing, or
    thresholds do not grow with the return period.
    """
    if not file.is_file():
        raise InputInvalid(
            "the file is not there", where=file, expected="thresholds of every station", remedy="add the file"
        )
    table = _threshold_table(file)
    without = [station.code for station in stations if station.code not in table]
    if without:
        raise InputInvalid(
            f"stations without thresholds: {', '.join(without)}",
            where=file,
            expected="thresholds for every station of stations.csv",
            remedy="add them, or remove the stations",
        )
    periods = sorted({period for station in stations for period in table[station.code]})
    unusable = [period for period in periods if not 1 <= period <= _LONGEST_PERIOD]
    if unusable:
        raise InputInvalid(
            f"a return period of {unusable[0]:g}",
            where=file,
            expected=f"years, 1..{_LONGEST_PERIOD}",
            remedy="take the thresholds from the GloFAS threshold grids again",
        )
    for station in stations:
        _require_usable(table[station.code], periods, return_periods, station.code, file)
    return xr.DataArray(
        np.array([[table[station.code][period] for period in periods] for station in stations]),
        dims=("station", "return_period"),
        coords={"station": [station.code for station in stations], "return_period": periods},
        name="threshold",
        attrs={"units": "m3 s-1", "long_name": "discharge exceeded on average once in the return period"},
    )


def _threshold_table(file: Path) -> dict[str, dict[float, float]]:
    """Station code -> return period -> m3/s; a pair or a station that stands twice must say the same both times."""
    table: dict[str, dict[float, float]] = {}
    with errors_as(
        InputInvalid,
        "this is not a list of stations with thresholds ({type}: {})",
        where=file,
        expected="[{station_code, thresholds: [{return_period, threshold_value}]}]",
        remedy="write it again from the GloFAS threshold grids",
    ):
        for entry in json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_each_key_once):
            code = str(entry["station_code"])
            values: dict[float, float] = {}
            for pair in entry["thresholds"]:
                period = _number(pair["return_period"], f"a return period of station {code}", file)
                value = _number(pair["threshold_value"], f"the {period:g}-year threshold of station {code}", file)
                if values.setdefault(period, value) != value:
                    raise _differing(code, file)
            if table.setdefault(code, values) != values:
                raise _differing(code, file)
    return table


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON; ValueError if a key stands twice, of which Python would take the last."""
    twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    if twice:
        raise ValueError(f"{twice[0]} stands twice in {dict(pairs)}")
    return dict(pairs)


def _number(value: object, what: str, file: Path) -> float:
    """A finite number, else InputInvalid; Python's JSON also reads NaN, and float() reads text and true."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputInvalid(
            f"{what} is {value!r}, which is not a number",
            where=file,
            expected="a number of JSON, such as 310.5",
            remedy="write every number without quotation marks",
        )
    return float(value)


def _differing(code: str, file: Path) -> InputInvalid:
    return InputInvalid(
        f"station {code} is listed more than once with different thresholds",
        where=file,
        expected="one set of thresholds a station",
        remedy="find out which edition is right and remove the other",
    )


def _require_usable(
    values: Mapping[float, float], periods: list[float], needed: Collection[float], code: str, file: Path
) -> None:
    missing = sorted((set(needed) | set(periods)) - set(values))
    if missing:
        raise InputInvalid(
            f"station {code} has no threshold for {', '.join(f'{period:g}' for period in missing)} years",
            where=file,
            expected="the return periods of the country's rule, the same for every station",
            remedy="add them, or choose other return periods in the country's file",
        )
    ordered = [values[period] for period in periods]
    if not all(math.isfinite(value) and 0 < value < 1e6 for value in ordered):
        raise InputInvalid(
            f"station {code} has thresholds {ordered}",
            where=file,
            expected="m3/s, above 0 and below a million",
            remedy=NO_LITRES,
        )
    for (smaller, low), (larger, high) in pairwise(zip(periods, ordered, strict=True)):
        if high <= low:
            raise InputInvalid(
                f"station {code}: the {larger:g}-year threshold {high:g} is not above the {smaller:g}-year one {low:g}",
                where=file,
                expected="thresholds that grow with the return period",
                remedy="take them from the GloFAS threshold grids again",
            )
    require_cubic_metres(code, periods, ordered, file)


def mapping_rows(file: Path) -> list[tuple[int, str, str]]:
    """(line, station, place code) of `station_admin_mapping.csv`; rows that say nothing of either are left out."""
    rows = read_rows(file, ("glofasStation", "placeCode"))
    listed = [(row.line, row["glofasStation"], row["placeCode"]) for row in rows]
    return [row for row in listed if row[2] or row[1] not in ("", NO_STATION)]


def read_mapping(
    file: Path, stations: Collection[Station], place_codes: Collection[str]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """`station_admin_mapping.csv` (glofasStation, placeCode of the deepest level) to station code -> place codes.

    A station that stations.csv does not list cannot alert: its areas count as no_station, and a finding says so. Only
    if the file names some listed station nowhere, the unlisted one may be that one misspelled, and is refused.
    Lines of no station may name any place.
    Returns the mapping and findings: areas that it does not name, stations that are left out, or without areas.
    Raises InputInvalid on unknown place codes of a station, on such a station, and on areas given to two stations.
    """
    rows, left_out = _rows_of_stations(file, {station.code for station in stations})
    known_codes = set(place_codes)
    station_of = _station_of_area(rows, known_codes, file)
    mapping: dict[str, list[str]] = {station.code: [] for station in stations}
    for code, station in station_of.items():
        if station in mapping:
            mapping[station].append(code)
    if not any(mapping.values()):
        raise InputInvalid(
            "no station has an area",
            where=file,
            expected="at least one area with the code of the station that floods it",
            remedy="fill in the column glofasStation: without it no alert can be shown in the portal",
        )
    return {station: tuple(sorted(codes)) for station, codes in mapping.items()}, left_out + _mapping_findings(
        mapping, known_codes - set(station_of), sorted(code for code, station in station_of.items() if not station)
    )


def mapping_doubts(file: Path, stations: Collection[Station]) -> list[str]:
    """Stations that the mapping names and stations.csv does not: where they stand, nothing alerts."""
    return _rows_of_stations(file, {station.code for station in stations})[1]


def _rows_of_stations(file: Path, known: Collection[str]) -> tuple[list[tuple[int, str, str]], list[str]]:
    """(line, station, place code) with no_station for stations that are not listed, and what is said of these."""
    rows = mapping_rows(file)
    unlisted = [row for row in rows if row[1] not in (*known, NO_STATION, "")]
    missed = sorted(set(known) - {station for _, station, _ in rows})
    if unlisted and missed:
        raise InputInvalid(
            f"line {unlisted[0][0]}: station {unlisted[0][1]!r} is not in stations.csv",
            where=file,
            expected=f"{NO_STATION} or a station, such as {missed[0]!r}, which stands in no line",
            remedy="correct the code, add the station with its thresholds, or write no_station",
        )
    gone = {station for _, station, _ in unlisted}
    said = unlisted_station_notes([(station, code) for _, station, code in unlisted])
    return [(line, NO_STATION if station in gone else station, code) for line, station, code in rows], said


def unlisted_station_notes(unlisted: Collection[tuple[str, str]]) -> list[str]:
    """What runs say of stations that the mapping alone names; `unlisted`: (station, place code or "") of its rows."""
    areas = Counter({station: 0 for station, _ in unlisted})
    areas.update(station for station, code in unlisted if code)
    return [
        f"station {station} of the mapping is not in stations.csv: its {counted(number, 'area')} count as no_station"
        for station, number in areas.items()
    ]


def _station_of_area(rows: Iterable[tuple[int, str, str]], known: Collection[str], file: Path) -> dict[str, str]:
    """Place code -> station, `no_station` or "", of the areas that are known; each stands for one station."""
    station_of: dict[str, str] = {}
    for number, station, code in rows:
        if not code or (code not in known and station in (NO_STATION, "")):
            continue  # how the seed data list a station without areas; a place that no station alerts
        if code not in known:
            raise InputInvalid(
                f"line {number}: place code {code!r} is not an area of the deepest level{lost_zeros(code, known)}",
                where=file,
                expected=f"a code such as {min(known)!r}",
                remedy="take mapping and boundaries from one edition; keep place codes as text",
            )
        other = station_of.setdefault(code, station) or NO_STATION
        if other != (station or NO_STATION):
            raise InputInvalid(
                f"line {number}: area {code} is mapped to {other} and to {station or NO_STATION}",
                where=file,
                expected="one station an area",
                remedy="keep the station that floods it",
            )
    return station_of


def _mapping_findings(mapping: Mapping[str, list[str]], unnamed: set[str], empty: list[str]) -> list[str]:
    findings = []
    if empty:
        shown = ", ".join(empty[:3]) + (" ..." if len(empty) > 3 else "")
        findings.append(f"{counted(len(empty), 'area')} with an empty station in the mapping ({shown}): no_station")
    if unnamed:
        shown = ", ".join(sorted(unnamed)[:3]) + (" ..." if len(unnamed) > 3 else "")
        findings.append(
            f"{len(unnamed)} areas of the deepest level are not in the mapping ({shown}): taken as no_station"
        )
    for station, codes in mapping.items():
        if not codes:
            findings.append(f"station {station} has no areas in the mapping: its alerts cannot be shown in the portal")
    return findings
