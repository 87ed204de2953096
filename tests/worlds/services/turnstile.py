"""A proxy in front of the sandbox that counts the calls of each country, and holds a chosen one."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.worlds.services.faulty_proxy import FaultyProxy, Handler

LOG_IN = "/user/login"
_ISO3 = re.compile(rb"\bXD[A-Z]\b|_XD[A-Z]\.tif")
_PATIENCE = 600.0
"""seconds"""


@dataclass
class Held:
    """A call that waits at the turnstile until it is let through, or dropped as if it had never come."""

    iso3: str
    number: int
    """of the country's calls, from 1; 0: the first time that somebody logs in"""
    _came: threading.Event = field(default_factory=threading.Event)
    _decided: threading.Event = field(default_factory=threading.Event)
    _dropped: bool = False

    def wait(self, ended: Callable[[], Any] = lambda: None) -> None:
        """Until it has come; AssertionError with what whoever makes the call says once it has `ended` without."""
        until = time.monotonic() + _PATIENCE
        while not self._came.wait(0.5):
            said = ended()
            assert not said, f"call {self.number} of {self.iso3} never came: {said}"
            assert time.monotonic() < until, f"call {self.number} of {self.iso3}: not within {_PATIENCE:.0f} s"

    def let_through(self) -> None:
        self._decided.set()

    def drop(self) -> None:
        self._dropped = True
        self._decided.set()

    def held_back(self) -> bool:
        """Wait for the decision; whether it was dropped."""
        self._came.set()
        assert self._decided.wait(_PATIENCE), f"call {self.number} of {self.iso3} was forgotten at the turnstile"
        return self._dropped


class Turnstile(FaultyProxy):
    """Forwards to a server, call by call."""

    def __init__(self, upstream: str) -> None:
        self._counted: Counter[str] = Counter()
        self._held: list[Held] = []
        self._issued: list[Held] = []
        self._mutex = threading.Lock()
        super().__init__(upstream)

    def handler(self) -> type[Handler]:
        return _Counting

    def calls(self, iso3: str) -> int:
        """That the server has carried out of a country."""
        with self._mutex:
            return self._counted[iso3]

    def hold(self, iso3: str, number: int) -> Held:
        """Hold the country's `number`th call from now on, counted from those that were carried out before."""
        with self._mutex:
            held = Held(iso3, number and self._counted[iso3] + number)
            self._held.append(held)
            self._issued.append(held)
        return held

    def let_all_through(self) -> None:
        """Whatever is held, now or later."""
        with self._mutex:
            for held in self._issued:
                held.let_through()

    def hold_log_in(self) -> Held:
        """Hold whoever logs in next."""
        return self.hold("", 0)

    def met(self, path: str, body: bytes) -> Held | None:
        """What was to be held, where this is it."""
        with self._mutex:
            iso3 = "" if path.endswith(LOG_IN) else country_of(body)
            number = self._counted[iso3] + 1 if iso3 else 0
            found = next((each for each in self._held if (each.iso3, each.number) == (iso3, number)), None)
            if found is not None:
                self._held.remove(found)
        return found

    def count(self, path: str, body: bytes) -> None:
        """The server has carried it out."""
        if not path.endswith(LOG_IN):
            with self._mutex:
                self._counted[country_of(body)] += 1


def country_of(body: bytes) -> str:
    """The country that a call is about; a raster has it in the name of its file."""
    found = _ISO3.search(body)
    assert found, f"a call that names no country: {body[:200]!r}"
    return found.group().strip(b"_.tif").decode()


class _Counting(Handler):
    proxy: Turnstile

    def _spoil_or_forward(self, body: bytes) -> Callable[[], None]:
        held = self.proxy.met(self.path, body)
        if held is not None and held.held_back():
            return self._drop
        answer = super()._spoil_or_forward(body)
        self.proxy.count(self.path, body)
        return answer
