"""What every part of the configuration is made of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ibf_pipeline.addresses import require_encrypted
from ibf_pipeline.errors import ForbiddenByRule

GlofasVersion = Annotated[
    str, Field(pattern=r"^\d+(\.\d+)*$", description='GloFAS version in quotation marks, e.g. "4"')
]
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


def encrypted(place: str) -> str:
    """An address or a path as it is; ValueError for a public host without TLS, or an account within the address."""
    if re.match(r"[\w+.-]+://[^/]*@", place):
        raise ValueError("a url with a password in it: name the environment variables instead")
    try:
        require_encrypted(place)
    except ForbiddenByRule as error:
        raise ValueError(f"{error.found}: expected {error.expected}") from None
    return place


Encrypted = AfterValidator(encrypted)
"""of what may be an address"""
Url = Annotated[str, Field(pattern=r"^https?://\S+$"), Encrypted]
"""of a service, whatever it is asked for"""


class Section(BaseModel):
    """A part of the configuration; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Cron = Annotated[
    str,
    Field(
        pattern=r"^\s*\S+(\s+\S+){4}\s*$", description='five fields of cron, in UTC: "30 9 * * *" is 09:30 every day'
    ),
]
