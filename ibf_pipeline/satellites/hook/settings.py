"""`config/destine.yaml`: the services, what an account may order, where results go, and how radar passes are judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from ibf_pipeline.config.loader import read_required_section
from ibf_pipeline.config.section import LocalFolder, Section, Url, encrypted
from ibf_pipeline.io.redaction import is_secret_name

QUOTAS: Final[Mapping[str, tuple[int, int]]] = {"hook-low": (25, 1), "hook-medium": (1000, 2), "hook-high": (1000, 5)}
"""role -> (items a month, items at the same time), as the DestinE Data Lake's documentation lists them"""
INSTALL: Final = "pip install -c constraints.txt -e '.[destine]' in the project's folder"
"""for what only some installations need: DESP accounts, private buckets, STAC"""
HOOK_ROLE: Final = "hook-workflows"
"""the role that opens the Hook service; one of QUOTAS comes with it"""


_Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="name of an environment variable")]
OptionValues = dict[str, str | int]


class TokenSettings(Section):
    """Where the access token of a service comes from."""

    kind: Literal["service-account", "password", "desp-user"] = Field(
        description="service-account: an API key (client credentials); password: name and password of an account; "
        "desp-user: a DESP account through the package destinelab"
    )
    url: Url | None = Field(None, description="token endpoint; destinelab brings its own")
    client_id: str | None = Field(None, description="public client of a password grant, e.g. cdse-public")
    client_id_variable: _Variable = Field("DEDL_CLIENT_ID", description="variable with the API key's name")
    client_secret_variable: _Variable = Field("DEDL_CLIENT_SECRET", description="variable with the API key's secret")
    username_variable: _Variable = Field("DESP_USERNAME", description="variable with the account's name")
    password_variable: _Variable = Field("DESP_PASSWORD", description="variable with the account's password")
    one_time_code_variable: _Variable | None = Field(
        None, description="kind password: variable with the current second-factor code, for accounts that need one"
    )
    totp_variable: _Variable | None = Field(
        None,
        description="kinds password and desp-user: variable with the secret of the second factor, from which codes "
        "are made",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind != "desp-user" and self.url is None:
            raise ValueError(f"a token of kind {self.kind} needs the url of its token endpoint")
        if self.kind == "password" and not self.client_id:
            raise ValueError("a token of kind password needs the client_id of the realm's public client")
        if self.kind != "password" and self.one_time_code_variable:
            raise ValueError(f"a token of kind {self.kind} takes no one_time_code_variable: only kind password does")
        if self.kind == "service-account" and self.totp_variable:
            raise ValueError("a token of kind service-account takes no totp_variable: it has no second factor")
        return self


class Service(Section):
    """One OnDemand Processing API (OData v1) and what the account may order from it."""

    url: Url | None = Field(None, description="ends with odata/v1, e.g. https://odp.data.destination-earth.eu/odata/v1")
    url_variable: _Variable | None = Field(
        None, description="variable with the address, if the public documents do not name it"
    )
    token: TokenSettings
    role: Literal["hook-low", "hook-medium", "hook-high"] | None = Field(
        "hook-low", description="quota role of the account; null if the service has none"
    )
    items_per_month: int | None = Field(None, ge=0, strict=True, description="instead of the role's own number")
    parallel_items: int | None = Field(None, ge=1, strict=True, description="instead of the role's own number")

    @model_validator(mode="after")
    def _complete_service(self) -> Self:
        if (self.url is None) == (self.url_variable is None):
            raise ValueError("either url or url_variable")
        if self.role is None and (self.items_per_month is None or self.parallel_items is None):
            raise ValueError("without a role, items_per_month and parallel_items must be given")
        return self

    @property
    def quota(self) -> tuple[int, int]:
        """(items a month, items at the same time)."""
        month, parallel = QUOTAS[self.role] if self.role else (0, 1)
        return (
            month if self.items_per_month is None else self.items_per_month,
            parallel if self.parallel_items is None else self.parallel_items,
        )


class Polling(Section):
    """How patiently orders are watched."""

    first_seconds: float = Field(15, gt=0, description="seconds before the second look at an order")
    factor: float = Field(1.5, ge=1, le=10, description="each further wait is this much longer")
    longest_seconds: float = Field(300, gt=0, description="seconds between two looks at most")
    give_up_hours: float = Field(24, gt=0, description="hours; an order that takes longer goes on without us")
    settle_seconds: float = Field(
        120, ge=0, description="seconds in which an order may still appear whose POST got no answer"
    )
    gone_hours: float = Field(
        6,
        gt=0,
        description="hours after which an accepted order counts as gone that the service does not know any more",
    )
    timeout_seconds: float = Field(60, gt=0, le=600, description="seconds for one answer")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a request that may be repeated")


class Downloads(Section):
    """Where results go and what an archive may hold."""

    folder: LocalFolder = Field("inputs/hook", description="results and their records; may use ${NAME}")
    largest_gigabytes: float = Field(20, gt=0, description="10^9 bytes; of a download, and of an archive unpacked")
    largest_ratio: float = Field(200, ge=1, description="unpacked bytes for one packed byte, of a whole archive")
    most_files: int = Field(20_000, ge=1, strict=True, description="files in one archive")


class PrivateStorage(Section):
    """The bucket of orders with private output, to list what arrived in it."""

    endpoint_url: Url = Field(description="S3 endpoint, e.g. https://s3.central.data.destination-earth.eu")
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="name of the bucket")
    access_key_variable: _Variable = Field("HOOK_S3_ACCESS_KEY", description="variable with the access key")
    secret_key_variable: _Variable = Field("HOOK_S3_SECRET_KEY", description="variable with the secret key")


