"""What every handler works with, and the shape in which endpoints are declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ibf_pipeline.sandbox.auth import Accounts, User
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.timestamps import api_timestamp
from ibf_pipeline.sandbox.validation import Body
from ibf_pipeline.sandbox.vocabulary import ApiVersion

RASTER_FOLDER = Path("geoserver-volume/raster-files/output")


Hydrographs = Callable[[str, date, str], bytes | None]
"""country, day, station code -> an SVG picture for the page, None if there is none; the caller knows its runs"""


@dataclass(frozen=True, slots=True)
class Backend:
    """The sandbox behind its HTTP face."""

    folder: Path
    store: SandboxStore
    accounts: Accounts
    clock: Callable[[], datetime]
    behaves_like: ApiVersion
    hydrographs: Hydrographs | None = None
    takes_mail: Callable[[], bool] = lambda: True
    """whether the mail server that the service hands its mails to is there"""

    def now(self) -> datetime:
        return self.clock()

    def now_text(self) -> str:
        return api_timestamp(self.clock())

    def raster_folder(self, kind: str) -> Path:
        return self.folder / RASTER_FOLDER / kind


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body, under the name that the client gave it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request after the guard and the checks."""

    backend: Backend
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)
    upload: Upload | None = None
    user: User | None = None

    @property
    def store(self) -> SandboxStore:
        return self.backend.store

    @property
    def place(self) -> tuple[str, str]:
        """Country and disaster, as the path names them, else the body, else the query."""
        given = {**self.query, **self.body}
        iso3 = self.params.get("iso3", given.get("countryCodeISO3", ""))
        return iso3, self.params.get("disaster", given.get("disasterType", ""))


Handler = Callable[[ApiRequest], Any]
"""answers with a JSON value, or with None: nothing, which is not JSON"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route: who may call it, what it takes, who answers."""

    method: str
    path: str
    handler: Handler
    role: str | None = None
    body: Body | None = None
    multipart: bool = False
    status: int = 201
