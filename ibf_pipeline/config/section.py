"""What every part of the configuration is made of."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.security.encryption import require_encrypted

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


def _folder(instead: str) -> AfterValidator:
    def on_this_machine(place: str) -> str:
        if "://" in place:
            raise ValueError(f"a URL, and this is a folder of this machine; {instead}")
        return place

    return AfterValidator(on_this_machine)


SHARED_FILES: Final = "write its path, and let several machines share files with `store.url` in settings.yaml"
"""what to do instead of a URL if a folder is meant"""
LocalFolder = Annotated[str, _folder(SHARED_FILES)]
"""a folder of this machine; a URL in its place would make a folder of that name"""
SourceFolder = Annotated[str, _folder("write its path, or choose the kind of source that has a `url`")]


class Section(BaseModel):
    """A part of the configuration; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Cron = Annotated[
    str,
    Field(
        pattern=r"^\s*\S+(\s+\S+){4}\s*$", description='five fields of cron, in UTC: "30 9 * * *" is 09:30 every day'
    ),
]


def _below_static(value: str) -> str:
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError(
            f"{value!r} is not a file below the country's static data: put it there and write e.g. water.tif"
        )
    return str(path)


StaticFile = Annotated[str, AfterValidator(_below_static)]

Probability = Annotated[
    float, Field(gt=0, le=1, strict=True, description="a share of the members, 0..1: write 0.60 for 60 %")
]
