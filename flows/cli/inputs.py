"""`ibf-pipeline inputs`: the cache of fetched forecasts from the terminal. Heavy imports happen inside the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import AsData, Config, FetchedWorkspace, HazardName, IssueDateOrTime
from flows.cli.terminal import end_with, print_data

inputs_app = typer.Typer(
    help="Forecasts that were fetched: list, fetch and delete them. docs/glofas-sources.md describes the sources.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@inputs_app.command("list")
def list_inputs(as_json: AsData = False, config: Config = "config", workspace: FetchedWorkspace = None) -> None:
    """Show what the cache holds, by source and issue date, and what other machines have put into the store.

    Example: ibf-pipeline inputs list
    """
    from flows.cli.inputs_tables import days_data, print_days, print_stored
    from flows.wiring.day import open_configuration
    from flows.wiring.sharing import shared_days
    from flows.wiring.sources import open_cache

    configuration = open_configuration(config, workspace)
    cache = open_cache(configuration)
    if as_json:
        print_data(days_data(cache.days()))
        return
    print_days(cache.days(), cache.root, configuration.settings.inputs.largest_gigabytes)
    shared = shared_days(configuration)
    if shared is not None:
        print_stored(shared.stored(), cache.days())


@inputs_app.command()
def fetch(
    country: Annotated[str, typer.Argument(help="ISO3 code of a configured country, e.g. KEN", metavar="COUNTRY")],
    issue_date: IssueDateOrTime = None,
    source: Annotated[
        str | None, typer.Option("--source", help="source of settings.yaml; else in the country's order")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="fetch the whole day anew, in place of what the cache holds of it")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show every step, with states and sizes")] = False,
    hazard: HazardName = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: FetchedWorkspace = None,
) -> None:
    """Fetch a country's forecast, read it and show what is in it. Nothing is run or published.

    Example: ibf-pipeline inputs fetch KEN --source ewds --date 2026-11-20 --verbose
    """
    import logging

    from flows.cli.inputs_tables import forecast_code, forecast_data, print_forecast, print_rain, print_tracks
    from flows.wiring.day import as_issue_time, now, open_configuration
    from flows.wiring.inputs_fetch import fetch_and_read
    from ibf_pipeline.config.flash_floods import FlashFloodCountry
    from ibf_pipeline.config.floods import FloodCountry
    from ibf_pipeline.config.typhoon import TyphoonCountry
    from ibf_pipeline.errors import UsageError
    from ibf_pipeline.hazards.registry import known_hazard

    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    configuration = open_configuration(config, workspace)
    chosen = configuration.country(country, hazard)
    profile = known_hazard(chosen.hazard).profile
    issue_time = profile.newest(now()) if issue_date is None else as_issue_time(profile, issue_date)
    if not isinstance(chosen, FloodCountry) and (again or as_json):
        remedy = "leave them out: rain and tracks are always looked up again"
        raise UsageError("--again and --json are for floods", remedy=remedy)
    if isinstance(chosen, FlashFloodCountry):
        from flows.wiring.rain_outside_runs import fetch_rain

        print_rain(fetch_rain(configuration, chosen, issue_time, source))
        return
    if isinstance(chosen, TyphoonCountry):
        from flows.wiring.tracks_outside_runs import fetch_tracks

        print_tracks(fetch_tracks(configuration, chosen, issue_time, source))
        return
    read = fetch_and_read(configuration, FloodCountry.of(chosen).iso3, issue_time.day, source, again=again)
    if as_json:
        print_data(forecast_data(read))
    else:
        print_forecast(read)
    raise typer.Exit(forecast_code(read))


@inputs_app.command()
def watch(
    source: Annotated[str, typer.Argument(help="source of settings.yaml")],
    issue_date: IssueDateOrTime = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: FetchedWorkspace = None,
) -> None:
    """Wait for a source's forecast, and run and publish the countries that use it: the sensor without a server.

    Example: ibf-pipeline inputs watch ewds
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.watch_source import watch_source

    end_with(watch_source(source, issue_date, config=config, workspace=workspace, return_state=True), as_json)


@inputs_app.command()
def arrivals(
    source: Annotated[
        str | None, typer.Option("--source", help="source of settings.yaml; else all that have a sensor")
    ] = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: FetchedWorkspace = None,
) -> None:
    """Show when each day's forecast arrived, and the start of the sensor that this suggests.

    Example: ibf-pipeline inputs arrivals --source ewds
    """
    from flows.cli.arrivals_tables import arrivals_data, print_arrivals
    from flows.wiring.day import open_configuration
    from flows.wiring.sources import open_cache, source_settings, watched_sources
    from ibf_pipeline.sources.arrivals import read_arrivals

    configuration = open_configuration(config, workspace)
    root = open_cache(configuration).root
    daily = configuration.settings.discharge_sources
    names = [name for name in watched_sources(configuration) if name in daily] if source is None else [source]
    waiting = {name: source_settings(configuration, name).waiting for name in names}
    noted = {name: read_arrivals(root, name) for name in names}
    if as_json:
        print_data(arrivals_data(noted))
        return
    print_arrivals(noted, waiting)


@inputs_app.command()
def prune(
    largest_gigabytes: Annotated[
        float | None, typer.Option("--largest-gigabytes", min=0, help="instead of the bound in the settings")
    ] = None,
    keep_hours: Annotated[
        float | None, typer.Option("--keep-hours", min=0, help="what was used within this time stays")
    ] = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: FetchedWorkspace = None,
) -> None:
    """Delete the least recently used days until the cache is within its bounds.

    Example: ibf-pipeline inputs prune --largest-gigabytes 5
    """
    from flows.cli.inputs_tables import days_data, print_deleted
    from flows.wiring.day import open_configuration
    from flows.wiring.sources import open_cache

    configuration = open_configuration(config, workspace)
    bounds = configuration.settings.inputs
    largest = bounds.largest_gigabytes if largest_gigabytes is None else largest_gigabytes
    hours = bounds.keep_hours if keep_hours is None else keep_hours
    cache = open_cache(configuration)
    deleted = cache.prune(int(largest * 1e9), hours * 3600)
    if as_json:
        print_data({"deleted": days_data(deleted), "left": days_data(cache.days())})
        return
    print_deleted(deleted, cache.days())
