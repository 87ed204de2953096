"""How the receiver is served: nobody keeps a place by sending nothing, or a request that never gets whole."""

from __future__ import annotations

import asyncio

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ibf_pipeline.satellites.subscriptions.receiver import Receiver
from ibf_pipeline.satellites.subscriptions.settings import ReceiverSettings
from ibf_pipeline.satellites.subscriptions.tally import Tally


def serving(app: Receiver, settings: ReceiverSettings, port: int | None = None) -> uvicorn.Config:
    """The server of a receiver: as the settings say, on another port if one is given.

    It has no limit of its own for requests at once (`limit_concurrency`): what it answers itself, nobody would count.
    """

    class Bounded(_Bounded):
        header_seconds = settings.header_seconds
        tally = app.tally

    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port if port is None else port,
        http=Bounded,
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=settings.idle_seconds,
        server_header=False,
    )


class _Bounded(H11Protocol):
    """A connection that is closed if a request's headers are not whole in time; uvicorn itself waits for ever.

    What comes after them has limits of its own: the body in the receiver, and silence between requests in uvicorn.
    """

    header_seconds: float
    tally: Tally
    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop()

    def send_400_response(self, msg: str) -> None:
        """What cannot be read as HTTP reaches no app."""
        self.tally.note_unread("no HTTP", self._peer, msg)
        super().send_400_response(msg)

    @property
    def _peer(self) -> str:
        """Of the connection, which is the proxy if there is one: no header was read that names another."""
        return self.client[0] if self.client else "unknown"

    def _watch(self) -> None:
        """Run the time while no request is being answered; more of the same headers does not start it again."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._waits is None:
            self._waits = self.loop.call_later(self.header_seconds, self._give_up)

    def _stop(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _give_up(self) -> None:
        self.tally.note_unread("no headers", self._peer, f"not whole within {self.header_seconds:g} seconds")
        self.transport.close()
