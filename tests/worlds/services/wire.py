"""A line to a server that can be cut, that nobody answers at the end of, or that falls silent: bytes over TCP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.worlds.services.faulty_proxy import reset

Watch = Callable[[bytes], bool]
"""Looks at what a client sends; whether the line is cut in place of passing it on"""


class Wire:
    """Passes bytes on between its port and a server's, until it is told otherwise."""

    def __init__(self, server: int) -> None:
        """`server`: a port on loopback."""
        self._server = server
        self._listener: socket.socket | None = None
        self._ends: set[socket.socket] = set()
        self._mutex = threading.Lock()
        self._passes = threading.Event()
        self._passes.set()
        self.cut_before: Watch = lambda sent: False
        """what the client sends does not arrive"""
        self.cut_after: Watch = lambda sent: False
        """what the client sends arrives, and the answer does not"""
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Take connections, always on the same port."""
        self._passes.set()
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def lead_to(self, server: int) -> None:
        """Another port on loopback: new connections go there."""
        self._server = server

    def cut(self) -> None:
        """Reset every connection; new ones are taken."""
        with self._mutex:
            ends, self._ends = self._ends, set()
        for end in ends:
            _drop(end)

    def refuse(self) -> None:
        """Reset every connection and take no new one."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def fall_silent(self) -> None:
        """Pass nothing on from now on, without a word to either side, as a router that went away; new connections
        are made and hear nothing.
        """
        self._passes.clear()

    def close(self) -> None:
        """Nothing is left of it."""
        self.refuse()
        self._passes.set()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._server))
            except OSError:
                reset(client)
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._mutex:
                self._ends |= {client, server}
            deaf = threading.Event()
            threading.Thread(target=self._ask, args=(client, server, deaf), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, deaf), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while sent := client.recv(65536):
                self._passes.wait()
                if self.cut_before(sent):
                    break
                if self.cut_after(sent):
                    deaf.set()
                server.sendall(sent)
        self._drop(client, server)

    def _answer(self, server: socket.socket, client: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while (answer := server.recv(65536)) and not deaf.is_set():
                self._passes.wait()
                client.sendall(answer)
        self._drop(client, server)

    def _drop(self, *ends: socket.socket) -> None:
        with self._mutex:
            self._ends -= set(ends)
        for end in ends:
            _drop(end)


def _drop(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RD)  # whoever waits for it does so no longer
    reset(end)