class FloodMapCatalogue(Section):
    """A STAC API with flood maps that somebody else already derived from the same radar passes."""

    url: Url = Field(description="root of the STAC API")
    collection: str = Field(min_length=1, description="id of the collection")
    asset: str = Field(min_length=1, description="key of the asset with the flooded cells")
    flooded_value: float = Field(
        1, description="value of a flooded cell; nodata and other numbers from 100 on are not observed, all else is dry"
    )
    pass_minutes: float = Field(
        10, gt=0, lt=98, description="minutes within which a map's time and a scene's start are one pass"
    )
    wait_hours: float = Field(
        8, ge=0, le=72, description="hours after a scene's start in which its flood map may still come; no order before"
    )


class OpenWater(Section):
    """The open-water rule: a fixed threshold on the VH backscatter of one scene."""

    file_pattern: str = Field("*VH*.tif", description="which file of the result holds VH")
    unit: Literal["linear", "decibel"] = Field("linear", description="of the raster's values")
    threshold_decibel: float = Field(
        -20.0, ge=-40, le=0, description="dB; smooth water answers a side-looking radar weaker than this in VH"
    )
    noise_floor_decibel: float = Field(
        -45.0, ge=-80, le=-20, description="dB; below it the cell lies outside the scene and is not observed"
    )


class ObservationSettings(Section):
    """When a radar pass is ordered for an alerted event, and what makes it a hit."""

    catalogue: FloodMapCatalogue | None = Field(None, description="looked into first, at no cost; null: never")
    order_workflow: str = Field("card_bs", description="workflow that is ordered if no flood map exists")
    order_from_class: Literal["min", "med", "max"] | None = Field(
        "max", description="lowest class of an event that is worth an order; null: never order"
    )
    open_water: OpenWater = OpenWater()
    cell_share: float = Field(
        0.5, gt=0, le=1, description="share of a grid cell's observed part that must be water for the cell to be"
    )
    days_after: int = Field(
        3, ge=0, le=30, strict=True, description="days after the event's last flagged day on which a pass still counts"
    )
    hit_square_kilometres: float = Field(1.0, gt=0, description="km2 flooded inside the event's areas make a hit")
    observed_share: float = Field(
        0.5, gt=0, le=1, description="share of the event's areas that a pass must have seen to call a false alarm"
    )


class HookSettings(Section):
    """The whole of `destine.yaml`."""

    service: str = Field("dedl", description="the service that commands use if none is named")
    services: dict[str, Service] = Field(min_length=1)
    order_book: str = Field(
        "inputs/order-book.sqlite",
        description="where earlier versions kept it; taken over by `ibf-pipeline records take-over`",
    )
    polling: Polling = Polling()
    downloads: Downloads = Downloads()
    private_storage: PrivateStorage | None = None
    outputs: dict[str, OptionValues] = Field(
        default_factory=dict, description="name of an output -> options that ask for it"
    )
    presets: dict[str, OptionValues] = Field(
        default_factory=dict, description="workflow -> options that every order of it carries"
    )
    observation: ObservationSettings = ObservationSettings()

    @field_validator("outputs", "presets")
    @classmethod
    def _no_secrets(cls, value: dict[str, OptionValues]) -> dict[str, OptionValues]:
        for options in value.values():
            require_no_literal_secret(options)
            require_encrypted_options(options)
        return value

    @model_validator(mode="after")
    def _default_is_there(self) -> Self:
        if self.service not in self.services:
            raise ValueError(f"service {self.service!r} is not among services: {', '.join(sorted(self.services))}")
        return self


def require_no_literal_secret(options: Mapping[str, str | int]) -> None:
    """ValueError if an option with a secret's name carries the secret itself instead of a variable's name."""
    for name, option in options.items():
        if is_secret_name(name) and not re.fullmatch(r"env:[A-Z][A-Z0-9_]*", str(option)):
            raise ValueError(f"{name}: a secret is given as env:NAME, the name of an environment variable")


def require_encrypted_options(options: Mapping[str, str | int]) -> None:
    """ValueError if an option sends the platform to a public host without TLS, mostly with a password beside it."""
    for name, option in options.items():
        if name.endswith("_url"):
            try:
                encrypted(str(option))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None


def load_hook_settings(folder: Path) -> HookSettings:
    """Read and validate `destine.yaml` in a configuration folder."""
    return read_required_section(
        HookSettings,
        folder / "destine.yaml",
        "the file that docs/hook.md describes",
        "copy it from the project's config folder, or pass --config",
    )
