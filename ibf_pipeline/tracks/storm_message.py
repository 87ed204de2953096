"""What one BUFR message says of one storm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StormMessage:
    """Dims are (member, step), the first step is the analysis; missing is NaN."""

    file: Path
    centre: int
    """who made it, common code table C-11: 98 is ECMWF"""
    identifier: str
    name: str
    """empty if it has none"""
    cycle: datetime
    member: Floats
    """(member) number; NaN where it has none"""
    forecast_type: Floats
    """(member) code table 0 01 092: 0 high resolution, 1 control, 2 to 4 perturbed"""
    step: Floats
    """(member, step) hours after the cycle, the first is 0; NaN where a member has fewer"""
    observed: tuple[float, float]
    """latitude and longitude where the storm was seen, degrees"""
    lat: Floats
    lon: Floats
    pressure: Floats
    """hPa"""
    wind: Floats
    """m/s"""
    wind_lat: Floats
    wind_lon: Floats
    radius: Floats
    """(member, step, speed, quadrant) km"""
