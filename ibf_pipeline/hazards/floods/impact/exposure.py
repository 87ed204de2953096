"""How many people (or other units) of an area a flood map reaches: look-ups in the table that `prepare` made."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr


class ExposureTable:
    """Exposure by area and flood map as plain arrays: a day asks for thousands of entries, one label at a time."""

    def __init__(self, exposure: xr.DataArray) -> None:
        """`exposure`: (indicator, area, flood_map) as of `CountryLayers`."""
        self.indicators = tuple(str(name) for name in exposure["indicator"].values)
        self._values = exposure.transpose("area", "flood_map", "indicator").values
        self._areas = {str(code): number for number, code in enumerate(exposure["area"].values)}
        self._maps = {float(period): number for number, period in enumerate(exposure["flood_map"].values)}

    def of(self, place_code: str, flood_map: float) -> npt.NDArray[np.floating]:
        """What one deepest area has exposed under one flood map.

        Parameters
        ----------
        place_code
            Of an area on the deepest level.
        flood_map
            Return period of the map, years.

        Returns
        -------
        numpy.ndarray
            (indicator,) amounts.

        Raises
        ------
        KeyError
            If the table does not have the area or the map.
        """
        values: npt.NDArray[np.floating] = self._values[self._areas[place_code], self._maps[flood_map]]
        return values
