"""What every part of the configuration is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

GlofasVersion = Annotated[
    str, Field(pattern=r"^\d+(\.\d+)*$", description='GloFAS version in quotation marks, e.g. "4"')
]
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Section(BaseModel):
    """A part of the configuration; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Cron = Annotated[
    str,
    Field(
        pattern=r"^\s*\S+(\s+\S+){4}\s*$", description='five fields of cron, in UTC: "30 9 * * *" is 09:30 every day'
    ),
]
