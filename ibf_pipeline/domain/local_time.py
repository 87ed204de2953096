"""Moments as the clocks of a country show them. The time zone is a value: who has the configuration gives it."""

from __future__ import annotations

from datetime import datetime, tzinfo

from ibf_pipeline.domain.wording import day_text


def zone_name(moment: datetime, zone: tzinfo) -> str:
    """`CAT`; `UTC+09` where clocks have no name but their offset."""
    name = moment.astimezone(zone).tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def clock_text(moment: datetime, zone: tzinfo) -> str:
    """`14:00 CAT`. `moment`: with a time zone, of any kind."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M} {zone_name(local, zone)}"


def local_text(moment: datetime, zone: tzinfo) -> str:
    """`Sun 2026-02-15 14:00 CAT`."""
    local = moment.astimezone(zone)
    return f"{day_text(local.date())} {clock_text(local, zone)}"
