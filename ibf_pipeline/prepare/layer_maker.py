"""What the makers of prepared layers share: whose layers, made of which files, and how people are counted on a grid."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.count_statistics import (
    CountStatistics,
    counts_file,
    read_count_statistics,
    write_count_statistics,
)
from ibf_pipeline.prepare.counted_layers import what_is
from ibf_pipeline.prepare.counts import write_on_grid
from ibf_pipeline.prepare.cover import bounds_of_areas
from ibf_pipeline.prepare.inputs import POPULATION
from ibf_pipeline.prepare.national_grid import counting_grid
from ibf_pipeline.prepare.parts import PartBuilder, PreparedPart
from ibf_pipeline.prepare.zonal_sums import require_people

_PEOPLE: Final = "people.npy"
_Country = TypeVar("_Country", bound=CountryHazard)


class LayerMaker(Generic[_Country]):
    """Makes the layers of one country in `target`; `hashes` are those of the static files, by path below `static`."""

    def __init__(
        self, country: _Country, static: Path, target: Path, hashes: Mapping[str, str], workshop: PartBuilder
    ) -> None:
        self._country = country
        self._static = static
        self._target = target
        self._hashes = hashes
        self._have = workshop.step

    def _one(self, words: str, part: PreparedPart, build: Callable[[], Any]) -> PreparedPart:
        """A part that is a step of its own."""
        self._have(words, [part], lambda _: build())
        return part

    def _hash(self, file: Path) -> str:
        return self._hashes[file.relative_to(self._static).as_posix()]

    @property
    def _outlined(self) -> dict[str, Any]:
        """What the part with the boundaries says."""
        content: dict[str, Any] = json.loads((self._target / "boundaries.json").read_text(encoding="utf-8"))
        return content

    def _count_people(
        self,
        words: str,
        made_from: Mapping[str, Any],
        areas: Boundaries,
        arcsec: float,
        sums_of: Callable[[Path, Path], np.ndarray],
    ) -> PreparedPart:
        """A part with the people of areas or of pieces of them; `sums_of`: (the layer, a scratch file)."""
        raster = self._static / POPULATION
        made_from = {"raster": self._hash(raster), **made_from}
        part = PreparedPart("people", (_PEOPLE, counts_file(Path(_PEOPLE)).name), made_from)

        def build() -> None:
            country, layer = bounds_of_areas(areas), self._target / "scratch_people.tif"
            on = counting_grid(raster, self._target / "scratch_grid.tif", country, arcsec)
            counts = write_on_grid(raster, on, layer, what_is(POPULATION_AFFECTED), country=country)
            sums = sums_of(layer, self._target / "scratch.tif")
            layer.unlink()
            require_people(sums, raster)
            write_count_statistics(counts, self._target / _PEOPLE)
            with write_errors(self._target):
                np.save(self._target / _PEOPLE, sums)

        return self._one(words, part, build)

    def _counted_people(self) -> tuple[np.ndarray, CountStatistics]:
        return np.load(self._target / _PEOPLE), read_count_statistics(self._target / _PEOPLE)
