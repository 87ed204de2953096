"""The first file of a new country: valid from the start, every choice explained where it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from string import Template
from typing import Final

_JRC: Final = "https://jeodpp.jrc.ec.europa.eu/ftp/jrc-opendata/CEMS-GLOFAS/flood_hazard"
"""CEMS-GLOFAS river flood hazard maps, as if there were no flood defences"""
_WORLDPOP: Final = (
    "https://data.worldpop.org/GIS/Population/Global_2015_2030/R2025A/2026/{iso3}/v1/100m/constrained/"
    "{lower}_pop_2026_CN_100m_R2025A_v1.tif"
)
"""release R2025A, people a cell of 3 arc-seconds"""
COD_AB: Final = "https://data.fieldmaps.io/cod/originals/{lower}.gpkg.zip"
"""COD-AB of a country as a zipped GeoPackage, all levels in one file"""
GRIDS: Final = "https://confluence.ecmwf.int/download/attachments/242067380"
"""the files attached to the page of CEMS with the auxiliary data of GloFAS"""


@dataclass(frozen=True, slots=True)
class CountryDraft:
    """What is known of the country when its file is written."""

    iso3: str
    name: str
    admin_levels: Sequence[int]
    default_admin_level: int
    sources: Sequence[str]
    target: str
    portal: str | None
    """ibf target with a url, whose areas and stations are taken over"""
    levels_from: str
    """where the levels are known from, for the comment beside them"""
    boundaries: str | None = None
    """address of boundaries that everybody may read; then everything else is public, too"""


_TEMPLATE: Final = Template("""\
# $name. Written by `ibf-pipeline new-country $iso3`; every key is explained in docs/configuration.md.
# Lines with DECIDE hold a choice that people of the country make; the value is only where others began.
iso3: $iso3
name: $name_yaml

# $levels_are; events exist on the default level. $levels_from
admin_levels: [$admin_levels]
default_admin_level: $default_admin_level

# DECIDE with the country's early action protocol: when money and people are set in motion.
trigger:
  return_period: 5        # years: a flood that comes once in five years on average, or a rarer one
  probability: 0.60       # share of the forecast's 51 members above that threshold
  lead_time_limit: 7      # days ahead; later days can only warn

# DECIDE whether there are warnings below the trigger. `disable`: triggers only. With warnings, for example:
# classes:
#   rule: return-period
#   return_period: {min: 1.5, med: 2, max: 5}   # max is the trigger's
#   probability: 0.60
classes:
  rule: disable

flood_maps:
  return_periods: [10, 20, 50, 75, 100, 200, 500]   # years; one raster each
  # DECIDE what an event below the smallest map gets: its extent (too large) or none (too small).
  below_smallest: use-smallest
  minimum_depth: 0.1      # metres; shallower water is dry land
  # permanent_water: water.tif    # lakes and rivers of every day: no flood and nobody there

# More of what stands to be affected: a raster and the name of its indicator on the server.
# people:
#   further_layers:
#     - {indicator: exposed_pop_u18, raster: children.tif}

# GloFAS version of the thresholds; forecasts of another one stop the run until an operator accepts them.
thresholds_version: "4"

# Where forecasts come from and alerts go to; names out of settings.yaml.
sources: [$sources]
target: $target

# Where `ibf-pipeline fetch-static $iso3` obtains the static data from. Remove a line to bring that file yourself.
static_sources:
$portal
  flood_maps: $jrc
  population: $worldpop
$thresholds
""")

_PORTAL: Final = "  portal: {portal}   # its areas and stations are taken over"
_NO_PORTAL: Final = (
    "  # portal: portal        # ibf target of settings.yaml with a url; its areas and stations are taken over"
)
_PUBLIC: Final = """\
  # Areas: COD-AB of OCHA and the country's authorities (CC BY-IGO), one file with all levels, or an address with
  # {{level}} if each has its own. Editions: https://data.humdata.org/dataset/cod-ab-{lower}
  boundaries: {boundaries}
  # stations: reporting_points.csv   # a list of GloFAS reporting points, if you have one
  propose_stations: true   # else points on the large rivers of the threshold grids; look at them on a map"""
_NO_GRIDS: Final = """\
  # Folder or URL with flood_threshold_glofas_v4_rl_<rp>.nc (auxiliary data of CEMS GloFAS). Without it you bring
  # thresholds.json yourself.
  # thresholds: data/glofas_thresholds"""
_GRIDS: Final = """\
  # Auxiliary data of CEMS GloFAS v4: flood_threshold_glofas_v4_rl_<rp>.nc, about 173 MB each, cut to the country as
  # they arrive. Where the server turns programs away, download them with a browser from
  # https://confluence.ecmwf.int/display/CEMS/Auxiliary+Data into a folder, and name that.
  thresholds: {grids}"""


def country_file(draft: CountryDraft) -> str:
    """The text of `countries/<ISO3>.yaml`."""
    lower = draft.iso3.lower()
    public = draft.boundaries is not None
    if public:
        portal = _PUBLIC.format(boundaries=draft.boundaries, lower=lower)
    else:
        portal = _NO_PORTAL if draft.portal is None else _PORTAL.format(portal=draft.portal)
    return _TEMPLATE.substitute(
        asdict(draft),
        name_yaml=_quoted(draft.name),
        admin_levels=", ".join(map(str, draft.admin_levels)),
        sources=", ".join(draft.sources),
        portal=portal,
        jrc=_JRC,
        worldpop=_WORLDPOP.format(iso3=draft.iso3, lower=lower),
        thresholds=_GRIDS.format(grids=GRIDS) if public else _NO_GRIDS,
        levels_are="Levels of the boundaries" if public else "Exactly the levels of the IBF server for this country",
    )


def _quoted(text: str) -> str:
    """Text that YAML reads back as it is: Norway's `NO` and names with a colon too."""
    return "'" + text.replace("'", "''") + "'"
