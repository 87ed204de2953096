"""An exercise: the ordinary day with a forecast that makes a wish list come true, kept apart from real days."""

from __future__ import annotations

import logging
from datetime import date

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.ending import failed
from flows.floods import after_hold, carry_out
from flows.installed import final
from flows.wiring.day import open_day
from flows.wiring.issue_date import issue_date_of_run, named_time
from flows.wiring.limits import one_at_a_time
from flows.wiring.local_static import local_static
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.sources import FolderSource
from ibf_pipeline.targets.problems import Consent
from tasks.floods import prepared_layers
from tasks.scenario import make_forecast


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"EXERCISE-{parameters['country']}-{named_time(FLOODS, parameters.get('issue_date'))}"


@flow(name="scenario", flow_run_name=_run_name, retries=0, persist_result=False, validate_parameters=False)
def scenario(
    country: str,
    wishes: str,
    issue_date: date | None = None,
    target: str | None = None,
    notify: bool = False,
    hold: bool = False,
    approval: bool = False,
    take_over: bool = False,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Run a day of an exercise: its events are named `EXERCISE <event>`, and so are report, pictures and artifacts.

    Only on targets that allow exercises. Refused where real events are open on the server: publishing would close them.

    Args:
        country: ISO3 code of a country in the configuration.
        wishes: STATION=DAYS, separated by spaces, one character a lead time, e.g. G5220=---wTTTT G5230=------ww:med;
            - no class, w warning, T trigger; stations that are not named are quiet. A country with a longer `horizon`
            takes one more for each of its days.
        issue_date: day of the exercise; the scheduled day (UTC) where none is given.
        target: name of a target in settings.yaml; the country's own where none is given.
        notify: whether people are notified about the exercise.
        hold: stop before the notification; a person approves it with `ibf-pipeline resume`.
        approval: hold, and pause in the UI until a person approves or stops it there.
        take_over: replace an upload of the same day that is not ours.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    try:
        issued = issue_date_of_run(issue_date)
        day = open_day(config, country, issued, target, workspace=workspace, exercise=True)
        with one_at_a_time(country), day.alone("scenario"):
            static = local_static(day.configuration, day.country)
            layers, _ = prepared_layers(country, day.country, static, day.prepared)
            root = make_forecast(country, day.runs / country / "forecasts", issued, wishes, layers, day.country)
            source = FolderSource("scenario", root, day.country.thresholds_version)
            found, run, state, held = carry_out(
                day, [source], publish=True, notify=notify, hold=hold or approval, consent=Consent(take_over=take_over)
            )
        if held:
            state = after_hold(day, found, run, state, approval=approval)
    except IbfError as error:
        return final(failed(error))
    return final(state)
