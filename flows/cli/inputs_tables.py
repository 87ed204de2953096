"""What the `inputs` commands print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Column, Table
from rich.text import Text

from flows.cli.terminal import console, print_whole
from flows.wiring.inputs_fetch import ForecastRead
from ibf_pipeline.domain.tracks import cycle_of
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.hazards.floods.notes import trial_notes
from ibf_pipeline.sources.cache import CachedDay
from ibf_pipeline.sources.rain.block import BlockRain
from ibf_pipeline.sources.shared_days import StoredDay
from ibf_pipeline.sources.tracks.source import TrackDelivery


def print_days(days: Sequence[CachedDay], root: Path, largest_gigabytes: float) -> None:
    """What lies in the cache's folder beside the days; then the days as a table, their sum below it."""
    out = console()
    for name in ("static", "static-sources"):
        size = sum(file.stat().st_size for file in (root / name).rglob("*") if file.is_file()) / 1e9
        if size:
            out.print(f"{name}: {size:.2f} GB of static data, kept until they are deleted", soft_wrap=True)
    days = [day for day in days if day.size]
    if not days:
        out.print(f"nothing was fetched yet; {root}", soft_wrap=True)
        return
    table = Table("source", "issue date", "files", Column("MB", justify="right"), "last used (UTC)")
    for day in days:
        files = ", ".join(f"{country} {count}" for country, count in sorted(day.countries.items()))
        used = datetime.fromtimestamp(day.used, UTC)
        table.add_row(
            day.source,
            str(day.issue_date),
            files or "none whole yet",
            f"{day.size / 1e6:,.1f}",
            f"{used:%Y-%m-%d %H:%M}",
        )
    print_whole(table)
    size = sum(day.size for day in days) / 1e9
    out.print(f"{size:.2f} of at most {largest_gigabytes:g} GB; {root}", soft_wrap=True)


def print_stored(days: Sequence[StoredDay], here: Sequence[CachedDay]) -> None:
    """Days that another machine has fetched and that are only in the store, from which a run brings them."""
    known = {(day.source, f"{day.issue_date:%Y%m%d}") for day in here if day.size}
    for day in days:
        if (day.source, day.issue_date) not in known:
            name = " ".join(filter(None, (day.source, str(date.fromisoformat(day.issue_date)), day.country)))
            console().print(f"only in the store: {name}, {day.size / 1e6:,.1f} MB", soft_wrap=True)


def days_data(days: Sequence[CachedDay]) -> list[dict[str, Any]]:
    """Days of the cache as data; `used` in UTC."""
    return [
        {
            "source": day.source,
            "issue_date": str(day.issue_date),
            "files": dict(sorted(day.countries.items())),
            "bytes": day.size,
            "used": datetime.fromtimestamp(day.used, UTC).isoformat(timespec="seconds"),
        }
        for day in days
        if day.size
    ]


def print_deleted(deleted: Sequence[CachedDay], left: Sequence[CachedDay]) -> None:
    """What was deleted, and what is left."""
    out = console()
    for day in deleted:
        out.print(f"deleted {day.source} {day.issue_date}, {day.size / 1e6:,.1f} MB")
    left = [day for day in left if day.size]
    out.print(f"{len(deleted)} days deleted, {len(left)} left with {sum(day.size for day in left) / 1e9:.2f} GB")


def forecast_code(read: ForecastRead) -> int:
    """The exit code: 3 if there are fewer members than the country needs, 1 where its GloFAS version is not accepted
    for the thresholds.
    """
    if read.refused is not None:
        return read.refused.exit_code
    return 0 if read.complete.fewest >= read.country.members.minimum else 3


def forecast_data(read: ForecastRead) -> dict[str, Any]:
    """What was fetched, as data; discharge is the largest of the members, m3/s by station and lead time in days."""
    largest = read.discharge.max("member")
    return {
        "country": read.country.iso3,
        "issue_date": str(read.issue_date),
        "source": read.files.source,
        "files": [str(file) for file in read.files.files],
        "glofas_version": read.discharge.attrs["glofas_version"],
        "members": {
            "fewest": read.complete.fewest,
            "expected": read.country.members.expected,
            "minimum": read.country.members.minimum,
            "missing": list(read.complete.missing),
        },
        "discharge": {
            str(station): [None if value != value else float(value) for value in largest.sel(station=station).values]
            for station in read.discharge["station"].values
        },
        "passed_over": list(read.passed_over),
        "notes": [
            *trial_notes(read.discharge),
            *([str(read.files.origin["corrected"])] if "corrected" in read.files.origin else []),
        ],
        "refused": None if read.refused is None else str(read.refused),
    }


