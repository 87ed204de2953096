"""Somewhere to publish to: a section of `settings.yaml`."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from ibf_pipeline.config.section import Section


class Target(Section):
    """Somewhere to publish to."""

    kind: Literal["ibf", "files"] = Field(description="an IBF API, or files for QGIS, spreadsheets and shadow runs")
    url: str | None = Field(None, pattern=r"^https?://", description="of the API, with or without /api at the end")
    embedded_sandbox: bool = Field(False, description="start the built-in sandbox server for this target")
    email_variable: str = Field("IBF_EMAIL", description="environment variable with the account's e-mail")
    password_variable: str = Field("IBF_PASSWORD", description="environment variable with its password")
    capabilities: Literal["auto", "described", "current"] = Field(
        "auto", description="how the server is spoken to; auto asks its OpenAPI document and says what it chose and why"
    )
    notifications: bool = Field(True, description="whether runs may send mail through this target")
    exercises: bool = Field(False, description="whether scenarios may be published here")
    test_target: bool = Field(False, description="a future issue date is accepted here")
    folder: str | None = Field(None, description="of a files target: <folder>/<ISO3>/<issue date>/")
    hold_hours: float = Field(
        12, gt=0, le=168, description="how long a held notification waits for approval; afterwards nobody is notified"
    )
    timeout_seconds: float = Field(60, gt=0, le=600, description="of waiting for an answer")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a call that may be repeated")
    keep_trying_seconds: float = Field(
        600,
        ge=0,
        le=3600,
        strict=True,
        description="how long publishing tries a call again, from its first failure, while the server is away "
        "(connection errors, 429, 502, 503, 504), however many `attempts` that takes; never the notification",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.kind == "ibf" and self.embedded_sandbox == (self.url is not None):
            raise ValueError("an ibf target has either a url or embedded_sandbox: true")
        if (self.kind == "files") != (self.folder is not None):
            raise ValueError("a folder belongs to a files target, and a files target needs one")
        if self.url is not None and re.match(r"https?://[^/]*@", self.url):
            raise ValueError("a url with a password in it: name the environment variables instead")
        return self
