"""Which flood of the library a sum of rain stands for (rule 4), and whom it reaches (rule 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.errors import ConfigError

Numbers = npt.NDArray[np.integer]


class ScenarioLibrary:
    """The country's scenarios by severity: number 1 is the least, 0 stands for none."""

    def __init__(self, scenarios: Iterable[Scenario], durations: Sequence[int]) -> None:
        """Sort the library by severity and by duration.

        Parameters
        ----------
        scenarios
            Of the country, each with a rank.
        durations
            Hours, each of which needs scenarios.

        Raises
        ------
        ConfigError
            If a duration has no scenario, or a scenario no rank: in the heaviest rain a run must not stop over a name
            that nobody ranked.
        """
        scenarios = tuple(scenarios)
        unranked = [scenario.name for scenario in scenarios if scenario.rank is None]
        if unranked:
            raise ConfigError(
                f"scenarios without a rank: {', '.join(unranked)}",
                expected="a rank for every scenario of the library, the worst last",
                remedy="add it to scenarios.csv",
            )
        self.ranked = sorted(scenarios, key=lambda each: (each.rank or 0, each.duration_h, each.amount_mm))
        self._steps: dict[int, tuple[npt.NDArray[np.float64], Numbers]] = {}
        for duration in durations:
            steps = sorted((s.amount_mm, number) for number, s in enumerate(self.ranked, 1) if s.duration_h == duration)
            if not steps:
                raise ConfigError(
                    f"the library has no scenario of {duration} hours",
                    expected="one or more for each of durations_h",
                    remedy="add floods of that duration, or take it out of durations_h",
                )
            self._steps[duration] = np.array([mm for mm, _ in steps]), np.array([number for _, number in steps])

    def __getitem__(self, number: int) -> Scenario:
        """A scenario by its number, 1 or more."""
        return self.ranked[number - 1]

    def nearest(self, duration: int, amount: npt.NDArray[np.float64]) -> Numbers:
        """The scenario that sums of rain stand for (rule 4).

        Parameters
        ----------
        duration
            Hours; one of the library's.
        amount
            mm, any shape.

        Returns
        -------
        numpy.ndarray
            Numbers of scenarios, of the same shape: the nearest amount of the library, half a step up; 0 below the
            first amount, the last scenario above the last.

        Examples
        --------
        >>> library = ScenarioLibrary([Scenario("20mm_4hr", 4, 20.0, 1), Scenario("40mm_4hr", 4, 40.0, 2)], [4])
        >>> library.nearest(4, np.array([19.9, 20.0, 29.9, 30.0, 90.0])).tolist(), library.is_beyond(4, 90.0)
        ([0, 1, 1, 2, 2], True)
        """
        amounts, numbers = self._steps[duration]
        limits = np.round(np.concatenate([amounts[:1], (amounts[:-1] + amounts[1:]) / 2]), 6)  # 26.2, not 26.200...3
        return np.concatenate([[0], numbers])[np.searchsorted(limits, amount, side="right")]

    def is_beyond(self, duration: int, amount: float) -> bool:
        """Whether so much rain (mm) is more than the library has: then the last scenario says less than what falls."""
        return bool(amount > self._steps[duration][0][-1])


class Exposure:
    """The table of whom and what each scenario reaches, as plain arrays by scenario number."""

    def __init__(self, table: xr.DataArray, library: ScenarioLibrary, areas: Sequence[str]) -> None:
        """Take the table apart by area and scenario number.

        Parameters
        ----------
        table
            (indicator, area, scenario) as of `FlashFloodLayers`, people first.
        library
            Whose scenarios the table needs.
        areas
            Place codes, in the order of the arrays.

        Raises
        ------
        ConfigError
            If the table lacks an area or a scenario, or has missing or negative numbers.
        """
        names = [scenario.name for scenario in library.ranked]
        lacking = (set(names) - set(table["scenario"].values.tolist())) | (
            set(areas) - set(table["area"].values.tolist())
        )
        if lacking:
            raise ConfigError(
                f"the table of whom floods reach lacks {', '.join(sorted(lacking)[:3])}",
                expected="every area of a district and every scenario",
                remedy="run `ibf-pipeline prepare` again",
            )
        chosen = table.sel(area=list(areas), scenario=names).transpose("indicator", "area", "scenario").values
        if not np.all(chosen >= 0):
            raise ConfigError(
                "the table of whom floods reach has missing or negative numbers",
                remedy="run `ibf-pipeline prepare` again",
            )
        values = np.concatenate([np.zeros((*chosen.shape[:2], 1)), chosen], axis=2)
        self.indicators = tuple(str(name) for name in table["indicator"].values)
        self.people: Numbers = np.rint(values[0]).astype(np.int64)
        """(area, scenario number) whole people"""
        self._further = values[1:]

    def further(self, area: int, number: int) -> dict[str, int | float]:
        """The other amounts of an area under a scenario: whole numbers as such, fractions to the hundredth."""
        amounts = [round(float(value), 2) for value in self._further[:, area, number]]
        return {
            name: int(amount) if amount == int(amount) else amount
            for name, amount in zip(self.indicators[1:], amounts, strict=True)
        }
