"""The page of the morning as one HTML file, for people without the UI of Prefect: nothing is fetched, nothing runs."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from ibf_pipeline.domain.wording import counted, day_text, utc_text
from ibf_pipeline.report.morning.content import Morning


def page(morning: Morning) -> str:
    """The page. Paths of reports start at the folder above the one that it lies in."""
    return _template().render(morning=morning)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("ibf_pipeline.report.morning", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=day_text, utc=utc_text)
    environment.globals.update(counted=counted)
    return environment.get_template("morning.html.j2")
