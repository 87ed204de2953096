"""What the configuration of every kind of source has."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ibf_pipeline.config.section import Encrypted, Section, Url

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""name of an environment variable"""


class SourceSection(Section):
    """What all kinds of sources have."""

    hazards: ClassVar[tuple[str, ...]]
    """names of the hazards whose countries may list it"""
    is_trial: ClassVar[bool] = False
    """for trying only: what it gives must never reach people, whatever a target's settings say"""
    is_made_up: ClassVar[bool] = False
    """what it gives is not a forecast at all: for test targets alone, whatever their settings say of notifications"""
    lead_times_key: ClassVar[str] = ""
    """the key that says how many lead times the source gives; empty if none does"""

    @property
    def lead_times_given(self) -> int | None:
        """How many lead times the source gives, 0-day counted; None if only its files tell."""
        return None


class RequestsSection(SourceSection):
    """What sources have that are asked over a network."""

    timeout_seconds: float = Field(60, gt=0, le=600, description="without any answer")
    attempts: int = Field(4, ge=1, le=20, strict=True, description="tries of a request, or of a file")


class ArchiveSection(SourceSection):
    """What sources have that fsspec reads."""

    url: Annotated[str, Encrypted] = Field(
        pattern=r"^(file|s3|https?|memory)://", description="file://, s3:// or https://, above its files"
    )
    endpoint_url: Url | None = Field(
        None, description="of an S3 service that is not Amazon's; its keys come from the environment"
    )
    anonymous: bool = Field(False, description="read a public S3 bucket without keys")
