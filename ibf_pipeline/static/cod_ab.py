"""Administrative boundaries as OCHA publishes them (COD-AB): a layer a level, known by its columns, not by its name.

Today's schema has `adm<n>_pcode` and `adm<n>_name` of the layer's level and of those above it, the older one
`ADM<n>_PCODE` and `ADM<n>_EN` (or `_FR`, `_ES` ...). Files are GeoPackages, GeoParquet, geodatabases or shapefiles,
zipped or not; those of lines and points have the same columns, and no polygons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pyogrio
import shapely

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing, errors_as
from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.static.origin import OriginFolder, require_data

EACH_LEVEL: Final = "{level}"
"""stands in an address for the number of the level, if each level has a file of its own"""
_LEVELS: Final = range(1, 6)
_CODE: Final = re.compile(r"^ADM(\d)_PCODE$")
_PARQUET: Final = b"PAR1"
_LEFT_OUT: Final = 0.1
"""share of a level's areas that may lack place code or outline: lakes and disputed ground"""
_DIGITS: Final = 7
"""decimals of a degree, about a centimetre"""
_EXPECTED: Final = "COD-AB polygons: a GeoPackage, GeoParquet, or a geodatabase or shapefile, zipped or not"
_REMEDY: Final = "look at the address in a browser, and correct static_sources.boundaries of the country's file"


@dataclass(frozen=True, slots=True)
class _Layer:
    file: Path
    name: str | None
    """of the layer; None for GeoParquet, which has no layers"""
    columns: tuple[str, ...]


class CodAb:
    """The boundaries behind an address: every level that it has, read when it is asked for."""

    def __init__(self, place: OriginFolder, name: str) -> None:
        self.where = f"{place.where}/{name}"
        self._place = place
        self._name = name
        self._found: dict[int, _Layer] = {}

    @property
    def arrived(self) -> int:
        """Bytes that were fetched so far."""
        return self._place.arrived

    def levels(self) -> tuple[int, ...]:
        """Levels that there are areas of, without that of the country itself.

        Raises InputMissing if there is no file, InputInvalid if it cannot be read or has no place codes.
        """
        if not self._found:
            self._found = self._look()
        return tuple(sorted(self._found))

    def country_name(self) -> str:
        """The country's name as the areas have it; "" if they have none."""
        layer = self._found[self.levels()[0]]
        column = _name_column(layer.columns, 0)
        names = [] if column is None else [name for name in _read(layer)[column] if isinstance(name, str)]
        return names[0].strip() if names else ""

    def write_level(self, level: int, target: Path) -> str:
        """Write a level as `adm<level>.geojson`; in words what was left out, "" for nothing.

        Raises InputInvalid if there is no such level, or its place codes are not text.
        """
        there = self.levels()
        if level not in there:
            raise InputInvalid(
                f"there is no layer of admin level {level}; there are levels {', '.join(map(str, there))}",
                where=self.where,
                expected="a layer of every level in admin_levels",
                remedy="correct admin_levels in the country's file, or take another edition of the boundaries",
            )
        areas, left_out = _areas(_read(self._found[level]), level, self.where)
        with atomic_path(target) as partial:
            options = {"COORDINATE_PRECISION": _DIGITS}
            pyogrio.write_dataframe(areas, partial, driver="GeoJSON", layer=target.stem, layer_options=options)
        return left_out

    def _look(self) -> dict[int, _Layer]:
        if EACH_LEVEL not in self._name:
            return _by_level(_layers(self._place.file(self._name), self.where), self.where)
        layers: list[_Layer] = []
        for level in _LEVELS:
            try:
                file = self._place.file(self._name.replace(EACH_LEVEL, str(level)))
            except InputMissing:
                if not layers and level > _LEVELS[0]:
                    raise
                continue
            layers += _layers(file, self.where)
        return _by_level(layers, self.where)


def _layers(file: Path, where: str) -> list[_Layer]:
    """Layers of polygons with their columns, in capitals."""
    require_data(file, "boundaries", where, _REMEDY)
    with errors_as(InputInvalid, "the boundaries cannot be read ({})", where=where, expected=_EXPECTED, remedy=_REMEDY):
        if _is_parquet(file):
            frame = _parquet(file)
            return [_Layer(file, None, tuple(str(column).upper() for column in frame.columns))]
        found = []
        for name, geometry in pyogrio.list_layers(file):
            if geometry is not None and "Polygon" in geometry:
                fields = pyogrio.read_info(file, layer=name)["fields"]
                found.append(_Layer(file, str(name), tuple(str(field).upper() for field in fields)))
        return found


