"""What is doubtful about flood maps: `check`, `prepare` and the run say one and the same."""

from __future__ import annotations

import numpy as np
import pytest

from ibf_pipeline.check.country import check_static
from ibf_pipeline.config.configuration import load
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_day import TinyDay


def write_maps(day: TinyDay, small: np.ndarray, large: np.ndarray, **changes: object) -> None:
    for period, values in ((10, small), (20, large)):
        file = day.static / "flood_maps" / f"flood_map_XTY_RP{period}.tif"
        tiny_country.write_raster(file, values, **changes)


def said(day: TinyDay, level: str) -> list[str]:
    """What `check` finds of the country's rasters."""
    findings, _ = check_static(load(day.config).country("XTY"), day.static)
    return [finding.found for finding in findings if finding.subject == "rasters" and finding.level == level]


def test_decimetres_are_doubted_by_check_in_the_layers_and_in_the_run(day: TinyDay) -> None:
    """0.2 to 2 m deep in five rows of 20 cells, and a quarter more; the map of the larger flood ends in the country."""
    depths = np.zeros((10, 20))
    depths[:5] = np.linspace(0.2, 2.0, 100).reshape(5, 20)
    write_maps(day, np.round(depths * 10), np.round(depths * 12.5))
    notes = day.findings().notes
    layers, _ = read_prepared(day.prepared, "XTY")
    doubts = [
        "flood_map_XTY_RP10.tif: every depth is a whole number, the greatest is 20: is it in metres, or in centimetres "
        "or decimetres?",
        "flood_map_XTY_RP20.tif: every depth is a whole number, the greatest is 25: is it in metres, or in centimetres "
        "or decimetres?",
    ]
    for words in doubts:
        assert words in notes
        assert words in layers.findings
        assert words in said(day, "warning")
    assert layers.exposure.sel(flood_map=10).sum() == pytest.approx(200, rel=1e-5), (
        "who is in the water is right all the same: 100 cells of 2"
    )


def test_masks_the_wrong_way_round_are_refused_by_check_and_by_the_run(day: TinyDay) -> None:
    """0 in the flooded rows and 1 on dry land, as uint8."""
    small, large = np.ones((10, 20)), np.ones((10, 20))
    small[:2], large[:5] = 0, 0
    write_maps(day, small, large, dtype="uint8")
    error = day.refused(InputInvalid)
    assert error.found == "the wet area shrinks with every return period (160 cells of 10 years, 100 cells of 20 years)"
    assert any(error.found in words for words in said(day, "error"))


def test_maps_that_end_inside_the_country_are_said_where_their_floods_are(day: TinyDay) -> None:
    """The country reaches a tenth of a degree further east than its flood maps, and nobody lives there."""
    areas, square = day.static / "admin_areas", tiny_country.square
    sides = {"01": square(10, 10.1), "02": square(10.1, 10.32)}
    tiny_country.write_areas(areas, 1, [tiny_country.feature(1, code, None, side) for code, side in sides.items()])
    borders = {"01A": (10, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.15), "02B": (10.15, 10.32)}
    features = [tiny_country.feature(2, code, code[:2], square(*edges)) for code, edges in borders.items()]
    tiny_country.write_areas(areas, 2, features)
    ends = "flood_map_XTY_RP10.tif ends 0.12 degrees inside the country's bounding box"
    assert f"{ends}: no flood is shown beyond its edge" in day.findings().notes
    assert ends in said(day, "warning")
