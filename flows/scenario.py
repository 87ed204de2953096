"""An exercise: the ordinary day with a forecast that makes a wish list come true, kept apart from real days."""

from __future__ import annotations

from datetime import date

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.decorator import flow
from flows.hazard_run import Options, run_hazard
from flows.wiring.run_issue_time import named_time
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.registry import HAZARDS, known_hazard
from ibf_pipeline.targets.problems import Overrides


def _run_name() -> str:
    parameters = flow_run.parameters
    hazard = parameters.get("hazard")
    of = f"{parameters['country']}-{hazard}" if hazard else parameters["country"]
    profile = known_hazard(hazard).profile if hazard in HAZARDS else FLOODS
    return f"EXERCISE-{of}-{named_time(profile, parameters.get('issue_date'))}"


@flow(name="scenario", flow_run_name=_run_name, validate_parameters=False)
def scenario(
    country: str,
    wishes: str,
    issue_date: date | str | None = None,
    target: str | None = None,
    notify: bool = False,
    hold: bool = False,
    approval: bool = False,
    take_over: bool = False,
    hazard: str | None = None,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Run a day of an exercise: its events are named `EXERCISE <event>`, and so are report, pictures and artifacts.

    Only on targets that allow exercises. Refused where real events are open on the server: publishing would close them.

    Args:
        country: ISO3 code of a country in the configuration.
        wishes: of floods STATION=DAYS, separated by spaces, one character a lead time, e.g.
            G5220=---wTTTT G5230=------ww:med;
            - no class, w warning, T trigger; stations that are not named are quiet. A country with a longer `horizon`
            takes one more for each of its days. Of flash floods DISTRICT=@HOUR, e.g.
            Karonga=@30h:150mm/24h Rumphi=@0h;
            the hour in which the district is over its limit, and so much rain in so many hours where the country's
            library is not to say it. Of typhoon STORM=landfall@HOUR:PLACE:WIND:SPREAD, e.g.
            CHANTHU=landfall@48h:Cagayan:45ms:80km;
            a province, an area or lat/lon. Of the latter two, whose runs are several a day, `end` ends an exercise with
            all that goes on of it; its runs follow each other without a pause: after one, the next exercise begins
            anew.
        issue_date: issue time of the exercise; the scheduled day or block (UTC) if none is given.
        target: name of a target in settings.yaml; the country's own if none is given.
        notify: whether people are notified about the exercise.
        hold: stop before the notification; an operator approves it with `ibf-pipeline resume`.
        approval: an operator approves or stops it with Resume on the run's page.
        take_over: replace an upload of the same day that is not ours.
        hazard: hazard of the exercise; floods, or the only one of the country, if none is given.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    overrides = Overrides(take_over=take_over)
    options = Options(True, notify, hold, approval, overrides, wishes)
    return run_hazard(hazard, country, issue_date, target, options, config, workspace)