def _by_level(layers: Iterable[_Layer], where: str) -> dict[int, _Layer]:
    """The layer of each level: that of the deepest place code among its columns."""
    found: dict[int, _Layer] = {}
    for layer in layers:
        level = max((int(match[1]) for match in map(_CODE.match, layer.columns) if match), default=0)
        if level in found:
            raise InputInvalid(
                f"there are two layers of admin level {level}: {found[level].name} and {layer.name}",
                where=where,
                expected="one layer of polygons for each level",
                remedy="export the right one of each level into a file of your own, and name that",
            )
        if level in _LEVELS:
            found[level] = layer
    if not found:
        raise InputInvalid(
            "no layer of polygons has place codes",
            where=where,
            expected="columns adm1_pcode, adm2_pcode ... or ADM1_PCODE, ADM2_PCODE ...",
            remedy=_REMEDY,
        )
    return found


def _read(layer: _Layer) -> gpd.GeoDataFrame:
    with errors_as(
        InputInvalid, "the boundaries cannot be read ({})", where=layer.file, expected=_EXPECTED, remedy=_REMEDY
    ):
        frame = _parquet(layer.file) if layer.name is None else gpd.read_file(layer.file, layer=layer.name)
        if frame.crs is not None and frame.crs.to_epsg() != 4326:
            frame = frame.to_crs(4326)
    outlines = frame.geometry.name
    return frame.rename(columns={column: str(column).upper() for column in frame.columns if column != outlines})


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_PARQUET)) == _PARQUET


def _parquet(file: Path) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(file)
    except ImportError as error:
        raise ConfigError(
            f"GeoParquet needs a package that is not installed ({' '.join(str(error).split())})",
            where=file,
            expected="the extra `public`",
            remedy="pip install -c constraints.txt -e '.[public]', or take the boundaries as a GeoPackage",
        ) from None


def _areas(frame: gpd.GeoDataFrame, level: int, where: str) -> tuple[gpd.GeoDataFrame, str]:
    """The areas as `prepare` reads them, and in words what was left out: areas without place code or outline."""
    code = f"ADM{level}_PCODE"
    texts = frame[code].map(lambda value: value.strip() if isinstance(value, str) else value)
    numbers = [value for value in texts if isinstance(value, int | float) and value == value]
    if numbers:
        raise InputInvalid(
            f"place codes are numbers: {code.lower()} {numbers[0]!r}",
            where=where,
            expected="place codes as text: numbers lose leading zeros",
            remedy="take another edition of the boundaries, or export them with codes as text",
        )
    usable = texts.notna() & (texts != "") & frame.geometry.notna() & ~frame.geometry.is_empty
    name = _name_column(tuple(frame.columns), level)
    columns: dict[str, Any] = {code: texts, f"ADM{level}_EN": texts if name is None else frame[name].fillna(texts)}
    columns |= {upper: frame[upper] for upper in (f"ADM{n}_PCODE" for n in range(1, level)) if upper in frame}
    outlines = shapely.force_2d(frame.geometry.values)
    areas = gpd.GeoDataFrame(columns, geometry=outlines, crs=4326)[usable]
    without = int((~usable).sum())
    if without > _LEFT_OUT * len(frame):
        raise InputInvalid(
            f"{without} of {len(frame)} areas of admin level {level} have no place code or no outline",
            where=where,
            expected=f"at most {_LEFT_OUT:.0%}, such as lakes",
            remedy=_REMEDY,
        )
    said = f"{counted(without, 'area')} of admin level {level} without place code or outline left out"
    return areas, said if without else ""


def _name_column(columns: Sequence[str], level: int) -> str | None:
    """The column with the names of a level: in English if there are several languages."""
    known = (f"ADM{level}_NAME", f"ADM{level}_EN")
    other = sorted(column for column in columns if re.match(rf"^ADM{level}_[A-Z]{{2}}$", column))
    return next((column for column in (*known, *other) if column in columns), None)
