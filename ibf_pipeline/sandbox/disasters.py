"""The hazards that a sandbox knows: a row each. Whatever differs from hazard to hazard is a look at its row.

The five of the IBF API 0.335 are read from ``vocabulary.yaml``; whoever starts a sandbox can bring further ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.sandbox.responses import server_error
from ibf_pipeline.sandbox.vocabulary import (
    DISASTER_ROWS,
    FORECAST_SEVERITY,
    FORECAST_TRIGGER,
    LINE_CATEGORIES,
    POINT_CATEGORIES,
    PORTAL_LEAD_TIMES,
)

Period = Literal["day", "six-hours", "month"]
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Disaster:
    """One hazard as the service treats it. Raises ConfigError for a row that no server could have."""

    name: str
    """disasterType in the API"""
    label: str
    """what the portal calls it"""
    lead_times: tuple[str, ...]
    """those that the portal shows, in order, of one unit; uploads may carry any of the API's"""
    main_exposure: str
    """indicator that stands for the size of an event"""
    no_event_lead_times: tuple[str, ...]
    """where the service records that there is nothing, whatever lead time was uploaded"""
    period: Period = "day"
    """what one upload replaces: the same day, the same block of six hours (00, 06, 12, 18) or the same month"""
    indicators: tuple[str, ...] = ()
    """indicators that the API's own list lacks"""
    point_layers: tuple[str, ...] = ()
    """categories of points that the portal offers"""
    line_layers: tuple[str, ...] = ()
    """categories of lines (roads, buildings) that the portal draws"""
    alert_indicators: tuple[str, ...] = (FORECAST_SEVERITY, FORECAST_TRIGGER)
    """what the list of indicators names of the alert itself"""
    raster_folder: str | None = None
    """where the map server looks for its rasters; without one they are refused"""
    raster_name: str = "flood_extent"
    """``<raster_name>_<lead time>_<ISO3>.tif``"""
    one_shape_an_event: bool = False
    """the national map and its totals show one shape an event instead of its areas"""
    values_without_event: bool = True
    """with one shape an event: while there is no event the national values are those of all areas, else none"""
    only_triggered_areas: bool = True
    """maps show the areas on alert; otherwise those with ``show_admin_area`` 1, and all if nothing says so"""
    set_warning_to_trigger: bool = False
    """the portal offers people to set a warning to trigger; the API lets them for every hazard"""
    early_actions: bool = True
    """the country's setting enableEarlyActions"""
    zero_threshold_warns: bool = False
    """a legacy alert_threshold of 0 beside an event name is a warning of severity 1"""
    exposure_is_share: bool = False
    """the main exposure is a share (0..1) of each area, and has no sum"""
    has_tracks: bool = False
    """events have a track, which decides on landfall and on mail"""
    named_by_lead_time: bool = False
    """rows without event name are named by their lead time"""
    names_by_country: Mapping[str, str] = field(default_factory=dict)
    """ISO3 to the name that rows without event name get there"""

    def __post_init__(self) -> None:
        words = (self.name, self.raster_name, self.main_exposure, *self.indicators, self.raster_folder or "none")
        units = {lead_time.partition("-")[2] for lead_time in self.lead_times}
        for found, good, expected in (
            (words, all(_WORD.fullmatch(word) for word in words), "words of letters, digits, _ and -"),
            (self.period, self.period in get_args(Period), f"a period of {', '.join(get_args(Period))}"),
            (self.lead_times, len(units) == 1, "lead times of one unit"),
            (
                self._all_lead_times,
                set(self._all_lead_times) <= set(PORTAL_LEAD_TIMES),
                "lead times that the API knows",
            ),
            (self.no_event_lead_times, self.no_event_lead_times, "lead times for days without event"),
            (self.point_layers, set(self.point_layers) <= set(POINT_CATEGORIES), ", ".join(POINT_CATEGORIES)),
            (self.line_layers, set(self.line_layers) <= set(LINE_CATEGORIES), ", ".join(LINE_CATEGORIES)),
        ):
            if not good:
                raise ConfigError(f"{found}", where=f"the sandbox's hazard {self.name!r}", expected=expected)

    @property
    def _all_lead_times(self) -> tuple[str, ...]:
        return self.lead_times + self.no_event_lead_times

    @property
    def lead_time_unit(self) -> str:
        return self.lead_times[0].partition("-")[2]

    @property
    def measure(self) -> str:
        """What the size of an event counts, in words."""
        words = {"population_affected": "people affected"}
        return words.get(self.main_exposure, self.main_exposure.replace("_", " "))

    def name_without_event(self, iso3: str, lead_time: str) -> str | None:
        """What the service calls rows that came without event name; None leaves them without."""
        return lead_time if self.named_by_lead_time else self.names_by_country.get(iso3)

    def raster(self, iso3: str, lead_time: str) -> str:
        """File name under which the map server looks for the raster of a lead time."""
        return f"{self.raster_name}_{lead_time}_{iso3}.tif"

    @classmethod
    def from_words(cls, name: str, words: Mapping[str, Any]) -> Self:
        """A row as ``vocabulary.yaml`` or the database has it."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in words.items()
        }
        if isinstance(values["lead_times"], str):
            values["lead_times"] = _lead_times(values["lead_times"])
        return cls(**(values | {"name": name}))

    def words(self) -> dict[str, Any]:
        """The row as it is kept in the database."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Disasters:
    """The table of hazards, in the order in which the service's error texts list them."""

    rows: tuple[Disaster, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.rows)

    @property
    def further_indicators(self) -> tuple[str, ...]:
        """Those that rows bring beside the API's own list; each once."""
        return tuple(dict.fromkeys(indicator for row in self.rows for indicator in row.indicators))

    @property
    def with_tracks(self) -> Disaster:
        """The one hazard that the track endpoints are about."""
        return next(row for row in self.rows if row.has_tracks)

    def find(self, name: str) -> Disaster | None:
        return next((row for row in self.rows if row.name == name), None)

    def __getitem__(self, name: str) -> Disaster:
        """The row of that name; without one the service fails."""
        row = self.find(name)
        if row is None:
            raise server_error()
        return row

    def extended(self, further: Iterable[Disaster]) -> Disasters:
        """With further rows behind; a known name takes on the new row."""
        return Disasters(tuple(({row.name: row for row in self.rows} | {row.name: row for row in further}).values()))


def _lead_times(text: str) -> tuple[str, ...]:
    """``"0-2,6 hour"`` -> 0-hour, 1-hour, 2-hour, 6-hour."""
    numbers, _, unit = text.partition(" ")
    found = []
    for part in numbers.split(","):
        first, _, last = part.partition("-")
        found += [f"{n}-{unit}" for n in range(int(first), int(last or first) + 1)]
    return tuple(found)


BUILT_IN = Disasters(tuple(Disaster.from_words(name, words) for name, words in DISASTER_ROWS.items()))
