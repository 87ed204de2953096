"""The report as one self-contained HTML page: nothing is fetched, every picture is inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.local_time import local_text
from ibf_pipeline.domain.wording import (
    alert_text,
    amount_text,
    class_text,
    counted,
    day_text,
    moment_text,
    number_text,
    people_text,
    people_words,
    percent_text,
)
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.report.content import Report
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.headline import title_of
from ibf_pipeline.report.pictures.colours import drawn_class
from ibf_pipeline.report.tables import revision_words
from ibf_pipeline.report.times import cycle_word, issued_text

_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


def page(report: Report, pictures: Mapping[str, bytes]) -> str:
    """The page. `pictures`: file name -> content, for every file that the report names."""
    inside = {name: _data_uri(name, content) for name, content in pictures.items()}
    profile = known_hazard(report.hazard).profile
    issue_time, extension = IssueTime.parse(report.issue_time), report_extension_of(report)
    return _template(extension.templates).render(
        report=report,
        pictures=inside,
        title=title_of(report),
        profile=profile,
        cycle=cycle_word(profile),
        issue_time=issue_time.words,
        issued=issued_text(issue_time),
        indicator_words=extension.indicator_words,
        **extension.template_names,
    )


@cache
def _template(further: BaseLoader | None) -> Template:
    own = PackageLoader("ibf_pipeline.report", "templates")
    environment = Environment(
        loader=own if further is None else ChoiceLoader([further, own]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        day=_moment,
        people=number_text,
        people_of=lambda event: people_words(event.people, known=event.people_known),
        known_people=lambda area: people_text(area.people, known=area.people_known),
        amount=amount_text,
        percent=percent_text,
        in_class=class_text,
        when=_when,
    )
    environment.globals.update(
        counted=counted,
        alert_text=alert_text,
        revision_words=revision_words,
        shade=lambda alert: drawn_class(alert.alert_class, trigger=alert.trigger),
    )
    return environment.get_template("report.html.j2")


def _data_uri(name: str, content: bytes) -> str:
    return f"data:{_TYPES[name.rsplit('.', 1)[1]]};base64,{base64.b64encode(content).decode('ascii')}"


@pass_context
def _moment(context: Context, moment: date) -> str:
    zone = context["report"].zone
    return local_text(moment, zone) if zone is not None and isinstance(moment, datetime) else moment_text(moment)


def _when(moment: str) -> str:
    """`Sun 2026-02-15 06:12:31 UTC` out of an ISO timestamp; another text is shown as it is."""
    try:
        day = date.fromisoformat(moment[:10])
    except ValueError:
        return moment
    return f"{day_text(day)} {moment[11:19]} UTC" if len(moment) > 18 else day_text(day)
