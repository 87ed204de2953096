"""`config/eodata.yaml`: the catalogues, the subscriptions that are wanted, and what happens with notifications."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ibf_pipeline.config.loader import read_required_section
from ibf_pipeline.config.section import LocalFolder, Section, Url
from ibf_pipeline.satellites.odata import is_balanced

_Event = Literal["created", "modified", "deleted"]
_Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="name of an environment variable")]
_DEFAULT_PASSWORD_VARIABLE = "EODATA_ENDPOINT_PASSWORD"  # noqa: S105 - the name of a variable


class Provider(Section):
    """A catalogue with a subscription service; everything in which the services differ is here, as data."""

    base_url: Url = Field(description="of the OData service, above `Subscriptions` and `Products`")
    token_url: Url | None = Field(None, description="token endpoint of the account service (Keycloak)")
    token_variable: _Variable | None = Field(
        None, description="environment variable with a ready token; if it is set, the account is not used"
    )
    download_url: Url | None = Field(
        None, description="of the OData service that hands products out, above `Products`; else that of base_url"
    )
    client_id: str = Field("cdse-public", description="public client of the account service")
    username_variable: _Variable
    password_variable: _Variable
    totp_variable: _Variable | None = Field(
        None, description="environment variable with the secret of the second factor, if the account has one"
    )
    running_limit: int = Field(1, ge=1, strict=True, description="running subscriptions of an account, push and pull")
    total_limit: int = Field(10, ge=1, strict=True, description="subscriptions of an account, running and paused")
    events: tuple[_Event, ...] = Field(min_length=1, description="what can be subscribed to")
    cancelled: Literal["deletes", "removed-later"] = Field(
        "deletes", description="what the status `cancelled` does: delete at once, or some time later"
    )
    timeout_seconds: float = Field(60, gt=0, le=600, description="of waiting for an answer")
    attempts: int = Field(4, ge=1, le=20, strict=True, description="tries of a request that may be repeated")


class SubscriptionSettings(Section):
    """A subscription that is wanted."""

    provider: str = Field(description="a name under providers")
    kind: Literal["pull", "push"] = Field("pull", description="pull needs no public endpoint")
    status: Literal["running", "paused"] = Field("running", description="a paused one keeps its place in the account")
    country: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="ISO3 code; its outline is the area")
    area: tuple[float, float, float, float] | None = Field(
        None, description="west, south, east, north in degrees, instead of a country's outline"
    )
    collection: str | None = Field(None, description="such as SENTINEL-1")
    filter: str | None = Field(
        None, min_length=1, description="a further condition in the catalogue's own words, such as on cloudCover"
    )
    stage_order: bool = Field(True, description="StageOrder; of no effect today, as every product is online")
    product_types: tuple[str, ...] = Field((), description="any of these, such as IW_GRDH_1S-COG")
    events: tuple[_Event, ...] = Field(("created",), min_length=1, description="what is announced")
    everything: bool = Field(False, description="an explicit yes to a subscription without any filter")
    endpoint: str | None = Field(None, description="push: public https address of the receiver")
    username_variable: _Variable = "EODATA_ENDPOINT_USERNAME"
    password_variable: _Variable = _DEFAULT_PASSWORD_VARIABLE

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.kind == "push") != (self.endpoint is not None):
            raise ValueError("kind push has an endpoint, kind pull has none")
        if self.country is not None and self.area is not None:
            raise ValueError("either a country or an area")
        if self.area is not None:
            west, south, east, north = self.area
            if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
                raise ValueError("area is [west, south, east, north] in degrees, west < east and south < north")
        if self.filter is not None and not is_balanced(self.filter):
            raise ValueError("filter: a bracket or a quotation mark is not closed, or is closed twice")
        has_filter = any((self.country, self.area, self.collection, self.product_types, self.filter))
        if has_filter and self.everything:
            raise ValueError("everything: true and a filter contradict each other")
        if not has_filter and not self.everything:
            raise ValueError("without any filter everything published is announced: say `everything: true` to want it")
        if "deleted" in self.events and len(self.events) > 1:
            raise ValueError("deleted has a filter of its own: declare it as a subscription of its own")
        if len(set(self.events)) != len(self.events):
            raise ValueError("an event stands twice")
        return self


class InboxSettings(Section):
    """How much room notifications have in the records."""

    file: str = Field(
        "eodata/inbox.sqlite",
        description="where earlier versions kept it; taken over by `ibf-pipeline records take-over`",
    )
    max_megabytes: int = Field(
        1000,
        ge=1,
        strict=True,
        description="size of the records beyond which no notification is stored (503 to pushes)",
    )


class IntakeSettings(Section):
    """How notifications are fetched and gaps are closed."""

    batch: int = Field(20, ge=1, le=20, strict=True, description="notifications a read; the services give at most 20")
    max_batches: int = Field(500, ge=1, strict=True, description="reads of one subscription in one run")
    catch_up_minutes: int = Field(60, ge=1, strict=True, description="at least between two catalogue queries")
    overlap_hours: float = Field(24, ge=24, description="how far before the watermark the catalogue is queried again")
    first_hours: float = Field(72, ge=24, description="how far back the first query of a subscription reaches")
    max_pages: int = Field(200, ge=1, strict=True, description="pages of one catalogue query in one run")


class DownloadSettings(Section):
    """Where `inbox download` puts products."""

    folder: LocalFolder = Field("inputs/eodata", description="products and their records; may use ${NAME}")
    largest_gigabytes: float = Field(20, gt=0, description="10^9 bytes of one product")


class ReceiverSettings(Section):
    """The receiver of push notifications."""

    host: str = Field("127.0.0.1", description="where it listens; the proxy with the certificate stands before it")
    port: int = Field(8600, ge=1, le=65535, strict=True, description="on that address")
    username_variable: _Variable = "EODATA_ENDPOINT_USERNAME"
    password_variable: _Variable = _DEFAULT_PASSWORD_VARIABLE
    body_limit_bytes: int = Field(1_000_000, ge=10_000, strict=True, description="larger bodies are refused (413)")
    body_seconds: float = Field(20, gt=0, description="time for a body to arrive (408)")
    header_seconds: float = Field(
        10, gt=0, description="time for a request's headers to arrive; the connection is closed then"
    )
    idle_seconds: int = Field(5, ge=1, strict=True, description="silence between two requests of one connection")
    store_seconds: float = Field(5, gt=0, description="wait for a locked inbox before 503")
    further_subscriptions: dict[str, str] = Field(
        default_factory=dict,
        description="ids accepted besides those that `subscriptions apply` made, each with its provider; no catalogue "
        "search looks for what their pushes did not bring",
    )


class TriggerSettings(Section):
    """When a notification starts an observation."""

    deployment: str = Field("observe-event/observe-event", description="Prefect deployment, started if it exists")
    max_age_hours: float = Field(72, gt=0, description="older acquisitions start nothing (re-published archives)")
    alert_valid_days: int = Field(2, ge=0, strict=True, description="a country's last run counts for so many days")
    triggers_only: bool = Field(False, description="only events that trigger, no warnings")


class EodataSettings(Section):
    """All of `eodata.yaml`."""

    providers: dict[str, Provider]
    subscriptions: dict[str, SubscriptionSettings] = Field(default_factory=dict)
    inbox: InboxSettings = InboxSettings()
    intake: IntakeSettings = IntakeSettings()
    downloads: DownloadSettings = DownloadSettings()
    receiver: ReceiverSettings = ReceiverSettings()
    trigger: TriggerSettings = TriggerSettings()

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name, declared in self.subscriptions.items():
            provider = self.providers.get(declared.provider)
            if provider is None:
                raise ValueError(f"subscription {name}: there is no provider {declared.provider!r}")
            missing = [event for event in declared.events if event not in provider.events]
            if missing:
                raise ValueError(f"subscription {name}: {declared.provider} does not announce {', '.join(missing)}")
        return self


def read_settings(folder: Path) -> EodataSettings:
    """`eodata.yaml` of a configuration folder; ConfigError if it is missing or wrong."""
    return read_required_section(
        EodataSettings,
        folder / "eodata.yaml",
        "the catalogues and subscriptions",
        "copy the repository's config/eodata.yaml",
    )
