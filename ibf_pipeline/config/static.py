"""The configuration of where a country's static data are obtained from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ibf_pipeline.config.section import Section

Place = Annotated[str, Field(min_length=1)]


class StaticSources(Section):
    """Where `fetch-static` obtains the static data from; what is not named is put into the folder by hand."""

    portal: str | None = Field(
        None, description="ibf target of settings.yaml whose admin areas and stations are taken over"
    )
    flood_maps: Place | None = Field(
        None,
        description="folder or URL above RP10/, RP20/ ... with the JRC's 10 x 10 degree tiles "
        "`ID<n>_<N|S><top>_<E|W><left>_RP<rp>_depth.tif`",
    )
    population: Place | None = Field(None, description="file or URL of the WorldPop raster, people a cell")
    thresholds: Place | None = Field(
        None, description="folder or URL with the grids `flood_threshold_glofas_v4_rl_<rp>.nc`"
    )
    threshold_periods: tuple[Annotated[float, Field(ge=1, le=10_000)], ...] = Field(
        (1.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0),
        min_length=1,
        description="years; return periods whose threshold grids are sampled",
    )
    timeout_seconds: float = Field(60, gt=0, le=600, description="without any answer")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a file; each goes on where the last broke")
