"""Random text, JSON and YAML: a reader says what is wrong in an error of our own, or gives a valid result."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ConfigError, IbfError, InputInvalid
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.stations import read_mapping, read_stations, read_thresholds
from tests.budget import examples
from tests.worlds.countries import tiny_country

FEW = settings(
    max_examples=examples(15, 400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["01A", "G1", 10**400, "Polygon", "__proto__"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_country.write_country(tmp_path_factory.mktemp("static"))


@st.composite
def changed(draw: st.DrawFn, content: Any) -> Any:
    """The content with one to three of its parts replaced by anything."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        here = content
        while True:
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(here[key], dict | list) and here[key] and draw(st.integers(0, 3)):
                here = here[key]
                continue
            here[key] = draw(JSON)
            break
    return content


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes cut off, flipped here and there, or with something in between."""
    data = bytearray(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    place = draw(st.integers(0, len(data)))
    data[place:place] = draw(st.binary(max_size=6))
    return bytes(data)


def require_parts(error: IbfError, file: Path) -> None:
    """What was found, where, what was expected and what to do."""
    assert error.where.startswith(str(file))
    assert error.found
    assert error.expected
    assert error.remedy


def country_content() -> dict[str, Any]:
    content = tiny_country.country().model_dump(mode="json", exclude_unset=True)
    return {**content, "classes": {"rule": "disable"}, "people": {"percentage": True}}


def sectioned_content() -> dict[str, Any]:
    """The same with a section of floods."""
    content = country_content()
    common = {key: value for key, value in content.items() if key in CountryHazard.model_fields}
    return {**common, "hazards": {"floods": {key: value for key, value in content.items() if key not in common}}}


SETTINGS = {
    "sources": {"folder": {"kind": "folder", "root": "x"}},
    "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True}},
}


def read_config(folder: Path, text: str | bytes) -> FloodCountry | None:
    """The country, or None where the configuration is refused with the file and the remedy named."""
    (folder / "countries").mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(yaml.safe_dump(SETTINGS))
    file = folder / "countries" / "XTY.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        return load(folder).country("XTY")
    except ConfigError as error:
        require_parts(error, file)
        return None


@FEW
@given(content=changed(country_content()) | changed(sectioned_content()))
def test_configuration_with_parts_replaced(tmp_path: Path, content: dict[str, Any]) -> None:
    country = read_config(tmp_path, yaml.safe_dump(content))
    if country is not None:
        rule = country.rule
        assert 0 < rule.trigger.probability <= 1, "a probability that no share of members can miss or reach"
        assert 0 <= rule.trigger_lead_time_limit <= country.horizon <= 15
        assert rule.trigger.return_period >= 1
        assert country.members.minimum <= country.members.expected
        assert 0 < country.flood_maps.minimum_depth <= 5


@FEW
@given(content=damaged(yaml.safe_dump(country_content()).encode()))
@example(b"iso3: !!bool foo")
@example(b"iso3: !!timestamp foo")
@example(b"iso3: !!float ''")
@example(b"&a [*a]")
@example(b"iso3: &a {x: *a}")
@example(b"? [1, 2]\n: 3")
@example(b"<<: 3")
@example(b"[" * 50_000)
@example(b"- " * 50_000)
@example(b"{a: " * 50_000)
@example(b"2026-99-99: 1")
@example(b"hazards: {floods: {1.5: {}, floods: []}, iso3: 1}")
@example(b"hazards: {.nan: {}}")
@example(b"\xff\xfe")
def test_configuration_of_damaged_bytes(tmp_path: Path, content: bytes) -> None:
    read_config(tmp_path, content)


def read_levels(folder: Path) -> bool:
    try:
        levels = read_boundaries(folder, (1, 2))
    except InputInvalid as error:
        require_parts(error, folder / "adm2.geojson")
        return False
    for area in levels[2].geometries:
        assert area.is_valid
        assert 0 < area.area < 65_000
    return True


def features(static: Path) -> Any:
    return json.loads((static / "admin_areas" / "adm2.geojson").read_text())


@FEW
@given(data=st.data())
def test_boundaries_with_parts_replaced(static: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = data.draw(changed(features(static)))
    (tmp_path / "adm1.geojson").write_bytes((static / "admin_areas" / "adm1.geojson").read_bytes())
    (tmp_path / "adm2.geojson").write_text(json.dumps(content))
    read_levels(tmp_path)


@FEW
@given(points=st.lists(st.tuples(st.floats(9, 11), st.floats(0, 2)), min_size=1, max_size=7))
def test_any_ring_is_an_area_a_repair_or_an_error(
    static: Path, tmp_path: Path, points: list[tuple[float, float]]
) -> None:
    content = features(static)
    content["features"][0]["geometry"] = {"type": "Polygon", "coordinates": [[*points, points[0]]]}
    (tmp_path / "adm1.geojson").write_bytes((static / "admin_areas" / "adm1.geojson").read_bytes())
    (tmp_path / "adm2.geojson").write_text(json.dumps(content))
    read_levels(tmp_path)


@FEW
@given(data=st.data())
def test_thresholds_with_parts_replaced(static: Path, tmp_path: Path, data: st.DataObject) -> None:
    stations = read_stations(static / "stations.csv")
    content = data.draw(changed(json.loads((static / "thresholds.json").read_text())))
    file = tmp_path / "thresholds.json"
    file.write_text(json.dumps(content))
    try:
        table = read_thresholds(file, stations, {5.0})
    except InputInvalid as error:
        require_parts(error, file)
        return
    for code in ("G1", "G2"):
        levels = table.sel(station=code).values.tolist()
        assert levels == sorted(set(levels)), "thresholds that do not grow"
        assert all(0 < level < 1e6 and math.isfinite(level) for level in levels)
    assert 5.0 in table["return_period"].values


@FEW
@given(data=st.data())
def test_damaged_tables(static: Path, tmp_path: Path, data: st.DataObject) -> None:
    (tmp_path / "stations.csv").write_bytes(data.draw(damaged((static / "stations.csv").read_bytes())))
    (tmp_path / "mapping.csv").write_bytes(data.draw(damaged((static / "station_admin_mapping.csv").read_bytes())))
    codes = ("01A", "01B", "02A", "02B")
    try:
        stations = read_stations(tmp_path / "stations.csv")
        mapping, _ = read_mapping(tmp_path / "mapping.csv", stations, codes)
    except InputInvalid as error:
        require_parts(error, tmp_path)
        return
    given_areas = [code for areas in mapping.values() for code in areas]
    assert len(given_areas) == len(set(given_areas))
    assert set(given_areas) <= set(codes)
    assert all(abs(station.lat) <= 90 and abs(station.lon) <= 180 for station in stations)
