"""The classes of an alert, from none to highest."""

from __future__ import annotations

from collections.abc import Mapping

ALERT_CLASSES = ("no", "min", "med", "max")
"""Alert classes from none to highest; the position is the class's rank."""


SEVERITY: Mapping[str, float] = {"no": 0.0, "min": 0.3, "med": 0.7, "max": 1.0}
"""Severity that the IBF API expects for each alert class."""
