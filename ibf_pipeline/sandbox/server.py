"""The sandbox: a local server that behaves like the IBF API 0.335, as unkind as the real one."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

import uvicorn

from ibf_pipeline.errors import IbfError, errors_as
from ibf_pipeline.sandbox.auth import TOKEN_LIFETIME, Accounts, User, default_users
from ibf_pipeline.sandbox.backend import Backend, Hydrographs
from ibf_pipeline.sandbox.countries import CountrySeed, write_seed
from ibf_pipeline.sandbox.disasters import Disaster
from ibf_pipeline.sandbox.lines import DrawnLine, drawn_lines
from ibf_pipeline.sandbox.mail import Mail, kept_mails
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.vocabulary import ApiVersion
from ibf_pipeline.sandbox.web import build_app

_HOST = "127.0.0.1"
_START_SECONDS = 20
_utc_now = partial(datetime.now, UTC)


class Sandbox:
    """A server in a folder: database, rasters and kept mails live there and survive a restart.

    ``behaves_like="described"`` makes it look like the server of the older description (2024). ``now`` is the
    server's clock: it stamps calls without date and decides when a token has expired. ``hydrographs`` draws the
    forecast behind a station for the page, if the run of that country and day is at hand. ``further`` are hazards
    beside the API's own; they are kept in the folder. While ``takes_mail`` says no, a notification answers 503, after
    everything was processed, and nobody gets a mail.
    """

    def __init__(
        self,
        folder: Path,
        *,
        behaves_like: ApiVersion = "current",
        port: int = 0,
        now: Callable[[], datetime] = _utc_now,
        users: Sequence[User] | Callable[[], Sequence[User]] = default_users,
        token_lifetime: timedelta = TOKEN_LIFETIME,
        hydrographs: Hydrographs | None = None,
        further: Sequence[Disaster] = (),
        takes_mail: Callable[[], bool] = lambda: True,
    ) -> None:
        self._port = port
        store, secret = _open_store(Path(folder) / "sandbox.sqlite", further)
        accounts = Accounts(users() if callable(users) else users, secret, now, token_lifetime)
        self._backend = Backend(Path(folder), store, accounts, now, behaves_like, hydrographs, takes_mail)
        for kind in {row.raster_folder for row in store.disasters.rows if row.raster_folder}:
            self._backend.raster_folder(kind).mkdir(parents=True, exist_ok=True)
        self.app = build_app(self._backend)
        self.disasters = store.disasters
        """The hazards that this server knows."""
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def page_url(self) -> str:
        if self._socket is None:
            raise IbfError("the sandbox is not running", remedy="call start() first")
        return f"http://{_HOST}:{self._socket.getsockname()[1]}/"

    @property
    def url(self) -> str:
        return f"{self.page_url}api"

    def seed(self, country: CountrySeed) -> None:
        """Make a country known, or replace its static data; what was uploaded for it stays."""
        write_seed(self._backend.store, country, self._backend.now_text())

    def start(self) -> Self:
        if self._thread is not None:
            return self
        # With the protocol named, asyncio sends small answers at once; without it each GET waits 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, self._port))
        except OSError as error:
            listener.close()
            raise IbfError(
                f"port {self._port} cannot be used ({error.strerror})",
                where=_HOST,
                expected="a free port",
                remedy="stop what listens there, or choose another one with --port",
            ) from None
        # A restart of the same sandbox is found at the same place.
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            log_level="error",
            access_log=False,
            lifespan="off",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
        self._socket, self._server = listener, uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="ibf-sandbox", daemon=True
        )
        self._thread.start()
        waited = threading.Event()
        for _ in range(_START_SECONDS * 100):
            if self._server.started:
                return self
            waited.wait(0.01)
        raise IbfError("the sandbox did not start", where=self.page_url, remedy="look for errors of uvicorn above")

    def stop(self) -> None:
        """Stop serving; the data stay, and ``start`` brings them back."""
        if self._server is None or self._thread is None or self._socket is None:
            return
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
        self._server = self._thread = self._socket = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def lines(self, category: str, iso3: str | None = None) -> list[DrawnLine]:
        """Roads or buildings as the portal's map draws them; the API cannot read them."""
        return drawn_lines(self._backend.store, category, iso3)

    def mails(self, iso3: str | None = None) -> list[Mail]:
        """Mails that would have been sent, oldest first."""
        return kept_mails(self._backend.store, iso3)


def _open_store(file: Path, further: Sequence[Disaster]) -> tuple[SandboxStore, str]:
    """The database and its secret; IbfError if the file is damaged or cannot be written to."""
    with errors_as(
        IbfError,
        "the sandbox's database cannot be used ({})",
        where=file,
        expected="a folder that may be written to, and a database as the sandbox wrote it",
        remedy="correct the permissions, or move the file away: the sandbox then starts empty",
    ):
        store = SandboxStore(file, further)
        return store, store.setting("token secret", secrets.token_urlsafe(32))
