"""Times as the clocks of a country show them. The time zone is a value: whoever has the configuration gives it."""

from __future__ import annotations

from datetime import datetime, tzinfo

from ibf_pipeline.domain.wording import day_text


def clock_name(moment: datetime, zone: tzinfo) -> str:
    """`CAT`; `UTC+12` of a zone that has no name but its offset, as Fiji's and Vietnam's."""
    name = moment.astimezone(zone).tzname() or str(zone)
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def clock_text(moment: datetime, zone: tzinfo) -> str:
    """`14:00 CAT`. `moment`: with a time zone, of any kind."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M} {clock_name(local, zone)}"


def local_text(moment: datetime, zone: tzinfo) -> str:
    """`Sun 2026-02-15 14:00 CAT`."""
    local = moment.astimezone(zone)
    return f"{day_text(local.date())} {clock_text(local, zone)}"
