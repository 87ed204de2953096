"""The configuration of where a country's static data are obtained from."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from ibf_pipeline.config.section import Encrypted, Section

StaticAddress = Annotated[str, Field(min_length=1), Encrypted]


class StaticSources(Section):
    """Where `fetch-static` obtains the static data from; what is not named is put into the folder by hand."""

    portal: str | None = Field(
        None, description="ibf target of settings.yaml whose admin areas and stations are taken over"
    )
    boundaries: StaticAddress | None = Field(
        None,
        description="file or URL of the areas of all levels as COD-AB have them, instead of `portal`: GeoPackage, "
        "GeoParquet (needs the extra `public`), or a geodatabase or shapefile, zipped or not; `{level}` stands for the "
        "admin level if each level has a file of its own",
    )
    stations: StaticAddress | None = Field(
        None,
        description="file or URL of a list of GloFAS reporting points (CSV), instead of `portal`; those inside the "
        "country are taken",
    )
    propose_stations: bool = Field(
        False,
        description="if `stations` has none in the country, or is not named: points on the large rivers of the "
        "grids in `thresholds`",
    )
    flood_maps: StaticAddress | None = Field(
        None,
        description="folder or URL above RP10/, RP20/ ... with the JRC's 10 x 10 degree tiles "
        "`ID<n>_<N|S><top>_<E|W><left>_RP<rp>_depth.tif`",
    )
    population: StaticAddress | None = Field(None, description="file or URL of the WorldPop raster, people a cell")
    thresholds: StaticAddress | None = Field(
        None, description="folder or URL with the grids `flood_threshold_glofas_v4_rl_<rp>.nc`"
    )
    threshold_periods: tuple[Annotated[float, Field(ge=1, le=10_000)], ...] = Field(
        (1.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0),
        min_length=1,
        description="years; return periods whose threshold grids are sampled",
    )
    timeout_seconds: float = Field(60, gt=0, le=600, description="without any answer")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a file; each goes on where the last broke")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        others = [name for name in ("boundaries", "stations", "propose_stations") if getattr(self, name)]
        if self.portal and others:
            raise ValueError(f"areas and stations come from the portal, or from {', '.join(others)}: remove one")
        if self.propose_stations and not self.thresholds:
            raise ValueError("propose_stations needs the grids of thresholds, whose rivers it looks at")
        return self
