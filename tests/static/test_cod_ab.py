"""Boundaries of COD-AB by URL: every format and both schemas, levels by their columns; what is none is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.static.cod_ab import CodAb
from ibf_pipeline.static.origin import OriginFolder
from tests.conftest import missing
from tests.worlds.countries.published_files import cod_ab, write_cod_ab
from tests.worlds.services.web_archive import running

HASTY = RetryPolicy(attempts=2, sleep=lambda seconds: None)


def needs_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        missing("pyarrow is not installed: the extra `public`")


def from_disk(file: Path) -> CodAb:
    return CodAb(OriginFolder(str(file.parent), file.parent / "cache"), file.name)


def written(boundaries: CodAb, folder: Path) -> dict[str, tuple[str, str | None]]:
    """Place code -> name and parent, as `prepare` reads what was written."""
    for level in boundaries.levels():
        assert boundaries.write_level(level, folder / f"adm{level}.geojson") == ""
    levels = read_boundaries(folder, boundaries.levels())
    return {
        code: (name, parent)
        for layer in levels.values()
        for code, name, parent in zip(layer.place_codes, layer.names, layer.parents, strict=True)
    }


ALL = {
    "01": ("Area 01", None), "02": ("Area 02", None), "01A": ("Area 01A", "01"), "01B": ("Area 01B", "01"),
    "02A": ("Area 02A", "02"), "02B": ("Area 02B", "02"),
}  # fmt: skip


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("name", ["xty.gpkg", "xty.gpkg.zip", "xty.gdb.zip", "xty.shp.zip"])
def test_every_format_and_schema_by_url(name: str, *, older: bool, tmp_path: Path) -> None:
    write_cod_ab(tmp_path / "web" / name, older=older)
    with running(tmp_path / "web") as server:
        boundaries = CodAb(OriginFolder(server.url, tmp_path / "cache", HASTY), name)
        assert boundaries.levels() == (1, 2)
        assert boundaries.country_name() == "Tinyland"
        assert written(boundaries, tmp_path / "areas") == ALL
        assert server.asked[name] == 1


@pytest.mark.parametrize("older", [False, True])
def test_geoparquet_with_a_file_for_each_level(*, older: bool, tmp_path: Path) -> None:
    needs_pyarrow()
    for level in (1, 2):
        folder = tmp_path / "web" / "cod-ab" / f"xty_admin{level}"
        folder.mkdir(parents=True)
        cod_ab(level, older=older).to_parquet(folder / f"xty_admin{level}.parquet")
    with running(tmp_path / "web") as server:
        place = OriginFolder(f"{server.url}/cod-ab", tmp_path / "cache", HASTY)
        boundaries = CodAb(place, "xty_admin{level}/xty_admin{level}.parquet")
        assert boundaries.levels() == (1, 2)
        assert written(boundaries, tmp_path / "areas") == ALL
        file = tmp_path / "cut.parquet"
        file.write_bytes((tmp_path / "web/cod-ab/xty_admin1/xty_admin1.parquet").read_bytes()[:-100])
        with pytest.raises(InputInvalid, match="the boundaries cannot be read"):
            from_disk(file).levels()
        nowhere = CodAb(place, "abc_admin{level}/abc_admin{level}.parquet")
        with pytest.raises(InputMissing, match="is not there"):
            nowhere.levels()


def test_geoparquet_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xty.parquet").write_bytes(b"PAR1 and so on")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="GeoParquet needs a package that is not installed") as caught:
        from_disk(tmp_path / "xty.parquet").levels()
    assert "pip install -c constraints.txt -e '.[public]'" in caught.value.remedy


def test_other_degrees_and_areas_without_a_code(tmp_path: Path) -> None:
    """The country in metres; a lake without a place code, and an area of which only the name is known."""
    lake = cod_ab(1).iloc[[0]].assign(adm1_pcode=None, adm1_name="Lake")
    blank = cod_ab(1).iloc[[1]].assign(adm1_pcode=" ")
    more = [cod_ab(1).assign(adm1_pcode=[f"0{n}", f"1{n}"]) for n in range(3, 12)]
    frame = gpd.GeoDataFrame(pd.concat([cod_ab(1), *more, lake, blank]), crs=4326).to_crs(3857)
    frame.to_file(tmp_path / "xty.gpkg", driver="GPKG")
    said = from_disk(tmp_path / "xty.gpkg").write_level(1, tmp_path / "adm1.geojson")
    assert said == "2 areas of admin level 1 without place code or outline left out"
    layer = read_boundaries(tmp_path, (1,))[1]
    assert (len(layer.place_codes), layer.place_codes[:2]) == (20, ("01", "02"))
    assert layer.geometries[1].bounds == pytest.approx((10.1, 0.9, 10.2, 1.0), abs=1e-6)
    frame[-3:].to_file(tmp_path / "most.gpkg", driver="GPKG")
    with pytest.raises(InputInvalid, match="2 of 3 areas of admin level 1 have no place code or no outline"):
        from_disk(tmp_path / "most.gpkg").write_level(1, tmp_path / "most.geojson")


def test_names_in_another_language_and_fallback_to_the_code(tmp_path: Path) -> None:
    frame = cod_ab(1, older=True).rename(columns={"ADM1_EN": "ADM1_FR"})
    frame.loc[1, "ADM1_FR"] = None
    frame.to_file(tmp_path / "xty.gpkg", driver="GPKG")
    for name in ("adm1.geojson", "again/adm1.geojson"):
        from_disk(tmp_path / "xty.gpkg").write_level(1, tmp_path / name)
    assert (tmp_path / "adm1.geojson").read_bytes() == (tmp_path / "again" / "adm1.geojson").read_bytes()
    content = json.loads((tmp_path / "adm1.geojson").read_text())
    assert [feature["properties"]["ADM1_EN"] for feature in content["features"]] == ["Area 01", "02"]


def test_what_is_no_boundaries_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.gpkg"
    page.write_text("\n<!DOCTYPE html><html>Sign in</html>")
    with pytest.raises(InputInvalid, match="a web page in place of the boundaries") as caught:
        from_disk(page).levels()
    assert "static_sources.boundaries" in caught.value.remedy
    for name in ("xty.gpkg", "xty.gpkg.zip"):
        file = write_cod_ab(tmp_path / name)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        with pytest.raises(InputInvalid, match="the boundaries cannot be read"):
            from_disk(file).levels()
    with pytest.raises(InputMissing, match="the file is not there"):
        from_disk(tmp_path / "nothing.gpkg").levels()


def test_layers_that_leave_a_question_are_refused(tmp_path: Path) -> None:
    plain, twice, numbers = tmp_path / "plain.gpkg", tmp_path / "twice.gpkg", tmp_path / "numbers.gpkg"
    cod_ab(1)[["adm1_name", "geometry"]].to_file(plain, driver="GPKG")
    with pytest.raises(InputInvalid, match="no layer of polygons has place codes"):
        from_disk(plain).levels()
    for layer in ("old", "new"):
        cod_ab(1).to_file(twice, driver="GPKG", layer=layer)
    with pytest.raises(InputInvalid, match="two layers of admin level 1: old and new"):
        from_disk(twice).levels()
    cod_ab(1).assign(adm1_pcode=[1, 2]).to_file(numbers, driver="GPKG")
    with pytest.raises(InputInvalid, match="place codes are numbers: adm1_pcode 1"):
        from_disk(numbers).write_level(1, tmp_path / "adm1.geojson")
    with pytest.raises(InputInvalid, match="no layer of admin level 3; there are levels 1"):
        from_disk(numbers).write_level(3, tmp_path / "adm3.geojson")
    assert not list(tmp_path.glob("*.geojson"))