def print_forecast(read: ForecastRead) -> None:
    """What was fetched."""
    out = console()
    country, complete = read.country, read.complete
    for text in read.passed_over:
        out.print(Text(f"passed over: {text}", style="yellow"))
    for key in ("corrected", "repeated"):
        if key in read.files.origin:
            out.print(Text(str(read.files.origin[key]), style="yellow"), soft_wrap=True)
    for name in read.files.origin.get("not_used", ()):
        out.print(Text(f"not used: {name}", style="yellow"), soft_wrap=True)
    size = sum(file.stat().st_size for file in read.files.files) / 1e6
    where = read.files.files[0].parent
    out.print(
        f"{country.iso3} {read.issue_date} from source {read.files.source}: "
        f"{len(read.files.files)} files, {size:,.1f} MB; {where}",
        soft_wrap=True,
    )
    for line in trial_notes(read.discharge):
        out.print(Text(line, style="yellow"))
    ids, background = (
        ", ".join(map(str, read.discharge.attrs.get(f"glofas_{kind}_ids", ()))) for kind in ("process", "background")
    )
    version = read.discharge.attrs["glofas_version"] or "not told"
    out.print(f"GloFAS version {version}" + (f", GRIB process ids {ids}, background {background}" if ids else ""))
    table = Table(
        "station", *(Column(f"{day}-day", justify="right") for day in range(8)), title="largest of the members, m3/s"
    )
    largest = read.discharge.max("member")
    for station in read.discharge["station"].values:
        values = largest.sel(station=station).values
        table.add_row(str(station), *("-" if value != value else f"{value:,.1f}" for value in values))
    print_whole(table)
    if complete.missing:
        missing = ", ".join(f"{member:02d}" for member in complete.missing)
        out.print(Text(f"missing members: {missing}", style="yellow"))
    enough = complete.fewest >= country.members.minimum
    rest = "whole" if complete.is_whole else "usable, but incomplete" if enough else "too few"
    text = f"{complete}; at least {country.members.minimum} are needed: {rest}"
    out.print(Text(text, style="green" if complete.is_whole else "yellow" if enough else "red"), soft_wrap=True)
    if read.refused is not None:
        out.print(Text(f"a run would stop: {read.refused}", style="red"), soft_wrap=True)


def print_rain(block: BlockRain) -> None:
    """Of each origin how many hours of how many areas, then what is missing and what is doubtful."""
    out, rain = console(soft_wrap=True), block.rain
    out.print(f"cycle {rain.attrs['cycle']}, {rain.sizes['area']} areas, {rain.attrs['members']}")
    origin = rain["origin"].values
    for number, name in (*enumerate(rain.attrs["origins"]), (-1, "missing")):
        hours, areas = int((origin == number).any(axis=1).sum()), int((origin == number).any(axis=0).sum())
        if hours:
            largest = np.nanmax(rain.values[:, origin == number], initial=0.0)
            out.print(Text(f"{name}: {hours} hours, {areas} areas, at most {largest:.1f} mm in an hour"))
    for words, texts in (("note", block.notes), ("doubtful", block.doubts)):
        for text in texts:
            out.print(Text(f"{words}: {text}"))


def print_tracks(given: TrackDelivery) -> None:
    """Of each storm its members and how far they reach, then what is not there."""
    out, tracks = console(soft_wrap=True), given.tracks
    storms = tracks.sizes["storm"]
    found = counted(storms, "storm") if storms else "no cyclone"
    out.print(f"cycle {cycle_of(tracks):%Y-%m-%d %H} UTC, {found} in the world, {tracks.attrs['source']}")
    there = np.isfinite(tracks["lat"].values)
    seen = np.isfinite(tracks["observed_lat"].values)
    for number, (identifier, name) in enumerate(zip(tracks["storm"].values, tracks["name"].values, strict=True)):
        members, steps = int(there[number].any(axis=1).sum()), there[number].any(axis=0)
        last = int(tracks["step"].values[steps][-1]) if steps.any() else 0
        called = identifier if name == identifier else f"{name} ({identifier})"
        now = "seen" if seen[number] else "not there yet"
        out.print(Text(f"{called}: {now}, {counted(members, 'member')}, to {counted(last, 'hour')} ahead"))
    for text in given.notes:
        out.print(Text(f"note: {text}"))
