"""The Philippines made up around real middles: every municipality in its province, with the portal's code."""

from __future__ import annotations

import shapely

from ibf_pipeline.synthetic.philippines import (
    fix_mojibake,
    municipality_outlines,
    portal_code,
    read_municipalities,
    read_provinces,
)
from tests.conftest import real_data


def test_all_codes_are_the_portals_and_unique() -> None:
    towns = read_municipalities(real_data("philippines", "municipality_points.geojson"))
    provinces = read_provinces(real_data("philippines", "PHL_adm2.json"))
    assert len({town.code for town in towns}) == len(towns) == 1647
    assert {town.province for town in towns} == {province.code for province in provinces}
    assert len(provinces) == 87
    negros = [town for town in towns if town.province in ("PH064500000", "PH074600000")]
    assert len(negros) == 57
    assert portal_code("PH184506000") == "PH064506000"
    assert portal_code("PH012801000") == "PH012801000"


def test_names_are_those_that_people_read() -> None:
    assert [fix_mojibake(name) for name in ("PeÃƒÂ±ablanca", "PeÃ±ablanca", "Peñablanca", "Basco")] == [
        *["Peñablanca"] * 3, "Basco",
    ]  # fmt: skip


def test_outlines_hold_their_middles_and_fill_their_province() -> None:
    provinces = [
        province
        for province in read_provinces(real_data("philippines", "PHL_adm2.json"))
        if province.name in ("Batanes", "Cagayan", "Palawan")
    ]
    codes = {province.code for province in provinces}
    points = read_municipalities(real_data("philippines", "municipality_points.geojson"))
    towns = [town for town in points if town.province in codes]
    outlines = dict(zip((town.code for town in towns), municipality_outlines(towns, provinces), strict=True))
    assert len(outlines) == len(towns)
    for town in towns:
        assert outlines[town.code].covers(shapely.Point(town.lon, town.lat))
    kalayaan = outlines.pop(next(town.code for town in towns if town.name == "Kalayaan"))
    assert kalayaan.area < 0.001, "its islands are not among the outlines of provinces: a small one stands for them"
    ground = sum(province.geometry.area for province in provinces)
    assert abs(sum(outline.area for outline in outlines.values()) / ground - 1) < 1e-9
